// SPDX-License-Identifier: GPL-3.0-or-later
// A draft from inside. Internal to the zone room.
#pragma once

#include "zone/denial.h"
#include "zone/draft.h"
#include "zone/refset.h"
#include "zone/version.h"

// A draft is begun for each of many small zones: what few records need is not
// in it from the start.
#define RECORD_SMALL 1024u

#define FAULTS (ZONE_DNAME_SEVERAL + 1)

struct draft_chain {
	struct order order;
	struct nsec3_parameters parameters; // salt points to own_salt
	uint8_t own_salt[UINT8_MAX];
};

struct draft_chains {
	unsigned count; // the first is for what belongs to no chain
	struct draft_chain chain[CHAINS_MAX];
};

// Equal sets: what a fingerprint was seen at last (zone/draft_share.c).
struct share_slot {
	uint64_t fingerprint;
	arena_ref block; // held; 0: seen once, inside a node
};

// Where a record goes: one of the two spaces of owners, and the node there.
struct spot {
	bool nsec3;      // by the trees of NSEC3 owners, not by the index
	uint64_t hash;
	struct owner owner;
	arena_ref node;  // 0: none yet
};

struct zone_draft {
	struct strand strand;
	struct zone_line *line;
	const struct zone_version *base; // held; NULL: the draft began empty
	const struct zone_version *from; // held; what the draft was asked to begin with:
	                                 // base, or an older one of its family
	uint32_t family;
	struct index index;
	arena_ref apex;
	struct refset made;     // nodes that are the draft's own; where base is NULL all are
	struct order nsec;
	struct draft_chains *chains;
	unsigned freeing;       // the chain whose nodes an abandoned draft frees
	uint32_t records, names;
	size_t max_records, max_bytes;
	size_t nodes_copied, records_added, records_removed;
	uint32_t faults[FAULTS]; // nodes that have each fault
	zone_change *watch;
	void *watch_context;
	struct zone_draft *self; // for flushing where the caller may not change it
	bool pending;           // `record`, of the owner in q, has yet to be taken in
	int late;               // the error of doing so
	bool broken;            // memory ran out within a change: it can only be abandoned
	bool changed;
	bool unsettled;         // `last` got records that may make an equal set
	struct spot last;       // of the record before, its owner in q
	struct qname q;
	uint8_t last_owner[NAME_MAX_WIRE]; // as it was given
	size_t last_owner_length;
	struct share_slot *share;
	uint32_t share_room;    // slots, a power of two
	uint32_t share_seen;    // sets that took one
	struct replacing *replacing; // between replace_begin and replace_end
	uint8_t set[SET_INLINE_MAX];                  // a set being changed
	uint8_t *record;        // a record being added
	uint8_t small_record[RECORD_SMALL];           // … nearly always
	uint8_t *large_record;  // RECORD_RDATA + UINT16_MAX bytes; NULL until there was one
};

// --- zone/draft.c

// Takes the owner apart and finds its node; the draft's own copy of the name is
// valid until the next call. ERR_RANGE.
int draft_locate(struct zone_draft *d, const uint8_t *owner, bool nsec3, struct spot *spot);

// Takes in the record that is pending, if any. What is wrong then is told late:
// by the call that came next.
int draft_flush(struct zone_draft *d);

// True for the types whose owners are in the NSEC3 trees.
bool draft_is_nsec3(uint16_t type, const uint8_t *rdata, uint16_t length);

// Tells the watcher of a record of the owner in d->q.
void draft_tell(const struct zone_draft *d, bool added, const uint8_t *record, uint32_t ttl);

// Whether one more record may come: 0 or ERR_LIMIT.
int draft_room(const struct zone_draft *d);

// --- zone/draft_node.c

bool draft_made(const struct zone_draft *d, arena_ref node);

// Puts the node of `spot` together anew; spot->node follows. A part of its own
// block is held by the new node afterwards: at `changed` the caller's hold goes
// over to it.
#define PART_NONE UINT32_MAX
int draft_node_rewrite(struct zone_draft *d, struct spot *spot, uint32_t children, const struct set_part *parts,
                       unsigned count, unsigned changed);

// A new node with these parts, and the empty non-terminals above it.
int draft_node_create(struct zone_draft *d, struct spot *spot, const struct set_part *parts, unsigned count);

// After the last record of the node has gone: keeps it as an empty non-terminal
// or takes it out, and the empty non-terminals above that are left alone.
int draft_node_clear(struct zone_draft *d, struct spot *spot);

// --- zone/draft_set.c

// Adds a record to the set of this key at the spot, or takes it away;
// `record` is as it will stand in the node. *came: it was not there before.
int draft_set_add(struct zone_draft *d, struct spot *spot, uint32_t key, const uint8_t *record, bool *came);
int draft_set_remove(struct zone_draft *d, struct spot *spot, uint32_t key, const uint8_t *rdata, uint16_t length);

// --- zone/draft_chain.c

arena_ref draft_nsec3_find(const struct zone_draft *d, struct owner owner);
// A bit for each chain that a node with these parts stands in. Chains not seen
// before are founded.
uint32_t draft_nsec3_chains(struct zone_draft *d, const struct set_part *parts, unsigned count);
// The node of this owner leaves the chains `from` for the chains `to`, where
// `ref` stands for it.
int draft_nsec3_move(struct zone_draft *d, struct owner owner, uint32_t from, uint32_t to, arena_ref ref);
int draft_chains_open(struct zone_draft *d);
int draft_chains_from(struct zone_draft *d, const struct denial *denial);
// The block for a version; 0 in *ref where the zone has no denial.
int draft_chains_seal(struct zone_draft *d, arena_ref *ref);

// --- zone/draft_share.c

void draft_settle(struct zone_draft *d);
void draft_share_end(struct zone_draft *d);

// --- zone/draft_check.c

enum zone_fault node_fault(const struct set_part *parts, unsigned count, bool apex);

// --- zone/draft_replace.c

// Marks a record of the version that the draft began with, where it is there.
// *kept: it stands unchanged in the draft too, so there is no more to do.
int draft_replace_mark(struct zone_draft *d, const struct spot *spot, uint32_t key, const uint8_t *record,
                       bool *kept);
void draft_replace_free(struct zone_draft *d);
