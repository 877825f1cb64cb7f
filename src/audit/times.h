// SPDX-License-Identifier: GPL-3.0-or-later
// Times in words. Inside src/audit only.
#pragma once

#include <stdint.h>

#define TIMES_TEXT 32

// "2 weeks", "90 minutes", "1 day": the largest unit that is exact, or of which there
// are two at least, then rounded. Returns `text`.
const char *times_span(int64_t seconds, char text[static TIMES_TEXT]);

// "2026-11-22 21:20 UTC". Returns `text`.
const char *times_moment(int64_t seconds, char text[static TIMES_TEXT]);
