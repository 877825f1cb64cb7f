// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/lane.h"
#include "replicate/fetch_parts.h"
#include "replicate/room.h"

// Buffers of a transfer: a small one first, since most zones are small; then
// large ones, so that a hand-over to the lane is rare; never more than these.
#define CHUNK_FIRST (16u * 1024)
#define CHUNK_LATER (256u * 1024)
#define CHUNKS_MAX 4u

void fetch_free_chunks(struct chunk *chunk)
{
	while (chunk != NULL) {
		struct chunk *next = chunk->next;
		free(chunk);
		chunk = next;
	}
}

static void run_on_lane(void *context)
{
	struct fetch *fetch = context;
	int64_t now = clock_wall_s();

	if (fetch->lane_frees) {
		fetch_stream_free(fetch->stream);
		fetch->stream = NULL;
	} else {
		for (struct chunk *chunk = fetch->batch; chunk != NULL; chunk = chunk->next)
			fetch->progress = fetch_stream_bytes(fetch->stream, chunk->bytes, chunk->used, now);
		if (fetch->batch == NULL)
			fetch->progress = fetch_stream_end(fetch->stream);
		fetch_stream_figures(fetch->stream, &fetch->lane_figures);
	}
	room_post(fetch->room, &fetch->mail);
}

// A few records of a small zone, and nothing else under way: waking the lane and
// being woken by it would take longer than the work.
static bool is_brief(const struct fetch *fetch)
{
	return !fetch->is_over && fetch->received <= FETCH_BRIEF
	       && fetch->room->attempts.running <= 1 && room_is_brief(fetch->base);
}

void fetch_post_to_lane(struct fetch *fetch)
{
	struct lane *lane = fetch->is_large ? room_wide_lane(fetch->room) : fetch->room->short_lane;

	fetch->is_in_lane = true;
	fetch->lane_frees = fetch->is_over;
	if (!is_brief(fetch) && lane_post(lane, run_on_lane, fetch) == 0)
		return;
	// Also where there is no memory to queue it: late is better than never.
	run_on_lane(fetch);
}

void fetch_hand_over(struct fetch *fetch)
{
	if (fetch->is_in_lane || fetch->is_over)
		return;
	if (fetch->filling != NULL && fetch->filling->used > 0) {
		fetch->filling->next = NULL;
		if (fetch->last != NULL)
			fetch->last->next = fetch->filling;
		else
			fetch->first = fetch->filling;
		fetch->filling = NULL;
	}
	if (fetch->first == NULL && !fetch->is_ended)
		return;
	fetch->batch = fetch->first;
	fetch->first = fetch->last = NULL;
	fetch_post_to_lane(fetch);
}

// The large buffers are filled again: fresh ones the kernel would have to clear
// first, page by page.
static void recycle(struct fetch *fetch)
{
	struct chunk *chunk = fetch->batch;

	fetch->batch = NULL;
	while (chunk != NULL) {
		struct chunk *next = chunk->next;
		if (chunk->room >= CHUNK_LATER && !fetch->is_over) {
			chunk->next = fetch->spare;
			fetch->spare = chunk;
		} else {
			fetch->chunks--;
			free(chunk);
		}
		chunk = next;
	}
}

void fetch_on_lane(struct mail *mail, void *receiver)
{
	struct fetch *fetch = (struct fetch *)((char *)mail - offsetof(struct fetch, mail));

	(void)receiver;
	fetch->is_in_lane = false;
	fetch->figures = fetch->lane_figures;
	recycle(fetch);
	fetch->is_large = fetch->is_large || fetch->figures.records > FETCH_LARGE;
	if (fetch->is_over) {
		if (fetch->stream != NULL) {
			fetch_post_to_lane(fetch);
			return;
		}
		fetch_tell(fetch);
		fetch_free_later(fetch);
		return;
	}
	if (fetch->is_by_udp && fetch->progress <= 0) {
		fetch_turn_to_tcp(fetch);
		return;
	}
	if (fetch->progress == FETCH_MORE) {
		fetch_hand_over(fetch);
		fetch_start_reading(fetch);
		return;
	}
	fetch->result.outcome = fetch->progress;
	if (fetch->progress == FETCH_DONE) {
		fetch->result.changes = fetch_stream_take_changes(fetch->stream);
		fetch->result.draft = fetch_stream_take(fetch->stream);
	} else if (fetch->progress < 0) {
		snprintf(fetch->result.why, sizeof fetch->result.why, "%s", fetch_stream_why(fetch->stream));
	}
	// Its draft was taken or is gone: there is nothing large left in it.
	fetch_stream_free(fetch->stream);
	fetch->stream = NULL;
	fetch_conclude(fetch);
}

static struct chunk *chunk_new(struct fetch *fetch)
{
	size_t room = fetch->received == 0 ? CHUNK_FIRST : CHUNK_LATER;
	struct chunk *chunk;

	if (fetch->chunks >= CHUNKS_MAX)
		return NULL;
	chunk = malloc(sizeof *chunk + room);
	if (chunk == NULL)
		return NULL;
	chunk->room = room;
	fetch->chunks++;
	return chunk;
}

struct chunk *fetch_chunk_to_fill(struct fetch *fetch)
{
	struct chunk *chunk = fetch->spare;

	if (fetch->filling != NULL && fetch->filling->used < fetch->filling->room)
		return fetch->filling;
	if (fetch->filling != NULL) {
		if (fetch->last != NULL)
			fetch->last->next = fetch->filling;
		else
			fetch->first = fetch->filling;
		fetch->last = fetch->filling;
		fetch->filling = NULL;
	}
	if (chunk != NULL)
		fetch->spare = chunk->next;
	else
		chunk = chunk_new(fetch);
	if (chunk == NULL)
		return NULL;
	chunk->next = NULL;
	chunk->used = 0;
	fetch->filling = chunk;
	return chunk;
}
