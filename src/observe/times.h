// SPDX-License-Identifier: GPL-3.0-or-later
// Times as people say them.
#pragma once

#include <stdint.h>

#define TIMES_TEXT 48

// "0 s", "59 s", "12 min", "5 h", "6 d": rounded to the largest unit of which
// there are at least one and a half. Negative counts as 0. Returns `text`.
const char *times_duration(int64_t seconds, char text[static TIMES_TEXT]);

// "12 s ago", "in 5 min", "now"; "never" where `at` is 0. Both are wall seconds.
const char *times_relative(int64_t at, int64_t now, char text[static TIMES_TEXT]);

// "2026-11-22 18:25:18 UTC"; "never" where `at` is 0.
const char *times_absolute(int64_t at, char text[static TIMES_TEXT]);
