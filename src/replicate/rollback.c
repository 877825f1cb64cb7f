// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/rollback.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "dns/serial.h"
#include "replicate/attempt.h"
#include "replicate/history.h"
#include "replicate/publish.h"
#include "replicate/replica.h"
#include "replicate/room.h"

// A turn to another serial that the operator has asked for.
struct rollback {
	struct mail mail;
	struct replicate *room;
	struct replica *replica;         // held while is_running
	const struct config *config;     // held while is_running
	const struct zone_version *base; // held while is_running
	struct zone_draft *draft;        // good and complete
	bool is_running;
	bool is_resume;
	struct store_pin pin;            // what is to be
	replicate_done *done;            // NULL: told already
	void *context;
	int error;
	char why[256];
};

static void tell(struct rollback *turn, int error, const char *text)
{
	if (turn->done != NULL)
		turn->done(turn->context, error, text, NULL);
	turn->done = NULL;
}

static uint32_t wanted_serial(const struct rollback *turn)
{
	return turn->is_resume ? turn->pin.newest : turn->pin.serial;
}

// --- the operator's word

static int begin(struct replica *replica, const struct store_pin *pin, bool is_resume, replicate_done *done,
                 void *context, char why[static 256])
{
	struct rollback *turn;
	struct aside *aside;

	if (replica->aside->rollback != NULL) {
		snprintf(why, 256, "it is being turned to serial %" PRIu32 " already", wanted_serial(replica->aside->rollback));
		return ERR_BUSY;
	}
	turn = calloc(1, sizeof *turn);
	aside = aside_of(replica);
	if (turn == NULL || aside == NULL) {
		free(turn);
		aside_tidy(replica);
		snprintf(why, 256, "%s", error_text(ERR_MEMORY));
		return ERR_MEMORY;
	}
	turn->room = replica->room;
	turn->replica = replica;
	turn->is_resume = is_resume;
	turn->pin = *pin;
	turn->done = done;
	turn->context = context;
	aside->rollback = turn;
	replica->is_forced = false;
	// A primary that does not answer would keep the zone busy for long.
	if (replica->aside->attempt != NULL && replica->aside->publication == NULL)
		attempt_cancel(replica);
	replica_settle(replica);
	return 0;
}

int rollback_begin(struct replica *replica, uint32_t serial, replicate_done *done, void *context,
                   char why[static 256])
{
	const struct zone_version *version = replica_version(replica);
	const struct store_pin *now = replica->aside->pin;
	struct store_pin pin = { .serial = serial, .since = clock_wall_s() };
	char name[NAME_MAX_TEXT];

	why[0] = '\0';
	if (replica->role != CONFIG_SECONDARY)
		snprintf(why, 256, "this server is its primary: put the older content into its file, with a newer serial, "
		         "and reload");
	else if (version == NULL)
		snprintf(why, 256, "there is no copy yet");
	else if (zone_serial(version) == serial)
		snprintf(why, 256, "serial %" PRIu32 " is what is served", serial);
	else if (now != NULL && now->newest == serial)
		snprintf(why, 256, "serial %" PRIu32 " is the newest: `understudy resume %s` serves it again", serial,
		         replica_name(replica, name));
	if (why[0] != '\0')
		return ERR_STATE;
	return begin(replica, &pin, false, done, context, why);
}

int rollback_resume(struct replica *replica, replicate_done *done, void *context, char why[static 256])
{
	if (replica->aside->pin == NULL) {
		snprintf(why, 256, "it is not rolled back");
		return ERR_STATE;
	}
	return begin(replica, replica->aside->pin, true, done, context, why);
}

// --- the version, from the journal

static void build_on_lane(void *context)
{
	struct rollback *turn = context;
	struct replica *replica = turn->replica;

	turn->error = zone_draft_from(replica_line(replica), turn->base, &turn->draft);
	if (turn->error != 0) {
		turn->draft = NULL;
	} else {
		turn->error = history_turn(turn->room->store, zone_origin(turn->base), zone_serial(turn->base),
		                           wanted_serial(turn), turn->draft);
		if (turn->error != 0) {
			zone_draft_abandon(turn->draft);
			turn->draft = NULL;
		}
	}
	if (turn->error != 0)
		snprintf(turn->why, sizeof turn->why, "the journal does not lead to serial %" PRIu32 ": %s",
		         wanted_serial(turn), error_text(turn->error));
	room_post(turn->room, &turn->mail);
}

static void publish(struct rollback *turn)
{
	struct replica *replica = turn->replica;
	struct publish_order order = {
		.replica = replica,
		.config = room_config(turn->room), // there may be a newer one since
		.policy = replica_zone(replica)->policy,
		.draft = turn->draft,
		.is_large = true,
		.is_approved = true,
		.turn = turn->is_resume ? PUBLISH_RESUME : PUBLISH_ROLLBACK,
		.pin = turn->pin,
	};
	int error;

	turn->draft = NULL;
	error = publish_start(&order);
	if (error != 0)
		rollback_published(replica, error, error_text(error));
}

static void free_turn(struct rollback *turn)
{
	if (turn->draft != NULL)
		zone_draft_abandon(turn->draft);
	free(turn);
}

static void on_built(struct mail *mail, void *receiver)
{
	struct rollback *turn = (struct rollback *)((char *)mail - offsetof(struct rollback, mail));
	struct replica *replica = turn->replica;
	struct replicate *room = receiver;
	const struct config *config = turn->config;

	replica->is_strand_busy = false;
	zone_release(turn->base);
	turn->base = NULL;
	turn->is_running = false;
	if (replica->aside->rollback != turn) // the zone went away meanwhile
		free_turn(turn);
	else if (room->is_stopping)
		rollback_forget(replica);
	else if (turn->error != 0)
		rollback_published(replica, turn->error, turn->why);
	else
		publish(turn);
	config_release(config);
	replica_settle(replica);
	replica_drop(replica);
	room_job_end(room);
}

void rollback_run(struct replica *replica)
{
	struct rollback *turn = replica->aside->rollback;
	struct replicate *room = replica->room;
	const struct zone_version *version = replica_version(replica);

	turn->mail.deliver = on_built;
	turn->is_running = true;
	turn->config = config_hold(room_config(room));
	turn->base = zone_hold(version);
	// The newest may have come while the zone was busy.
	if (!turn->is_resume)
		turn->pin.newest = replica->aside->pin != NULL ? replica->aside->pin->newest : zone_serial(version);
	replica->is_strand_busy = true;
	replica_hold(replica);
	room_job_begin(room);
	if (lane_post(room->long_lane, build_on_lane, turn) != 0)
		build_on_lane(turn);
}

// --- what became of it

static int remember(struct replica *replica, const struct store_pin *pin)
{
	struct aside *aside = aside_of(replica);

	if (aside != NULL && aside->pin == NULL)
		aside->pin = malloc(sizeof *aside->pin);
	if (aside == NULL || aside->pin == NULL)
		return ERR_MEMORY;
	*aside->pin = *pin;
	return 0;
}

static void forget_pin(struct replica *replica)
{
	if (replica->aside->pin == NULL)
		return;
	free(replica->aside->pin);
	aside_have(replica)->pin = NULL;
	aside_tidy(replica);
}

void rollback_served(struct replica *replica, const struct zone_version *version, const struct store_pin *pin)
{
	char name[NAME_MAX_TEXT];

	replica_take_timers(replica, version);
	replica_name(replica, name);
	if (pin == NULL) {
		forget_pin(replica);
		if (!replica->has_primary_serial || !serial_newer(replica->primary_serial, zone_serial(version)))
			replica->behind_since = 0;
		log_event(LEVEL_NOTICE, "resumed", name, LOG_FIELDS(log_number("serial", zone_serial(version))),
		         "resumed: serial %" PRIu32 " is served again", zone_serial(version));
		return;
	}
	// Without memory for the note it is served until something newer comes.
	if (replica->role == CONFIG_SECONDARY)
		(void)remember(replica, pin);
	log_event(LEVEL_WARNING, "rolled-back", name,
	         LOG_FIELDS(log_number("serial", pin->serial), log_number("newest_serial", pin->newest)),
	         "rolled back: serial %" PRIu32 " is served in place of %" PRIu32
	         " until `understudy resume %s`", pin->serial, pin->newest, name);
}

// The way forward is lost: the primaries have the newest.
static void give_up_resuming(struct replica *replica, const char *why)
{
	char name[NAME_MAX_TEXT];

	log_line(LEVEL_WARNING, replica_name(replica, name), "%s; the zone is transferred whole instead", why);
	(void)store_pin_put(replica->room->store, replica->slot->origin, NULL, NULL, NULL);
	forget_pin(replica);
	replica_wake(replica, true);
}

void rollback_published(struct replica *replica, int error, const char *why)
{
	struct rollback *turn = replica->aside->rollback;
	char name[NAME_MAX_TEXT], text[512];

	if (turn == NULL)
		return;
	aside_have(replica)->rollback = NULL;
	aside_tidy(replica);
	replica_name(replica, name);
	if (error == 0 && turn->is_resume) {
		snprintf(text, sizeof text, "serial %" PRIu32 " is served again; asking its primaries", turn->pin.newest);
		replica_wake(replica, false);
	} else if (error == 0) {
		snprintf(text, sizeof text, "serial %" PRIu32 " is served in place of %" PRIu32 " until `understudy resume "
		         "%.255s`. No NOTIFY is sent: secondaries do not go back to a lower serial", turn->pin.serial,
		         turn->pin.newest, name);
	} else if (error == ERR_CLOSED) {
		snprintf(text, sizeof text, "the server is ending");
	} else if (turn->is_resume) {
		give_up_resuming(replica, why);
		snprintf(text, sizeof text, "%.300s; the zone is transferred whole instead", why);
		error = 0;
	} else {
		snprintf(text, sizeof text, "not rolled back: %.400s", why);
		log_line(LEVEL_ERROR, name, "%s", text);
	}
	tell(turn, error, text);
	free_turn(turn);
}

void rollback_stop(struct replica *replica)
{
	if (replica->aside->rollback != NULL)
		tell(replica->aside->rollback, ERR_CLOSED, "the server is ending");
}

void rollback_forget(struct replica *replica)
{
	struct rollback *turn = replica->aside->rollback;

	if (turn != NULL)
		aside_have(replica)->rollback = NULL;
	// A copy that is taken up again later is the newest.
	if (replica->aside->pin != NULL && !replica->room->is_stopping)
		(void)store_pin_put(replica->room->store, replica->slot->origin, NULL, NULL, NULL);
	forget_pin(replica);
	aside_tidy(replica);
	if (turn == NULL)
		return;
	tell(turn, ERR_CLOSED, "the zone is no longer configured so");
	if (!turn->is_running)
		free_turn(turn);
}

// --- the start

static int resume(void *context, const uint8_t *origin, const struct store_pin *pin)
{
	struct replicate *room = context;
	struct replica *replica = room_find(room, origin);

	// Where the zone is not configured any more, it is not served at all.
	return replica != NULL && replica->role == CONFIG_SECONDARY ? remember(replica, pin) : 0;
}

void rollback_resume_all(struct replicate *room)
{
	if (store_pin_each(room->store, resume, room) != 0)
		log_line(LEVEL_ERROR, NULL, "which zones are rolled back cannot be read from the state directory");
}

void rollback_at_start(const struct replica *replica, const struct zone_version **version)
{
	const struct store_pin *pin = replica->aside->pin;
	const struct zone_version *older = NULL;
	struct zone_draft *draft;
	char name[NAME_MAX_TEXT];

	// Where something newer was stored since, the pin was given up.
	if (pin == NULL || *version == NULL || zone_serial(*version) != pin->newest)
		return;
	int error = zone_draft_from(replica_line(replica), *version, &draft);
	if (error == 0) {
		error = history_turn(replica->room->store, replica->slot->origin, zone_serial(*version), pin->serial, draft);
		if (error == 0)
			error = zone_draft_seal(draft, &older);
		if (error != 0)
			zone_draft_abandon(draft);
	}
	if (error != 0) {
		log_line(LEVEL_ERROR, replica_name(replica, name), "it was rolled back to serial %" PRIu32 ", but the journal "
		         "does not lead there any more (%s): serial %" PRIu32 " is served", pin->serial, error_text(error),
		         zone_serial(*version));
		return;
	}
	zone_release(*version);
	*version = older;
}

void rollback_settle(struct replica *replica, const struct zone_version *version)
{
	const struct store_pin *pin = replica->aside->pin;
	char name[NAME_MAX_TEXT];

	if (pin == NULL)
		return;
	replica_name(replica, name);
	if (version != NULL && zone_serial(version) == pin->serial)
		log_line(LEVEL_WARNING, name, "still rolled back: serial %" PRIu32 " is served in place of %" PRIu32
		         " until `understudy resume %s`", pin->serial, pin->newest, name);
	else
		forget_pin(replica); // its row means nothing once something newer is stored
}
