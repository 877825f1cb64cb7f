// SPDX-License-Identifier: GPL-3.0-or-later
// UTF-8 (RFC 3629), where a text may have come from anywhere.
#pragma once

#include <stddef.h>

// How many bytes of the string's first character are there; 0 where they are no
// character: a stray byte, one cut short, an overlong form, a surrogate.
size_t utf8_length(const char *at) __attribute__((pure));
