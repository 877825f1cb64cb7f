// SPDX-License-Identifier: GPL-3.0-or-later
// Status: copies for other threads, a zone at a time under the room's lock.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "replicate/attempt.h"
#include "replicate/held.h"
#include "replicate/replica.h"
#include "replicate/room.h"
#include "replicate/status.h"
#include "store/pin.h"

// Names copied under one hold of the lock.
#define NAMES_STEP 2048u

static int64_t wall_of(uint64_t at, uint64_t now, int64_t wall)
{
	if (at == REFRESH_NEVER)
		return 0;
	return wall + ((int64_t)(at / 1000) - (int64_t)(now / 1000));
}

static void fill_timers(const struct replica *replica, struct replica_status *status)
{
	uint64_t now = clock_boot_ms();
	int64_t wall = clock_wall_s();

	if (replica->role != CONFIG_SECONDARY)
		return;
	status->refresh_at = wall_of(replica->refresh.refresh_at, now, wall);
	if (replica->refresh.phase == REPLICA_EXPIRED)
		status->expires_at = (int64_t)replica->confirmed + replica->refresh.expire;
	else
		status->expires_at = wall_of(replica->refresh.expires_at, now, wall);
	if (replica->refresh.phase == REPLICA_EXPIRED)
		status->life_since = (int64_t)replica->confirmed;
	else if (status->expires_at != 0)
		status->life_since = status->expires_at - refresh_life(&replica->refresh);
}

static void fill_content(const struct replica *replica, struct replica_status *status)
{
	const struct zone_version *version = replica_version(replica);
	struct zone_figures figures;

	status->has_version = version != NULL;
	if (version == NULL)
		return;
	zone_figures(version, &figures);
	status->serial = zone_serial(version);
	status->records = figures.records;
	status->names = figures.names;
	status->bytes = figures.bytes;
}

static void fill_held(const struct replica *replica, struct replica_status *status)
{
	const struct store_held *held = replica->aside->held;

	if (held == NULL)
		return;
	status->held = !held->is_rejected;
	status->rejected = held->is_rejected;
	status->held_serial = held->serial;
	status->held_since = held->since;
	status->held_records = held->records;
	status->held_names = held->names;
	snprintf(status->held_check, sizeof status->held_check, "%s", held->check);
	snprintf(status->held_why, sizeof status->held_why, "%s", held->why);
}

void status_fill(struct replica *replica, struct replica_status *status)
{
	const struct config_zone *zone = replica_zone(replica);
	char path[CONFIG_PATH_MOST];

	memset(status, 0, sizeof *status);
	memcpy(status->origin, replica->slot->origin, name_length(replica->slot->origin));
	status->role = replica->role;
	status->phase = replica->refresh.phase;
	if (replica->role == CONFIG_PRIMARY)
		status->phase = replica_version(replica) != NULL ? REPLICA_CURRENT : REPLICA_EMPTY;
	fill_content(replica, status);
	fill_timers(replica, status);
	fill_held(replica, status);
	status->rolled_back = replica->aside->pin != NULL;
	status->newest_serial = replica->aside->pin != NULL ? replica->aside->pin->newest : status->serial;
	status->rolled_back_since = replica->aside->pin != NULL ? replica->aside->pin->since : 0;
	status->unsaved = replica->is_unsaved;
	status->file_failed = replica->has_file_failed;
	status->transferring = attempt_is_fetching(replica->aside->attempt);
	status->polling = attempt_is_polling(replica->aside->attempt);
	status->has_primary_serial = replica->has_primary_serial;
	status->primary_serial = replica->primary_serial;
	endpoint_to(replica_primary(replica), &status->primary);
	// Before any contact, the one that will be asked first.
	if (status->primary.ss_family == AF_UNSPEC && zone->policy->primaries->count > 0)
		status->primary = zone->policy->primaries->remote[0].address;
	status->transferred = replica->transferred;
	status->confirmed = replica->confirmed;
	status->behind_since = replica->behind_since;
	status->last_error_at = replica->last_error_at;
	if (replica->aside->last_error != NULL)
		snprintf(status->last_error, sizeof status->last_error, "%s", replica->aside->last_error);
	if (zone->file != NULL)
		snprintf(status->file, sizeof status->file, "%s", config_zone_file(zone, path));
}

int replicate_status(struct replicate *replicate, const uint8_t *origin, struct replica_status *status)
{
	struct replica *replica;

	pthread_mutex_lock(&replicate->lock);
	replica = room_find(replicate, origin);
	if (replica != NULL)
		status_fill(replica, status);
	pthread_mutex_unlock(&replicate->lock);
	return replica != NULL ? 0 : ERR_NOT_FOUND;
}

struct names {
	uint8_t *bytes;
	size_t used, room;
	const uint8_t **sorted;
	uint32_t count;
};

static int add_name(struct names *names, const uint8_t *name)
{
	size_t length = name_length(name);

	if (names->used + length > names->room) {
		size_t room = names->room == 0 ? 65536 : names->room * 2;
		uint8_t *bytes = realloc(names->bytes, room);
		if (bytes == NULL)
			return ERR_MEMORY;
		names->bytes = bytes;
		names->room = room;
	}
	memcpy(names->bytes + names->used, name, length);
	names->used += length;
	names->count++;
	return 0;
}

static int gather(struct replicate *replicate, struct names *names)
{
	uint32_t at = 0;
	bool is_end = false;
	int error = 0;

	while (!is_end && error == 0) {
		pthread_mutex_lock(&replicate->lock);
		for (uint32_t i = 0; i < NAMES_STEP && at < replicate->replica_count && error == 0; i++, at++)
			error = add_name(names, replicate->replicas[at]->slot->origin);
		is_end = at >= replicate->replica_count;
		pthread_mutex_unlock(&replicate->lock);
	}
	return error;
}

static int compare(const void *a, const void *b)
{
	const uint8_t *const *x = a, *const *y = b;

	return name_compare(*x, *y);
}

static int sort(struct names *names)
{
	const uint8_t *name = names->bytes;

	names->sorted = malloc((names->count + 1) * sizeof *names->sorted);
	if (names->sorted == NULL)
		return ERR_MEMORY;
	for (uint32_t i = 0; i < names->count; i++, name += name_length(name))
		names->sorted[i] = name;
	qsort(names->sorted, names->count, sizeof *names->sorted, compare);
	return 0;
}

int replicate_status_each(struct replicate *replicate, replicate_visit *visit, void *context)
{
	struct names names = { 0 };
	struct replica_status status;
	int error = gather(replicate, &names);

	if (error == 0)
		error = sort(&names);
	for (uint32_t i = 0; error == 0 && i < names.count; i++) {
		// One that went meanwhile is passed over.
		if (replicate_status(replicate, names.sorted[i], &status) == 0)
			error = visit(context, &status);
	}
	free(names.sorted);
	free(names.bytes);
	return error;
}
