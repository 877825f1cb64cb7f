// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/poll_turn.h"

#include <stddef.h>

#include "replicate/primary.h"
#include "replicate/room.h"

static void hand_out(struct primary *primary, struct poll_turn *turn)
{
	primary->turns.taken++;
	turn->primary = primary;
	turn->is_holding = true;
	turn->ready(turn);
}

static void unlink_turn(struct replicate *room, struct poll_turn *turn)
{
	struct poll_turns *turns = &turn->primary->turns;

	*(turn->previous != NULL ? &turn->previous->next : &turns->first) = turn->next;
	*(turn->next != NULL ? &turn->next->previous : &turns->last) = turn->previous;
	turn->next = turn->previous = NULL;
	room->primaries.turns_awaited--;
}

// Behind the others that are due. Primaries live as long as the room.
static void make_due(struct primaries *all, struct primary *primary)
{
	struct poll_turns *turns = &primary->turns;

	if (turns->is_due || turns->first == NULL || turns->taken >= POLL_TURNS)
		return;
	turns->is_due = true;
	turns->next_due = NULL;
	if (all->last_due != NULL)
		all->last_due->turns.next_due = primary;
	else
		all->first_due = primary;
	all->last_due = primary;
}

static struct primary *take_due(struct primaries *all)
{
	struct primary *primary = all->first_due;

	all->first_due = primary->turns.next_due;
	if (all->first_due == NULL)
		all->last_due = NULL;
	primary->turns.is_due = false;
	return primary;
}

void poll_turn_take(struct replicate *room, struct primary *primary, struct poll_turn *turn)
{
	struct poll_turns *turns = &primary->turns;

	if (turns->first == NULL && turns->taken < POLL_TURNS) {
		hand_out(primary, turn);
		return;
	}
	turn->primary = primary;
	turn->is_holding = false;
	turn->next = NULL;
	turn->previous = turns->last;
	*(turns->last != NULL ? &turns->last->next : &turns->first) = turn;
	turns->last = turn;
	room->primaries.turns_awaited++;
	make_due(&room->primaries, primary);
}

void poll_turn_give(struct replicate *room, struct poll_turn *turn)
{
	struct primary *primary = turn->primary;

	if (primary == NULL)
		return;
	if (turn->is_holding)
		primary->turns.taken--;
	else
		unlink_turn(room, turn);
	turn->primary = NULL;
	turn->is_holding = false;
	make_due(&room->primaries, primary);
}

// What is held back here goes on when some attempt ends.
static bool may_hand_out(const struct replicate *room)
{
	return room->primaries.first_due != NULL && room->attempts.running < ATTEMPTS_MAX;
}

bool poll_turns_run(struct replicate *room, unsigned most)
{
	struct primaries *all = &room->primaries;

	for (unsigned i = 0; i < most && may_hand_out(room); i++) {
		struct primary *primary = take_due(all);
		struct poll_turn *turn = primary->turns.first;
		// Those that waited may have gone since.
		if (turn == NULL || primary->turns.taken >= POLL_TURNS)
			continue;
		unlink_turn(room, turn);
		hand_out(primary, turn);
		make_due(all, primary);
	}
	return may_hand_out(room);
}
