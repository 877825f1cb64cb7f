// SPDX-License-Identifier: GPL-3.0-or-later
// Tags of a bucket compared eight at a time in a word. Included by zone/bucket.h
// alone.
#pragma once

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tags are read as little-endian words");

// One bit for each zero byte of the word, exactly: adding 127 to the low seven
// bits of a byte sets its top bit unless they are all zero, and never carries.
static inline uint32_t bucket_zero_bytes(uint64_t x)
{
	const uint64_t low7 = UINT64_C(0x7f7f7f7f7f7f7f7f);
	uint64_t zero = ~(((x & low7) + low7) | x | low7);
	return (uint32_t)(((zero >> 7) * UINT64_C(0x0102040810204080)) >> 56);
}

static inline uint32_t bucket_tags_equal(const struct bucket *b, uint8_t tag)
{
	const uint64_t spread = UINT64_C(0x0101010101010101) * tag;
	uint64_t first;
	uint32_t last;
	memcpy(&first, b->tag, sizeof(first));
	memcpy(&last, b->tag + 8, sizeof(last));
	return bucket_zero_bytes(first ^ spread) | (bucket_zero_bytes(last ^ spread) & 15u) << 8;
}
