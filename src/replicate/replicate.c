// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/replicate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/epoch.h"
#include "base/error.h"
#include "base/log.h"
#include "replicate/compare.h"
#include "replicate/held.h"
#include "replicate/publish.h"
#include "replicate/replica.h"
#include "replicate/rollback.h"
#include "replicate/room.h"
#include "replicate/start.h"

// How much one turn of the loop does of either: keeps a step below 1 ms.
#define DEADLINES_A_TURN 64u
#define MAIL_A_TURN 64u
#define SLOTS_A_TURN 16u
#define POLLS_A_TURN 64u

// A time that has passed: the next turn of the loop.
#define SOON UINT64_C(0)

// The loop's clock stands still while the machine sleeps, the boot clock does
// not: so the timer looks up at least this often.
#define TIMER_MAX_MS 30000u

// How long stopping waits for commits, exports and sockets.
#define STOP_PATIENCE_MS 20000u

// Large transfers parsed at once.
#define WIDE_THREADS_MAX 4u

// Compared with all records of so small a zone, what comes is done in well below
// a millisecond.
#define BRIEF_RECORDS 200u

// --- the steps of the loop

static void go_on_stopping(struct replicate *room);

static void on_timer(uv_timer_t *timer)
{
	struct replicate *room = timer->data;

	room_enter(room);
	room->armed_at = DEADLINE_NEVER;
	deadline_run(&room->deadlines, clock_boot_ms(), DEADLINES_A_TURN);
	room_leave(room);
}

static void arm(struct replicate *room, uint64_t wanted)
{
	uint64_t at = deadline_next(&room->deadlines);
	uint64_t now, wait;

	if (wanted < at)
		at = wanted;
	if (room->is_closing || at == room->armed_at)
		return;
	room->armed_at = at;
	now = clock_boot_ms();
	// Not by the timer: libuv runs one that is due at once before it looks at sockets.
	if (at <= now) {
		uv_async_send(&room->wake);
		return;
	}
	if (at == DEADLINE_NEVER) {
		uv_timer_stop(&room->timer);
		return;
	}
	wait = at - now;
	// The loop's own time is that of its last turn; the wait counts from now.
	uv_update_time(room->loop);
	uv_timer_start(&room->timer, on_timer, wait < TIMER_MAX_MS ? wait : TIMER_MAX_MS, 0);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void room_enter(struct replicate *room)
{
	pthread_mutex_lock(&room->lock);
}

void room_leave(struct replicate *room)
{
	uint64_t wanted = DEADLINE_NEVER;

	if (room->is_running && !room->is_stopping) {
		if (room->primaries.waiting != NULL && primary_slots_run(room, SLOTS_A_TURN))
			wanted = SOON;
		if (room->primaries.first_due != NULL && poll_turns_run(room, POLLS_A_TURN))
			wanted = SOON;
		if (room->attempts.first != NULL)
			wanted = earlier(wanted, attempts_run(room, clock_boot_ms()));
	}
	arm(room, wanted);
	if (room->is_stopping)
		go_on_stopping(room);
	pthread_mutex_unlock(&room->lock);
}

void room_job_end(struct replicate *room)
{
	room->jobs--;
}

static void on_wake(uv_async_t *wake)
{
	struct replicate *room = wake->data;

	room_enter(room);
	room->armed_at = DEADLINE_NEVER;
	deadline_run(&room->deadlines, clock_boot_ms(), DEADLINES_A_TURN);
	if (mailbox_deliver(room->box, room, MAIL_A_TURN) == MAIL_A_TURN)
		uv_async_send(&room->wake);
	room_leave(room);
}

// From whichever thread posts.
static void wake_loop(void *context)
{
	struct replicate *room = context;

	uv_async_send(&room->wake);
}

void room_post(struct replicate *room, struct mail *mail)
{
	mailbox_post(room->box, mail);
}

struct lane *room_wide_lane(struct replicate *room)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned threads = cores < 1 ? 1 : cores > WIDE_THREADS_MAX ? WIDE_THREADS_MAX : (unsigned)cores;
	struct lane *lane;

	if (room->wide_lane == NULL && lane_start("wide", threads, &lane) == 0)
		room->wide_lane = lane;
	return room->wide_lane != NULL ? room->wide_lane : room->long_lane;
}

bool room_is_brief(const struct zone_version *base)
{
	struct zone_figures figures;

	if (base == NULL)
		return true;
	zone_figures(base, &figures);
	return figures.records <= BRIEF_RECORDS;
}

static void on_begin(struct deadline *deadline, uint64_t now)
{
	struct replicate *room = (struct replicate *)((char *)deadline - offsetof(struct replicate, loads.begin));

	room->loads.is_begun = true;
	if (!orphans_forget(room))
		deadline_set(&room->deadlines, deadline, now + 1); // the rest in another step
	load_run(room);
}

// --- its life

int replicate_new(const struct replicate_setup *setup, struct replicate **replicate)
{
	struct replicate *room = calloc(1, sizeof *room);

	if (room == NULL)
		return ERR_MEMORY;
	room->loop = setup->loop;
	room->table = setup->table;
	room->store = setup->store;
	room->short_lane = setup->short_lane;
	room->long_lane = setup->long_lane;
	room->armed_at = DEADLINE_NEVER;
	pthread_mutex_init(&room->lock, NULL);
	if (mailbox_new(wake_loop, room, &room->box) != 0)
		goto no_box;
	if (deadline_join(&room->deadlines, &room->loads.begin, on_begin) != 0 || tidy_init(room) != 0)
		goto no_deadline;
	if (uv_timer_init(room->loop, &room->timer) != 0 || uv_async_init(room->loop, &room->wake, on_wake) != 0)
		goto no_deadline;
	room->timer.data = room;
	room->wake.data = room;
	*replicate = room;
	return 0;
no_deadline:
	deadline_queue_free(&room->deadlines);
	mailbox_free(room->box);
no_box:
	pthread_mutex_destroy(&room->lock);
	free(room);
	return ERR_MEMORY;
}

// --- configuration

static void add_all(struct replicate *room, const struct config *config)
{
	const struct config_remotes *last = NULL;
	char name[NAME_MAX_TEXT];

	lists_begin(&room->lists);
	zone_table_batch_begin(room->table);
	for (uint32_t i = 0; i < config->zone_count; i++) {
		const struct config_zone *zone = &config->zones[i];
		int error = turnover_add(room, zone);
		if (error != 0)
			log_line(LEVEL_ERROR, name_to_text(zone->name, name), "the zone cannot be set up: %s", error_text(error));
		// Zones that are written together mostly share the list.
		if (zone->role == CONFIG_SECONDARY && zone->policy->primaries != last)
			counters_name(room, last = zone->policy->primaries);
	}
	zone_table_batch_end(room->table);
	counters_named(room);
}

static void settle_all(struct replicate *room)
{
	for (uint32_t i = 0; i < room->replica_count; i++)
		replica_settle(room->replicas[i]);
}

int replicate_configure(struct replicate *replicate, const struct config *config)
{
	struct replicate *room = replicate;

	room_enter(room);
	atomic_store_explicit(&room->config, config_hold(config), memory_order_release);
	add_all(room, config);
	monitor_configure(room, monitor_is_wanted(config));
	notify_out_configure(room, config);
	start_load_all(room);
	orphans_find(room);
	room->is_running = true;
	// From here all is done by the loop, once it runs and the store has its thread.
	settle_all(room);
	tidy_note(room, config->zone_count);
	deadline_set(&room->deadlines, &room->loads.begin, clock_boot_ms());
	room_leave(room);
	return 0;
}

struct replica *room_find(const struct replicate *room, const uint8_t *origin)
{
	uint8_t lower[NAME_MAX_WIRE];
	struct zone_slot *slot;

	name_lower(lower, origin);
	slot = zone_table_get(room->table, lower);
	return slot != NULL ? atomic_load_explicit(&slot->owner, memory_order_acquire) : NULL;
}

// --- commands

static int command(struct replicate *room, const uint8_t *origin, bool is_forced)
{
	struct replica *replica;
	int error = 0;

	room_enter(room);
	replica = room_find(room, origin);
	if (replica == NULL)
		error = ERR_NOT_FOUND;
	else if (replica->role != CONFIG_SECONDARY)
		error = ERR_STATE;
	else if (is_forced && (replica->aside->pin != NULL || replica->aside->rollback != NULL))
		error = ERR_BUSY;
	else
		replica_wake(replica, is_forced);
	room_leave(room);
	return error;
}

int replicate_refresh(struct replicate *replicate, const uint8_t *origin)
{
	return command(replicate, origin, false);
}

int replicate_retransfer(struct replicate *replicate, const uint8_t *origin)
{
	return command(replicate, origin, true);
}

// Begins a step for a zone; NULL, and why, where there is none.
static struct replica *enter_zone(struct replicate *room, const uint8_t *origin, char why[static 256])
{
	struct replica *replica;

	room_enter(room);
	replica = room_find(room, origin);
	if (replica == NULL)
		snprintf(why, 256, "no such zone here; understudy status lists them");
	return replica;
}

static int decide(struct replicate *room, const uint8_t *origin, const uint32_t *serial, char why[static 256],
                  int (*decision)(struct replica *replica, const uint32_t *serial, char why[static 256]))
{
	struct replica *replica = enter_zone(room, origin, why);
	int error = replica != NULL ? decision(replica, serial, why) : ERR_NOT_FOUND;

	room_leave(room);
	return error;
}

int replicate_approve(struct replicate *replicate, const uint8_t *origin, const uint32_t *serial, char why[static 256])
{
	return decide(replicate, origin, serial, why, held_approve);
}

int replicate_reject(struct replicate *replicate, const uint8_t *origin, const uint32_t *serial, char why[static 256])
{
	return decide(replicate, origin, serial, why, held_reject);
}

int replicate_rollback(struct replicate *replicate, const uint8_t *origin, uint32_t serial,
                       replicate_done *done, void *context, char why[static 256])
{
	struct replica *replica = enter_zone(replicate, origin, why);
	int error = replica != NULL ? rollback_begin(replica, serial, done, context, why) : ERR_NOT_FOUND;

	room_leave(replicate);
	return error;
}

int replicate_resume(struct replicate *replicate, const uint8_t *origin, replicate_done *done, void *context,
                     char why[static 256])
{
	struct replica *replica = enter_zone(replicate, origin, why);
	int error = replica != NULL ? rollback_resume(replica, done, context, why) : ERR_NOT_FOUND;

	room_leave(replicate);
	return error;
}

int replicate_compare(struct replicate *replicate, const uint8_t *origin, replicate_done *done, void *context,
                      char why[static 256])
{
	struct replica *replica = enter_zone(replicate, origin, why);
	int error = replica != NULL ? compare_begin(replica, done, context, why) : ERR_NOT_FOUND;

	room_leave(replicate);
	return error;
}

// --- the end

static void on_patience(struct deadline *deadline, uint64_t now)
{
	struct replicate *room = (struct replicate *)((char *)deadline - offsetof(struct replicate, stop_patience));

	(void)now;
	log_line(LEVEL_WARNING, NULL, "stopping: %u jobs are still under way after %u s, waiting on", room->jobs,
	         STOP_PATIENCE_MS / 1000);
}

void replicate_stop(struct replicate *replicate, void (*done)(void *context), void *context)
{
	struct replicate *room = replicate;

	room_enter(room);
	room->stopped = done;
	room->stopped_context = context;
	turnover_stop(room);
	for (uint32_t i = 0; i < room->replica_count; i++) {
		struct replica *replica = room->replicas[i];
		attempt_cancel(replica);
		compare_cancel(replica);
		rollback_stop(replica);
		replica_put_state(replica);
	}
	room->is_stopping = true;
	for (uint32_t i = 0; i < room->replica_count; i++) {
		struct replica *replica = room->replicas[i];
		deadline_set(&room->deadlines, &replica->deadline, DEADLINE_NEVER);
		publish_stop(replica);
	}
	primary_links_end(room);
	notify_out_stop(room);
	monitor_stop(room);
	export_all(room);
	if (deadline_join(&room->deadlines, &room->stop_patience, on_patience) == 0)
		deadline_set(&room->deadlines, &room->stop_patience, clock_boot_ms() + STOP_PATIENCE_MS);
	room_leave(room);
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct replicate *room = handle->data;

	if (--room->open_handles == 0)
		room->stopped(room->stopped_context);
}

static void go_on_stopping(struct replicate *room)
{
	if (room->jobs > 0 || room->is_closing)
		return;
	room->is_closing = true;
	room->open_handles = 2;
	uv_close((uv_handle_t *)&room->timer, on_handle_closed);
	uv_close((uv_handle_t *)&room->wake, on_handle_closed);
}

static void free_replica(struct replica *replica)
{
	atomic_store_explicit(&replica->slot->owner, NULL, memory_order_release);
	rollback_forget(replica);
	replica_free(replica);
}

void replicate_free(struct replicate *replicate)
{
	if (replicate == NULL)
		return;
	mailbox_deliver(replicate->box, replicate, SIZE_MAX); // NOTIFYs that came too late
	for (uint32_t i = 0; i < replicate->replica_count; i++)
		free_replica(replicate->replicas[i]);
	free(replicate->replicas);
	changes_free(&replicate->changes);
	monitor_free(&replicate->monitor);
	if (replicate->wide_lane != NULL)
		lane_stop(replicate->wide_lane);
	if (replicate->export_lane != NULL)
		lane_stop(replicate->export_lane);
	if (replicate->verify_lane != NULL)
		lane_stop(replicate->verify_lane);
	primary_free_all(replicate);
	primary_links_free(replicate);
	deadline_queue_free(&replicate->deadlines);
	endpoints_free(&replicate->endpoints);
	exports_free(&replicate->exports);
	lists_free(&replicate->lists);
	config_release(room_config(replicate));
	mailbox_free(replicate->box);
	pthread_mutex_destroy(&replicate->lock);
	free(replicate);
}
