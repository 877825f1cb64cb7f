// SPDX-License-Identifier: GPL-3.0-or-later
// What the files of the store share.
#pragma once

#include <lmdb.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/name.h"
#include "store/row.h"
#include "store/snapshot.h"
#include "store/store.h"

struct store_writer;

struct store {
	char *directory;
	char *snapshots;  // directory/snapshots
	int lock;         // descriptor that holds the directory's lock
	MDB_env *env;
	MDB_dbi meta, state, snapshot, file;
	atomic_int_least64_t latest_time;
	atomic_uint_least64_t next_file;
	struct store_writer *writer; // NULL before store_start()
};

// --- lock.c

// Takes the directory's lock and writes our pid into it. Returns a descriptor
// or ERR_BUSY, ERR_IO with a sentence.
int store_lock(const char *directory, char why[static 256]);
void store_unlock(int lock);

// --- environment.c

// Opens the environment and its databases, or says why not.
int store_open_environment(struct store *store, char why[static 256]);

// Lets go of the map's pages that a start has read: they stay in the page
// cache, but count no more as ours.
void store_drop_pages(void);

// An LMDB code as one of ours; `why` gets a sentence.
int store_mdb_error(int code, const char *doing, char why[static 256]);

static inline MDB_val store_value(const void *bytes, size_t length)
{
	union { const void *in; void *out; } pointer = { bytes }; // LMDB takes no const
	return (MDB_val){ length, pointer.out };
}

// --- snapshot_file.c

// Writes a version into a new file and makes it durable. *number and *length
// tell which and how long. ERR_IO, ERR_MEMORY; nothing is left then.
int snapshot_file_write(struct store *store, const struct zone_version *version, struct snapshot_buffer *buffer,
                        uint64_t *number, uint64_t *length, char why[static 256]);

// Builds a version from a file.
int snapshot_file_read(struct store *store, uint64_t number, uint64_t length, const uint8_t *origin,
                       struct zone_line *line, const struct zone_version **version, char why[static 256]);

void snapshot_file_remove(struct store *store, uint64_t number);

// Removes files that no row names, and finds the next number. At start.
int snapshot_file_tidy(struct store *store, char why[static 256]);

// --- pending.c: states that wait for the next write, one a zone

struct pending_state {
	struct pending_state *next;
	uint16_t origin_length, row_length;
	bool returned;   // it could not be written when its turn came
	uint8_t bytes[]; // origin, row
};

struct pending {
	struct pending_state **buckets;
	size_t bucket_count; // a power of two, or 0
	size_t count;
};

// Takes a row in place of what waits for the zone. ERR_MEMORY.
int pending_put(struct pending *pending, const uint8_t *origin, const uint8_t *row, size_t length);
// Forgets what waits for the zone; with only_returned, only what came back.
void pending_drop(struct pending *pending, const uint8_t *origin, bool only_returned);
// Moves all of `from`, which could not be written, back, where nothing newer
// waits, and leaves it empty.
void pending_return(struct pending *pending, struct pending *from);
void pending_clear(struct pending *pending);

// --- commit.c: what one transaction does. All on the store thread.

struct commit {
	struct store *store;
	MDB_txn *txn;
	struct snapshot_buffer *buffer;
	uint8_t *inline_row;     // INLINE_MAX + ROW_SNAPSHOT_HEAD bytes
	uint64_t *replaced;      // files to remove once it is durable
	size_t replaced_count, replaced_room;
	uint64_t *made;          // files to remove should it fail
	size_t made_count, made_room;
	bool broken;             // half done: the whole must be aborted
	char why[256];
};

// A snapshot larger than this is a file.
#define SNAPSHOT_INLINE_MAX ((size_t)64 << 10)

int commit_begin(struct commit *commit);
// Puts a version and its state. `number` is that of a file made before, or 0.
// An error concerns this one alone, unless it leaves the commit broken.
int commit_version(struct commit *commit, const struct zone_version *version, const uint8_t *state_row,
                   size_t state_length, uint64_t number, uint64_t file_length);
int commit_state(struct commit *commit, const uint8_t *origin, const uint8_t *row, size_t length);
int commit_forget(struct commit *commit, const uint8_t *origin);
// Makes all durable, or nothing. Ends the commit either way.
int commit_end(struct commit *commit);
void commit_abort(struct commit *commit);
