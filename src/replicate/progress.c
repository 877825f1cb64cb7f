// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/progress.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "replicate/attempt.h"
#include "replicate/export.h"
#include "replicate/fetch.h"
#include "replicate/load.h"
#include "replicate/notify_out.h"
#include "replicate/replica.h"
#include "replicate/room.h"

static void fill_timers(const struct replica *replica, struct replica_progress *progress)
{
	if (replica->role != CONFIG_SECONDARY || replica_version(replica) == NULL)
		return;
	progress->failures = replica->refresh.failures;
	progress->refresh = replica->refresh.refresh;
	progress->retry = replica->refresh.retry;
	progress->expire = refresh_worth(&replica->refresh);
}

static void fill(const struct replica *replica, struct replica_progress *progress)
{
	struct fetch_figures figures;

	progress->is_busy = !replica_is_idle(replica) || replica->is_due || replica->is_woken || replica->wants_load
	                    || replica->wants_approval;
	progress->is_writing = replica->is_exporting || replica->is_export_queued
	                       || replica->export_at <= clock_boot_ms();
	progress->notifies = notify_out_count(replica);
	progress->notifies_failed = replica->notifies_failed;
	progress->attempts = replica->attempts;
	progress->is_transferring = attempt_is_fetching(replica->aside->attempt);
	if (progress->is_transferring) {
		fetch_so_far(attempt_transfer(replica->aside->attempt), &figures);
		progress->bytes = figures.bytes;
		progress->records = figures.records;
	}
	fill_timers(replica, progress);
	if (replica->aside->file_error != NULL)
		snprintf(progress->file_error, sizeof progress->file_error, "%s", replica->aside->file_error);
}

int replicate_progress(struct replicate *replicate, const uint8_t *origin, struct replica_progress *progress)
{
	struct replica *replica;

	memset(progress, 0, sizeof *progress);
	pthread_mutex_lock(&replicate->lock);
	replica = room_find(replicate, origin);
	if (replica != NULL)
		fill(replica, progress);
	pthread_mutex_unlock(&replicate->lock);
	return replica != NULL ? 0 : ERR_NOT_FOUND;
}

// --- orders

static int refuse(int error, char why[static 256], const char *sentence)
{
	snprintf(why, 256, "%s", sentence);
	return error;
}

static const char no_such_zone[] = "no such zone here; understudy zones lists them";

static int tell(struct replica *replica, unsigned *count, char why[static 256])
{
	struct notify_recipient recipients[RECIPIENTS_MAX];
	char missing[256];

	if (replica == NULL)
		return refuse(ERR_NOT_FOUND, why, no_such_zone);
	if (replica_version(replica) == NULL)
		return refuse(ERR_STATE, why, "there is nothing to tell of: no version of it is served");
	*count = notify_recipients(replica, recipients, missing);
	if (*count == 0 && missing[0] != '\0') {
		snprintf(why, 256, "no address of %.150s is in the zones served here: also-notify (nsd.conf: notify) can name it",
		         missing);
		return ERR_STATE;
	}
	if (*count == 0)
		return refuse(ERR_STATE, why, "nobody is to be told of it: also-notify (nsd.conf: notify) names who is");
	notify_out_zone(replica, NOTIFY_OF_CHANGE);
	return 0;
}

int replicate_tell(struct replicate *replicate, const uint8_t *origin, unsigned *count, char why[static 256])
{
	int error;

	room_enter(replicate);
	error = tell(room_find(replicate, origin), count, why);
	room_leave(replicate);
	return error;
}

static int write_file(struct replica *replica, char why[static 256])
{
	if (replica == NULL)
		return refuse(ERR_NOT_FOUND, why, no_such_zone);
	if (replica->role != CONFIG_SECONDARY)
		return refuse(ERR_STATE, why, "this server is its primary: its file is yours, and never written");
	if (replica_zone(replica)->file == NULL)
		return refuse(ERR_STATE, why, "the configuration names no file for it; the state directory has the copy");
	if (replica_version(replica) == NULL)
		return refuse(ERR_STATE, why, "there is no copy yet that could be written");
	export_now(replica);
	return 0;
}

int replicate_write_file(struct replicate *replicate, const uint8_t *origin, char why[static 256])
{
	int error;

	room_enter(replicate);
	error = write_file(room_find(replicate, origin), why);
	room_leave(replicate);
	return error;
}

static int reread(struct replica *replica, char why[static 256])
{
	if (replica == NULL)
		return refuse(ERR_NOT_FOUND, why, no_such_zone);
	if (replica->role != CONFIG_PRIMARY)
		return refuse(ERR_STATE, why, "it is a copy: refresh asks its primaries");
	replica->wants_load = true;
	replica_settle(replica);
	return 0;
}

int replicate_reread(struct replicate *replicate, const uint8_t *origin, char why[static 256])
{
	int error;

	room_enter(replicate);
	error = reread(room_find(replicate, origin), why);
	room_leave(replicate);
	return error;
}
