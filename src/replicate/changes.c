// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/changes.h"

#include <stdlib.h>

#include "base/error.h"
#include "replicate/replica.h"
#include "replicate/room.h"

int changes_reserve(struct changes *changes, uint32_t zones)
{
	uint32_t *last = realloc(changes->last, zones * sizeof *last);

	if (last == NULL)
		return ERR_MEMORY;
	changes->last = last;
	return 0;
}

void changes_free(struct changes *changes)
{
	free(changes->last);
	changes->last = NULL;
}

static void mark_place(struct replicate *room, uint32_t place)
{
	uint64_t count = atomic_fetch_add_explicit(&room->changes.count, 1, memory_order_relaxed) + 1;

	room->changes.last[place] = (uint32_t)count;
}

void changes_mark(struct replica *replica)
{
	struct replicate *room = replica->room;

	if (replica_index(replica) < room->replica_count && room->replicas[replica_index(replica)] == replica)
		mark_place(room, replica_index(replica));
}

void changes_move(struct replicate *room, uint32_t to, uint32_t from)
{
	atomic_fetch_add_explicit(&room->changes.removed, 1, memory_order_relaxed);
	// Whoever is halfway through the list may have passed its new place already.
	if (to != from)
		mark_place(room, to);
}
