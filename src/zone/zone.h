// SPDX-License-Identifier: GPL-3.0-or-later
// A zone version, as readers see it: immutable, reached without locks, any
// number alive at once. Everything it holds lives in the arena; the pointers
// handed out here are valid as long as the version is held (or, for workers,
// until their next quiescent state).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/name.h"

struct zone_version;
struct zone_node;

// An RRset as readers see it. `wire` holds `count` records one behind another
// as they stand in a message whose question is the owner: owner c0 0c, type,
// class IN, TTL, rdlength, rdata uncompressed.
struct rrset {
	const uint8_t *wire;
	uint32_t length; // bytes of all records
	uint32_t ttl;    // of the first record
	uint16_t count;
	uint16_t type;
	bool targets_in_zone; // NS: some target's name lies in the zone, so glue may be here
};

// The most that one owner holds; far beyond what is in use, against transfers
// that are meant to hurt: RRsets (those of RRSIGs counted), records in one.
#define ZONE_OWNER_SETS 512
#define ZONE_SET_RECORDS 65535

// Offsets within a stored record.
#define RECORD_TTL 6
#define RECORD_RDLENGTH 10
#define RECORD_RDATA 12

// The record after `record`.
static inline const uint8_t *record_next(const uint8_t *record)
{
	return record + RECORD_RDATA + ((record[RECORD_RDLENGTH] << 8) | record[RECORD_RDLENGTH + 1]);
}

// --- the version as a whole

// Holds and releases a version by count; any thread that already reaches it
// safely. The last release frees what no other live version of the line shares.
const struct zone_version *zone_hold(const struct zone_version *version);
void zone_release(const struct zone_version *version);

const uint8_t *zone_origin(const struct zone_version *version); // wire, lower case
size_t zone_origin_length(const struct zone_version *version);  // with the root byte
unsigned zone_origin_labels(const struct zone_version *version);
uint32_t zone_serial(const struct zone_version *version);
void zone_soa(const struct zone_version *version, struct rrset *soa);

struct zone_figures {
	size_t records; // RRs, RRSIGs counted
	size_t names;   // owners with records, NSEC3 owners counted
	size_t bytes;   // in the arena, pinned by this version alone or with others
};
void zone_figures(const struct zone_version *version, struct zone_figures *figures);

// Bytes that are kept only because versions of this zone older than its newest
// are held. Any thread.
size_t zone_pinned(const struct zone_version *version);

// --- look-up

const struct zone_node *zone_apex(const struct zone_version *version);

enum zone_match {
	ZONE_EXACT,  // the node of the name itself (maybe an empty non-terminal; maybe the owner of a DNAME)
	ZONE_CUT,    // the name is at or below a zone cut: the node that has the NS
	ZONE_DNAME,  // the name is below a DNAME: the node that has it
	ZONE_ABSENT, // no such name: the node is the closest encloser
};

struct zone_find {
	enum zone_match match;
	uint8_t labels;               // label count of `node`'s owner
	const struct zone_node *node;
	const struct zone_node *wildcard; // ZONE_ABSENT: "*." below the closest encloser, else NULL
};

// Walks from the apex down to the name (RFC 1034, 4.3.2 step 3; RFC 6672, 3.2;
// RFC 4592). The name must lie within the zone. A cut is reported also where
// the name is the cut itself (find.labels == q->label_count then).
void zone_find(const struct zone_version *version, const struct qname *q, struct zone_find *find);

// The node of a name wherever it lies, cuts and DNAMEs disregarded: for glue.
// NULL where there is none.
const struct zone_node *zone_node_at(const struct zone_version *version, const struct qname *q);

// As zone_node_at() for a name of `length` bytes within the zone, in lower case,
// whose hash is known, and the bucket too or NULL.
const struct zone_node *zone_node_below(const struct zone_version *version, uint64_t hash, const void *bucket,
                                        const uint8_t *name, size_t length);

// Asks for the bucket of a hash, which it returns; and a stage later for the
// node that the bucket tells of.
const void *zone_prefetch_hash(const struct zone_version *version, uint64_t hash);
void zone_prefetch_in_bucket(const void *bucket, uint64_t hash);

// What the stages of a batch know of the way to a name: how far they have come
// toward the buckets of its first label below the apex and of the whole name.
struct zone_way {
	const void *first, *whole;
	unsigned first_level, whole_level;
};

// Asks the processor to have ready what zone_find_on() will touch, a stage after
// the other: what is above the buckets, the buckets, the nodes that these tell
// of; and the rest of a node's first set, where that is long or elsewhere.
void zone_prefetch_index(const struct zone_version *version, const struct qname *q, struct zone_way *way);
void zone_prefetch_bucket(const struct zone_version *version, const struct qname *q, struct zone_way *way);
void zone_prefetch_node(const struct zone_version *version, const struct qname *q, const struct zone_way *way);
void zone_prefetch_set(const struct zone_node *node);

// zone_find() on a way that zone_prefetch_index() and zone_prefetch_bucket() went.
void zone_find_on(const struct zone_version *version, const struct qname *q, const struct zone_way *way,
                  struct zone_find *find);

// --- nodes

bool zone_node_is_empty(const struct zone_node *node); // an empty non-terminal
bool zone_node_is_cut(const struct zone_node *node);   // NS, and not the apex
bool zone_node_has_dname(const struct zone_node *node);

// The set of a type at a node; false where there is none. RRSIGs are found by
// the type they cover. Type RRSIG itself finds nothing here: walk with
// zone_node_set().
bool zone_node_rrset(const struct zone_node *node, uint16_t type, struct rrset *set);
bool zone_node_rrsig(const struct zone_node *node, uint16_t covered, struct rrset *set);

// The A and AAAA sets of a node, in this order. Returns how many it has.
unsigned zone_node_addresses(const struct zone_node *node, struct rrset sets[static 2]);

// The sets of a node by index, sorted by type, each RRSIG set right behind
// what it signs (its type is TYPE_RRSIG, *covered tells the type it covers,
// else 0). False at the end.
bool zone_node_set(const struct zone_node *node, unsigned index, struct rrset *set, uint16_t *covered);

// The owner in full, lower case. Returns its length.
size_t zone_node_owner(const struct zone_version *version, const struct zone_node *node,
                       uint8_t owner[static NAME_MAX_WIRE]);

// --- denial of existence

enum zone_denial { ZONE_UNSIGNED, ZONE_NSEC, ZONE_NSEC3 };
enum zone_denial zone_denial(const struct zone_version *version);

// The node with the NSEC that matches the name (*exact) or covers it: the
// greatest owner of an NSEC that is not behind the name in canonical order,
// round the end. NULL where the zone has none.
const struct zone_node *zone_nsec_find(const struct zone_version *version, const struct qname *q, bool *exact);

// NSEC3 (RFC 5155). The chain in use is the one of the apex's NSEC3PARAM with
// flags 0 that has records; other chains are kept and transferred, not used.
struct nsec3_parameters {
	uint8_t algorithm;
	uint16_t iterations;
	uint8_t salt_length;
	const uint8_t *salt;
};
#define NSEC3_HASH_LENGTH 20
#define NSEC3_MAX_ITERATIONS 2500 // above: no proofs, they would cost too much (RFC 5155, 10.3)
#define NSEC3_GOOD_ITERATIONS 150 // above: resolvers take the zone for unsigned (RFC 9276, 3.2)

bool zone_nsec3_parameters(const struct zone_version *version, struct nsec3_parameters *parameters);

// The iterated hash of a name (RFC 5155, 5).
void zone_nsec3_hash(const struct nsec3_parameters *parameters, const uint8_t *name,
                     uint8_t hash[static NSEC3_HASH_LENGTH]);

// The node with the NSEC3 that matches the hash (*exact) or covers it. NULL: the
// chain is empty.
const struct zone_node *zone_nsec3_find(const struct zone_version *version,
                                        const uint8_t hash[static NSEC3_HASH_LENGTH], bool *exact);

// As zone_nsec3_find() for the apex, or for "*" below it: known without a hash.
const struct zone_node *zone_nsec3_at_apex(const struct zone_version *version, bool wildcard, bool *exact);

// Asks for the whole of a node that has an NSEC3 and its signature.
void zone_prefetch_nsec3(const struct zone_node *node);

// --- the whole content

// Walks all RRsets, NSEC3 nodes too: the apex's SOA first, then in an order of
// the structure's own. Plain data, may be kept between calls as long as the
// version is held: streams pause and go on.
struct zone_cursor {
	const struct zone_version *version;
	uint64_t place[4]; // internal
	uint8_t owner[NAME_MAX_WIRE];
	uint8_t owner_length;
};
void zone_cursor_start(struct zone_cursor *cursor, const struct zone_version *version);
bool zone_cursor_next(struct zone_cursor *cursor, struct rrset *set);

// All nodes in canonical order (RFC 4034, 6.1), NSEC3 nodes among them, empty
// non-terminals left out. O(names) memory while it runs. The callback returns
// 0 to go on. Returns what stopped it, 0, or ERR_MEMORY.
typedef int zone_visit(void *context, const uint8_t *owner, const struct zone_node *node);
int zone_walk_canonical(const struct zone_version *version, zone_visit *visit, void *context);
