// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/writer.h"

#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "store/internal.h"

// Keeps a transaction's dirty pages far below LMDB's bound of 128 Ki.
#define BATCH_MAX 4096
#define BATCH_BYTES_MAX ((size_t)64 << 20)
// So many versions leave enough of the map's pages behind to be given back.
#define DROP_PAGES_AFTER 1024
// After a snapshot behind the commits has failed: the disk is likely full.
#define REWRITE_PAUSE_S 60

// --- the file thread

// What an item needs of files. False where there is nothing left to do then.
static bool do_files(struct store_writer *w, struct item *item, bool stopping, struct snapshot_buffer *buffer)
{
	if (item->kind == ITEM_REMOVE) {
		snapshot_file_remove(w->store, item->number);
		return false;
	}
	if (item->kind == ITEM_REWRITE && stopping)
		item->error = ERR_STATE; // nobody waits for it
	else if (item->version != NULL && item->delta == NULL)
		item->error = snapshot_file_write(w->store, item->version, buffer, &item->number, &item->file_length,
		                                  item->why);
	return true;
}

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
		bool stopping = w->stopping;
		pthread_mutex_unlock(&w->mutex);
		bool goes_on = do_files(w, item, stopping, &buffer);
		pthread_mutex_lock(&w->mutex);
		queue_pop(&w->files);
		if (goes_on) {
			queue_push(&w->commits, item);
			pthread_cond_signal(&w->store_wakes);
		} else {
			item_free(item);
		}
	}
	w->files_ended = true;
	pthread_cond_signal(&w->store_wakes);
	pthread_mutex_unlock(&w->mutex);
	snapshot_buffer_free(&buffer);
	arena_thread_end();
	return NULL;
}

void writer_remove_file(struct store *store, uint64_t number)
{
	static const uint8_t nobody[] = { 0 };
	struct store_writer *w = store->writer;
	struct item *item = w != NULL ? item_new(ITEM_REMOVE, nobody, NULL, NULL) : NULL;
	if (item != NULL) {
		item->number = number;
		pthread_mutex_lock(&w->mutex);
		if (!w->files_ended) {
			queue_push(&w->files, item);
			pthread_cond_signal(&w->file_wakes);
			item = NULL;
			number = 0;
		}
		pthread_mutex_unlock(&w->mutex);
	}
	free(item);
	if (number != 0)
		snapshot_file_remove(store, number);
}

// --- the store thread

static int put_version(struct commit *commit, struct item *item, struct commit_order *order)
{
	// What does not follow what is stored is stored whole. That is rare, so it
	// may be done here even where it is large.
	int error = order->delta != NULL ? commit_delta(commit, order, &item->rewrite) : ERR_STATE;
	if (error != ERR_STATE)
		return error;
	item->whole = true;
	return commit_version(commit, order);
}

static int put_item(struct commit *commit, struct item *item)
{
	if (item->error != 0)
		return 0; // the file thread failed with it
	struct commit_order order = {
		.version = item->version, .delta = item->delta, .journal_bytes = item->keep.journal_bytes,
		.history = item->keep.history, .state_row = item->state, .state_length = item->state_length,
		.number = item->number, .file_length = item->file_length,
	};
	commit->why[0] = '\0';
	if (item->kind == ITEM_FORGET)
		item->error = commit_forget(commit, item->origin);
	else if (item->kind == ITEM_PIN)
		item->error = commit_pin(commit, item->origin, item->state, item->state_length);
	else if (item->kind == ITEM_REWRITE)
		item->error = commit_snapshot(commit, &order, &item->rewrite);
	else
		item->error = put_version(commit, item, &order);
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

// A snapshot is due for what was just stored: it is made behind the commits.
static void order_rewrite(struct store_writer *w, const struct item *of)
{
	if (pending_has(&w->rewriting, of->origin) || clock_boot_ms() < w->no_rewrite_until)
		return;
	struct item *item = item_new(ITEM_REWRITE, of->origin, NULL, NULL);
	if (item == NULL || pending_put(&w->rewriting, of->origin, of->origin, 0) != 0) {
		free(item);
		return; // the next commit asks again
	}
	item->version = zone_hold(of->version);
	item->keep = of->keep;
	item->rewrite = of->rewrite;
	pthread_mutex_lock(&w->mutex);
	bool taken = !w->stopping;
	if (taken) {
		queue_push(&w->files, item);
		pthread_cond_signal(&w->file_wakes);
	}
	pthread_mutex_unlock(&w->mutex);
	if (!taken)
		item_free(item);
}

static void end_rewrite(struct store_writer *w, struct item *item)
{
	pending_drop(&w->rewriting, item->origin, false);
	if (item->error == 0) {
		atomic_fetch_add_explicit(&w->store->did_snapshots, 1, memory_order_relaxed);
	} else if (item->error != ERR_STATE) {
		char name[NAME_MAX_TEXT];
		w->no_rewrite_until = clock_boot_ms() + REWRITE_PAUSE_S * 1000;
		log_line(LEVEL_WARNING, name_to_text(item->origin, name),
		         "its journal has grown, but a new snapshot cannot be stored (%s); tried again later", item->why);
	}
}

static void version_stored(struct store_writer *w, const struct item *item)
{
	struct store *store = w->store;
	atomic_fetch_add_explicit(&store->did_versions, 1, memory_order_relaxed);
	if (item->whole || item->rewrite.made)
		atomic_fetch_add_explicit(&store->did_snapshots, 1, memory_order_relaxed);
	if (item->whole)
		store_set_damaged(store, item->origin, false);
	else if (item->rewrite.reached != 0)
		order_rewrite(w, item);
}

static void end_version(struct store_writer *w, const struct item *item)
{
	if (item->error == 0)
		version_stored(w, item);
	if (item->done != NULL)
		item->done(item->context, item->error, item->error != 0 ? item->why : "");
}

static void end_forget(struct item *item)
{
	char name[NAME_MAX_TEXT];
	if (item->error != 0)
		log_line(LEVEL_WARNING, name_to_text(item->origin, name), "it cannot be forgotten: %s", item->why);
}

static void end_pin(const struct item *item)
{
	char name[NAME_MAX_TEXT];
	if (item->done != NULL)
		item->done(item->context, item->error, item->error != 0 ? item->why : "");
	else if (item->error != 0)
		log_line(LEVEL_WARNING, name_to_text(item->origin, name), "what was rolled back is not kept: %s", item->why);
}

static void end_items(struct store_writer *w, struct item *items, int error, const char *why)
{
	for (struct item *item = items, *next; item != NULL; item = next) {
		next = item->next;
		if (item->error == 0 && error != 0) {
			item->error = error;
			snprintf(item->why, sizeof item->why, "%s", why);
		}
		// A file that the database did not come to know of.
		if (item->error != 0 && item->number != 0)
			snapshot_file_drop(w->store, item->number);
		if (item->kind == ITEM_VERSION)
			end_version(w, item);
		else if (item->kind == ITEM_REWRITE)
			end_rewrite(w, item);
		else if (item->kind == ITEM_PIN)
			end_pin(item);
		else
			end_forget(item);
		item_free(item);
	}
}

// Has a batch taken out of the queue; states only where the queue is then
// empty, since they are newer than what waits for their zones.
static struct item *take_batch(struct store_writer *w, bool due, struct pending *states)
{
	struct queue batch;
	size_t bytes = 0, length;
	queue_init(&batch);
	while (w->commits.first != NULL && batch.count < BATCH_MAX && bytes < BATCH_BYTES_MAX) {
		struct item *item = queue_pop(&w->commits);
		if (item->delta != NULL) {
			(void)delta_bytes(item->delta, &length);
			bytes += length;
		}
		queue_push(&batch, item);
	}
	*states = (struct pending){ 0 };
	if (due && w->commits.first == NULL) {
		*states = w->states;
		w->states = (struct pending){ 0 };
	}
	return batch.first;
}

static void drop_older(struct store_writer *w, const struct item *items)
{
	for (const struct item *item = items; item != NULL; item = item->next)
		if (item_was_asked_for(item))
			pending_drop(&w->states, item->origin, true);
}

static void return_states(struct store_writer *w, struct pending *states, const char *why)
{
	static struct log_limit limit = { .per_second = 1, .burst = 1 };
	uint64_t suppressed;
	if (log_limit_allows(&limit, &suppressed))
		log_line(LEVEL_WARNING, NULL, "%s; the deadlines of %zu zones wait to be stored", why, states->count);
	pending_return(&w->states, states);
	// What was asked for since is newer.
	drop_older(w, w->commits.first);
	drop_older(w, w->files.first);
	writer_set_states_due(w);
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

// What was written is in the file's cache, and need not be in our memory too.
static void drop_pages(struct store_writer *w)
{
	uint64_t versions = atomic_load_explicit(&w->store->did_versions, memory_order_relaxed);
	if (versions - w->dropped_at < DROP_PAGES_AFTER)
		return;
	w->dropped_at = versions;
	store_drop_pages();
	malloc_trim(0); // what queues of that length took
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
		if (w->commits.first == NULL)
			drop_pages(w);
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
	pending_clear(&w->rewriting);
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
