// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/clock.h"
#include "replicate/attempt_parts.h"
#include "replicate/compare.h"
#include "replicate/publish.h"
#include "replicate/replica.h"
#include "replicate/room.h"

// So many may wait for their turn to poll: bounds their memory.
#define AWAITED_MAX 8192u

static void enqueue(struct replicate *room, struct replica *replica, bool is_first)
{
	struct attempts *all = &room->attempts;
	struct replica *before = is_first ? NULL : all->last;
	struct replica *after = is_first ? all->first : NULL;

	replica->is_due = true;
	all->due++;
	replica->previous_due = before;
	replica->next_due = after;
	*(before != NULL ? &before->next_due : &all->first) = replica;
	*(after != NULL ? &after->previous_due : &all->last) = replica;
}

void attempt_dequeue(struct replicate *room, struct replica *replica)
{
	struct attempts *all = &room->attempts;
	struct replica *before = replica->previous_due, *after = replica->next_due;

	if (!replica->is_due)
		return;
	*(before != NULL ? &before->next_due : &all->first) = after;
	*(after != NULL ? &after->previous_due : &all->last) = before;
	replica->is_due = false;
	all->due--;
	replica->previous_due = replica->next_due = NULL;
}

// While the store does not take what came, the primaries are asked whether they
// still are there; that needs no strand.
static bool may_begin(const struct replica *replica)
{
	return replica_is_idle(replica)
	       || (replica->aside->attempt == NULL && publish_is_unsaved(replica) && !replica->is_forced && !replica->is_removed);
}

static bool is_yet_to_ask(const struct replica *replica)
{
	const struct attempt *attempt = replica->aside->attempt;

	return attempt != NULL && attempt->is_parked && !attempt->was_asked && attempt->slot.primary == NULL
	       && (attempt->is_forced || !replica->is_forced);
}

static bool may_run_more(const struct replicate *room)
{
	return room->attempts.running < ATTEMPTS_MAX && room->primaries.turns_awaited < AWAITED_MAX;
}

void attempt_request(struct replica *replica, bool is_urgent)
{
	struct replicate *room = replica->room;

	if (room->is_stopping || replica->is_removed || replica->role != CONFIG_SECONDARY)
		return;
	if (!may_begin(replica)) {
		// One that waits for its turn to ask will be told what is there then.
		if (is_yet_to_ask(replica)) {
			replica->is_asked = replica->is_asked && replica->is_woken;
			return;
		}
		replica->is_woken = true;
		compare_yield(replica);
		return;
	}
	if (replica->is_due) {
		if (!is_urgent)
			return;
		attempt_dequeue(room, replica);
	}
	if (is_urgent && may_run_more(room))
		attempt_start(replica);
	else
		enqueue(room, replica, is_urgent);
}

static void fill_tokens(struct attempts *all, uint32_t rate, uint64_t now)
{
	uint64_t tokens = all->tokens + (now - all->tokens_at) * rate;
	uint64_t most = (uint64_t)rate * 1000; // a second's worth

	all->tokens = (uint32_t)(tokens < most ? tokens : most);
	all->tokens_at = now;
}

uint64_t attempts_run(struct replicate *room, uint64_t now)
{
	struct attempts *all = &room->attempts;
	uint32_t rate = room_config(room) != NULL ? room_config(room)->server.serial_query_rate : 0;
	unsigned started = 0;

	if (rate > 100000)
		rate = 100000;
	if (rate != 0)
		fill_tokens(all, rate, now);
	while (all->first != NULL && may_run_more(room)) {
		struct replica *replica = all->first;
		bool is_routine = rate != 0 && replica_version(replica) != NULL && !replica->is_forced;
		if (is_routine && all->tokens < 1000)
			return now + (1000 - all->tokens + rate - 1) / rate;
		// A step of the loop stays short.
		if (started++ == 64)
			return now;
		attempt_dequeue(room, replica);
		if (is_routine)
			all->tokens -= 1000;
		// Since it came into the queue its file may have begun to be read.
		if (may_begin(replica))
			attempt_start(replica);
		else
			replica->is_woken = replica->is_asked = true;
	}
	return DEADLINE_NEVER;
}
