// SPDX-License-Identifier: GPL-3.0-or-later
// How events are told: log-target, log-format, log-level, alert-*, for both
// readers. Inside src/config only.
#pragma once

#include "config/builder.h"

// Takes one of these options, by its name; false where the value is none.
bool telling_set(struct builder *b, const char *option, const char *value);
// What that option wants, for messages.
const char *telling_wanted(const char *option);

// What a `syslog FACILITY` of named.conf means; -1: it is none.
int telling_facility(const char *name);
