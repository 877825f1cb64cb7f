// SPDX-License-Identifier: GPL-3.0-or-later
// What the command line says. Inside src/config only.
#pragma once

#include "config/builder.h"

// Builds zones, primaries and a key from arguments alone.
void arguments_read(struct builder *b, const struct config_arguments *arguments);

// Sets what the command line may set over any configuration.
void arguments_override(struct builder *b, const struct config_overrides *overrides);
