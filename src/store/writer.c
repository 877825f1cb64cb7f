// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/writer.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"
#include "store/internal.h"

// Keeps a transaction's dirty pages far below LMDB's bound of 128 Ki.
#define BATCH_MAX 4096
#define WAITING_MAX 1000000
#define STATE_DELAY_NS 1000000000
// What takes so much of the arena does not fit a row for certain, and goes to
// the file thread at once.
#define LARGE_BYTES (2 * SNAPSHOT_INLINE_MAX)

enum item_kind { ITEM_VERSION, ITEM_FORGET };

struct item {
	struct item *next;
	enum item_kind kind;
	const struct zone_version *version; // held
	store_done *done;
	void *context;
	uint64_t number, file_length; // of the file made for it
	int error;
	char why[256];
	uint8_t origin[NAME_MAX_WIRE];
	size_t state_length;
	uint8_t state[ROW_STATE_MAX];
};

struct queue {
	struct item *first;
	struct item **end;
	size_t count;
};

struct store_writer {
	struct store *store;
	pthread_t store_thread, file_thread;
	pthread_mutex_t mutex; // guards all below
	pthread_cond_t store_wakes, file_wakes;
	struct queue commits; // for the store thread
	struct queue files;   // for the file thread; its first is under way
	struct pending states;
	struct timespec states_due;
	bool stopping, files_ended;
};

// --- queues

static void queue_init(struct queue *queue)
{
	queue->first = NULL;
	queue->end = &queue->first;
	queue->count = 0;
}

static void queue_push(struct queue *queue, struct item *item)
{
	item->next = NULL;
	*queue->end = item;
	queue->end = &item->next;
	queue->count++;
}

static struct item *queue_pop(struct queue *queue)
{
	struct item *item = queue->first;
	queue->first = item->next;
	if (queue->first == NULL)
		queue->end = &queue->first;
	queue->count--;
	return item;
}

static bool is_zone(const uint8_t *a, const uint8_t *b)
{
	size_t length = name_length(a);
	return length == name_length(b) && memcmp(a, b, length) == 0;
}

// The last of the zone's that waits for the file thread.
static struct item *waits_for_file(const struct store_writer *w, const uint8_t *origin)
{
	struct item *found = NULL;
	for (struct item *item = w->files.first; item != NULL; item = item->next)
		if (is_zone(item->origin, origin))
			found = item;
	return found;
}

// --- what others call

static struct item *new_item(enum item_kind kind, const uint8_t *origin, store_done *done, void *context)
{
	struct item *item = calloc(1, sizeof *item);
	if (item == NULL)
		return NULL;
	item->kind = kind;
	name_lower(item->origin, origin);
	item->done = done;
	item->context = context;
	return item;
}

static int enqueue(struct store_writer *w, struct item *item, bool large)
{
	pthread_mutex_lock(&w->mutex);
	int error = w->stopping ? ERR_STATE : w->commits.count + w->files.count >= WAITING_MAX ? ERR_LIMIT : 0;
	if (error == 0) {
		pending_drop(&w->states, item->origin, false);
		if (large || waits_for_file(w, item->origin) != NULL) {
			queue_push(&w->files, item);
			pthread_cond_signal(&w->file_wakes);
		} else {
			queue_push(&w->commits, item);
			pthread_cond_signal(&w->store_wakes);
		}
	}
	pthread_mutex_unlock(&w->mutex);
	return error;
}

int store_commit(struct store *store, const struct zone_version *version, const struct store_state *state,
                 store_done *done, void *context)
{
	struct zone_figures figures;
	if (store->writer == NULL)
		return ERR_STATE;
	struct item *item = new_item(ITEM_VERSION, zone_origin(version), done, context);
	if (item == NULL)
		return ERR_MEMORY;
	item->state_length = row_put_state(state, item->state);
	row_set_serial(item->state, zone_serial(version));
	zone_figures(version, &figures);
	item->version = zone_hold(version);
	int error = enqueue(store->writer, item, figures.bytes > LARGE_BYTES);
	if (error != 0) {
		zone_release(version);
		free(item);
	}
	return error;
}

int store_forget(struct store *store, const uint8_t *origin)
{
	if (store->writer == NULL)
		return ERR_STATE;
	struct item *item = new_item(ITEM_FORGET, origin, NULL, NULL);
	if (item == NULL)
		return ERR_MEMORY;
	int error = enqueue(store->writer, item, false);
	if (error != 0)
		free(item);
	return error;
}

static void set_due(struct store_writer *w)
{
	clock_gettime(CLOCK_MONOTONIC, &w->states_due);
	w->states_due.tv_nsec += STATE_DELAY_NS;
	w->states_due.tv_sec += w->states_due.tv_nsec / 1000000000;
	w->states_due.tv_nsec %= 1000000000;
}

int store_put_state(struct store *store, const uint8_t *origin, const struct store_state *state)
{
	struct store_writer *w = store->writer;
	uint8_t row[ROW_STATE_MAX], lower[NAME_MAX_WIRE];
	if (w == NULL)
		return ERR_STATE;
	size_t length = row_put_state(state, row);
	name_lower(lower, origin);
	pthread_mutex_lock(&w->mutex);
	int error = w->stopping ? ERR_STATE : 0;
	struct item *ahead = error == 0 ? waits_for_file(w, lower) : NULL;
	if (ahead != NULL && ahead->kind == ITEM_VERSION) {
		// Its commit will write a state: this one, then.
		memcpy(ahead->state, row, length);
		ahead->state_length = length;
		row_set_serial(ahead->state, zone_serial(ahead->version));
	} else if (error == 0) {
		bool first = w->states.count == 0;
		error = pending_put(&w->states, lower, row, length);
		if (first && error == 0) {
			set_due(w);
			pthread_cond_signal(&w->store_wakes);
		}
	}
	pthread_mutex_unlock(&w->mutex);
	return error;
}

// --- the file thread

static void *run_files(void *context)
{
	struct store_writer *w = context;
	struct snapshot_buffer buffer = { 0 };
	pthread_mutex_lock(&w->mutex);
	for (;;) {
		while (w->files.first == NULL && !w->stopping)
			pthread_cond_wait(&w->file_wakes, &w->mutex);
		if (w->files.first == NULL)
			break;
		struct item *item = w->files.first; // stays there while it is under way
		pthread_mutex_unlock(&w->mutex);
		if (item->kind == ITEM_VERSION)
			item->error = snapshot_file_write(w->store, item->version, &buffer, &item->number,
			                                  &item->file_length, item->why);
		pthread_mutex_lock(&w->mutex);
		queue_push(&w->commits, queue_pop(&w->files));
		pthread_cond_signal(&w->store_wakes);
	}
	w->files_ended = true;
	pthread_cond_signal(&w->store_wakes);
	pthread_mutex_unlock(&w->mutex);
	snapshot_buffer_free(&buffer);
	arena_thread_end();
	return NULL;
}

// --- the store thread

static int put_item(struct commit *commit, struct item *item)
{
	if (item->error != 0)
		return 0; // the file thread failed with it
	commit->why[0] = '\0';
	item->error = item->kind == ITEM_FORGET
	                      ? commit_forget(commit, item->origin)
	                      : commit_version(commit, item->version, item->state, item->state_length,
	                                       item->number, item->file_length);
	if (item->error == 0)
		return 0;
	memcpy(item->why, commit->why, sizeof item->why);
	return commit->broken ? item->error : 0;
}

static int put_states(struct commit *commit, const struct pending *states)
{
	for (size_t i = 0; i < states->bucket_count; i++) {
		for (struct pending_state *entry = states->buckets[i]; entry != NULL; entry = entry->next) {
			int error = commit_state(commit, entry->bytes, entry->bytes + entry->origin_length,
			                         entry->row_length);
			if (error != 0)
				return error;
		}
	}
	return 0;
}

// Puts all into one transaction and makes it durable.
static int commit_all(struct commit *commit, struct item *items, const struct pending *states)
{
	int error = commit_begin(commit);
	if (error != 0)
		return error;
	for (struct item *item = items; item != NULL && error == 0; item = item->next)
		error = put_item(commit, item);
	if (error == 0)
		error = put_states(commit, states);
	if (error == 0)
		return commit_end(commit);
	commit_abort(commit);
	return error;
}

static void end_items(struct store_writer *w, struct item *items, int error, const char *why)
{
	for (struct item *item = items, *next; item != NULL; item = next) {
		next = item->next;
		if (item->error == 0 && error != 0) {
			item->error = error;
			snprintf(item->why, sizeof item->why, "%s", why);
		}
		// A file that the transaction did not come to know of.
		if (error != 0 && item->number != 0)
			snapshot_file_remove(w->store, item->number);
		if (item->done != NULL)
			item->done(item->context, item->error, item->error != 0 ? item->why : "");
		else if (item->error != 0)
			log_line(LEVEL_WARNING, NULL, "a zone cannot be forgotten: %s", item->why);
		if (item->version != NULL)
			zone_release(item->version);
		free(item);
	}
}

// Has a batch taken out of the queue; states only where the queue is then
// empty, since they are newer than what waits for their zones.
static struct item *take_batch(struct store_writer *w, bool due, struct pending *states)
{
	struct queue batch;
	queue_init(&batch);
	while (w->commits.first != NULL && batch.count < BATCH_MAX)
		queue_push(&batch, queue_pop(&w->commits));
	*states = (struct pending){ 0 };
	if (due && w->commits.first == NULL) {
		*states = w->states;
		w->states = (struct pending){ 0 };
	}
	return batch.first;
}

static void return_states(struct store_writer *w, struct pending *states, const char *why)
{
	static struct log_limit limit = { .per_second = 1, .burst = 1 };
	uint64_t suppressed;
	if (log_limit_allows(&limit, &suppressed))
		log_line(LEVEL_WARNING, NULL, "%s; the deadlines of %zu zones wait to be stored", why, states->count);
	pending_return(&w->states, states);
	// What was asked for since is newer.
	for (struct item *item = w->commits.first; item != NULL; item = item->next)
		pending_drop(&w->states, item->origin, true);
	for (struct item *item = w->files.first; item != NULL; item = item->next)
		pending_drop(&w->states, item->origin, true);
	set_due(w);
}

static bool states_are_due(const struct store_writer *w)
{
	struct timespec now;
	if (w->states.count == 0)
		return false;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return w->stopping || now.tv_sec > w->states_due.tv_sec ||
	       (now.tv_sec == w->states_due.tv_sec && now.tv_nsec >= w->states_due.tv_nsec);
}

// Waits for work. False where there is none and there will be none.
static bool wait_for_work(struct store_writer *w)
{
	for (;;) {
		if (w->commits.first != NULL || states_are_due(w))
			return true;
		if (w->stopping && w->files_ended)
			return false;
		if (w->states.count > 0)
			pthread_cond_timedwait(&w->store_wakes, &w->mutex, &w->states_due);
		else
			pthread_cond_wait(&w->store_wakes, &w->mutex);
	}
}

static void *run_store(void *context)
{
	struct store_writer *w = context;
	struct snapshot_buffer buffer = { 0 };
	struct commit commit = { .store = w->store, .buffer = &buffer };
	struct pending states;
	commit.inline_row = malloc(ROW_SNAPSHOT_HEAD + SNAPSHOT_INLINE_MAX);
	pthread_mutex_lock(&w->mutex);
	while (wait_for_work(w)) {
		bool last = w->stopping && w->files_ended;
		struct item *items = take_batch(w, states_are_due(w), &states);
		pthread_mutex_unlock(&w->mutex);
		int error = commit.inline_row == NULL ? ERR_MEMORY : commit_all(&commit, items, &states);
		end_items(w, items, error, commit.why);
		pthread_mutex_lock(&w->mutex);
		if (error != 0 && states.count > 0 && !last)
			return_states(w, &states, commit.why);
		pending_clear(&states);
	}
	pthread_mutex_unlock(&w->mutex);
	free(commit.inline_row);
	snapshot_buffer_free(&buffer);
	arena_thread_end();
	return NULL;
}

// --- start and end

static int start_threads(struct store_writer *w)
{
	if (pthread_create(&w->file_thread, NULL, run_files, w) != 0)
		return ERR_MEMORY;
	if (pthread_create(&w->store_thread, NULL, run_store, w) == 0) {
		pthread_setname_np(w->file_thread, "store-files");
		pthread_setname_np(w->store_thread, "store");
		return 0;
	}
	w->stopping = true;
	pthread_cond_signal(&w->file_wakes);
	pthread_join(w->file_thread, NULL);
	return ERR_MEMORY;
}

static void free_writer(struct store_writer *w)
{
	pending_clear(&w->states);
	pthread_cond_destroy(&w->store_wakes);
	pthread_cond_destroy(&w->file_wakes);
	pthread_mutex_destroy(&w->mutex);
	free(w);
}

int writer_start(struct store *store, struct store_writer **out)
{
	pthread_condattr_t attributes;
	struct store_writer *w = calloc(1, sizeof *w);
	if (w == NULL)
		return ERR_MEMORY;
	w->store = store;
	queue_init(&w->commits);
	queue_init(&w->files);
	pthread_mutex_init(&w->mutex, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&w->store_wakes, &attributes);
	pthread_cond_init(&w->file_wakes, &attributes);
	pthread_condattr_destroy(&attributes);
	int error = start_threads(w);
	if (error != 0) {
		free_writer(w);
		return error;
	}
	*out = w;
	return 0;
}

void writer_stop(struct store_writer *w)
{
	pthread_mutex_lock(&w->mutex);
	w->stopping = true;
	pthread_cond_signal(&w->store_wakes);
	pthread_cond_signal(&w->file_wakes);
	pthread_mutex_unlock(&w->mutex);
	pthread_join(w->file_thread, NULL);
	pthread_join(w->store_thread, NULL);
	free_writer(w);
}
