// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/deadline.h"

#include <stdlib.h>

#include "base/error.h"

static void put(struct deadline_queue *queue, uint32_t place, struct deadline *deadline)
{
	queue->heap[place] = deadline;
	deadline->place = place;
}

static void sift_up(struct deadline_queue *queue, uint32_t place, struct deadline *deadline)
{
	while (place > 1 && queue->heap[place / 2]->at > deadline->at) {
		put(queue, place, queue->heap[place / 2]);
		place /= 2;
	}
	put(queue, place, deadline);
}

static void sift_down(struct deadline_queue *queue, uint32_t place, struct deadline *deadline)
{
	for (;;) {
		uint32_t child = 2 * place;
		if (child > queue->count)
			break;
		if (child < queue->count && queue->heap[child + 1]->at < queue->heap[child]->at)
			child++;
		if (queue->heap[child]->at >= deadline->at)
			break;
		put(queue, place, queue->heap[child]);
		place = child;
	}
	put(queue, place, deadline);
}

static void take_out(struct deadline_queue *queue, struct deadline *deadline)
{
	uint32_t place = deadline->place;
	struct deadline *last = queue->heap[queue->count--];

	deadline->place = 0;
	if (last == deadline)
		return;
	if (place > 1 && queue->heap[place / 2]->at > last->at)
		sift_up(queue, place, last);
	else
		sift_down(queue, place, last);
}

int deadline_join(struct deadline_queue *queue, struct deadline *deadline, deadline_fire *fire)
{
	if (queue->members + 2 > queue->room) {
		uint32_t room = queue->room == 0 ? 64 : queue->room * 2;
		struct deadline **heap = realloc(queue->heap, room * sizeof *heap);
		if (heap == NULL)
			return ERR_MEMORY;
		queue->heap = heap;
		queue->room = room;
	}
	queue->members++;
	*deadline = (struct deadline){ .at = DEADLINE_NEVER, .fire = fire };
	return 0;
}

void deadline_leave(struct deadline_queue *queue, struct deadline *deadline)
{
	if (deadline->fire == NULL)
		return;
	if (deadline->place != 0)
		take_out(queue, deadline);
	deadline->fire = NULL;
	deadline->at = DEADLINE_NEVER;
	queue->members--;
}

void deadline_set(struct deadline_queue *queue, struct deadline *deadline, uint64_t at)
{
	if (at == deadline->at && (deadline->place != 0 || at == DEADLINE_NEVER))
		return;
	if (deadline->place != 0)
		take_out(queue, deadline);
	deadline->at = at;
	if (at != DEADLINE_NEVER)
		sift_up(queue, ++queue->count, deadline);
}

uint64_t deadline_next(const struct deadline_queue *queue)
{
	return queue->count == 0 ? DEADLINE_NEVER : queue->heap[1]->at;
}

size_t deadline_run(struct deadline_queue *queue, uint64_t now, size_t most)
{
	size_t fired = 0;

	while (fired < most && queue->count > 0 && queue->heap[1]->at <= now) {
		struct deadline *first = queue->heap[1];
		take_out(queue, first);
		first->at = DEADLINE_NEVER;
		first->fire(first, now);
		fired++;
	}
	return fired;
}

void deadline_queue_free(struct deadline_queue *queue)
{
	free(queue->heap);
	*queue = (struct deadline_queue){ 0 };
}
