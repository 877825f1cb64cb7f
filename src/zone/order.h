// SPDX-License-Identifier: GPL-3.0-or-later
// The persistent B+tree: nodes of the zone in canonical order of their owners.
// Pages of 512 bytes hold the first eight bytes of each sort key and a
// reference; ties are settled by looking at the owners. Internal to the zone
// room.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zone/owner.h"
#include "zone/strand.h"

#define LEAF_ENTRIES 42u
#define ORDER_LEVELS 12u // of at least two entries each: far beyond what 32-bit references can fill

// On level 0 references are nodes, above it pages, whose key is that of their
// first entry.
struct leaf {
	uint32_t birth;
	uint16_t count;
	uint16_t level;
	uint64_t key[LEAF_ENTRIES];
	arena_ref ref[LEAF_ENTRIES];
};
_Static_assert(sizeof(struct leaf) == 512, "a page of the tree fills its size class");

struct order {
	arena_ref root; // 0: empty
	uint32_t count;
};

// The greatest entry whose owner is not behind `owner`; 0 where all are. *exact
// tells whether it is the same name.
arena_ref order_find(const struct order *o, struct owner owner, bool *exact);
arena_ref order_last(const struct order *o);

// `ref` is a node with this owner. Each returns 0 or ERR_MEMORY; after that the
// tree is as before.
int order_insert(struct order *o, struct strand *s, struct owner owner, arena_ref ref)
	__attribute__((warn_unused_result));
// The entry must be there.
int order_replace(struct order *o, struct strand *s, struct owner owner, arena_ref ref)
	__attribute__((warn_unused_result));
int order_remove(struct order *o, struct strand *s, struct owner owner) __attribute__((warn_unused_result));

// A place in the tree: five bits and a half a level would do, it has six.
// Starts as 0. The entry there, or 0 behind the last; moves on to the next.
arena_ref order_next(const struct order *o, uint64_t *place);

void order_each(const struct order *o, void (*visit)(void *context, arena_ref ref), void *context);

// As index_each_block().
void order_each_block(const struct order *o, uint32_t birth,
                      void (*visit)(void *context, arena_ref ref, enum block_kind kind), void *context);
