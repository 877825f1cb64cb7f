// SPDX-License-Identifier: GPL-3.0-or-later
// Short runs of bytes, as names and rdata are: compared and copied without a
// call. Nothing beyond the runs is read or written.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline bool bytes_equal_words(const uint8_t *a, const uint8_t *b)
{
	uint64_t x, y;
	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return x == y;
}

static inline bool bytes_equal(const uint8_t *a, const uint8_t *b, size_t length)
{
	size_t i = 0;
	if (length >= 8) {
		for (; i + 8 < length; i += 8)
			if (!bytes_equal_words(a + i, b + i))
				return false;
		return bytes_equal_words(a + length - 8, b + length - 8);
	}
	for (; i < length; i++)
		if (a[i] != b[i])
			return false;
	return true;
}

// The runs do not overlap. Up to 32 bytes as two overlapping halves, which is
// nearly all that a reply is made of.
static inline void bytes_copy(uint8_t *to, const uint8_t *from, size_t length)
{
	typedef uint8_t half __attribute__((vector_size(16)));
	if (length > 32) {
		memcpy(to, from, length);
	} else if (length >= 16) {
		half first, last;
		memcpy(&first, from, 16);
		memcpy(&last, from + length - 16, 16);
		memcpy(to, &first, 16);
		memcpy(to + length - 16, &last, 16);
	} else if (length >= 8) {
		uint64_t first, last;
		memcpy(&first, from, 8);
		memcpy(&last, from + length - 8, 8);
		memcpy(to, &first, 8);
		memcpy(to + length - 8, &last, 8);
	} else if (length >= 4) {
		uint32_t first, last;
		memcpy(&first, from, 4);
		memcpy(&last, from + length - 4, 4);
		memcpy(to, &first, 4);
		memcpy(to + length - 4, &last, 4);
	} else {
		for (size_t i = 0; i < length; i++)
			to[i] = from[i];
	}
}
