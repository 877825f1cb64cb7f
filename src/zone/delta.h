// SPDX-License-Identifier: GPL-3.0-or-later
// A delta: what leads from one version of a zone to the next. One block of
// bytes, in the order of RFC 1995, 4: what went, then what came. It is what the
// journal keeps, and what an incremental transfer sends.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zone/draft.h"

struct delta;

// One record of a delta; pointers into the delta.
struct delta_record {
	const uint8_t *owner; // wire, uncompressed, lower case
	const uint8_t *rdata; // uncompressed
	uint32_t ttl;
	uint16_t type;
	uint16_t rdata_length;
};

// --- making one: watch a draft while it changes

struct delta_writer;

// Takes part in a draft that began from a version and has no change yet: every
// change is noted (zone_draft_watch). Records that come and go again cancel
// out; a TTL that changes is a record that went and one that came. More than
// max_bytes (0, or above 1 GiB: 1 GiB): the delta is given up and its memory
// freed, the draft goes on; delta_writer_finish() then says ERR_LIMIT.
// ERR_STATE (the draft began empty, or has changed), ERR_MEMORY.
int delta_writer_new(struct zone_draft *draft, size_t max_bytes, struct delta_writer **writer);

// After the draft was sealed: the delta from `before`, which the draft began
// from, to `after`, which it became. It begins with the SOA of before and the SOA of after leads what came, as RFC 1995
// wants. Ends the writer in any case. ERR_LIMIT, ERR_MEMORY; ERR_STATE where
// before is another version, or both have the same serial: no journal and no
// transfer could name that step.
int delta_writer_finish(struct delta_writer *writer, const struct zone_version *before,
                        const struct zone_version *after, struct delta **delta);
// The same for looking at: also where both have the same serial. No journal and
// no transfer may come to see it.
int delta_writer_compare(struct delta_writer *writer, const struct zone_version *before,
                         const struct zone_version *after, struct delta **delta);
// Without a delta; the draft must have ended, or be watched by nobody again.
// NULL is fine.
void delta_writer_abandon(struct delta_writer *writer);

// --- the delta itself; immutable, counted by holds, any thread

struct delta *delta_hold(struct delta *delta);
// NULL is fine.
void delta_release(struct delta *delta);

uint32_t delta_from(const struct delta *delta); // serials
uint32_t delta_to(const struct delta *delta);
size_t delta_removed(const struct delta *delta); // records, SOAs not counted
size_t delta_added(const struct delta *delta);

// The block as it is stored, and back: checked for being whole (lengths,
// names, a checksum) since it comes from a disk. ERR_CORRUPT, ERR_MEMORY.
const uint8_t *delta_bytes(const struct delta *delta, size_t *length);
int delta_from_bytes(const uint8_t *bytes, size_t length, struct delta **delta);

// All records in order: old SOA, what went, new SOA, what came. *phase tells
// which. Plain data, may pause between calls while the delta is held.
enum delta_phase { DELTA_OLD_SOA, DELTA_REMOVED, DELTA_NEW_SOA, DELTA_ADDED };
struct delta_cursor {
	const struct delta *delta;
	size_t place;
};
void delta_cursor_start(struct delta_cursor *cursor, const struct delta *delta);
bool delta_cursor_next(struct delta_cursor *cursor, enum delta_phase *phase, struct delta_record *record);

// Applies it to a draft whose serial is delta_from(). ERR_STATE (another
// serial), ERR_NOT_FOUND (it removes what is not there), or zone_draft_add()'s.
// After an error other than ERR_STATE the draft is half done: abandon it.
int delta_apply(const struct delta *delta, struct zone_draft *draft);

// The way back: applies it in reverse to a draft whose serial is delta_to().
int delta_revert(const struct delta *delta, struct zone_draft *draft);
