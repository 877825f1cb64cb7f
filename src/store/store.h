// SPDX-License-Identifier: GPL-3.0-or-later
// The store: one LMDB environment in the state directory, and snapshot files
// beside it. One thread writes; it groups all that waits into one commit. What
// a commit's callback has called durable is there after kill -9 and power loss.
//
//   lock                who uses the directory (its pid)
//   store.mdb           LMDB: the databases
//     meta              format, latest wall-clock time
//     state             zone -> what struct store_state tells
//     snapshot          zone -> serial, and the content, or the number of its file
//     file              number of a snapshot file -> zone
//     journal           zone, serial -> delta (the name is kept for it)
//   snapshots/NUMBER    the content of larger zones
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

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
	struct sockaddr_storage primary; // that gave the version; family 0 where none
	char last_error[256];
	int64_t last_error_at;
};

// Opens (makes, 0700) the directory and takes its lock. A lock held by another
// process is ERR_BUSY and `why` says which pid. Other errors: ERR_IO,
// ERR_CORRUPT, ERR_MEMORY; `why` is a sentence for the operator.
int store_open(const char *directory, struct store **store, char why[static 256]);

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

// Builds the newest stored version of a zone in its line; before store_start()
// from up to STORE_READERS threads. ERR_NOT_FOUND, ERR_CORRUPT (`why` says
// what; the zone must then be transferred anew), ERR_IO, ERR_MEMORY.
#define STORE_READERS 256
int store_load(struct store *store, const uint8_t *origin, struct zone_line *line,
               const struct zone_version **version, char why[static 256]);

// Called on the store thread when the commit is durable (0), or failed and is
// being retried by whoever asked (ERR_IO: disk full or broken; `why` says).
typedef void store_done(void *context, int error, const char *why);

// Asks that a version and its state be stored. Holds the version until done.
// The state's serial and has_version are the version's. Thread-safe, does not
// block. Order of calls per zone is kept. Returns 0; else done is not called:
// ERR_MEMORY, ERR_STATE (not started), ERR_LIMIT (a million wait already).
int store_commit(struct store *store, const struct zone_version *version,
                 const struct store_state *state, store_done *done, void *context);

// State alone, batched about once a second; the last one wins. What cannot be
// written is tried again a second later. Thread-safe. 0, ERR_MEMORY, ERR_STATE.
int store_put_state(struct store *store, const uint8_t *origin, const struct store_state *state);

// Forgets a zone and all that is kept of it. Thread-safe. 0, ERR_MEMORY,
// ERR_STATE, ERR_LIMIT.
int store_forget(struct store *store, const uint8_t *origin);

// The latest wall-clock time that was ever stored: where the clock stands
// before it after a restart, it cannot be trusted.
int64_t store_latest_time(const struct store *store);
