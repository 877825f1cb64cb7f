// SPDX-License-Identifier: GPL-3.0-or-later
// Serial number arithmetic (RFC 1982).
#pragma once

#include <stdbool.h>
#include <stdint.h>

// True where `a` is newer than `b`. Of two that are 2^31 apart neither is.
static inline bool serial_newer(uint32_t a, uint32_t b)
{
	return a != b && (uint32_t)(a - b) < UINT32_C(0x80000000);
}
