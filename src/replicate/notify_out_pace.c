// SPDX-License-Identifier: GPL-3.0-or-later
// How fast NOTIFYs leave: a window for each target and lane, a rate for each
// lane, and a fair share of it for each target.
#include <stdlib.h>

#include "base/clock.h"
#include "replicate/notify_out_parts.h"
#include "replicate/room.h"

// NOTIFYs of one lane to one target on their way at once; one alone while it
// is silent.
#define WINDOW 16u

bool notify_pace_take(struct notify_pace *pace, uint32_t rate, uint64_t now, uint64_t *wait)
{
	uint64_t passed = pace->at != 0 && now - pace->at < 1000 ? now - pace->at : 1000;
	uint64_t most = (uint64_t)rate * 1000;

	*wait = 0;
	if (rate == 0)
		return true;
	pace->tokens += passed * rate;
	if (pace->tokens > most)
		pace->tokens = most;
	pace->at = now;
	if (pace->tokens < 1000) {
		*wait = (1000 - pace->tokens + rate - 1) / rate;
		return false;
	}
	pace->tokens -= 1000;
	return true;
}

static bool take_token(struct replicate *room, enum notify_lane lane)
{
	const struct config_server *server = &room_config(room)->server;
	struct notify_pace *pace = &room->notify_out.pace[lane];
	uint32_t rate = lane == NOTIFY_OF_START ? server->startup_notify_rate : server->notify_rate;
	uint64_t now = clock_boot_ms(), wait;

	if (notify_pace_take(pace, rate, now, &wait))
		return true;
	deadline_set(&room->deadlines, &pace->wake, now + wait);
	return false;
}

static void pump_lane(struct notify_target *target, enum notify_lane lane)
{
	unsigned window = target->silent < NOTIFY_SILENT_AFTER ? WINDOW : 1;

	while (target->waiting[lane].first != NULL && target->sent_count[lane] < window && !target->room->is_stopping) {
		struct query *query;
		if (!take_token(target->room, lane))
			return;
		query = calloc(1, sizeof *query);
		if (query == NULL)
			return;
		notify_entry_begin(target, lane, query);
	}
}

void notify_target_pump(struct notify_target *target)
{
	pump_lane(target, NOTIFY_OF_CHANGE);
	pump_lane(target, NOTIFY_OF_START);
}

// The first in the list goes last the next time: a long queue of one target
// leaves a share of the pace to the others.
static void rotate(struct notify_out *out)
{
	struct notify_target *first = out->targets, **end = &out->targets;

	if (first == NULL || first->next == NULL)
		return;
	out->targets = first->next;
	first->next = NULL;
	while (*end != NULL)
		end = &(*end)->next;
	*end = first;
}

static void pump_all(struct notify_out *out)
{
	struct notify_target *target = out->targets, *next;

	for (; target != NULL; target = next) {
		next = target->next;
		notify_target_settle(target);
	}
	rotate(out);
}

static void on_pace_of_change(struct deadline *deadline, uint64_t now)
{
	(void)now;
	pump_all((struct notify_out *)((char *)deadline - offsetof(struct notify_out, pace[NOTIFY_OF_CHANGE].wake)));
}

static void on_pace_of_start(struct deadline *deadline, uint64_t now)
{
	(void)now;
	pump_all((struct notify_out *)((char *)deadline - offsetof(struct notify_out, pace[NOTIFY_OF_START].wake)));
}

static deadline_fire *const on_pace[NOTIFY_LANES] = { on_pace_of_change, on_pace_of_start };

void notify_pace_join(struct replicate *room)
{
	for (unsigned lane = 0; lane < NOTIFY_LANES; lane++)
		if (room->notify_out.pace[lane].wake.fire == NULL)
			(void)deadline_join(&room->deadlines, &room->notify_out.pace[lane].wake, on_pace[lane]);
}
