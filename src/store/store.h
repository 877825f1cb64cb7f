// SPDX-License-Identifier: GPL-3.0-or-later
// The store: one LMDB environment in the state directory, and snapshot files
// beside it. One thread writes; it groups all that waits into one commit. What
// a commit's callback has called durable is there after kill -9 and power loss.
//
//   lock                who uses the directory (its pid)
//   store.mdb           LMDB: the databases
//     meta              format, latest wall-clock time, the key of the hash of
//                       names
//     state             zone -> what struct store_state tells
//     snapshot          zone -> serial, and the content, or the number of its file
//     file              number of a snapshot file -> zone
//     journal           zone, number -> delta, with its serials and time
//     step              zone, serial -> number of the newest delta from there
//     chain             zone -> where its journal begins and ends, and what of
//                       it the snapshot holds already
//     pin               zone -> which serial is served in place of the newest
//                       (store/pin.h)
//   snapshots/NUMBER    the content of larger zones
//   held/HASH           versions that the guard holds back: store/held.h
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "zone/delta.h"
#include "zone/draft.h"

struct store;

// What is kept of a zone besides its content. Plain data; times are wall-clock
// seconds since 1970, 0 for never.
struct store_state {
	uint32_t serial;           // of the version stored
	bool has_version;
	int64_t transferred;       // last successful transfer or load
	int64_t confirmed;         // last time a primary confirmed the serial
	int64_t refresh_at;        // next SOA poll
	int64_t expires_at;
	uint16_t life;             // that ends then, as struct refresh has it; 0: not known
	struct sockaddr_storage primary; // that gave the version; family 0 where none
	char last_error[256];
	int64_t last_error_at;
	bool is_untold;            // somebody who is to be told of this serial has not answered
	uint64_t file;             // digest of what the zone file was that has the very content; 0: not known
};

// Opens (makes, 0700) the directory and takes its lock. A lock held by another
// process is ERR_BUSY and `why` says which pid. Other errors: ERR_IO,
// ERR_CORRUPT, ERR_MEMORY; `why` is a sentence for the operator.
int store_open(const char *directory, struct store **store, char why[static 256]);

// Hashes names from now on with the key that the store keeps, or keeps the one at
// hand where it has none. A snapshot is written in the order of the hashes; read
// in that order it fills one page of the index after the other, which takes two
// thirds of the time that it takes otherwise. Where the key can be neither read
// nor kept nothing is lost but that. Before any name is hashed.
void store_take_names_key(struct store *store);

// Starts the writing thread. Before it only the reading calls may be used.
int store_start(struct store *store);

// Writes out what waits, calls what is done, and closes. NULL is fine.
void store_close(struct store *store);

// Calls visit for each zone stored, before store_start(). A nonzero return ends it.
typedef int store_visit(void *context, const uint8_t *origin, const struct store_state *state);
int store_each(struct store *store, store_visit *visit, void *context);

// Reads the state alone, as it was last made durable; thread-safe.
// ERR_NOT_FOUND, ERR_CORRUPT, ERR_IO.
int store_get_state(struct store *store, const uint8_t *origin, struct store_state *state);

// Builds the newest stored version of a zone in its line: its snapshot, then
// the deltas behind it. From up to STORE_READERS threads at once. ERR_NOT_FOUND,
// ERR_IO, ERR_MEMORY. ERR_CORRUPT (`why` says what): *version is NULL and the
// zone must be transferred anew, or it is the newest version that is intact,
// older than what was stored: it may be served, and is to be refreshed at once.
// The next commit writes a whole snapshot then, whatever it was given.
#define STORE_READERS 256
int store_load(struct store *store, const uint8_t *origin, struct zone_line *line,
               const struct zone_version **version, char why[static 256]);

// Called on the store thread when the commit is durable (0), or failed and is
// being retried by whoever asked (ERR_IO: disk full or broken; `why` says).
typedef void store_done(void *context, int error, const char *why);

// How much of a zone's journal to keep, for IXFR out, history and rollback.
// What the snapshot does not hold yet is always kept, until a snapshot does.
struct store_keep {
	uint64_t journal_bytes; // bound; 0: as much as twice the zone in memory, at least 1 MiB
	uint32_t history;       // versions to go back
};

// Asks that a version and its state be stored. With a delta, which leads to it
// from the version stored before, the delta is what is written, and now and
// then, behind the commits, a new snapshot. Without one, or where it does not
// follow what is stored, or is larger than the journal may be, it is a snapshot
// at once, and the journal begins anew. Holds version and delta until done.
// The state's serial and has_version are the version's. `keep` may be NULL
// where delta is. Thread-safe, does not block. Order of calls per zone is
// kept. Returns 0; else done is not called: ERR_MEMORY, ERR_STATE (not
// started), ERR_LIMIT (a million wait already), ERR_RANGE (the delta leads
// elsewhere).
int store_commit(struct store *store, const struct zone_version *version, struct delta *delta,
                 const struct store_keep *keep, const struct store_state *state, store_done *done, void *context);

// State alone, batched about once a second; the last one wins. What cannot be
// written is tried again a second later. Thread-safe. 0, ERR_MEMORY, ERR_STATE.
int store_put_state(struct store *store, const uint8_t *origin, const struct store_state *state);

// Forgets a zone and all that is kept of it. Thread-safe. 0, ERR_MEMORY,
// ERR_STATE, ERR_LIMIT.
int store_forget(struct store *store, const uint8_t *origin);

// --- the journal. From any thread, also while commits go on.

// The step from a serial toward the version stored last: the newest one, where
// several began there. From its delta_to() the next goes on; each is newer than
// the one before, so the way ends. *delta with a hold. ERR_NOT_FOUND (the
// journal does not reach back so far), ERR_CORRUPT, ERR_IO, ERR_MEMORY.
int store_delta_get(struct store *store, const uint8_t *origin, uint32_t from_serial, struct delta **delta);

// A step that the journal holds.
struct store_step {
	uint32_t from, to;     // serials
	int64_t stored;        // when, wall-clock seconds
	size_t removed, added; // records, SOAs not counted
	size_t bytes;
};

// Calls visit for each step, the oldest first, each beginning where the one
// before ended. A nonzero return ends it, and is returned. ERR_IO, ERR_MEMORY,
// ERR_CORRUPT; 0 too where there is none.
typedef int store_visit_step(void *context, const struct store_step *step);
int store_history_each(struct store *store, const uint8_t *origin, store_visit_step *visit, void *context);

// What the store has done since it was started.
struct store_counts {
	uint64_t transactions; // each is one write and one sync of the database
	uint64_t versions;     // made durable, as a delta or whole
	uint64_t snapshots;    // written, those behind the commits included
};
void store_counts(const struct store *store, struct store_counts *counts);

// The latest wall-clock time that was ever stored: where the clock stands
// before it after a restart, it cannot be trusted.
int64_t store_latest_time(const struct store *store);
