// SPDX-License-Identifier: GPL-3.0-or-later
// The writing side of a persistent structure. Each page carries the number of
// the strand it was born in. A strand writes its own pages in place; of any
// other it makes a copy and retires the original: whoever owns the strand
// decides when nobody reads that any more. Internal to the zone room.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

enum block_kind {
	BLOCK_NODE,  // zone/node.h; its size is told by its content
	BLOCK_PAGE,  // zone/index.h
	BLOCK_RADIX, // zone/index.h
	BLOCK_LEAF,  // zone/order.h, any level
};

struct retired_block {
	arena_ref ref;
	uint32_t birth; // no version before it has the block; 0: not known
	uint32_t kind;
};

struct strand {
	uint32_t birth;
	uint8_t depth_max; // of the index; INDEX_DEPTH_MAX but for tests
	bool alone;        // every page that it reaches is its own: it began with none
	size_t bytes;      // account of what the structure takes, old parts that it keeps included
	size_t copied;     // pages copied
	struct retired_block *retired;
	size_t retired_count, retired_room;
};

// Makes sure that `count` more blocks can be retired. ERR_MEMORY.
int strand_reserve(struct strand *s, size_t count) __attribute__((warn_unused_result));

// Reserved before.
void strand_retire(struct strand *s, arena_ref ref, uint32_t birth, enum block_kind kind, size_t size);
