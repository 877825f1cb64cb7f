// SPDX-License-Identifier: GPL-3.0-or-later
// monitor, monitor-interval, monitor-rate and monitor-lag, for both readers.
// Inside src/config only.
#pragma once

#include "config/builder.h"

// Sets what the word says. NULL, or what it wants instead of this text.
const char *monitor_set(struct builder *b, struct config_policy *policy, const char *word, const char *text);
