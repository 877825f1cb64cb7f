// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "replicate/replica.h"
#include "replicate/room.h"
#include "zone/file.h"

// So many hold their versions at once: one is written, one is next.
#define EXPORTS_MAX 2u

// A file is written again no sooner than so many times what the last one took,
// and no sooner than this.
#define EXPORT_FACTOR 100u
#define EXPORT_PAUSE_MS 1000u

// After a failure (a full disk, a folder that is not ours).
#define EXPORT_RETRY_MS 60000u

struct export {
	struct mail mail;
	struct replicate *room;
	struct replica *replica;
	const struct config *config;        // held: the path is its
	const char *path;
	const struct zone_version *version; // held
	uint64_t elapsed_ms;
	int error;
	char message[256];
};

static void run_waiting(struct replicate *room);

// One line where it begins to fail and one where it works again: it is tried
// every minute.
static void log_outcome(const struct export *export)
{
	struct replica *replica = export->replica;
	bool has_failed = replica->has_file_failed;
	char name[NAME_MAX_TEXT];

	replica->has_file_failed = export->error != 0;
	free(replica->file_error);
	replica->file_error = export->error != 0 ? strdup(export->message) : NULL;
	if (export->error != 0)
		log_line(has_failed ? LEVEL_DEBUG : LEVEL_ERROR, replica_name(replica, name),
		         "zone file not written: %s; the zone is served all the same, and this is tried every minute",
		         export->message);
	else
		log_line(has_failed ? LEVEL_NOTICE : LEVEL_DEBUG, replica_name(replica, name),
		         "zone file %s written%s, serial %u", export->path, has_failed ? " again" : "",
		         zone_serial(export->version));
}

static void on_written(struct mail *mail, void *receiver)
{
	struct export *export = (struct export *)((char *)mail - offsetof(struct export, mail));
	struct replica *replica = export->replica;
	struct replicate *room = export->room;
	uint64_t now = clock_boot_ms();

	(void)receiver;
	replica->is_exporting = false;
	replica->export_cost_ms = export->elapsed_ms < UINT32_MAX ? (uint32_t)export->elapsed_ms : UINT32_MAX;
	log_outcome(export);
	if (export->error != 0) {
		if (!room->is_stopping)
			replica->export_at = now + EXPORT_RETRY_MS;
	} else {
		// A version that came meanwhile waits its time from the end of this one.
		if (replica->export_at != DEADLINE_NEVER)
			export_request(replica);
	}
	zone_release(export->version);
	config_release(export->config);
	free(export);
	room->exports.running--;
	replica_settle(replica);
	replica_drop(replica);
	run_waiting(room);
	room_job_end(room);
}

static void write_on_lane(void *context)
{
	struct export *export = context;
	uint64_t start = clock_boot_ms();

	export->error = zone_file_write(export->version, export->path, export->message);
	export->elapsed_ms = clock_boot_ms() - start;
	room_post(export->room, &export->mail);
}

static uint64_t pause_ms(const struct replica *replica)
{
	uint32_t configured = room_config(replica->room)->server.zone_file_write;
	uint64_t pause = (uint64_t)replica->export_cost_ms * EXPORT_FACTOR;

	if (pause < EXPORT_PAUSE_MS)
		pause = EXPORT_PAUSE_MS;
	// nsd.conf zonefiles-write: the operator's own pace, after the first.
	if (configured != UINT32_MAX && (uint64_t)configured * 1000 > pause)
		pause = (uint64_t)configured * 1000;
	return pause;
}

void export_request(struct replica *replica)
{
	uint64_t now = clock_boot_ms();

	if (replica->role != CONFIG_SECONDARY || replica_zone(replica)->file == NULL)
		return;
	if (replica->export_cost_ms == UINT32_MAX)
		replica->export_at = now; // none was written yet
	else if (replica->export_at == DEADLINE_NEVER || replica->is_exporting)
		replica->export_at = now + pause_ms(replica);
	if (replica->export_at <= now)
		export_tick(replica, now);
}

void export_now(struct replica *replica)
{
	uint64_t now = clock_boot_ms();

	replica->export_at = now;
	export_tick(replica, now);
	replica_settle(replica);
}

static void start(struct replica *replica)
{
	struct replicate *room = replica->room;
	const struct zone_version *version = replica_version(replica);
	struct export *export = calloc(1, sizeof *export);
	struct lane *lane;

	if (export == NULL || version == NULL) {
		free(export);
		replica->export_at = version == NULL ? DEADLINE_NEVER : clock_boot_ms() + EXPORT_RETRY_MS;
		return;
	}
	export->mail.deliver = on_written;
	export->room = room;
	export->replica = replica;
	export->config = config_hold(room_config(room));
	export->path = replica_zone(replica)->file;
	export->version = zone_hold(version);
	replica->export_at = DEADLINE_NEVER;
	replica->is_exporting = true;
	replica_hold(replica);
	room->exports.running++;
	room_job_begin(room);
	// A lane of its own, since nobody waits for a file, but for transfers.
	if (room->export_lane == NULL && lane_start_low("export", 1, &lane) == 0)
		room->export_lane = lane;
	if (lane_post(room->export_lane != NULL ? room->export_lane : room->long_lane, write_on_lane, export) != 0)
		write_on_lane(export);
}

static void enqueue(struct replica *replica)
{
	struct exports *all = &replica->room->exports;

	if (replica->is_export_queued)
		return;
	replica->is_export_queued = true;
	replica->next_export = NULL;
	*(all->last != NULL ? &all->last->next_export : &all->first) = replica;
	all->last = replica;
	replica_hold(replica);
}

static void run_waiting(struct replicate *room)
{
	struct exports *all = &room->exports;

	while (all->first != NULL && all->running < EXPORTS_MAX) {
		struct replica *replica = all->first;
		all->first = replica->next_export;
		if (all->first == NULL)
			all->last = NULL;
		replica->is_export_queued = false;
		if (!replica->is_removed && !replica->is_exporting)
			start(replica);
		replica_drop(replica);
	}
}

void export_tick(struct replica *replica, uint64_t now)
{
	if (replica->export_at > now || replica->is_exporting || replica->is_removed)
		return;
	enqueue(replica);
	run_waiting(replica->room);
}

void export_all(struct replicate *room)
{
	for (uint32_t i = 0; i < room->replica_count; i++) {
		struct replica *replica = room->replicas[i];
		if (replica->export_at != DEADLINE_NEVER && !replica->is_exporting)
			enqueue(replica);
	}
	run_waiting(room);
}

void export_cancel(struct replica *replica)
{
	replica->export_at = DEADLINE_NEVER;
}
