// SPDX-License-Identifier: GPL-3.0-or-later
// A draft: the only mutable form of a zone. It starts empty or from a sealed
// version, takes records, and is sealed into the next version in O(change).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zone/zone.h"

struct zone_draft;

// Versions of one zone form a line: they share what did not change. One
// strand at a time drafts and seals in a line; releasing a version is safe
// from any thread.
struct zone_line;
int zone_line_new(const uint8_t *origin, struct zone_line **line);
// After the last version and draft are gone, or before: it lives until then.
void zone_line_release(struct zone_line *line);

// Bytes that are kept only because versions older than the newest are held.
size_t zone_line_pinned(const struct zone_line *line);

// An empty draft, or one that holds all of `base` (a version of this line; held
// by the caller during the call). From a version that others were sealed from
// it costs what sets that one apart from the newest. One draft at a time:
// returns 0, ERR_BUSY or ERR_MEMORY.
int zone_draft_new(struct zone_line *line, struct zone_draft **draft);
int zone_draft_from(struct zone_line *line, const struct zone_version *base, struct zone_draft **draft);

// Bounds; 0 means none. Crossing one makes zone_draft_add() return ERR_LIMIT.
void zone_draft_limit(struct zone_draft *draft, size_t max_records, size_t max_bytes);

// Adds a record (class IN). The rdata is uncompressed and checked already
// (rdata_check). A record that is there already is not added twice (RFC 2181,
// 5): returns 0 and *added false (`added` may be NULL). A record whose TTL
// differs from its set's (RFC 2181, 5.2): the set takes the new TTL, RRSIGs keep
// their own; the watcher is told of each record whose TTL changes as one that
// went and one that came. Returns ERR_RANGE (owner not in the zone), ERR_LIMIT
// (a bound of zone_draft_limit(), or what zone.h says is the most that one owner
// holds), ERR_FORMAT (an RRSIG that is too short to tell what it covers),
// ERR_MEMORY. Where `added` is NULL an error but ERR_RANGE may come with the next
// call for the draft instead: a record may wait inside for the one behind it.
int zone_draft_add(struct zone_draft *draft, const uint8_t *owner, uint16_t type, uint32_t ttl,
                   const uint8_t *rdata, uint16_t length, bool *added);

// Removes a record (compared by rdata_compare; the TTL is not compared).
// ERR_NOT_FOUND where it is not there.
int zone_draft_remove(struct zone_draft *draft, const uint8_t *owner, uint16_t type,
                      const uint8_t *rdata, uint16_t length);

// Looks into the draft as it stands. False where there is no such set. The
// view is valid until the next change.
bool zone_draft_rrset(const struct zone_draft *draft, const uint8_t *owner, uint16_t type, struct rrset *set);

// Replacing all content (AXFR, a file read again): between begin and end every
// record that is added again is kept and marked; at the end what was not
// marked is removed. Memory does not double, and the difference falls out.
// Begin right after zone_draft_from() (else ERR_STATE); an empty draft has nothing
// to replace, both calls do nothing then. ERR_MEMORY.
int zone_draft_replace_begin(struct zone_draft *draft);
int zone_draft_replace_end(struct zone_draft *draft);

// Who is told of each record that really came or went since the draft began
// (an add and a remove that cancel out may both be told, in order). For the
// journal. rdata is valid during the call.
typedef int zone_change(void *context, bool added, const uint8_t *owner, uint16_t type,
                        uint32_t ttl, const uint8_t *rdata, uint16_t length);
void zone_draft_watch(struct zone_draft *draft, zone_change *change, void *context);

// How many pages of the index, and nodes, the draft copied: what a seal costs.
struct zone_draft_cost {
	size_t pages_copied;
	size_t nodes_copied;
	size_t records_added;
	size_t records_removed;
};
void zone_draft_cost(const struct zone_draft *draft, struct zone_draft_cost *cost);

// What keeps a draft from being served as a zone (RFC 1034, 1035, 2181):
enum zone_fault {
	ZONE_SOUND,
	ZONE_NO_SOA,       // none at the apex
	ZONE_SEVERAL_SOA,
	ZONE_SOA_ELSEWHERE,
	ZONE_NO_NS,        // none at the apex
	ZONE_CNAME_OTHER,  // a CNAME beside other data (RRSIG, NSEC aside), or two CNAMEs
	ZONE_DNAME_SEVERAL,
};

// Checks the structure in O(change). On a fault `owner` gets the name it is at.
enum zone_fault zone_draft_check(const struct zone_draft *draft, uint8_t owner[static NAME_MAX_WIRE]);

// Ends the draft and gives the version with one hold, the caller's. The draft
// must be sound. On error (ERR_MEMORY, ERR_STATE) the draft is still there.
int zone_draft_seal(struct zone_draft *draft, const struct zone_version **version);

// Ends the draft and frees what it made.
void zone_draft_abandon(struct zone_draft *draft);
