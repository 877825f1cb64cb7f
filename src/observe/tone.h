// SPDX-License-Identifier: GPL-3.0-or-later
// Colours, for terminals: sparing, and never the only sign of anything.
#pragma once

#include <stdbool.h>
#include <stdio.h>

enum tone { TONE_PLAIN, TONE_GOOD, TONE_WARNING, TONE_BAD, TONE_STRONG, TONE_FAINT };

// Writes the text, padded to the right to `width` columns. Without colour the tone
// does nothing.
void tone_write(FILE *to, bool colour, enum tone tone, const char *text, int width);
