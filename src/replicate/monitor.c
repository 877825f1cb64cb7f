// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/monitor.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "dns/serial.h"
#include "replicate/replica.h"
#include "replicate/room.h"

// Questions on their way at once, to all servers: each has a socket.
#define OUTSTANDING_MAX 128u

// What one step does: a question costs some 20 us, and a look at a zone where
// nobody is to be asked 5, so that a step stays below a millisecond.
#define QUESTIONS_A_STEP 12
#define ZONES_A_STEP 64u

// The first question after a start: the listeners and the first copies come before.
#define START_MS 2000u

// How soon the servers of a zone that was published are asked again, while some
// lack it; then the rounds do. With up to a tenth more, so that zones that change
// together are not asked about together.
static const uint32_t follow_up_ms[] = { 2000, 8000, 20000, 30000, 60000, 120000 };
#define FOLLOW_UPS (sizeof follow_up_ms / sizeof follow_up_ms[0])

// Zones that wait for a follow-up; more than these wait for their turn.
#define FOLLOW_UPS_MAX 20000u

struct follow_up {
	struct deadline deadline;
	struct replica *replica;
	unsigned stage;
};

static void set_step(struct replicate *room, uint64_t at)
{
	deadline_set(&room->deadlines, &room->monitor.deadline, at);
}

// --- the rate

static void fill_tokens(struct monitor *monitor, uint32_t rate, uint64_t now)
{
	uint64_t passed = now - monitor->tokens_at < 1000 ? now - monitor->tokens_at : 1000;
	// Of what was not used a tenth of a second's worth is left: no bursts.
	int64_t most = rate > 10 ? (int64_t)rate * 100 : 1000;

	monitor->tokens_at = now;
	monitor->tokens += (int64_t)(passed * rate);
	if (monitor->tokens > most)
		monitor->tokens = most;
}

static uint64_t wait_for_tokens(const struct monitor *monitor, uint32_t rate)
{
	return (uint64_t)(1000 - monitor->tokens) / rate + 1;
}

// --- asking about a zone

static bool is_wanted(const struct replica *replica, const struct watch_entry *entry, bool is_follow_up)
{
	const struct zone_version *version = replica_version(replica);

	if (!is_follow_up || version == NULL)
		return true;
	// Those that refuse do not change their mind within seconds, and those that
	// have it are left alone.
	return entry->outcome <= MONITOR_SILENT
	       && (!entry->has_serial || serial_newer(zone_serial(version), entry->serial));
}

static void ask_servers(struct replica *replica, bool is_follow_up)
{
	struct monitor *monitor = &replica->room->monitor;
	struct monitor_candidate list[ZONE_SERVERS_MAX];
	unsigned count;
	struct watch *watch;

	if (replica_zone(replica)->policy->monitor == CONFIG_MONITOR_NO)
		return;
	count = monitor_candidates(replica, list);
	watch = watch_update(replica, list, count);
	if (watch == NULL)
		return;
	watch_settle(replica, watch);
	for (unsigned i = 0; i < count; i++) {
		const struct monitor_server *server = monitor_server_find(monitor, &list[i].endpoint);
		struct watch_entry *entry = server != NULL ? watch_entry_of(watch, server->number) : NULL;
		if (entry != NULL && is_wanted(replica, entry, is_follow_up) && monitor_ask(replica, &list[i], entry))
			monitor->tokens -= 1000;
	}
}

// --- follow-ups

static void end_follow_up(struct monitor *monitor, struct watch *watch)
{
	if (watch == NULL || watch->follow_up == NULL)
		return;
	deadline_leave(&monitor->soon, &watch->follow_up->deadline);
	free(watch->follow_up);
	watch->follow_up = NULL;
}

static void plan_follow_up(struct replica *replica, struct follow_up *follow_up, uint64_t now)
{
	uint64_t wait = follow_up_ms[follow_up->stage++];

	wait += ((wait / 10) * room_random(replica->room)) >> 32;
	deadline_set(&replica->room->monitor.soon, &follow_up->deadline, now + wait);
}

static void on_follow_up(struct deadline *deadline, uint64_t now)
{
	struct follow_up *follow_up = (struct follow_up *)((char *)deadline - offsetof(struct follow_up, deadline));
	struct replica *replica = follow_up->replica;
	bool is_last = follow_up->stage >= FOLLOW_UPS;
	struct watch *watch;

	ask_servers(replica, true);
	watch = watch_find(replica);
	if (is_last || watch == NULL || (follow_up->stage > 1 && !watch_is_apart(replica, watch)))
		end_follow_up(&replica->room->monitor, watch);
	else
		plan_follow_up(replica, follow_up, now);
}

void monitor_published(struct replica *replica)
{
	struct monitor *monitor = &replica->room->monitor;
	struct watch *watch = watch_find(replica);
	uint64_t now = clock_boot_ms();
	struct follow_up *follow_up;

	// One that was not looked at yet has its turn soon enough.
	if (watch == NULL || !monitor->is_on)
		return;
	watch_settle(replica, watch);
	follow_up = watch->follow_up;
	if (follow_up == NULL) {
		if (monitor->soon.members >= FOLLOW_UPS_MAX)
			return;
		follow_up = calloc(1, sizeof *follow_up);
		if (follow_up == NULL || deadline_join(&monitor->soon, &follow_up->deadline, on_follow_up) != 0) {
			free(follow_up);
			return;
		}
		follow_up->replica = replica;
		watch->follow_up = follow_up;
	}
	// One that is about to come anyway is not put off by a zone that changes all
	// the time.
	if (follow_up->stage == 1)
		return;
	follow_up->stage = 0;
	plan_follow_up(replica, follow_up, now);
	if (deadline_next(&monitor->soon) < monitor->deadline.at)
		set_step(replica->room, deadline_next(&monitor->soon));
}

// --- rounds

static uint64_t interval_ms(struct replicate *room)
{
	return (uint64_t)room_config(room)->server.monitor_interval * 1000;
}

// When the next zone of the round is to have its turn.
static uint64_t next_turn(struct replicate *room, uint64_t now)
{
	struct monitor *monitor = &room->monitor;
	uint64_t interval = interval_ms(room);

	if (room->replica_count == 0)
		return DEADLINE_NEVER;
	if (monitor->cursor >= room->replica_count) {
		monitor->cursor = 0;
		monitor->round_at = monitor->round_at + interval > now ? monitor->round_at + interval : now;
		monitor->is_first_round = false;
	}
	// The first round is made as fast as the rate allows.
	if (monitor->is_first_round) {
		uint64_t shortest = (uint64_t)room->replica_count * 1000 / room_config(room)->server.monitor_rate;
		interval = shortest < interval ? shortest : interval;
	}
	return monitor->round_at + interval * monitor->cursor / room->replica_count;
}

static void take_turn(struct replicate *room)
{
	struct monitor *monitor = &room->monitor;

	ask_servers(room->replicas[monitor->cursor++], false);
}

// Both get their share: news must not keep the rounds from going on.
static bool is_turn_of_follow_up(struct monitor *monitor, bool is_soon, bool is_turn)
{
	return is_soon && (!is_turn || monitor->turn++ % 4 != 0);
}

static void on_step(struct deadline *deadline, uint64_t now)
{
	struct replicate *room = (struct replicate *)((char *)deadline - offsetof(struct replicate, monitor.deadline));
	struct monitor *monitor = &room->monitor;
	uint32_t rate = room_config(room)->server.monitor_rate;
	int64_t enough;

	if (room->is_stopping || !monitor->is_on)
		return;
	fill_tokens(monitor, rate, now);
	enough = monitor->tokens - QUESTIONS_A_STEP * 1000;
	for (unsigned zones = 0; zones < ZONES_A_STEP && monitor->tokens > enough; zones++) {
		uint64_t soon = deadline_next(&monitor->soon), turn = next_turn(room, now);
		if (monitor->tokens <= 0) {
			set_step(room, now + wait_for_tokens(monitor, rate));
			return;
		}
		if (monitor->outstanding >= OUTSTANDING_MAX) {
			set_step(room, now + 50);
			return;
		}
		if (soon > now && turn > now) {
			set_step(room, soon < turn ? soon : turn);
			return;
		}
		if (is_turn_of_follow_up(monitor, soon <= now, turn <= now))
			deadline_run(&monitor->soon, now, 1);
		else
			take_turn(room);
	}
	set_step(room, now + 1);
}

// --- its life

bool monitor_is_wanted(const struct config *config)
{
	for (uint32_t i = 0; i < config->zone_count; i++) {
		const struct config_policy *policy = config->zones[i].policy;
		if (policy->monitor == CONFIG_MONITOR_YES
		    || (policy->monitor == CONFIG_MONITOR_EXPLICIT
		        && policy->primaries->count + policy->also_notify->count + policy->monitor_servers->count > 0))
			return true;
	}
	return false;
}

// A place for the watch of each zone, and the table of servers.
static bool make_room(struct replicate *room)
{
	struct monitor *monitor = &room->monitor;
	struct watch **watch;

	if (monitor->bucket == NULL)
		monitor->bucket = calloc(MONITOR_BUCKETS, sizeof *monitor->bucket);
	if (monitor->bucket == NULL || monitor->watch_room >= room->replica_count)
		return monitor->bucket != NULL;
	watch = realloc(monitor->watch, room->replica_count * sizeof(struct watch *));
	if (watch == NULL)
		return false;
	memset(watch + monitor->watch_room, 0, (room->replica_count - monitor->watch_room) * sizeof(struct watch *));
	monitor->watch = watch;
	monitor->watch_room = room->replica_count;
	return true;
}

static void drop(struct replicate *room, uint32_t place)
{
	end_follow_up(&room->monitor, room->monitor.watch[place]);
	watch_drop(room, place);
}

void monitor_configure(struct replicate *room, bool is_wanted)
{
	struct monitor *monitor = &room->monitor;
	bool was_on = monitor->is_on;

	if (monitor->deadline.fire == NULL && deadline_join(&room->deadlines, &monitor->deadline, on_step) != 0)
		return;
	monitor->is_on = is_wanted && make_room(room);
	if (!monitor->is_on || was_on) {
		set_step(room, monitor->is_on ? clock_boot_ms() : DEADLINE_NEVER);
		return;
	}
	monitor->round_at = clock_boot_ms() + START_MS;
	monitor->is_first_round = true;
	monitor->cursor = 0;
	set_step(room, monitor->round_at);
}

void monitor_configure_zone(struct replica *replica)
{
	struct replicate *room = replica->room;

	if (replica_index(replica) < room->monitor.watch_room
	    && replica_zone(replica)->policy->monitor == CONFIG_MONITOR_NO)
		drop(room, replica_index(replica));
}

void monitor_move(struct replicate *room, uint32_t to, uint32_t from)
{
	struct monitor *monitor = &room->monitor;

	if (to >= monitor->watch_room)
		return;
	drop(room, to);
	if (to == from || from >= monitor->watch_room)
		return;
	monitor->watch[to] = monitor->watch[from];
	monitor->watch[from] = NULL;
}

void monitor_forget(struct replica *replica)
{
	monitor_cancel(replica->room, replica);
}

void monitor_stop(struct replicate *room)
{
	monitor_cancel(room, NULL);
	room->monitor.is_on = false;
	deadline_leave(&room->deadlines, &room->monitor.deadline);
}

void monitor_free(struct monitor *monitor)
{
	for (uint32_t i = 0; i < monitor->watch_room; i++) {
		end_follow_up(monitor, monitor->watch[i]);
		free(monitor->watch[i]);
	}
	for (uint32_t i = 0; i < monitor->server_count; i++)
		free(monitor->server[i]);
	deadline_queue_free(&monitor->soon);
	free(monitor->watch);
	free(monitor->server);
	free(monitor->bucket);
}
