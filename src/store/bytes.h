// SPDX-License-Identifier: GPL-3.0-or-later
// Little-endian numbers, as everything in the store is laid out whatever the
// machine.
#pragma once

#include <stdint.h>

static inline void le_put(uint8_t *to, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		to[i] = (uint8_t)(value >> (8 * i));
}

static inline uint64_t le_get(const uint8_t *from, unsigned bytes)
{
	uint64_t value = 0;
	for (unsigned i = 0; i < bytes; i++)
		value |= (uint64_t)from[i] << (8 * i);
	return value;
}
