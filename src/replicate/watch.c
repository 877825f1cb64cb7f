// SPDX-License-Identifier: GPL-3.0-or-later
// What other threads watch: copies of what is known, made under the room's lock
// a little at a time, and handed out without it.
#include "replicate/watch.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "replicate/primary.h"
#include "replicate/replica.h"
#include "replicate/room.h"
#include "replicate/status.h"

// Under one hold of the lock: words looked at, and zones copied. Together well
// below a millisecond.
#define WORDS_STEP 16384u
#define ZONES_STEP 32u

uint64_t replicate_changes(const struct replicate *replicate)
{
	return atomic_load_explicit(&replicate->changes.count, memory_order_relaxed);
}

uint64_t replicate_removed(const struct replicate *replicate)
{
	return atomic_load_explicit(&replicate->changes.removed, memory_order_relaxed);
}

// --- changes

struct scan {
	struct replicate *room;
	uint64_t since;
	uint64_t until;
	uint32_t at;      // place in the list
	bool is_end;
	unsigned count;
	struct replica_status zone[ZONES_STEP];
};

// The words are the low halves of counts that are no higher than until: how far
// back each lies is told right as long as it is less than 2^32 changes, and
// further back nobody's since may lie, but for who asks for all.
static bool has_changed(const struct scan *scan, uint32_t word)
{
	uint64_t span = scan->until - scan->since;

	return scan->since == 0 || span > UINT32_MAX || (uint32_t)((uint32_t)scan->until - word) < span;
}

static void look(struct scan *scan)
{
	struct replicate *room = scan->room;
	uint32_t end;

	pthread_mutex_lock(&room->lock);
	if (scan->at == 0)
		scan->until = replicate_changes(room);
	end = room->replica_count;
	if (end > scan->at && end - scan->at > WORDS_STEP)
		end = scan->at + WORDS_STEP;
	scan->count = 0;
	for (; scan->at < end && scan->count < ZONES_STEP; scan->at++)
		if (has_changed(scan, room->changes.last[scan->at]))
			status_fill(room->replicas[scan->at], &scan->zone[scan->count++]);
	scan->is_end = scan->at >= room->replica_count;
	pthread_mutex_unlock(&room->lock);
}

int replicate_status_changed(struct replicate *replicate, uint64_t since, uint64_t *until,
                             replicate_visit *visit, void *context)
{
	struct scan *scan = calloc(1, sizeof *scan);
	int error = 0;

	if (scan == NULL)
		return ERR_MEMORY;
	scan->room = replicate;
	scan->since = since;
	while (!scan->is_end && error == 0) {
		look(scan);
		for (unsigned i = 0; i < scan->count && error == 0; i++)
			error = visit(context, &scan->zone[i]);
	}
	*until = scan->until;
	free(scan);
	return error;
}

// --- servers

struct servers {
	struct replicate *room;
	uint32_t at;
	bool is_end;
	uint8_t origin[NAME_MAX_WIRE];
	unsigned count;
	struct zone_server server[ZONE_SERVERS_MAX];
};

static void fill_servers(struct replica *replica, struct servers *servers)
{
	memcpy(servers->origin, replica->slot->origin, name_length(replica->slot->origin));
	servers->count = monitor_fill(replica, servers->server);
}

static int visit_servers(const struct servers *servers, replicate_server_visit *visit, void *context)
{
	int error = 0;

	for (unsigned i = 0; i < servers->count && error == 0; i++)
		error = visit(context, servers->origin, &servers->server[i]);
	return error;
}

static int find_servers(struct replicate *room, const uint8_t *origin, struct servers *servers)
{
	struct replica *replica;

	pthread_mutex_lock(&room->lock);
	replica = room_find(room, origin);
	if (replica != NULL)
		fill_servers(replica, servers);
	pthread_mutex_unlock(&room->lock);
	return replica != NULL ? 0 : ERR_NOT_FOUND;
}

static void next_servers(struct servers *servers)
{
	struct replicate *room = servers->room;

	servers->count = 0;
	pthread_mutex_lock(&room->lock);
	for (; servers->at < room->replica_count && servers->count == 0; servers->at++)
		fill_servers(room->replicas[servers->at], servers);
	servers->is_end = servers->at >= room->replica_count;
	pthread_mutex_unlock(&room->lock);
}

int replicate_servers_each(struct replicate *replicate, const uint8_t *origin, replicate_server_visit *visit,
                           void *context)
{
	struct servers *servers = calloc(1, sizeof *servers);
	int error;

	if (servers == NULL)
		return ERR_MEMORY;
	servers->room = replicate;
	if (origin != NULL) {
		error = find_servers(replicate, origin, servers);
		if (error == 0)
			error = visit_servers(servers, visit, context);
	} else {
		for (error = 0; error == 0 && !servers->is_end;) {
			next_servers(servers);
			error = visit_servers(servers, visit, context);
		}
	}
	free(servers);
	return error;
}

// --- counters

static void fill_counters(const struct primary *primary, struct primary_counters *counters)
{
	const struct primary_record *record = &primary->record;

	memset(counters, 0, sizeof *counters);
	endpoint_to(&primary->endpoint, &counters->address);
	counters->is_healthy = primary->failures == 0;
	counters->unhealthy_since = record->unhealthy_since;
	counters->polls = record->polls;
	counters->polls_failed = record->polls_failed;
	counters->axfr = record->axfr;
	counters->ixfr = record->ixfr;
	memcpy(counters->failed, record->failed, sizeof counters->failed);
	counters->bytes = record->bytes;
	counters->round_trip_us = record->round_trip_us;
}

// One bucket at a time; those of a bucket are few.
static int copy_bucket(struct replicate *room, unsigned bucket, struct primary_counters **copies, unsigned *count)
{
	const struct primary *primary;
	unsigned wanted = 0;

	*count = 0;
	*copies = NULL;
	pthread_mutex_lock(&room->lock);
	for (primary = room->primaries.bucket[bucket]; primary != NULL; primary = primary->next)
		wanted += primary->record.generation >= room->generation;
	if (wanted > 0)
		*copies = malloc(wanted * sizeof **copies);
	for (primary = room->primaries.bucket[bucket]; primary != NULL && *copies != NULL; primary = primary->next)
		if (primary->record.generation >= room->generation)
			fill_counters(primary, &(*copies)[(*count)++]);
	pthread_mutex_unlock(&room->lock);
	return wanted > 0 && *copies == NULL ? ERR_MEMORY : 0;
}

int replicate_primaries_each(struct replicate *replicate, replicate_primary_visit *visit, void *context)
{
	struct primary_counters *copies;
	unsigned count;
	int error = 0;

	for (unsigned i = 0; i < PRIMARY_BUCKETS && error == 0; i++) {
		error = copy_bucket(replicate, i, &copies, &count);
		for (unsigned j = 0; j < count && error == 0; j++)
			error = visit(context, &copies[j]);
		free(copies);
	}
	return error;
}

void replicate_counters(struct replicate *replicate, struct replicate_counters *counters)
{
	struct replicate *room = replicate;
	struct room_counters *kept = &room->counters;

	pthread_mutex_lock(&room->lock);
	*counters = (struct replicate_counters){
		.notifies_accepted = atomic_load_explicit(&kept->notifies_accepted, memory_order_relaxed),
		.notifies_refused = atomic_load_explicit(&kept->notifies_refused, memory_order_relaxed),
		.notifies_acknowledged = kept->notifies_acknowledged,
		.notifies_failed = kept->notifies_failed,
		.published = kept->published,
		.held = kept->held,
		.transferring = room->primaries.transfers,
		.waiting = room->attempts.due + room->primaries.waiters,
		.primary_zones = kept->primary_zones,
		.secondary_zones = kept->secondary_zones,
	};
	pthread_mutex_unlock(&room->lock);
}
