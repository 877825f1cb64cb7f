// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/turnover.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/epoch.h"
#include "base/error.h"
#include "base/log.h"
#include "replicate/plan.h"
#include "replicate/replica.h"
#include "replicate/room.h"

// A step goes on for so long: with what one zone more may cost it stays below 1 ms.
#define STEP_NS UINT64_C(400000)

// Zones whose primaries are others now are asked for spread over so much each,
// in all at most a minute.
#define SPREAD_MS_A_ZONE 5u
#define SPREAD_MS_MAX 60000u

// --- zones

static int grow(struct replicate *room)
{
	uint32_t wanted = room->replica_room == 0 ? 64 : room->replica_room * 2;
	struct replica **replicas = realloc(room->replicas, wanted * sizeof *replicas);

	if (replicas == NULL)
		return ERR_MEMORY;
	room->replicas = replicas;
	if (changes_reserve(&room->changes, wanted) != 0)
		return ERR_MEMORY;
	room->replica_room = wanted;
	return 0;
}

int turnover_add(struct replicate *room, const struct config_zone *zone)
{
	struct replica *replica;
	int error = room->replica_count == room->replica_room ? grow(room) : 0;

	if (error == 0)
		error = replica_new(room, zone, &replica);
	if (error != 0)
		return error;
	replica->deadline.index = room->replica_count;
	replica->wants_load = room->is_running && zone->role != CONFIG_SECONDARY;
	replica->wants_resume = room->is_running && zone->role == CONFIG_SECONDARY;
	room->replicas[room->replica_count++] = replica;
	counters_zone(room, zone->role, 1);
	changes_mark(replica);
	return 0;
}

static void drop(struct replicate *room, struct replica *replica)
{
	uint32_t place = replica_index(replica);
	char name[NAME_MAX_TEXT];

	log_line(LEVEL_NOTICE, replica_name(replica, name), "no longer configured: given up");
	room->replicas[place] = room->replicas[--room->replica_count];
	room->replicas[place]->deadline.index = place;
	changes_move(room, place, room->replica_count);
	monitor_move(room, place, room->replica_count);
	if (room->loads.cursor > place)
		room->loads.cursor = place; // the one that was the last may want something
	counters_zone(room, replica->role, -1);
	replica_remove(replica);
}

static uint64_t spread(const struct turnover *turnover)
{
	uint64_t all = (uint64_t)turnover->plan->zone_count * SPREAD_MS_A_ZONE;

	return all < SPREAD_MS_MAX ? all : SPREAD_MS_MAX;
}

static void change(struct replicate *room, struct replica *replica, const struct plan_zone *one)
{
	struct turnover *turnover = &room->turnover;

	turnover->outcome.changed += (one->what & PLAN_CHANGED) != 0;
	turnover->outcome.reread += (one->what & PLAN_REREAD) != 0;
	if ((one->what & PLAN_CHANGED) != 0)
		replica_configure(replica, &turnover->config->zones[one->zone], one->what, spread(turnover));
	if ((one->what & PLAN_REREAD) != 0 && replica->role == CONFIG_PRIMARY)
		replica->wants_load = true;
	// A change of the role may have made it one that is not current.
	if ((one->what & (PLAN_ASK | CONFIG_DIFFERS_ROLE)) != 0 && replica->role == CONFIG_SECONDARY
	    && replica->refresh.phase != REPLICA_CURRENT)
		replica_wake(replica, false);
	replica_settle(replica);
}

static void add(struct replicate *room, const struct config_zone *zone)
{
	char name[NAME_MAX_TEXT];
	int error = turnover_add(room, zone);

	if (error != 0) {
		log_line(LEVEL_ERROR, name_to_text(zone->name, name), "the zone cannot be set up: %s", error_text(error));
		return;
	}
	room->turnover.outcome.added++;
	replica_settle(room->replicas[room->replica_count - 1]);
}

// --- the steps

static void release_config(void *config)
{
	config_release(config);
}

static void drop_next(struct replicate *room)
{
	struct turnover *turnover = &room->turnover;
	const struct plan *plan = turnover->plan;
	struct replica *replica = room_find(room, plan->old->zones[plan->gone[turnover->gone_at++]].name);

	if (replica == NULL)
		return;
	drop(room, replica);
	turnover->outcome.removed++;
}

static void switch_over(struct replicate *room)
{
	struct turnover *turnover = &room->turnover;
	const struct config *old = room_config(room);

	turnover->is_switched = true;
	zone_table_batch_begin(room->table);
	lists_begin(&room->lists);
	atomic_store_explicit(&room->config, config_hold(turnover->config), memory_order_release);
	notify_out_configure(room, turnover->config);
	monitor_configure(room, turnover->plan->is_watched);
	// Workers may still be reading the old one.
	epoch_retire(release_config, (void *)(uintptr_t)old);
}

static void take_next(struct replicate *room)
{
	struct turnover *turnover = &room->turnover;
	const struct plan_zone *one = &turnover->plan->zone[turnover->zone_at++];
	const struct config_zone *zone = &turnover->config->zones[one->zone];
	struct replica *replica = room_find(room, zone->name);

	if (replica != NULL)
		change(room, replica, one);
	else
		add(room, zone);
}

// False once there is nothing left to do.
static bool do_next(struct replicate *room)
{
	struct turnover *turnover = &room->turnover;
	const struct plan *plan = turnover->plan;

	if (turnover->gone_at < plan->gone_count)
		drop_next(room);
	else if (!turnover->is_switched)
		switch_over(room);
	else if (turnover->primaries_at < plan->primaries_count)
		counters_name(room, plan->primaries[turnover->primaries_at++]);
	else if (turnover->zone_at < plan->zone_count)
		take_next(room);
	else
		return false;
	return true;
}

static void end(struct replicate *room, int error)
{
	struct turnover *turnover = &room->turnover;
	struct replicate_reload outcome = turnover->outcome;

	turnover->is_running = false;
	deadline_leave(&room->deadlines, &turnover->deadline);
	turnover->done(turnover->context, error, &outcome);
}

static void finish(struct replicate *room)
{
	const struct turnover *turnover = &room->turnover;
	uint32_t removed = turnover->outcome.removed;

	counters_named(room);
	// Those that came are to be watched too.
	if (turnover->outcome.added > 0)
		monitor_configure(room, turnover->plan->is_watched);
	if (removed > 0)
		log_line(LEVEL_NOTICE, NULL, "%u zone%s no longer configured; what the store has of them is kept for 7 days, "
		         "should they come back", removed, removed == 1 ? " is" : "s are");
	tidy_note(room, turnover->config->zone_count);
	end(room, 0);
}

static void on_step(struct deadline *deadline, uint64_t now)
{
	struct turnover *turnover = (struct turnover *)((char *)deadline - offsetof(struct turnover, deadline));
	struct replicate *room = (struct replicate *)((char *)turnover - offsetof(struct replicate, turnover));
	uint64_t until = uv_hrtime() + STEP_NS;
	bool goes_on = true;

	// Not while zones go: each that does would end it.
	if (turnover->is_switched)
		zone_table_batch_begin(room->table);
	while (goes_on && uv_hrtime() < until)
		goes_on = do_next(room);
	zone_table_batch_end(room->table);
	if (goes_on)
		deadline_set(&room->deadlines, deadline, now + 1); // the next turn of the loop
	else
		finish(room);
}

int replicate_reconfigure(struct replicate *replicate, const struct plan *plan, replicate_reloaded *done, void *context)
{
	struct replicate *room = replicate;
	struct turnover *turnover = &room->turnover;
	int error;

	room_enter(room);
	*turnover = (struct turnover){ .plan = plan, .config = plan->new, .done = done, .context = context };
	error = deadline_join(&room->deadlines, &turnover->deadline, on_step);
	if (error == 0) {
		turnover->is_running = true;
		deadline_set(&room->deadlines, &turnover->deadline, clock_boot_ms());
	}
	room_leave(room);
	return error;
}

void turnover_stop(struct replicate *room)
{
	if (room->turnover.is_running)
		end(room, ERR_CLOSED);
}
