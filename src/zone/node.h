// SPDX-License-Identifier: GPL-3.0-or-later
// A node: an owner and its RRsets, packed into one block. Internal to the zone
// room; other rooms see struct zone_node by the functions of zone/zone.h.
//
//   byte 0      flags
//        1      length of the owner
//        2      the owner, relative to the apex (zone/owner.h)
//        then   with NODE_CHILDREN: 4 bytes, how many nodes are right below;
//               the top bit: one of them is "*"
//        then   by shape
//                 NODE_EMPTY   nothing
//                 NODE_SINGLE  one record as it stands on the wire
//                 NODE_SETS    2 bytes, how many; then the sets, by key
//
//   a set inside the node:  2 bytes, length of the records | SET_TARGETS
//                           2 bytes, how many records
//                           the records
//   a set of its own block: 2 bytes, SET_OUT | SET_TARGETS | SET_SIGNATURES
//                           2 bytes, the type, or the type covered
//                           4 bytes, reference to a struct set_block
//
// A set's key is its type twice, and one more for the RRSIGs that cover the
// type: so signatures stand right behind what they sign.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "dns/types.h"
#include "dns/wire.h"
#include "zone/owner.h"
#include "zone/zone.h"

#define NODE_CUT 0x01u
#define NODE_DNAME 0x02u
#define NODE_CHILDREN 0x04u
#define NODE_SHAPE 0x18u
#define NODE_EMPTY 0x00u
#define NODE_SINGLE 0x08u
#define NODE_SETS 0x10u
#define NODE_TARGETS 0x20u // NODE_SINGLE: as SET_TARGETS
#define NODE_NSEC 0x40u    // has an NSEC, so it is in the tree of them

#define SET_OUT 0x8000u
#define SET_TARGETS 0x4000u // NS: a target lies in the zone
#define SET_SIGNATURES 0x2000u
#define SET_LENGTH 0x1fffu

#define CHILDREN_WILDCARD 0x80000000u

// A set longer than this has a block of its own, and in a node that has grown
// beyond the second figure every further one: a change copies no more than that.
#define SET_INLINE_MAX 512u
#define NODE_INLINE_MAX 4096u

#define NODE_SETS_MAX ((unsigned)ZONE_OWNER_SETS)
#define SET_RECORDS_MAX ((unsigned)ZONE_SET_RECORDS)

// The largest node there can be.
#define NODE_BYTES_MAX (NODE_INLINE_MAX + SET_INLINE_MAX + 512u + NODE_SETS_MAX * 8u)

struct zone_node {
	uint8_t flags;
	uint8_t owner_length;
	uint8_t rest[];
};

// A set of its own block. Nodes that hold it are counted: versions of one owner,
// and owners that have equal sets.
struct set_block {
	_Atomic uint32_t holders;
	uint32_t length; // of the records
	uint32_t count;
	uint8_t wire[];
};
_Static_assert(offsetof(struct set_block, wire) == 12, "twelve bytes before the records");

struct set_part {
	uint32_t key;
	uint32_t length;
	uint32_t count;
	arena_ref block; // 0: inside the node
	bool targets;
	const uint8_t *wire;
	const uint8_t *at; // where the set begins in the node
};

static inline uint32_t set_key(uint16_t type, bool signatures)
{
	return (uint32_t)type << 1 | signatures;
}

static inline uint16_t record_type(const uint8_t *record)
{
	return wire_get16(record + 2);
}

static inline uint32_t record_length(const uint8_t *record)
{
	return RECORD_RDATA + (uint32_t)wire_get16(record + RECORD_RDLENGTH);
}

// The key of the set that a record belongs to; RRSIG rdata begins with the type
// covered (RFC 4034, 3.1).
static inline uint32_t record_key(const uint8_t *record)
{
	uint16_t type = record_type(record);
	return type == TYPE_RRSIG ? set_key(wire_get16(record + RECORD_RDATA), true) : set_key(type, false);
}

static inline struct owner node_owner(const struct zone_node *n)
{
	return (struct owner){ n->rest, n->owner_length };
}

static inline const uint8_t *node_children_at(const struct zone_node *n)
{
	return n->rest + n->owner_length;
}

// The children word; 0 where there are none.
static inline uint32_t node_children(const struct zone_node *n)
{
	uint32_t word = 0;
	if (n->flags & NODE_CHILDREN)
		memcpy(&word, node_children_at(n), sizeof(word));
	return word;
}

static inline const uint8_t *node_body(const struct zone_node *n)
{
	return node_children_at(n) + (n->flags & NODE_CHILDREN ? 4 : 0);
}

// Walks the sets of a node.
struct set_walk {
	const uint8_t *at;
	unsigned left;
	uint8_t flags;
};

static inline void set_walk_start(struct set_walk *walk, const struct zone_node *n)
{
	walk->at = node_body(n);
	walk->flags = n->flags;
	walk->left = 0;
	if ((n->flags & NODE_SHAPE) == NODE_SINGLE) {
		walk->left = 1;
	} else if ((n->flags & NODE_SHAPE) == NODE_SETS) {
		uint16_t count;
		memcpy(&count, walk->at, sizeof(count));
		walk->left = count;
		walk->at += sizeof(count);
	}
}

// False at the end; walk->at is then one past the node's last byte.
bool set_walk_next(struct set_walk *walk, struct set_part *part);

// Bytes of the node's block.
size_t node_size(const struct zone_node *n);

// Takes a node apart. Returns how many parts.
unsigned node_parts(const struct zone_node *n, struct set_part parts[static NODE_SETS_MAX]);

// Puts one together: what it takes, and the bytes themselves. `children` is the
// children word.
size_t node_layout(struct owner owner, uint32_t children, const struct set_part *parts, unsigned count);
void node_write(struct zone_node *n, struct owner owner, uint32_t children, const struct set_part *parts,
                unsigned count);

// The set of this key, or false.
bool node_find(const struct zone_node *n, uint32_t key, struct set_part *part);

// What readers see of a set.
void set_part_view(const struct set_part *part, struct rrset *set);

// A record among those of a set, compared as rdata_compare() does. NULL where
// it is not there.
const uint8_t *records_find(const uint8_t *wire, uint32_t length, uint16_t type, const uint8_t *rdata,
                            uint16_t rdata_length);

static inline size_t set_block_size(uint32_t length)
{
	return offsetof(struct set_block, wire) + length;
}

// One holder less; frees the block with the last. *account as arena_free().
void set_block_drop(arena_ref ref, size_t *account);

static inline void set_block_hold(arena_ref ref)
{
	struct set_block *block = arena_at(ref);
	atomic_fetch_add_explicit(&block->holders, 1, memory_order_relaxed);
}

// Frees a node, and its holds on blocks of sets.
void node_free(arena_ref ref, size_t *account);
