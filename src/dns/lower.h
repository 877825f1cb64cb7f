// SPDX-License-Identifier: GPL-3.0-or-later
// ASCII lower case, eight or sixteen bytes at a time. Of the bytes of a name in wire form
// only letters can change: a label's length is at most 63, below 'A'. So a
// whole name is lowered without looking for its labels.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint8_t lower_byte(uint8_t c)
{
	return (uint8_t)(c | ((uint8_t)(c - 'A') < 26 ? 0x20 : 0));
}

// Adding to the low seven bits of each byte carries into the eighth where the
// byte is beyond the bound, so two sums bracket 'A' to 'Z'; no carry leaves
// its byte. Bit 7 shifted right by 2 is the case bit.
static inline uint64_t lower_word(uint64_t x)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t low = x & (ones * 0x7f);
	uint64_t from_a = low + ones * (0x80 - 'A');
	uint64_t past_z = low + ones * (0x7f - 'Z');
	uint64_t upper = ~x & (from_a ^ past_z) & (ones * 0x80);
	return x | (upper >> 2);
}

static inline void lower_step(uint8_t *to, const uint8_t *from)
{
	uint64_t x;
	memcpy(&x, from, sizeof(x));
	x = lower_word(x);
	memcpy(to, &x, sizeof(x));
}

// Sixteen bytes as the compiler's vector: SSE2, NEON, or words where there is none.
typedef uint8_t lower_vector __attribute__((vector_size(16)));

static inline void lower_step16(uint8_t *to, const uint8_t *from)
{
	lower_vector x;
	memcpy(&x, from, sizeof(x));
	lower_vector upper = (lower_vector)((lower_vector)(x - 'A') < 26);
	x |= upper & 0x20;
	memcpy(to, &x, sizeof(x));
}

// Whether no letter of a label is in upper case. Reads exactly `length` bytes.
static inline bool lower_is(const uint8_t *bytes, size_t length)
{
	size_t i = 0;
	for (; i + 8 <= length; i += 8) {
		uint64_t x;
		memcpy(&x, bytes + i, sizeof(x));
		if (lower_word(x) != x)
			return false;
	}
	for (; i < length; i++)
		if ((uint8_t)(bytes[i] - 'A') < 26)
			return false;
	return true;
}

// Reads and writes exactly `length` bytes; `to` may be `from`. The last step
// overlaps the one before: lowering twice does no harm.
static inline void lower_copy(uint8_t *to, const uint8_t *from, size_t length)
{
	size_t i = 0;
	if (length >= 16) {
		for (; i + 16 < length; i += 16)
			lower_step16(to + i, from + i);
		lower_step16(to + length - 16, from + length - 16);
	} else if (length >= 8) {
		lower_step(to, from);
		lower_step(to + length - 8, from + length - 8);
	} else {
		for (; i < length; i++)
			to[i] = lower_byte(from[i]);
	}
}

// <0, 0, >0 as memcmp() of the lowered bytes.
static inline int lower_compare(const uint8_t *a, const uint8_t *b, size_t length)
{
	size_t i = 0;
	for (; i + 8 <= length; i += 8) {
		uint64_t x, y;
		memcpy(&x, a + i, sizeof(x));
		memcpy(&y, b + i, sizeof(y));
		if (x != y && lower_word(x) != lower_word(y))
			break;
	}
	for (; i < length; i++) {
		int difference = lower_byte(a[i]) - lower_byte(b[i]);
		if (difference != 0)
			return difference;
	}
	return 0;
}
