// SPDX-License-Identifier: GPL-3.0-or-later
// The persistent extendible hash: 64-bit hash → reference. Up to twelve
// entries are one bucket inside the index's own head. Beyond, buckets stand in
// pages of 1 KiB, and above the pages a radix tree takes six bits of the hash a
// level from the top. A full page splits alone; beyond INDEX_DEPTH_MAX bits
// pages chain instead. Internal to the zone room.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/prefetch.h"
#include "zone/bucket.h"
#include "zone/strand.h"

#define PAGE_BUCKETS 16u
#define RADIX_BITS 6u
#define INDEX_DEPTH_MAX 48u // whole radix levels; below are the bits of bucket and tag
#define INDEX_LEVELS (INDEX_DEPTH_MAX / RADIX_BITS)

// The half words of a page's buckets hold, in order: birth (two), depth (how
// many hash bits all entries share), chain (two): the next page or 0. A look-up
// reads none of them: each bucket says itself whether there is a chain.
struct page {
	struct bucket bucket[PAGE_BUCKETS];
};
_Static_assert(sizeof(struct page) == 1024, "a page is one block of 1 KiB");

// A node begins with two slots and doubles as pages below it split, up to
// RADIX_BITS; only then it leads to nodes below. A page whose depth is less than
// the node's takes several slots in a row.
struct radix {
	uint64_t inner; // slots that lead to another radix node, not to a page
	uint32_t birth;
	uint32_t bits;  // 1 to RADIX_BITS: it has 1 << bits slots
	arena_ref child[];
};
_Static_assert(offsetof(struct radix, child) == 16, "sixteen bytes before the slots");

static inline size_t radix_size(unsigned bits)
{
	return offsetof(struct radix, child) + (sizeof(arena_ref) << bits);
}

struct index {
	struct bucket bucket; // where root is 0
	arena_ref root;
	uint32_t count : 31;
	uint32_t root_is_radix : 1;
};
_Static_assert(sizeof(struct index) == 72, "the head of an index");

static inline uint32_t page_birth(const struct page *p)
{
	return p->bucket[0].page_word | (uint32_t)p->bucket[1].page_word << 16;
}

static inline unsigned page_depth(const struct page *p)
{
	return p->bucket[2].page_word;
}

static inline arena_ref page_chain(const struct page *p)
{
	return p->bucket[3].page_word | (uint32_t)p->bucket[4].page_word << 16;
}

static inline unsigned page_home(uint64_t hash)
{
	return (unsigned)(hash >> 8) % PAGE_BUCKETS;
}

// The page for a hash. The root must not be 0.
static inline const struct page *index_page(const struct index *x, uint64_t hash)
{
	arena_ref ref = x->root;
	if (!x->root_is_radix)
		return arena_at(ref);
	for (uint64_t bits = hash;; bits <<= RADIX_BITS) {
		const struct radix *node = arena_at(ref);
		unsigned slot = (unsigned)(bits >> (64 - node->bits));
		ref = node->child[slot];
		if (!(node->inner >> slot & 1))
			return arena_at(ref);
	}
}

// The way to the bucket where a look-up begins, in steps, so that a batch can
// prefetch between them. `at` is the bucket once `level` is INDEX_ARRIVED, before
// that the radix node to go on from, `level` hash bits being used.
struct index_way {
	const void *at;
	unsigned level;
};
#define INDEX_ARRIVED UINT32_MAX

static inline void index_arrive(struct index_way *way, arena_ref page, uint64_t hash)
{
	way->at = &((const struct page *)arena_at(page))->bucket[page_home(hash)];
	way->level = INDEX_ARRIVED;
}

// Goes down at most so many radix nodes.
static inline void index_go_on(struct index_way *way, uint64_t hash, unsigned nodes)
{
	for (; nodes > 0 && way->level != INDEX_ARRIVED; --nodes) {
		const struct radix *node = way->at;
		unsigned slot = (unsigned)(hash << way->level >> (64 - node->bits));
		if (node->inner >> slot & 1) {
			way->at = arena_at(node->child[slot]);
			way->level += RADIX_BITS;
		} else {
			index_arrive(way, node->child[slot], hash);
		}
	}
}

static inline void index_set_out(const struct index *x, uint64_t hash, struct index_way *way)
{
	if (x->root == 0)
		*way = (struct index_way){ &x->bucket, INDEX_ARRIVED };
	else if (x->root_is_radix)
		*way = (struct index_way){ arena_at(x->root), 0 };
	else
		index_arrive(way, x->root, hash);
}

// The bucket at once.
static inline const struct bucket *index_bucket(const struct index *x, uint64_t hash)
{
	return x->root == 0 ? &x->bucket : &index_page(x, hash)->bucket[page_home(hash)];
}

// Asks for what a page's entries refer to, ahead of a walk over them all.
static inline void index_prefetch_entries(const struct page *page)
{
	for (unsigned b = 0; b < PAGE_BUCKETS; ++b)
		for (unsigned i = 0; i < page->bucket[b].count; ++i)
			prefetch(arena_at(page->bucket[b].ref[i]));
}

typedef bool index_equal(const void *key, arena_ref ref);

static inline arena_ref index_probe(const struct bucket *b, uint64_t hash, index_equal *equal, const void *key)
{
	for (uint32_t match = bucket_match(b, bucket_tag(hash)); match != 0; match &= match - 1) {
		arena_ref ref = b->ref[__builtin_ctz(match)];
		if (equal(key, ref))
			return ref;
	}
	return 0;
}

// The entry of this hash for which equal() is true, or 0. Inlined with a
// constant `equal`, so that there is no call in it.
static inline __attribute__((always_inline)) arena_ref
index_find(const struct index *x, uint64_t hash, index_equal *equal, const void *key)
{
	if (x->root == 0)
		return index_probe(&x->bucket, hash, equal, key);
	const struct page *page = index_page(x, hash);
	for (;;) {
		unsigned home = page_home(hash), reach = bucket_reach(&page->bucket[home]);
		for (unsigned i = 0; i <= reach; ++i) {
			arena_ref ref = index_probe(&page->bucket[(home + i) % PAGE_BUCKETS], hash, equal, key);
			if (ref != 0)
				return ref;
		}
		if (!(page->bucket[home].reach & BUCKET_CHAINED))
			return 0;
		page = arena_at(page_chain(page));
	}
}

// Hashes of entries are not stored: a split asks for them.
struct index_owner {
	uint64_t (*hash)(const void *context, arena_ref ref);
	const void *context;
};

// Each returns 0 or ERR_MEMORY; after that the index is as before.
int index_insert(struct index *x, struct strand *s, const struct index_owner *owner, uint64_t hash, arena_ref ref)
	__attribute__((warn_unused_result));
// The entry must be there.
int index_replace(struct index *x, struct strand *s, uint64_t hash, arena_ref old, arena_ref ref)
	__attribute__((warn_unused_result));
int index_remove(struct index *x, struct strand *s, uint64_t hash, arena_ref ref)
	__attribute__((warn_unused_result));

// Pages in the order of the hashes: the page (with its chain) that has hashes
// from `from` on; *next gets where to go on, 0 at the end. Where the root is 0,
// NULL: the only bucket is the head's.
const struct page *index_page_from(const struct index *x, uint64_t from, uint64_t *next);

// Each entry once.
void index_each(const struct index *x, void (*visit)(void *context, arena_ref ref), void *context);

// Each block of the index born at `birth` and, where `birth` is 0, each block.
// Blocks above one that qualifies qualify themselves. A block may be freed by
// its visit.
void index_each_block(const struct index *x, uint32_t birth,
                      void (*visit)(void *context, arena_ref ref, enum block_kind kind), void *context);
