// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/primary.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "config/model.h"
#include "replicate/room.h"

// A single lost answer is no reason to stop asking.
#define SILENT_AFTER 2u

// Longest backoff towards a silent primary, and the first, in milliseconds.
#define BACKOFF_MAX 30000u
#define BACKOFF_FIRST 1000u

static struct primary **bucket_of(struct replicate *room, const struct endpoint *endpoint)
{
	return &room->primaries.bucket[hash_bytes(endpoint->bytes, sizeof endpoint->bytes) % PRIMARY_BUCKETS];
}

struct primary *primary_find_host(struct replicate *room, const struct endpoint *endpoint)
{
	struct primary *primary = *bucket_of(room, endpoint);

	while (primary != NULL && !(endpoint->port == 0 ? endpoint_same_host(&primary->endpoint, endpoint)
	                                                : endpoint_equal(&primary->endpoint, endpoint)))
		primary = primary->next;
	return primary;
}

struct primary *primary_get(struct replicate *room, const struct endpoint *endpoint)
{
	struct primary *primary = primary_find_host(room, endpoint);
	struct primary **bucket = bucket_of(room, endpoint);

	if (primary != NULL)
		return primary;
	primary = calloc(1, sizeof *primary);
	if (primary == NULL)
		return NULL;
	primary->endpoint = *endpoint;
	primary->next = *bucket;
	*bucket = primary;
	return primary;
}

bool primary_may_ask(const struct primary *primary, uint64_t now)
{
	return primary->failures < SILENT_AFTER || (now >= primary->retry_at && !primary->is_probed);
}

void primary_asking(struct primary *primary)
{
	if (primary->failures >= SILENT_AFTER)
		primary->is_probed = true;
}

void primary_answered(struct primary *primary)
{
	primary->failures = 0;
	primary->record.unhealthy_since = 0;
	primary->retry_at = 0;
	primary->is_probed = false;
}

void primary_silent(struct primary *primary, uint64_t now, uint64_t patience, uint32_t random)
{
	uint32_t shift = primary->failures < 8 ? primary->failures : 8;
	uint64_t wait = (uint64_t)BACKOFF_FIRST << shift;

	if (wait > BACKOFF_MAX)
		wait = BACKOFF_MAX;
	if (wait > patience)
		wait = patience;
	if (primary->failures++ == 0)
		primary->record.unhealthy_since = clock_wall_s();
	primary->is_probed = false;
	primary->retry_at = now + wait - (((wait / 4) * random) >> 32);
}

void primary_unasked(struct primary *primary)
{
	primary->is_probed = false;
}

void primary_stirred(struct primary *primary)
{
	primary->retry_at = 0;
	primary->is_probed = false;
}

// --- slots

static void ring_add(struct primaries *all, struct primary *primary)
{
	if (all->waiting == NULL) {
		primary->next_waiting = primary->previous_waiting = primary;
		all->waiting = primary;
		return;
	}
	primary->next_waiting = all->waiting;
	primary->previous_waiting = all->waiting->previous_waiting;
	primary->previous_waiting->next_waiting = primary;
	all->waiting->previous_waiting = primary;
}

static void ring_remove(struct primaries *all, struct primary *primary)
{
	if (primary->next_waiting == primary) {
		all->waiting = NULL;
	} else {
		primary->previous_waiting->next_waiting = primary->next_waiting;
		primary->next_waiting->previous_waiting = primary->previous_waiting;
		if (all->waiting == primary)
			all->waiting = primary->next_waiting;
	}
	primary->next_waiting = primary->previous_waiting = NULL;
}

static void unlink_wait(struct replicate *room, struct slot_wait *wait)
{
	struct primary *primary = wait->primary;

	if (wait->previous != NULL)
		wait->previous->next = wait->next;
	else
		primary->first = wait->next;
	if (wait->next != NULL)
		wait->next->previous = wait->previous;
	else
		primary->last = wait->previous;
	wait->next = wait->previous = NULL;
	room->primaries.waiters--;
	if (primary->first == NULL)
		ring_remove(&room->primaries, primary);
}

static bool has_slot(struct replicate *room, const struct primary *primary)
{
	const struct config_server *server = &room_config(room)->server;

	return (server->transfers_in == 0 || room->primaries.transfers < server->transfers_in)
	       && (server->transfers_per_ns == 0 || primary->transfers < server->transfers_per_ns);
}

static void hand_out(struct replicate *room, struct primary *primary, struct slot_wait *wait)
{
	room->primaries.transfers++;
	primary->transfers++;
	wait->primary = primary;
	wait->is_holding = true;
	wait->ready(wait);
}

void primary_slot_take(struct replicate *room, struct primary *primary, struct slot_wait *wait)
{
	if (primary->first == NULL && has_slot(room, primary)) {
		hand_out(room, primary, wait);
		return;
	}
	room->primaries.waiters++;
	wait->primary = primary;
	wait->is_holding = false;
	wait->next = NULL;
	wait->previous = primary->last;
	if (primary->last != NULL) {
		primary->last->next = wait;
	} else {
		primary->first = wait;
		ring_add(&room->primaries, primary);
	}
	primary->last = wait;
}

// The next waiter in turn: round robin over the primaries, so that one with a
// long queue keeps none of the others out.
static struct slot_wait *next_waiter(struct replicate *room)
{
	struct primary *start = room->primaries.waiting;
	struct primary *primary = start;

	if (start == NULL)
		return NULL;
	do {
		if (has_slot(room, primary)) {
			room->primaries.waiting = primary->next_waiting;
			return primary->first;
		}
		primary = primary->next_waiting;
	} while (primary != start);
	return NULL;
}

void primary_slot_give(struct replicate *room, struct slot_wait *wait)
{
	struct primary *primary = wait->primary;

	if (primary == NULL)
		return;
	if (!wait->is_holding) {
		unlink_wait(room, wait);
		wait->primary = NULL;
		return;
	}
	wait->primary = NULL;
	wait->is_holding = false;
	primary->transfers--;
	room->primaries.transfers--;
}

bool primary_slots_run(struct replicate *room, unsigned most)
{
	struct slot_wait *wait;

	for (unsigned i = 0; i < most; i++) {
		wait = next_waiter(room);
		if (wait == NULL)
			return false;
		struct primary *primary = wait->primary;
		unlink_wait(room, wait);
		hand_out(room, primary, wait);
	}
	return room->primaries.waiting != NULL;
}

void primary_free_all(struct replicate *room)
{
	for (unsigned i = 0; i < PRIMARY_BUCKETS; i++) {
		while (room->primaries.bucket[i] != NULL) {
			struct primary *primary = room->primaries.bucket[i];
			room->primaries.bucket[i] = primary->next;
			free(primary);
		}
	}
}
