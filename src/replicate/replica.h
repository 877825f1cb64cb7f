// SPDX-License-Identifier: GPL-3.0-or-later
// One zone that is kept: its state, small because there may be 100,000.
#pragma once

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/mailbox.h"
#include "config/config.h"
#include "replicate/aside.h"
#include "replicate/deadline.h"
#include "replicate/endpoints.h"
#include "replicate/refresh.h"
#include "replicate/room.h"
#include "store/store.h"
#include "zone/draft.h"
#include "zone/table.h"

struct notify_entry;

// It lies in the arena, without a pointer's worth to spare.
struct replica {
	struct deadline deadline;  // the earliest of refresh, expiry and export; its index is that in room->replicas
	struct replicate *room;
	struct zone_slot *slot;
	const struct aside *aside;       // what few have; never NULL
	union {
		struct { struct replica *next_due, *previous_due; }; // queue of those that wait for an attempt
		struct mail bury;                // after the grace period that follows removal
	};
	struct refresh refresh;

	// NOTIFY, told by workers: NOTIFY_PENDING … | serial. Whoever sets PENDING
	// posts a notice; the loop clears it.
	_Atomic uint64_t notify;
	uint64_t notify_after;       // boot ms: a NOTIFY is heeded no sooner
	struct notify_entry *notifies; // NOTIFYs of ours on their way to others

	uint64_t export_at;        // boot ms; DEADLINE_NEVER: the file is as the version
	uint64_t file;             // digest of what the zone file was that was read; 0: not known

	// Wall seconds, 0 never. Enough until 2106.
	uint32_t transferred, confirmed;
	uint32_t behind_since;
	uint32_t file_changed;     // the last change of the zone file that was read
	uint32_t last_error_at;
	uint32_t primary_serial;
	uint32_t notify_serial;    // what the last NOTIFY told, until an answer of a primary says more

	uint32_t zone_at;          // where it stood in room->config when it was last looked for
	arena_ref line;            // struct zone_line
	arena_ref primary;         // of the last contact, in room->endpoints; 0: none
	uint32_t attempts;         // that have ended
	uint32_t notifies_failed;  // given up, or refused
	uint32_t export_cost_ms;   // UINT32_MAX: none was written yet
	uint32_t holds;            // jobs that still point here

	uint8_t role;              // enum config_role
	bool has_primary_serial : 1;
	bool has_notify_serial : 1;
	bool is_due : 1;           // in the queue
	bool is_forced : 1;        // retransfer: the next attempt takes what is there
	bool is_woken : 1;         // NOTIFY or the operator came while busy
	bool is_asked : 1;         // … and not by a serial that we may have by now
	bool notify_was_signed : 1;
	bool is_strand_busy : 1;   // a draft of the line may be alive
	bool is_loading : 1;       // a zone file is being read
	bool wants_load : 1;       // … and must be looked at again
	bool wants_resume : 1;     // new: the store may have a copy from when it was configured before
	bool wants_store : 1;      // served from its file, not yet in the store
	bool is_file_served : 1;   // what is served is what the file of the stamp had
	bool wants_notify : 1;     // changed while the server was down, or was not told of before
	bool is_untold : 1;        // not everybody who is to be told of what is served has answered
	bool has_given_up : 1;     // … nor will: a NOTIFY of it came to nothing
	bool is_exporting : 1;
	bool is_export_queued : 1;
	bool is_unsaved : 1;
	bool has_file_failed : 1;  // the last attempt to write the zone file
	bool wants_approval : 1;   // what is held shall be published
	bool is_removed : 1;
	bool is_out_of_table : 1;  // … and its slot is to be given back with it
	bool has_warned_targets : 1;
	bool has_warned_nsec3 : 1;
};
static_assert(sizeof(struct replica) <= 208, "a zone costs no more");

// The zone in the configuration in force, valid with room->config: never NULL
// while it is in room->replicas. On the loop, or under the lock.
const struct config_zone *replica_zone(struct replica *replica);

static inline struct zone_line *replica_line(const struct replica *replica)
{
	return arena_at(replica->line);
}

// In room->replicas.
static inline uint32_t replica_index(const struct replica *replica)
{
	return replica->deadline.index;
}

// Of the last contact; endpoint_none where there was none.
static inline const struct endpoint *replica_primary(const struct replica *replica)
{
	return endpoints_at(replica->primary);
}

// The name in logs. Returns `text`.
const char *replica_name(const struct replica *replica, char text[static NAME_MAX_TEXT]);

// What is served, or was until it expired; NULL none. The loop's thread.
const struct zone_version *replica_version(const struct replica *replica);

// Makes the zone's state and its slot. ERR_MEMORY.
int replica_new(struct replicate *room, const struct config_zone *zone, struct replica **replica);

// The configuration in force, which is new, has it in another way: in which, says
// the set of enum config_difference. New primaries of a zone that is current are
// asked within `spread` ms.
void replica_configure(struct replica *replica, const struct config_zone *zone, unsigned differs, uint64_t spread);

// Takes the zone out of service; the memory goes once nobody can see it.
void replica_remove(struct replica *replica);

// Its memory, once nobody can see it.
void replica_free(struct replica *replica);

void replica_hold(struct replica *replica);
void replica_drop(struct replica *replica);

// A draft may be begun: nothing else of this zone is being made.
bool replica_is_idle(const struct replica *replica);

// After any change: sets the deadline, and starts what was waiting.
void replica_settle(struct replica *replica);

// Ask the primaries soon (NOTIFY, operator, start).
void replica_wake(struct replica *replica, bool is_forced);

// How an attempt ended.
void replica_confirmed(struct replica *replica);
// confirmed_at: of a transfer, as refresh_replaced() wants it.
void replica_replaced(struct replica *replica, const struct zone_version *version, bool is_transfer,
                      uint64_t confirmed_at);
void replica_failed(struct replica *replica, const char *why);
// A primary answered and its TSIG did not verify: where the clock is in doubt,
// that is no reason to give the copy up. With is_bad_time the clock is wrong.
void replica_unproven(struct replica *replica, const char *why, bool is_bad_time);
// The primaries have nothing newer than what is held, or nothing newer is wanted
// since the zone is rolled back.
void replica_still_held(struct replica *replica);

// Nobody was asked, since none answers anybody: tried again then (boot ms).
void replica_postponed(struct replica *replica, const char *why, uint64_t at);

// Whether this trouble is new since the last success, and worth a line in the
// log; remembers it.
bool replica_has_news(struct replica *replica, const char *why);

// When a primary last had what it is served, wall seconds, once a version is that
// was confirmed at that time (boot ms, 0 by nobody).
int64_t replica_confirmation(const struct replica *replica, uint64_t confirmed_at);

// The timers of that version's SOA, within the bounds that the configuration sets.
void replica_take_timers(struct replica *replica, const struct zone_version *version);

// What was wrong no longer is.
void replica_clear_error(struct replica *replica);

// Notes a failure for the status without ending anything.
void replica_note_error(struct replica *replica, const char *why);

// A primary is known, or said by NOTIFY, to have a newer serial than ours.
bool replica_is_told_of_news(const struct replica *replica);

// A serial was seen at a primary.
void replica_note_serial(struct replica *replica, const struct endpoint *primary, uint32_t serial);

// What the store keeps of it; and asks the store to keep it.
void replica_store_state(const struct replica *replica, struct store_state *state);
void replica_put_state(struct replica *replica);

// "", or "s" where there is not just one.
static inline const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

// The zone file that was read is known by this.
void replica_take_stamp(struct replica *replica, const struct file_stamp *stamp);

// Takes up a copy from the store or a file at the start.
void replica_resume(struct replica *replica, const struct zone_version *version,
                    const struct store_state *state, int64_t wall, bool ask_first);
