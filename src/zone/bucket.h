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

// A bit for each of the first twelve slots whose tag is this one, taken or not.
#ifdef __SSE2__
#include "zone/bucket_sse2.h"
#else
#include "zone/bucket_words.h"
#endif

#define BUCKET_CHAINED 0x80u

static inline unsigned bucket_reach(const struct bucket *b)
{
	return b->reach & ~BUCKET_CHAINED;
}

static inline uint8_t bucket_tag(uint64_t hash)
{
	return (uint8_t)hash;
}

// A bit for each slot whose tag is this one.
static inline uint32_t bucket_match(const struct bucket *b, uint8_t tag)
{
	return bucket_tags_equal(b, tag) & ((1u << b->count) - 1);
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
