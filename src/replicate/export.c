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
#include "zone/file_group.h"

// Zones whose files are written together, which makes reaching the disk cheap:
// fsync() of each file of 100,000 took longer than all that went before. As much
// of their content at most, since their versions are held so long.
#define EXPORTS_MAX 512u
#define EXPORTS_BYTES_MAX ((size_t)16 << 20)

// A file is written again no sooner than so many times what the last one took,
// and no sooner than this.
#define EXPORT_FACTOR 100u
#define EXPORT_PAUSE_MS 1000u

// After a failure (a full disk, a folder that is not ours).
#define EXPORT_RETRY_MS 60000u

// A step of the loop ends so many.
#define FINISH_STEP 32u

struct export {
	struct replica *replica;            // held
	const struct config_zone *zone;     // of the configuration of the batch
	const struct zone_version *version; // held
	int error;
	char *message;                      // NULL: none
};

struct export_batch {
	struct mail mail;
	struct replicate *room;
	const struct config *config;        // held
	uint64_t elapsed_ms;
	uint32_t count, told;
	struct export export[EXPORTS_MAX];
};

static void run_waiting(struct replicate *room);
static void enqueue(struct replica *replica);

// One line where it begins to fail and one where it works again: it is tried
// every minute.
static void note_outcome(const struct export *export)
{
	struct replica *replica = export->replica;
	bool has_failed = replica->has_file_failed;
	const char *why = export->message != NULL ? export->message : error_text(export->error);
	struct aside *aside = export->error != 0 ? aside_of(replica) : aside_have(replica);
	char name[NAME_MAX_TEXT], path[CONFIG_PATH_MOST];

	replica->has_file_failed = export->error != 0;
	if (aside != NULL && aside != &aside_nothing) {
		free(aside->file_error);
		aside->file_error = export->error != 0 ? strdup(why) : NULL;
		aside_tidy(replica);
	}
	if (export->error != 0)
		log_line(has_failed ? LEVEL_DEBUG : LEVEL_ERROR, replica_name(replica, name),
		         "zone file not written: %s; the zone is served all the same, and this is tried every minute", why);
	else
		log_line(has_failed ? LEVEL_NOTICE : LEVEL_DEBUG, replica_name(replica, name),
		         "zone file %s written%s, serial %u", config_zone_file(export->zone, path), has_failed ? " again" : "",
		         zone_serial(export->version));
}

static void finish(struct export *export, uint32_t cost_ms)
{
	struct replica *replica = export->replica;

	replica->is_exporting = false;
	replica->export_cost_ms = cost_ms;
	note_outcome(export);
	if (export->error != 0 && !replica->room->is_stopping)
		replica->export_at = clock_boot_ms() + EXPORT_RETRY_MS;
	else if (export->error == 0 && replica->export_at != DEADLINE_NEVER && replica->room->is_stopping)
		enqueue(replica);
	else if (export->error == 0 && replica->export_at != DEADLINE_NEVER)
		export_request(replica); // a version that came meanwhile waits its time from the end of this one
	zone_release(export->version);
	free(export->message);
	replica_settle(replica);
	replica_drop(replica);
}

static void on_written(struct mail *mail, void *receiver)
{
	struct export_batch *batch = (struct export_batch *)((char *)mail - offsetof(struct export_batch, mail));
	struct replicate *room = receiver;
	uint64_t each = batch->count > 0 ? batch->elapsed_ms / batch->count : 0;
	uint32_t until = batch->told + FINISH_STEP < batch->count ? batch->told + FINISH_STEP : batch->count;

	while (batch->told < until)
		finish(&batch->export[batch->told++], each < UINT32_MAX ? (uint32_t)each : UINT32_MAX - 1);
	if (batch->told < batch->count) {
		room_post(room, &batch->mail); // the rest in another step
		return;
	}
	config_release(batch->config);
	free(batch);
	room->exports.is_writing = false;
	run_waiting(room);
	room_job_end(room);
}

static void note_written(void *context, const char *path, int error, const char *message)
{
	struct export **at = context;

	(void)path;
	while ((*at)->error != 0)
		(*at)++; // those that did not come so far
	(*at)->error = error;
	if (error != 0)
		(*at)->message = strdup(message);
	(*at)++;
}

static void write_on_lane(void *context)
{
	struct export_batch *batch = context;
	struct export *at = batch->export;
	uint64_t start = clock_boot_ms();
	struct zone_file_group *group = NULL;
	char message[256], path[CONFIG_PATH_MOST];
	int error = zone_file_group_new(batch->count, &group);

	for (uint32_t i = 0; i < batch->count; i++) {
		struct export *export = &batch->export[i];
		export->error = error != 0 ? error
		                           : zone_file_group_add(group, export->version,
		                                                 config_zone_file(export->zone, path), message);
		if (error == 0 && export->error != 0)
			export->message = strdup(message);
	}
	if (group != NULL)
		zone_file_group_end(group, note_written, &at);
	batch->elapsed_ms = clock_boot_ms() - start;
	room_post(batch->room, &batch->mail);
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

// A primary's file is the operator's. That it is to be a primary the configuration
// says a step or more before a reload comes to it.
static bool has_file_of_ours(struct replica *replica)
{
	const struct config_zone *zone = replica_zone(replica);

	return replica->role == CONFIG_SECONDARY && zone->role == CONFIG_SECONDARY && zone->file != NULL;
}

void export_request(struct replica *replica)
{
	uint64_t now = clock_boot_ms();

	if (!has_file_of_ours(replica))
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

// False where there is nothing to write.
static bool take(struct export_batch *batch, struct replica *replica, size_t *bytes)
{
	const struct zone_version *version = replica_version(replica);
	struct zone_figures figures;

	if (replica->is_removed || replica->is_exporting)
		return false;
	replica->export_at = DEADLINE_NEVER;
	if (version == NULL || !has_file_of_ours(replica))
		return false;
	zone_figures(version, &figures);
	*bytes += figures.bytes;
	batch->export[batch->count++] = (struct export){
		.replica = replica, .zone = replica_zone(replica), .version = zone_hold(version),
	};
	replica->is_exporting = true;
	return true;
}

static struct export_batch *batch_new(struct replicate *room)
{
	struct export_batch *batch = malloc(sizeof *batch);

	if (batch == NULL)
		return NULL;
	batch->mail.deliver = on_written;
	batch->room = room;
	batch->config = config_hold(room_config(room));
	batch->count = batch->told = 0;
	return batch;
}

static void start(struct export_batch *batch)
{
	struct replicate *room = batch->room;
	struct lane *lane;

	room->exports.is_writing = true;
	room_job_begin(room);
	// A lane of its own, since nobody waits for a file, but for transfers.
	if (room->export_lane == NULL && lane_start_low("export", 1, &lane) == 0)
		room->export_lane = lane;
	if (lane_post(room->export_lane != NULL ? room->export_lane : room->long_lane, write_on_lane, batch) != 0)
		write_on_lane(batch);
}

// The queue is a ring, since most of the time it is empty and sometimes has all
// the zones.
static bool reserve(struct exports *all)
{
	uint32_t room = all->room != 0 ? all->room * 2 : 64;
	struct replica **ring;

	if (all->count < all->room)
		return true;
	ring = malloc(room * sizeof *ring);
	if (ring == NULL)
		return false;
	for (uint32_t i = 0; i < all->count; i++)
		ring[i] = all->ring[(all->first + i) & (all->room - 1)];
	free(all->ring);
	all->ring = ring;
	all->room = room;
	all->first = 0;
	return true;
}

static void enqueue(struct replica *replica)
{
	struct exports *all = &replica->room->exports;

	if (replica->is_export_queued)
		return;
	if (!reserve(all)) {
		replica->export_at = clock_boot_ms() + EXPORT_RETRY_MS;
		return;
	}
	all->ring[(all->first + all->count++) & (all->room - 1)] = replica;
	replica->is_export_queued = true;
	replica_hold(replica);
}

static struct replica *dequeue(struct exports *all)
{
	struct replica *replica = all->ring[all->first];

	all->first = (all->first + 1) & (all->room - 1);
	all->count--;
	replica->is_export_queued = false;
	if (all->count == 0)
		exports_free(all);
	return replica;
}

void exports_free(struct exports *exports)
{
	free(exports->ring);
	exports->ring = NULL;
	exports->first = exports->count = exports->room = 0;
}

static void run_waiting(struct replicate *room)
{
	struct exports *all = &room->exports;
	struct export_batch *batch;
	size_t bytes = 0;

	if (all->count == 0 || all->is_writing)
		return;
	batch = batch_new(room);
	while (all->count > 0 && (batch == NULL || (batch->count < EXPORTS_MAX && bytes < EXPORTS_BYTES_MAX))) {
		struct replica *replica = dequeue(all);
		if (batch == NULL)
			replica->export_at = clock_boot_ms() + EXPORT_RETRY_MS;
		if (batch == NULL || !take(batch, replica, &bytes))
			replica_drop(replica);
	}
	if (batch != NULL && batch->count > 0) {
		start(batch);
	} else if (batch != NULL) {
		config_release(batch->config);
		free(batch);
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
	replica->has_file_failed = false;
}
