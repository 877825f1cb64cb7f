// SPDX-License-Identifier: GPL-3.0-or-later
// What the servers of one zone have, and which of them lag behind.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "dns/serial.h"
#include "replicate/attempt.h"
#include "replicate/changes.h"
#include "replicate/held.h"
#include "replicate/monitor.h"
#include "replicate/replica.h"
#include "replicate/room.h"

// Who lags, and who caught up: a change that no server takes is one line for
// each of them and zone.
static struct log_limit lag_lines = { .per_second = 5, .burst = 50 };

struct watch *watch_find(const struct replica *replica)
{
	const struct replicate *room = replica->room;

	return replica_index(replica) < room->monitor.watch_room && replica_index(replica) < room->replica_count
	       && room->replicas[replica_index(replica)] == replica ? room->monitor.watch[replica_index(replica)] : NULL;
}

struct watch_entry *watch_entry_of(struct watch *watch, uint32_t server)
{
	for (unsigned i = 0; watch != NULL && i < watch->count; i++)
		if (watch->entry[i].server == server)
			return &watch->entry[i];
	return NULL;
}

// --- who is watched

static bool is_asked(const struct monitor_candidate *candidate)
{
	return candidate->endpoint.family != AF_UNSPEC && !candidate->is_self && !candidate->is_unusable;
}

static void drop_users(struct monitor *monitor, const struct watch *watch)
{
	for (unsigned i = 0; watch != NULL && i < watch->count; i++)
		monitor_server_release(monitor, watch->entry[i].server);
}

void watch_drop(struct replicate *room, uint32_t place)
{
	struct watch *watch = room->monitor.watch[place];

	if (watch == NULL)
		return;
	drop_users(&room->monitor, watch);
	room->monitor.watch[place] = NULL;
	free(watch);
}

// The entries of those who are to be asked, with what is known of them.
static unsigned take_candidates(struct monitor *monitor, struct watch *old, const struct monitor_candidate *list,
                                unsigned count, struct watch_entry entries[static ZONE_SERVERS_MAX])
{
	unsigned taken = 0;

	for (unsigned i = 0; i < count; i++) {
		struct monitor_server *server = is_asked(&list[i]) ? monitor_server_get(monitor, &list[i].endpoint) : NULL;
		struct watch_entry *known;
		if (server == NULL)
			continue;
		known = watch_entry_of(old, server->number);
		entries[taken] = known != NULL ? *known : (struct watch_entry){ .server = server->number };
		entries[taken++].part = (uint8_t)list[i].part;
		server->users++;
	}
	return taken;
}

struct watch *watch_update(struct replica *replica, const struct monitor_candidate *list, unsigned count)
{
	struct monitor *monitor = &replica->room->monitor;
	struct watch *old = watch_find(replica), *made;
	struct watch_entry entries[ZONE_SERVERS_MAX];
	unsigned taken = take_candidates(monitor, old, list, count, entries);

	if (old != NULL && old->count == taken) {
		drop_users(monitor, old);
		memcpy(old->entry, entries, taken * sizeof entries[0]);
		return old;
	}
	made = taken > 0 || old != NULL ? calloc(1, sizeof *made + taken * sizeof entries[0]) : NULL;
	if (made == NULL || replica_index(replica) >= monitor->watch_room) {
		for (unsigned i = 0; i < taken; i++)
			monitor_server_release(monitor, entries[i].server);
		free(made);
		return NULL;
	}
	if (old != NULL)
		*made = *old;
	made->count = (uint16_t)taken;
	memcpy(made->entry, entries, taken * sizeof entries[0]);
	drop_users(monitor, old);
	free(old);
	monitor->watch[replica_index(replica)] = made;
	return made;
}

// --- who is behind

struct newest {
	bool is_known;
	uint32_t serial;
	int64_t since; // wall seconds: when it was first seen
};

// Of what we serve and what our primaries have told. What siblings have counts
// for nothing here: one of them gone astray would make all others late.
static void find_newest(const struct replica *replica, struct newest *newest)
{
	const struct zone_version *version = replica_version(replica);

	*newest = (struct newest){ 0 };
	if (version != NULL)
		*newest = (struct newest){ true, zone_serial(version), replica->transferred };
	if (replica->role == CONFIG_SECONDARY && replica->has_primary_serial
	    && (version == NULL || serial_newer(replica->primary_serial, zone_serial(version))))
		*newest = (struct newest){ true, replica->primary_serial, replica->behind_since };
	if (newest->since == 0)
		newest->since = clock_wall_s();
}

static bool lacks(const struct watch_entry *entry, const struct newest *newest)
{
	return newest->is_known && entry->has_serial && serial_newer(newest->serial, entry->serial);
}

static void settle_entry(struct watch_entry *entry, const struct newest *newest)
{
	if (!lacks(entry, newest))
		entry->behind_since = 0;
	else if (entry->behind_since == 0)
		entry->behind_since = (uint32_t)newest->since;
}

void watch_settle(struct replica *replica, struct watch *watch)
{
	struct newest newest;

	find_newest(replica, &newest);
	for (unsigned i = 0; i < watch->count; i++)
		settle_entry(&watch->entry[i], &newest);
}

bool watch_is_apart(const struct replica *replica, const struct watch *watch)
{
	struct newest newest;

	find_newest(replica, &newest);
	for (unsigned i = 0; i < watch->count; i++)
		if (lacks(&watch->entry[i], &newest) && watch->entry[i].outcome == MONITOR_ANSWERED)
			return true;
	return false;
}

// --- what an answer changes

static void log_late(const struct replica *replica, const struct watch_entry *entry, const struct newest *newest,
                     int64_t lag)
{
	char name[NAME_MAX_TEXT], address[ADDRESS_TEXT];
	const struct monitor_server *server = replica->room->monitor.server[entry->server];
	uint64_t suppressed;

	if (!log_limit_allows(&lag_lines, &suppressed))
		return;
	endpoint_text(&server->endpoint, address);
	log_event(LEVEL_WARNING, "server-behind", replica_name(replica, name),
	          LOG_FIELDS(log_text("server", address), log_number("serial", entry->serial),
	                     log_number("newest_serial", newest->serial), log_number("lag_seconds", (uint64_t)lag)),
	          "%s still has serial %" PRIu32 ", though %" PRIu32 " has been out for %" PRId64 " s: see whether it is "
	          "notified, and what its own log says of the transfer", address, entry->serial, newest->serial, lag);
}

static void log_caught_up(const struct replica *replica, const struct watch_entry *entry)
{
	char name[NAME_MAX_TEXT], address[ADDRESS_TEXT];
	const struct monitor_server *server = replica->room->monitor.server[entry->server];
	uint64_t suppressed;

	if (!log_limit_allows(&lag_lines, &suppressed))
		return;
	endpoint_text(&server->endpoint, address);
	log_event(LEVEL_NOTICE, "server-caught-up", replica_name(replica, name),
	          LOG_FIELDS(log_text("server", address), log_number("serial", entry->serial)),
	          "%s has caught up: serial %" PRIu32, address, entry->serial);
}

static void tell_lag(const struct replica *replica, struct watch_entry *entry, const struct newest *newest)
{
	int64_t lag = entry->behind_since != 0 ? clock_wall_s() - (int64_t)entry->behind_since : 0;

	if (entry->behind_since == 0 && entry->is_late) {
		entry->is_late = false;
		log_caught_up(replica, entry);
	} else if (entry->behind_since != 0 && !entry->is_late
	           && lag >= (int64_t)room_config(replica->room)->server.monitor_lag) {
		entry->is_late = true;
		log_late(replica, entry, newest, lag);
	}
}

// Somebody has a newer serial than we: our primaries are asked, once for each
// serial, so that a zone which fails is not tried more often for it.
static void chase(struct replica *replica, struct watch *watch, const struct watch_entry *entry)
{
	const struct zone_version *version = replica_version(replica);
	const struct monitor_server *server = replica->room->monitor.server[entry->server];

	if (replica->role != CONFIG_SECONDARY || version == NULL || replica->aside->pin != NULL
	    || !serial_newer(entry->serial, zone_serial(version)) || held_is(replica, entry->serial))
		return;
	if (entry->part == SERVER_PRIMARY)
		replica_note_serial(replica, &server->endpoint, entry->serial);
	if (watch->has_chased && watch->chased == entry->serial)
		return;
	watch->has_chased = true;
	watch->chased = entry->serial;
	if (!replica->is_due && replica->aside->attempt == NULL)
		attempt_request(replica, false);
}

static void take_serial(struct replica *replica, struct watch *watch, struct watch_entry *entry, uint32_t serial)
{
	struct newest newest;
	uint32_t before = entry->serial;
	bool was_known = entry->has_serial;

	entry->has_serial = true;
	entry->serial = serial;
	entry->answered_at = (uint32_t)clock_wall_s();
	chase(replica, watch, entry);
	find_newest(replica, &newest);
	// What it lacks now is not what it lacked before; or it went back.
	if (was_known && before != serial)
		entry->behind_since = 0;
	if (was_known && serial_newer(before, serial))
		newest.since = clock_wall_s();
	settle_entry(entry, &newest);
	tell_lag(replica, entry, &newest);
}

void watch_note(struct replica *replica, uint32_t server, const struct monitor_answer *answer)
{
	struct watch *watch = watch_find(replica);
	struct watch_entry *entry = watch_entry_of(watch, server);
	struct watch_entry before;

	if (entry == NULL)
		return;
	before = *entry;
	entry->is_asked = false;
	entry->outcome = (uint8_t)answer->outcome;
	entry->rcode = (uint8_t)answer->rcode;
	if (answer->outcome == MONITOR_ANSWERED)
		take_serial(replica, watch, entry, answer->serial);
	if (entry->outcome != before.outcome || entry->rcode != before.rcode || entry->serial != before.serial
	    || entry->has_serial != before.has_serial || entry->behind_since != before.behind_since)
		changes_mark(replica);
}
