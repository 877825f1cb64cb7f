// SPDX-License-Identifier: GPL-3.0-or-later
// The store's two threads. The store thread owns all writing to LMDB: it takes
// whatever waits and commits it at once. The file thread writes the files of
// large zones: before their commit, so that a large zone delays no small one
// (what comes for a zone that it has under way waits behind it), or long after,
// where a journal has grown and a snapshot is due (nothing waits for that).
#pragma once

#include <pthread.h>
#include <time.h>

#include "store/internal.h"
#include "store/store.h"

// The first two are asked for, and say what is stored of a zone; a pin says what
// of it is served; the others the store orders itself: a new snapshot, and a file
// that is not named any more.
enum item_kind { ITEM_VERSION, ITEM_FORGET, ITEM_PIN, ITEM_REWRITE, ITEM_REMOVE };

struct item {
	struct item *next;
	enum item_kind kind;
	const struct zone_version *version; // held
	struct delta *delta;                // held, or NULL
	struct store_keep keep;
	store_done *done;
	void *context;
	uint64_t number, file_length;  // of the file made for it, or to remove
	struct commit_rewrite rewrite; // what is to be done, or is done
	bool whole;                    // a snapshot was stored
	int error;
	char why[256];
	uint8_t origin[NAME_MAX_WIRE];
	size_t state_length;
	uint8_t state[ROW_STATE_MAX];
};

static inline bool item_was_asked_for(const struct item *item)
{
	return item->kind == ITEM_VERSION || item->kind == ITEM_FORGET;
}

struct queue {
	struct item *first;
	struct item **end;
	size_t count;
};

struct store_writer {
	struct store *store;
	pthread_t store_thread, file_thread;
	struct pending rewriting;   // zones whose snapshot is under way; the store thread's
	uint64_t no_rewrite_until;  // the store thread's
	uint64_t dropped_at;        // versions stored when pages were last dropped; the store thread's
	pthread_mutex_t mutex; // guards all below
	pthread_cond_t store_wakes, file_wakes;
	struct queue commits; // for the store thread
	struct queue files;   // for the file thread; its first is under way
	struct pending states;
	struct timespec states_due;
	bool stopping, files_ended;
};

// --- writer.c

int writer_start(struct store *store, struct store_writer **writer);

// Removes a file, behind the commits: a large one takes a while.
void writer_remove_file(struct store *store, uint64_t number);

// Writes out what waits, ends the threads and frees the writer.
void writer_stop(struct store_writer *writer);

// --- request.c

void queue_init(struct queue *queue);
void queue_push(struct queue *queue, struct item *item);
struct item *queue_pop(struct queue *queue);

struct item *item_new(enum item_kind kind, const uint8_t *origin, store_done *done, void *context);
void item_free(struct item *item);

// Puts a pin behind the commits that wait. ERR_STATE, ERR_LIMIT.
int writer_enqueue_pin(struct store_writer *w, struct item *item);
void writer_set_states_due(struct store_writer *w);
