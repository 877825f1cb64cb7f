// SPDX-License-Identifier: GPL-3.0-or-later
// The version's own block, and the line that versions of a zone stand in.
// Internal to the zone room.
//
// A line holds families: each draft that starts empty founds one, each draft
// from a version goes on in that version's. Within a family versions are in a
// row, each made from the one before, so a block lives in a stretch of it: from
// its birth to the version that replaced it. What a version replaced stands in
// its `replaced` list; a block of it is freed when no live version lies in its
// stretch. Births of pages are exact. A node has no room for its birth: it
// counts as born with the family, so an old version that is held may pin nodes
// that it does not have.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "zone/index.h"
#include "zone/node.h"
#include "zone/order.h"
#include "zone/refset.h"
#include "zone/zone.h"

struct zone_version {
	struct index index;
	struct zone_line *line;
	_Atomic uint32_t holds;
	uint32_t sequence; // in the line; also the birth of its pages
	uint32_t family;
	arena_ref apex;
	arena_ref denial;       // struct denial, the version's own; 0: unsigned
	arena_ref older, newer; // in the line, under its lock
	uint32_t names;
	uint32_t records;
	uint32_t serial;
	size_t bytes;
};
_Static_assert(sizeof(struct zone_version) == 128, "a version is two cache lines");

// One NSEC3 chain: a set of parameters, and the nodes by their hashes. The
// first one of a zone is for NSEC3 owners that belong to no chain: those with
// signatures alone, and those of chains beyond CHAINS_MAX.
#define CHAINS_MAX 16u

struct chain {
	struct order order;
	uint16_t iterations;
	uint8_t algorithm;
	uint8_t salt_length;
	uint32_t salt_at; // in denial.salts
};

struct denial {
	struct order nsec;
	uint16_t chain_count;
	uint16_t active; // the chain in use, 0: none
	uint32_t salts_length;
	// What the chain in use says of the apex and of "*" below it, which most
	// proofs are about: the entry, 0 where there is none, and whether it matches.
	arena_ref apex_entry, wildcard_entry;
	bool apex_matches, wildcard_matches;
	struct chain chain[];
	// then the salts
};

static inline const uint8_t *denial_salts(const struct denial *d)
{
	return (const uint8_t *)&d->chain[d->chain_count];
}

static inline size_t denial_size(const struct denial *d)
{
	return sizeof(*d) + d->chain_count * sizeof(d->chain[0]) + d->salts_length;
}

// Blocks that one version replaced.
struct replaced {
	struct replaced *next;
	uint32_t family;
	uint32_t by;    // sequence of the version
	uint32_t keeps; // the last live version before it, 0: none
	size_t count;
	struct retired_block *block;
};

// It lies in the arena: there may be 100,000, each alive as long as its zone.
struct zone_line {
	uint64_t hash;            // of the origin
	struct replaced *replaced; // under the lock, as all below but what never changes
	_Atomic uint32_t holds;   // versions, drafts, and who made it
	_Atomic uint32_t pinned;  // in `replaced` lists, in units of the arena
	uint32_t last_sequence;
	uint32_t last_family;
	arena_ref newest;         // version; older ones hang on it
	bool drafting;
	uint8_t label_count;
	uint8_t origin_length;    // with the root byte
	uint8_t origin[];         // lower case
};
_Static_assert(offsetof(struct zone_line, origin) == 39, "a line is 39 bytes and its origin");

static inline size_t line_size(size_t origin_length)
{
	return offsetof(struct zone_line, origin) + origin_length;
}

// Locks are few and shared by all lines: a line is locked for a few steps only.
void line_lock(struct zone_line *line);
void line_unlock(struct zone_line *line);

static inline struct zone_line *line_hold(struct zone_line *line)
{
	atomic_fetch_add_explicit(&line->holds, 1, memory_order_relaxed);
	return line;
}

static inline struct zone_version *version_at(arena_ref ref)
{
	return ref == 0 ? NULL : arena_at(ref);
}

static inline const struct denial *version_denial(const struct zone_version *v)
{
	return v->denial == 0 ? NULL : arena_at(v->denial);
}

// Counts the blocks of a list as pinned.
void line_pin(struct zone_line *line, const struct replaced *list);

// The newest live version of the family, NULL where there is none. Under the lock.
struct zone_version *line_newest(const struct zone_line *line, uint32_t family);

// The key of a node in its version's index: an index_equal.
static inline bool node_has_owner(const void *key, arena_ref ref)
{
	const struct owner *owner = key;
	const struct zone_node *n = arena_at(ref);
	return n->owner_length == owner->length && bytes_equal(n->rest, owner->labels, owner->length);
}

static inline uint64_t node_hash(const void *apex_hash, arena_ref ref)
{
	return owner_hash(*(const uint64_t *)apex_hash, node_owner(arena_at(ref)));
}

// The part of a name that is relative to the origin; the name lies within it.
static inline struct owner owner_relative(const struct qname *q, unsigned labels, unsigned origin_labels)
{
	return (struct owner){ q->wire + q->offset[labels], (size_t)(q->offset[origin_labels] - q->offset[labels]) };
}

// --- giving back (zone/reclaim.c)

// All of a version that is alone in its family, its own block too.
void version_free_whole(struct zone_version *v);

// The version's own block alone.
void version_free_head(struct zone_version *v);

void block_free(arena_ref ref, enum block_kind kind);

// Blocks that `these` has and `those` has not.
struct difference {
	struct retired_block *page;
	size_t page_count, page_room;
	struct refset nodes;
};
int version_differ(const struct zone_version *these, const struct zone_version *those, struct difference *d);
void difference_free(struct difference *d);
