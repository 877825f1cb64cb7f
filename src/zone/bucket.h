// SPDX-License-Identifier: GPL-3.0-or-later
// A bucket: one cache line with twelve references, each with eight bits of its
// hash. Internal to the zone room.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"

#define BUCKET_SLOTS 12u

// byte  0  twelve tags
//      12  how many slots are taken, from the first on
//      13  reach: how many buckets behind this one may hold entries at home
//          here; its top bit: the page goes on in another one
//      14  half a word for the page that the bucket is in
//      16  twelve references
struct bucket {
	uint8_t tag[BUCKET_SLOTS];
	uint8_t count;
	uint8_t reach;
	uint16_t page_word;
	arena_ref ref[BUCKET_SLOTS];
};
_Static_assert(sizeof(struct bucket) == 64, "a bucket is a cache line");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "bucket_match() reads tags as a little-endian word");

#define BUCKET_CHAINED 0x80u

static inline unsigned bucket_reach(const struct bucket *b)
{
	return b->reach & ~BUCKET_CHAINED;
}

static inline uint8_t bucket_tag(uint64_t hash)
{
	return (uint8_t)hash;
}

// One bit for each zero byte of the word, exactly: adding 127 to the low seven
// bits of a byte sets its top bit unless they are all zero, and never carries.
static inline uint32_t bucket_zero_bytes(uint64_t x)
{
	const uint64_t low7 = UINT64_C(0x7f7f7f7f7f7f7f7f);
	uint64_t zero = ~(((x & low7) + low7) | x | low7);
	return (uint32_t)(((zero >> 7) * UINT64_C(0x0102040810204080)) >> 56);
}

// A bit for each slot whose tag is this one.
static inline uint32_t bucket_match(const struct bucket *b, uint8_t tag)
{
	const uint64_t spread = UINT64_C(0x0101010101010101) * tag;
	uint64_t first;
	uint32_t last;
	memcpy(&first, b->tag, sizeof(first));
	memcpy(&last, b->tag + 8, sizeof(last));
	uint32_t match = bucket_zero_bytes(first ^ spread) | (bucket_zero_bytes(last ^ spread) & 15u) << 8;
	return match & ((1u << b->count) - 1);
}

static inline void bucket_put(struct bucket *b, uint64_t hash, arena_ref ref)
{
	b->tag[b->count] = bucket_tag(hash);
	b->ref[b->count++] = ref;
}

// The slot that holds the reference, or BUCKET_SLOTS.
static inline unsigned bucket_slot(const struct bucket *b, uint64_t hash, arena_ref ref)
{
	for (uint32_t match = bucket_match(b, bucket_tag(hash)); match != 0; match &= match - 1) {
		unsigned slot = (unsigned)__builtin_ctz(match);
		if (b->ref[slot] == ref)
			return slot;
	}
	return BUCKET_SLOTS;
}

static inline void bucket_take(struct bucket *b, unsigned slot)
{
	--b->count;
	b->tag[slot] = b->tag[b->count];
	b->ref[slot] = b->ref[b->count];
}
