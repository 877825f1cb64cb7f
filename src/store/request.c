// SPDX-License-Identifier: GPL-3.0-or-later
// What others ask of the store, put in the queues of its threads.
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "store/writer.h"

#define WAITING_MAX 1000000
#define STATE_DELAY_NS 1000000000
#define JOURNAL_LEAST ((uint64_t)1 << 20)
// What takes so much of the arena does not fit a row for certain, and goes to
// the file thread at once.
#define LARGE_BYTES (2 * SNAPSHOT_INLINE_MAX)

// --- queues

void queue_init(struct queue *queue)
{
	queue->first = NULL;
	queue->end = &queue->first;
	queue->count = 0;
}

void queue_push(struct queue *queue, struct item *item)
{
	item->next = NULL;
	*queue->end = item;
	queue->end = &item->next;
	queue->count++;
}

struct item *queue_pop(struct queue *queue)
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
		if (item_was_asked_for(item) && is_zone(item->origin, origin))
			found = item;
	return found;
}

// --- what others call

struct item *item_new(enum item_kind kind, const uint8_t *origin, store_done *done, void *context)
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

void item_free(struct item *item)
{
	if (item->version != NULL)
		zone_release(item->version);
	delta_release(item->delta);
	free(item);
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

int writer_enqueue_pin(struct store_writer *w, struct item *item)
{
	pthread_mutex_lock(&w->mutex);
	int error = w->stopping ? ERR_STATE : w->commits.count + w->files.count >= WAITING_MAX ? ERR_LIMIT : 0;
	if (error == 0) {
		queue_push(&w->commits, item);
		pthread_cond_signal(&w->store_wakes);
	}
	pthread_mutex_unlock(&w->mutex);
	return error;
}

// The bound of the journal's size. Deltas that are larger are not kept.
static uint64_t journal_bound(const struct store_keep *keep, size_t zone_bytes)
{
	if (keep->journal_bytes != 0)
		return keep->journal_bytes;
	return 2 * zone_bytes < JOURNAL_LEAST ? JOURNAL_LEAST : 2 * (uint64_t)zone_bytes;
}

static void take_delta(struct item *item, struct delta *delta, const struct store_keep *keep, size_t zone_bytes)
{
	size_t length;
	(void)delta_bytes(delta, &length);
	item->keep = *keep;
	item->keep.journal_bytes = journal_bound(keep, zone_bytes);
	if (length <= item->keep.journal_bytes)
		item->delta = delta_hold(delta);
}

int store_commit(struct store *store, const struct zone_version *version, struct delta *delta,
                 const struct store_keep *keep, const struct store_state *state, store_done *done, void *context)
{
	struct zone_figures figures;
	if (store->writer == NULL)
		return ERR_STATE;
	if (delta != NULL && delta_to(delta) != zone_serial(version))
		return ERR_RANGE;
	struct item *item = item_new(ITEM_VERSION, zone_origin(version), done, context);
	if (item == NULL)
		return ERR_MEMORY;
	item->state_length = row_put_state(state, item->state);
	row_set_serial(item->state, zone_serial(version));
	zone_figures(version, &figures);
	item->version = zone_hold(version);
	if (delta != NULL)
		take_delta(item, delta, keep, figures.bytes);
	int error = enqueue(store->writer, item, item->delta == NULL && figures.bytes > LARGE_BYTES);
	if (error != 0)
		item_free(item);
	return error;
}

int store_forget(struct store *store, const uint8_t *origin)
{
	if (store->writer == NULL)
		return ERR_STATE;
	struct item *item = item_new(ITEM_FORGET, origin, NULL, NULL);
	if (item == NULL)
		return ERR_MEMORY;
	int error = enqueue(store->writer, item, false);
	if (error != 0)
		item_free(item);
	return error;
}

void writer_set_states_due(struct store_writer *w)
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
			writer_set_states_due(w);
			pthread_cond_signal(&w->store_wakes);
		}
	}
	pthread_mutex_unlock(&w->mutex);
	return error;
}
