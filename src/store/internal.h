// SPDX-License-Identifier: GPL-3.0-or-later
// What the files of the store share.
#pragma once

#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/name.h"
#include "store/row.h"
#include "store/snapshot.h"
#include "store/store.h"

struct store_writer;

// Rows that wait, one a zone (pending.c).
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

struct store {
	char *directory;
	char *snapshots;  // directory/snapshots
	int lock;         // descriptor that holds the directory's lock
	MDB_env *env;                // NULL where it died, and could not be opened again yet
	pthread_rwlock_t env_lock;   // readers hold it, and who opens the environment again
	MDB_dbi meta, state, snapshot, file, journal, step, chain, pin;
	atomic_int_least64_t latest_time;
	atomic_uint_least64_t next_file;
	uint64_t next_epoch;         // store thread
	struct store_writer *writer; // NULL before store_start()
	_Atomic uint32_t loads;      // zones loaded, in all
	atomic_uint_least64_t did_transactions, did_versions, did_snapshots;
	pthread_mutex_t damaged_mutex;
	struct pending damaged;      // zones whose journal could not be read to its end
};

// --- lock.c

// Takes the directory's lock and writes our pid into it. Returns a descriptor
// or ERR_BUSY, ERR_IO with a sentence.
int store_lock(const char *directory, char why[static 256]);
void store_unlock(int lock);

// --- environment.c

// Opens the environment and its databases, or says why not.
int store_open_environment(struct store *store, char why[static 256]);

// After a write: where LMDB gave the environment up (a write to its first pages
// failed), opens it again. On the store thread. 0, or it is still closed.
int store_revive_environment(struct store *store, char why[static 256]);

// Lets go of the map's pages that a start has read: they stay in the page
// cache, but count no more as ours.
void store_drop_pages(void);

// An LMDB code as one of ours; `why` gets a sentence.
int store_mdb_error(int code, const char *doing, char why[static 256]);

// A transaction for reading, soon to be ended: the environment stays open so long.
int store_begin_read(struct store *store, MDB_txn **txn, char why[static 256]);
void store_end_read(struct store *store, MDB_txn *txn);
int store_get_row(MDB_txn *txn, MDB_dbi database, const void *key, size_t length, MDB_val *value, char why[static 256]);

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

// After a commit that failed: removes a file, unless a row names it all the
// same, or that cannot be told now. What stays so is tidied away at start.
void snapshot_file_drop(struct store *store, uint64_t number);

// Removes files that no row names, and finds the next number. At start.
int snapshot_file_tidy(struct store *store, char why[static 256]);

// --- pending.c: states that wait for the next write, one a zone

// Takes a row in place of what waits for the zone. ERR_MEMORY.
int pending_put(struct pending *pending, const uint8_t *origin, const uint8_t *row, size_t length);
// Forgets what waits for the zone; with only_returned, only what came back.
void pending_drop(struct pending *pending, const uint8_t *origin, bool only_returned);
// Moves all of `from`, which could not be written, back, where nothing newer
// waits, and leaves it empty.
void pending_return(struct pending *pending, struct pending *from);
bool pending_has(const struct pending *pending, const uint8_t *origin);
void pending_clear(struct pending *pending);

// --- load.c: zones whose stored journal is damaged; their next commit is whole

bool store_is_damaged(struct store *store, const uint8_t *origin);
void store_set_damaged(struct store *store, const uint8_t *origin, bool damaged);

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

// For who may not write in the state directory.
#define STORE_ADVICE "; it has to belong to the user that serves, or name another (state-dir)"

// A snapshot larger than this is a file.
#define SNAPSHOT_INLINE_MAX ((size_t)64 << 10)
// One about so large need not be tried.
#define SNAPSHOT_LARGE (2 * SNAPSHOT_INLINE_MAX)

// What is to be stored of a zone.
struct commit_order {
	const struct zone_version *version;
	const struct delta *delta;       // NULL: a snapshot
	uint64_t journal_bytes;          // bound of the journal
	uint32_t history;
	const uint8_t *state_row;
	size_t state_length;
	uint64_t number, file_length;    // of a file made for it, 0: none
};

// A snapshot that a file was made for while commits went on.
struct commit_rewrite {
	uint64_t epoch;
	uint64_t reached; // first step that it does not hold
	uint64_t since;   // bytes of the steps that it holds, and the snapshot before did not
	bool made;        // it was small enough to be made within the transaction
};

int commit_begin(struct commit *commit);
// Puts a version and its state: as a snapshot, the journal begins anew then.
// An error concerns this one alone, unless it leaves the commit broken.
int commit_version(struct commit *commit, const struct commit_order *order);
// Puts its delta behind the journal; ERR_STATE where that does not follow what
// is stored, nothing is changed then. rewrite->reached is not 0 where a snapshot
// is to be made of this version, which is too large to be made here.
int commit_delta(struct commit *commit, const struct commit_order *order, struct commit_rewrite *rewrite);
// Puts a snapshot made meanwhile. ERR_STATE where it is of no use any more.
int commit_snapshot(struct commit *commit, const struct commit_order *order, const struct commit_rewrite *rewrite);
int commit_state(struct commit *commit, const uint8_t *origin, const uint8_t *row, size_t length);
int commit_forget(struct commit *commit, const uint8_t *origin);
// pin.c; without a row it is forgotten.
int commit_pin(struct commit *commit, const uint8_t *origin, const uint8_t *row, size_t length);
// Makes all durable, or nothing. Ends the commit either way.
int commit_end(struct commit *commit);
void commit_abort(struct commit *commit);

// --- commit_row.c: the snapshot's row and its file

// What a zone's snapshot row is to hold.
struct content {
	uint64_t number; // of a file, 0 where it is in commit->inline_row
	uint64_t length;
};

// The numbers in commit->replaced and ->made. ERR_MEMORY.
int commit_replaces(struct commit *commit, uint64_t number);
int commit_made(struct commit *commit, uint64_t number);

// Makes the content, inline where it fits; else, or where that may not be, it
// is ERR_SPACE. The databases are not touched.
int content_make_inline(struct commit *commit, const struct zone_version *version, struct content *content);
int content_make(struct commit *commit, const struct zone_version *version, struct content *content);
// Puts it in place of what was there. After an error the commit is broken.
int content_put(struct commit *commit, const uint8_t *origin, uint32_t serial, const struct content *content);
// Forgets it.
int content_drop(struct commit *commit, const uint8_t *origin);

// --- journal.c: steps and chain of a zone, within a transaction

int commit_mdb_failed(struct commit *commit, int code);

// Where the zone's journal stands; one that has none ends at the snapshot.
// ERR_NOT_FOUND where the zone has no snapshot either, ERR_CORRUPT.
int journal_chain(struct commit *commit, const uint8_t *origin, struct row_chain *chain);
int journal_put_chain(struct commit *commit, const uint8_t *origin, const struct row_chain *chain);
// Puts a step behind the others; the chain's row is not put yet.
int journal_append(struct commit *commit, const uint8_t *origin, const struct delta *delta, struct row_chain *chain);
// Drops what need not be kept, the oldest first and not much at once.
int journal_trim(struct commit *commit, const uint8_t *origin, uint64_t bytes, uint32_t history,
                 struct row_chain *chain);
// A snapshot that no step leads to: what was there leads nowhere now.
int journal_break(struct commit *commit, const uint8_t *origin, uint32_t serial, uint64_t snapshot_length);
int journal_forget(struct commit *commit, const uint8_t *origin);

// --- journal_read.c

// The steps behind the snapshot, in order, as the transaction sees them, each
// with a hold. ERR_CORRUPT: `why` says what, and the steps before it are there.
struct journal_steps {
	struct delta **delta;
	size_t count;
};
int journal_read_steps(struct store *store, MDB_txn *txn, const uint8_t *origin, uint32_t snapshot_serial,
                       struct journal_steps *steps, char why[static 256]);
void journal_release_steps(struct journal_steps *steps);
