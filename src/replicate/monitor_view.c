// SPDX-License-Identifier: GPL-3.0-or-later
// What others see of a zone's servers: who is to be watched, with what the
// monitor knows of each, and for primaries what the attempts to refresh know.
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "dns/serial.h"
#include "replicate/monitor.h"
#include "replicate/replica.h"
#include "replicate/room.h"

static void fill_entry(const struct replica *replica, const struct monitor_server *server,
                       const struct watch_entry *entry, struct zone_server *to)
{
	const struct zone_version *version = replica_version(replica);

	to->has_serial = entry->has_serial;
	to->serial = entry->serial;
	to->answered_at = entry->answered_at;
	to->asked_at = entry->asked_at;
	to->behind_since = entry->behind_since;
	to->round_trip_us = server->round_trip_us;
	to->is_ahead = entry->has_serial && version != NULL && serial_newer(entry->serial, zone_serial(version))
	               && !(replica->has_primary_serial && !serial_newer(entry->serial, replica->primary_serial));
	monitor_text(entry->outcome, entry->rcode, to->error);
	if (to->error[0] == '\0' && monitor_server_is_silent(server))
		snprintf(to->error, sizeof to->error, "not asked for now: it has answered nobody's question lately");
}

static void fill_self(const struct replica *replica, struct zone_server *to)
{
	const struct zone_version *version = replica_version(replica);

	to->is_self = true;
	to->has_serial = version != NULL && replica->refresh.phase != REPLICA_EXPIRED;
	to->serial = to->has_serial ? zone_serial(version) : 0;
	to->behind_since = replica->behind_since;
	to->answered_at = to->asked_at = to->has_serial ? clock_wall_s() : 0;
	if (!to->has_serial)
		snprintf(to->error, sizeof to->error, "%s", version != NULL ? "our copy has expired" : "there is no copy yet");
}

// What the attempts to refresh have heard of a primary, where that is news.
static void fill_primary(const struct replica *replica, const struct endpoint *endpoint, struct zone_server *to)
{
	const struct primary *primary = primary_find_host(replica->room, endpoint);
	const struct zone_version *version = replica_version(replica);
	// A newer serial was told by the primary when we fell behind.
	uint32_t told_at = replica->behind_since > replica->confirmed ? replica->behind_since : replica->confirmed;

	if (replica->has_primary_serial && endpoint_equal(replica_primary(replica), endpoint)
	    && told_at >= to->answered_at) {
		to->has_serial = true;
		to->serial = replica->primary_serial;
		to->answered_at = to->asked_at = told_at;
		to->behind_since = version != NULL && serial_newer(zone_serial(version), to->serial) ? to->behind_since : 0;
		to->error[0] = '\0';
	}
	if (primary == NULL)
		return;
	if (to->round_trip_us == 0)
		to->round_trip_us = primary->record.round_trip_us;
	// That it answers the monitor since then counts for more.
	if (primary->failures > 0 && to->error[0] == '\0' && to->answered_at <= primary->record.unhealthy_since)
		memcpy(to->error, primary->why, sizeof to->error);
}

unsigned monitor_fill(struct replica *replica, struct zone_server servers[static ZONE_SERVERS_MAX])
{
	static const char nowhere[] = "no address of it is in the zones served here; monitor-servers can name it";
	static const char unusable[] = "not asked: its address is none that one host can have";
	struct monitor *monitor = &replica->room->monitor;
	struct monitor_candidate list[ZONE_SERVERS_MAX];
	unsigned count = monitor_candidates(replica, list);

	for (unsigned i = 0; i < count; i++) {
		const struct monitor_candidate *one = &list[i];
		const struct monitor_server *server = monitor_server_find(monitor, &one->endpoint);
		const struct watch_entry *entry = server != NULL ? watch_entry_of(watch_find(replica), server->number) : NULL;
		struct zone_server *to = &servers[i];

		memset(to, 0, sizeof *to);
		to->part = one->part;
		endpoint_to(&one->endpoint, &to->address);
		if (one->name != NULL)
			memcpy(to->name, one->name, name_length(one->name));
		if (one->is_self)
			fill_self(replica, to);
		else if (one->endpoint.family == AF_UNSPEC)
			memcpy(to->error, nowhere, sizeof nowhere);
		else if (one->is_unusable)
			memcpy(to->error, unusable, sizeof unusable);
		else if (entry != NULL)
			fill_entry(replica, server, entry, to);
		if (one->part == SERVER_PRIMARY && !one->is_self)
			fill_primary(replica, &one->endpoint, to);
	}
	return count;
}
