// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/held.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "dns/serial.h"
#include "replicate/changes.h"
#include "replicate/fetch_stream.h"
#include "replicate/publish.h"
#include "replicate/replica.h"
#include "replicate/room.h"
#include "store/pin.h"

// --- files, on the long lane: they wait for the disk

struct file_job {
	struct mail mail;
	struct replicate *room;
	struct store_held held;
	bool is_drop;
	int error;
	char why[256];
	uint8_t origin[NAME_MAX_WIRE];
};

static void on_file_done(struct mail *mail, void *receiver)
{
	struct file_job *job = (struct file_job *)((char *)mail - offsetof(struct file_job, mail));
	char name[NAME_MAX_TEXT];

	(void)receiver;
	if (job->error != 0)
		log_line(LEVEL_ERROR, name_to_text(job->origin, name), "that serial %" PRIu32 " was rejected is forgotten "
		         "with the next restart: %s", job->held.serial, job->why);
	room_job_end(job->room);
	free(job);
}

static void file_on_lane(void *context)
{
	struct file_job *job = context;

	if (job->is_drop)
		store_held_drop(job->room->store, job->origin);
	else
		job->error = store_held_put(job->room->store, job->origin, &job->held, NULL, job->why);
	room_post(job->room, &job->mail);
}

// Forgets the file, or with `held` replaces it by the note of its rejection.
static void change_file(struct replica *replica, const struct store_held *held)
{
	struct replicate *room = replica->room;
	struct file_job *job = calloc(1, sizeof *job);
	char why[256];

	if (job == NULL) {
		if (held == NULL)
			store_held_drop(room->store, replica->slot->origin);
		else
			(void)store_held_put(room->store, replica->slot->origin, held, NULL, why);
		return;
	}
	job->mail.deliver = on_file_done;
	job->room = room;
	job->is_drop = held == NULL;
	if (held != NULL)
		job->held = *held;
	memcpy(job->origin, replica->slot->origin, name_length(replica->slot->origin));
	room_job_begin(room);
	if (lane_post(room->long_lane, file_on_lane, job) != 0)
		file_on_lane(job);
}

// --- what is held

static int remember(struct replica *replica, const struct store_held *held)
{
	struct aside *aside = aside_of(replica);

	if (aside != NULL && aside->held == NULL)
		aside->held = malloc(sizeof *aside->held);
	if (aside == NULL || aside->held == NULL)
		return ERR_MEMORY;
	*aside->held = *held;
	return 0;
}

void held_take(struct replica *replica, const struct store_held *held)
{
	char name[NAME_MAX_TEXT];
	const struct zone_version *version = replica_version(replica);

	replica_name(replica, name);
	replica->wants_approval = false;
	log_event(LEVEL_ERROR, "held", name,
	         LOG_FIELDS(log_number("serial", held->serial), log_text("check", held->check), log_text("reason", held->why),
	                    log_number_if(version != NULL, "served_serial", version != NULL ? zone_serial(version) : 0)),
	         "serial %" PRIu32 " held: %s; %s; `understudy approve %s %" PRIu32 "` publishes it", held->serial,
	         held->why, version != NULL ? "the old version stays" : "there is no older one to serve", name, held->serial);
	// Without memory for the note the version is fetched, and held, once more.
	(void)remember(replica, held);
}

bool held_is(const struct replica *replica, uint32_t serial)
{
	return replica->aside->held != NULL && replica->aside->held->serial == serial;
}

bool held_is_rejected(const struct replica *replica, uint32_t serial)
{
	const struct store_held *held = replica->aside->held;

	return held != NULL && held->is_rejected && !serial_newer(serial, held->serial);
}

void held_forget(struct replica *replica)
{
	if (replica->aside->held == NULL)
		return;
	free(replica->aside->held);
	aside_have(replica)->held = NULL;
	aside_tidy(replica);
	replica->wants_approval = false;
	change_file(replica, NULL);
}

void held_served(struct replica *replica, uint32_t serial)
{
	char name[NAME_MAX_TEXT];

	if (replica->aside->held == NULL || serial_newer(replica->aside->held->serial, serial))
		return;
	if (replica->aside->held->serial != serial)
		log_event(LEVEL_NOTICE, "held-overtaken", replica_name(replica, name),
		         LOG_FIELDS(log_number("serial", serial), log_number("held_serial", replica->aside->held->serial)),
		         "serial %" PRIu32 ", which was %s, is overtaken",
		         replica->aside->held->serial, replica->aside->held->is_rejected ? "rejected" : "held");
	held_forget(replica);
}

static int resume(void *context, const uint8_t *origin, const struct store_held *held)
{
	struct replicate *room = context;
	struct replica *replica = room_find(room, origin);
	char name[NAME_MAX_TEXT];

	if (replica == NULL) {
		store_held_drop(room->store, origin);
		return 0;
	}
	if (!held->is_rejected)
		log_event(LEVEL_WARNING, "held", replica_name(replica, name),
		         LOG_FIELDS(log_number("serial", held->serial), log_text("check", held->check),
		                    log_text("reason", held->why)), "serial %" PRIu32 " is still held: %s; `understudy approve %s %"
		         PRIu32 "` publishes it", held->serial, held->why, name, held->serial);
	return remember(replica, held);
}

void held_resume_all(struct replicate *room)
{
	if (store_held_each(room->store, resume, room) != 0)
		log_line(LEVEL_ERROR, NULL, "what was held back cannot be read from the state directory");
}

// --- the operator's word

static int nothing_held(const struct replica *replica, char why[static 256])
{
	if (replica->aside->held == NULL)
		snprintf(why, 256, "no version is held");
	else
		snprintf(why, 256, "serial %" PRIu32 " was rejected and is gone; retransfer fetches it again",
		         replica->aside->held->serial);
	return ERR_STATE;
}

// Whether there is something to decide, and it is what the operator looked at.
static int check_decision(const struct replica *replica, const uint32_t *serial, char why[static 256])
{
	if (publish_is_holding(replica)) {
		snprintf(why, 256, "another version is being held just now: look again");
		return ERR_BUSY;
	}
	if (replica->aside->held == NULL || replica->aside->held->is_rejected)
		return nothing_held(replica, why);
	if (serial == NULL || replica->aside->held->serial == *serial)
		return 0;
	snprintf(why, 256, "serial %" PRIu32 " is not what is held: that is serial %" PRIu32 ", %.180s", *serial,
	         replica->aside->held->serial, replica->aside->held->why);
	return ERR_STATE;
}

int held_approve(struct replica *replica, const uint32_t *serial, char why[static 256])
{
	char name[NAME_MAX_TEXT];
	int error = check_decision(replica, serial, why);

	if (error != 0)
		return error;
	if (replica->aside->pin != NULL || replica->aside->rollback != NULL) {
		snprintf(why, 256, "the zone is rolled back: `understudy resume %s` first", replica_name(replica, name));
		return ERR_STATE;
	}
	snprintf(why, 256, "serial %" PRIu32 " approved: it is published now", replica->aside->held->serial);
	log_event(LEVEL_NOTICE, "approved", replica_name(replica, name),
	         LOG_FIELDS(log_number("serial", replica->aside->held->serial)), "serial %" PRIu32 " approved", replica->aside->held->serial);
	replica->wants_approval = true;
	// A primary that does not answer would keep the zone busy for long.
	if (replica->aside->attempt != NULL && replica->aside->publication == NULL)
		attempt_cancel(replica);
	replica_settle(replica);
	return 0;
}

int held_reject(struct replica *replica, const uint32_t *serial, char why[static 256])
{
	char name[NAME_MAX_TEXT];
	int error = check_decision(replica, serial, why);

	if (error != 0)
		return error;
	if (replica->wants_approval && replica->is_strand_busy) {
		snprintf(why, 256, "serial %" PRIu32 " was approved and is being published", replica->aside->held->serial);
		return ERR_STATE;
	}
	replica->aside->held->is_rejected = true;
	replica->wants_approval = false;
	if (!replica->has_primary_serial || held_is_rejected(replica, replica->primary_serial))
		replica->behind_since = 0;
	changes_mark(replica);
	snprintf(why, 256, "serial %" PRIu32 " rejected: it is not fetched again, a newer one is", replica->aside->held->serial);
	log_event(LEVEL_NOTICE, "rejected", replica_name(replica, name),
	         LOG_FIELDS(log_number("serial", replica->aside->held->serial)), "serial %" PRIu32 " rejected", replica->aside->held->serial);
	change_file(replica, replica->aside->held);
	return 0;
}

// --- an approved version: out of the store, over what is served

struct approval {
	struct mail mail;
	struct replicate *room;
	struct replica *replica;         // held
	const struct config *config;     // held
	const struct config_policy *policy;
	const struct zone_version *base; // held; NULL: none
	struct zone_line *line;
	struct zone_draft *draft;        // good and complete
	struct delta_writer *changes;    // of base
	uint32_t serial;                 // that was approved
	int error;
	char why[256];
	uint8_t origin[NAME_MAX_WIRE];
};

static void give_up(struct approval *a)
{
	if (a->draft != NULL)
		zone_draft_abandon(a->draft);
	delta_writer_abandon(a->changes);
	a->draft = NULL;
	a->changes = NULL;
}

// Where the store could not take what is held, it may still have what was held
// before: that is not what was approved.
static int check_serial(struct approval *a)
{
	struct rrset set;
	struct soa soa;

	if (!zone_draft_rrset(a->draft, a->origin, TYPE_SOA, &set)
	    || soa_read(set.wire + RECORD_RDATA, wire_get16(set.wire + RECORD_RDLENGTH), &soa) != 0)
		return ERR_CORRUPT;
	if (soa.serial == a->serial)
		return 0;
	snprintf(a->why, sizeof a->why, "serial %" PRIu32 " could not be kept, serial %" PRIu32 " is what was held before",
	         a->serial, soa.serial);
	return ERR_NOT_FOUND;
}

static void read_on_lane(void *context)
{
	struct approval *a = context;
	int error = a->base != NULL ? zone_draft_from(a->line, a->base, &a->draft) : zone_draft_new(a->line, &a->draft);

	if (error != 0) {
		a->draft = NULL;
	} else {
		// Without memory for the changes it is stored whole.
		if (a->base != NULL && delta_writer_new(a->draft, fetch_delta_bound(a->base), &a->changes) != 0)
			a->changes = NULL;
		if (a->base != NULL)
			error = zone_draft_replace_begin(a->draft);
		if (error == 0)
			error = store_held_read(a->room->store, a->origin, a->draft, a->why);
		if (error == 0 && a->base != NULL)
			error = zone_draft_replace_end(a->draft);
		if (error == 0)
			error = check_serial(a);
		if (error != 0)
			give_up(a);
	}
	if (error != 0 && a->why[0] == '\0')
		snprintf(a->why, sizeof a->why, "%s", error_text(error));
	a->error = error;
	room_post(a->room, &a->mail);
}

static void publish(struct approval *a)
{
	struct publish_order order = {
		.replica = a->replica,
		.config = a->config,
		.policy = a->policy,
		.draft = a->draft,
		.changes = a->changes,
		.is_large = true,
		.is_transfer = a->replica->role == CONFIG_SECONDARY,
		.is_approved = true,
	};
	int error = publish_start(&order);

	if (error != 0)
		held_published(a->replica, error, error_text(error));
}

static void on_read(struct mail *mail, void *receiver)
{
	struct approval *a = (struct approval *)((char *)mail - offsetof(struct approval, mail));
	struct replica *replica = a->replica;
	struct replicate *room = receiver;

	replica->is_strand_busy = false;
	if (replica->is_removed || room->is_stopping) {
		give_up(a);
	} else if (a->error != 0) {
		held_published(replica, a->error, a->why);
	} else {
		publish(a);
	}
	if (a->base != NULL)
		zone_release(a->base);
	config_release(a->config);
	free(a);
	replica_settle(replica);
	replica_drop(replica);
	room_job_end(room);
}

void held_publish(struct replica *replica)
{
	struct replicate *room = replica->room;
	const struct zone_version *base = replica_version(replica);
	struct approval *a = calloc(1, sizeof *a);

	if (a == NULL) {
		held_published(replica, ERR_MEMORY, error_text(ERR_MEMORY));
		return;
	}
	a->mail.deliver = on_read;
	a->room = room;
	a->replica = replica;
	a->config = config_hold(room_config(room));
	a->policy = replica_zone(replica)->policy;
	a->base = base != NULL ? zone_hold(base) : NULL;
	a->line = replica_line(replica);
	a->serial = replica->aside->held->serial;
	memcpy(a->origin, replica->slot->origin, name_length(replica->slot->origin));
	replica->is_strand_busy = true;
	replica_hold(replica);
	room_job_begin(room);
	if (lane_post(room->long_lane, read_on_lane, a) != 0)
		read_on_lane(a);
}

void held_published(struct replica *replica, int error, const char *why)
{
	char name[NAME_MAX_TEXT], text[400];

	replica->wants_approval = false;
	if (error == 0 || error == ERR_CLOSED)
		return;
	snprintf(text, sizeof text, "the approved version cannot be published: %.300s", why);
	log_line(LEVEL_ERROR, replica_name(replica, name), "%s", text);
	replica_note_error(replica, text);
	// What is not there, or cannot be read, is fetched again.
	if (error == ERR_NOT_FOUND || error == ERR_CORRUPT || error == ERR_UNSUPPORTED)
		held_forget(replica);
}
