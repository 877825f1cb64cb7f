// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/publish.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "dns/serial.h"
#include "guard/guard.h"
#include "guard/verifier.h"
#include "replicate/attempt.h"
#include "replicate/export.h"
#include "replicate/fetch.h"
#include "replicate/held.h"
#include "replicate/load.h"
#include "replicate/notify_out.h"
#include "replicate/replica.h"
#include "replicate/rollback.h"
#include "replicate/room.h"

// A store that fails is tried again after 1, 2, 4 … seconds, at most this many.
#define STORE_RETRY_MAX_S 60u

// Verifiers that run at once: one that hangs takes a thread for its whole time.
#define VERIFIERS_AT_ONCE 4u

enum stage { STAGE_SEAL, STAGE_EXAMINE, STAGE_VERIFY, STAGE_HOLD, STAGE_STORE, STAGE_SERVE, STAGE_DOWNSTREAM };

struct publication {
	struct mail mail;                     // from the lane, from the store
	struct deadline retry;
	struct replicate *room;
	struct replica *replica;              // held; NULL: cancelled
	const struct config *config;          // held
	const struct config_policy *policy;
	struct lane *lane;
	struct zone_draft *draft;             // until sealed
	struct delta_writer *changes;         // likewise
	struct delta *delta;                  // from previous to version; NULL: stored whole
	const struct zone_version *previous;  // held
	const struct zone_version *version;   // sealed, our hold until it is published
	enum stage stage;
	bool is_transfer;
	bool is_served;                       // before it was stored
	bool is_approved;                     // by the operator
	enum publish_turn turn;
	struct store_pin pin;                 // PUBLISH_ROLLBACK
	bool is_examined;                     // by the guard, on the lane that sealed it
	bool guards_previous;                 // what it replaces is answered from
	atomic_bool cancelled;                // the verifier, if it runs, is to be killed
	struct guard_verdict verdict;
	struct store_held held;               // what the store keeps where the guard says no
	unsigned store_failures;
	int error;                            // of the stage
	char why[400];
};

static void advance(struct publication *p);

static void end(struct publication *p)
{
	struct replicate *room = p->room;

	deadline_leave(&room->deadlines, &p->retry);
	if (p->previous != NULL)
		zone_release(p->previous);
	if (p->version != NULL)
		zone_release(p->version);
	delta_release(p->delta);
	config_release(p->config);
	if (!p->is_transfer && !p->is_approved)
		room->loads.storing--;
	if (p->replica != NULL) {
		p->replica->publication = NULL;
		p->replica->is_strand_busy = false;
		replica_drop(p->replica);
	}
	free(p);
	room_job_end(room);
}

// Tells whoever ordered it.
static void report(struct publication *p)
{
	struct replica *replica = p->replica;
	struct attempt *attempt = replica->attempt;
	bool is_transfer = p->is_transfer, is_approved = p->is_approved;
	bool is_turn = p->turn != PUBLISH_FORWARD;
	int error = p->error;
	char why[400];

	memcpy(why, p->why, sizeof why);
	replica_hold(replica);
	end(p);
	if (is_approved) {
		if (is_turn)
			rollback_published(replica, error, why);
		else
			held_published(replica, error, why);
		replica_settle(replica);
		replica_drop(replica);
		return;
	}
	// While a file's version was stored, a primary may have been asked.
	if (!is_transfer)
		load_published(replica, error, why);
	else if (attempt != NULL)
		attempt_published(attempt, error, why);
	replica_settle(replica);
	replica_drop(replica);
}

// --- guard and seal, on the lane

static void on_mail(struct mail *mail, void *receiver)
{
	struct publication *p = (struct publication *)((char *)mail - offsetof(struct publication, mail));

	(void)receiver;
	advance(p);
}

// What leads here from the version before, for the journal. Where there is
// none, as after a step back, the version is stored whole.
static void make_delta(struct publication *p)
{
	struct delta_writer *changes = p->changes;

	p->changes = NULL;
	if (changes == NULL)
		return;
	if (p->previous == NULL || !serial_newer(zone_serial(p->version), zone_serial(p->previous)))
		delta_writer_abandon(changes);
	else
		(void)delta_writer_finish(changes, p->previous, p->version, &p->delta);
}

static void examine(struct publication *p)
{
	const struct zone_version *previous = p->guards_previous ? p->previous : NULL;

	p->is_examined = true;
	if (p->is_approved)
		return;
	p->error = guard_examine(p->version, previous, p->policy, &p->verdict);
	if (p->error != 0 && p->error != ERR_HELD)
		snprintf(p->why, sizeof p->why, "cannot be checked: %s", error_text(p->error));
}

// A digest over a large zone does not belong before small changes of others.
static bool is_examined_here(const struct publication *p)
{
	struct zone_figures figures;

	zone_figures(p->version, &figures);
	return p->is_approved || p->lane == p->room->long_lane || figures.records <= FETCH_LARGE
	       || !guard_walks(p->version, p->policy);
}

static void examine_on_lane(void *context)
{
	struct publication *p = context;

	examine(p);
	room_post(p->room, &p->mail);
}

static void seal_on_lane(void *context)
{
	struct publication *p = context;
	struct guard_verdict verdict;

	// The guard comes before the seal: what it refuses leaves no version behind.
	p->error = guard_check_draft(p->draft, &verdict);
	if (p->error != 0) {
		snprintf(p->why, sizeof p->why, "refused: %s; %s", verdict.text,
		         p->previous != NULL ? "the old version stays" : "there is no older one to serve");
	} else {
		p->error = zone_draft_seal(p->draft, &p->version);
		if (p->error != 0)
			snprintf(p->why, sizeof p->why, "cannot be kept: %s", error_text(p->error));
	}
	if (p->error != 0)
		zone_draft_abandon(p->draft);
	else
		make_delta(p);
	if (p->error == 0 && is_examined_here(p))
		examine(p);
	p->draft = NULL;
	delta_writer_abandon(p->changes);
	p->changes = NULL;
	room_post(p->room, &p->mail);
}

static void run_seal(struct publication *p)
{
	if (lane_post(p->lane, seal_on_lane, p) != 0)
		seal_on_lane(p);
}

static void run_examine(struct publication *p)
{
	p->stage = STAGE_EXAMINE;
	if (lane_post(p->room->long_lane, examine_on_lane, p) != 0)
		examine_on_lane(p);
}

static void verify_on_lane(void *context)
{
	struct publication *p = context;
	struct verifier verifier = {
		.command = p->policy->verifier, .timeout = p->policy->verifier_timeout, .cancelled = &p->cancelled,
	};

	p->error = verifier_run(p->version, &verifier, &p->verdict);
	if (p->error != 0 && p->error != ERR_HELD)
		snprintf(p->why, sizeof p->why, "cannot be verified: %s", error_text(p->error));
	room_post(p->room, &p->mail);
}

// Verifiers have threads of their own: they may take a minute, or hang.
static void run_verify(struct publication *p)
{
	struct replicate *room = p->room;
	struct lane *lane;

	p->stage = STAGE_VERIFY;
	if (room->verify_lane == NULL && lane_start("verify", VERIFIERS_AT_ONCE, &lane) == 0)
		room->verify_lane = lane;
	lane = room->verify_lane != NULL ? room->verify_lane : room->long_lane;
	if (lane_post(lane, verify_on_lane, p) == 0)
		return;
	p->error = ERR_MEMORY;
	snprintf(p->why, sizeof p->why, "cannot be verified: %s", error_text(p->error));
	room_post(room, &p->mail);
}

// --- held

static void hold_on_lane(void *context)
{
	struct publication *p = context;
	struct zone_figures figures;
	char why[256];

	zone_figures(p->version, &figures);
	p->held = (struct store_held){
		.serial = zone_serial(p->version), .since = clock_wall_s(),
		.names = figures.names, .records = figures.records,
	};
	snprintf(p->held.check, sizeof p->held.check, "%s", p->verdict.check);
	snprintf(p->held.why, sizeof p->held.why, "%s", p->verdict.text);
	// Where it cannot be kept it is held all the same; to approve it is then to
	// fetch it again.
	if (store_held_put(p->room->store, zone_origin(p->version), &p->held, p->version, why) != 0)
		log_line(LEVEL_ERROR, NULL, "%s", why);
	room_post(p->room, &p->mail);
}

static void run_hold(struct publication *p)
{
	p->stage = STAGE_HOLD;
	if (lane_post(p->room->long_lane, hold_on_lane, p) != 0)
		hold_on_lane(p);
}

// --- store

static void on_stored(void *context, int error, const char *why)
{
	struct publication *p = context;

	p->error = error;
	snprintf(p->why, sizeof p->why, "unsaved: %s", why != NULL && why[0] != '\0' ? why : error_text(error));
	room_post(p->room, &p->mail);
}

// What is stored stays: only what of it is served is noted.
static void run_store_pin(struct publication *p)
{
	const struct store_pin *pin = p->turn == PUBLISH_ROLLBACK ? &p->pin : NULL;
	int error = store_pin_put(p->room->store, zone_origin(p->version), pin, on_stored, p);

	if (error != 0)
		on_stored(p, error, error_text(error));
}

static void run_store(struct publication *p)
{
	struct store_state state;
	struct replica *replica = p->replica;
	struct store_keep keep = { p->policy->max_journal_size, p->policy->history };
	struct soa soa = { 0 };
	struct rrset set;
	int error;

	if (p->turn != PUBLISH_FORWARD) {
		run_store_pin(p);
		return;
	}
	// The state as it will be once this version is served.
	replica_store_state(replica, &state);
	state.has_version = true;
	state.serial = zone_serial(p->version);
	if (!p->is_served)
		state.transferred = clock_wall_s();
	if (p->is_transfer) {
		struct refresh timers = replica->refresh;
		zone_soa(p->version, &set);
		(void)soa_read(set.wire + RECORD_RDATA, wire_get16(set.wire + RECORD_RDLENGTH), &soa);
		refresh_take_soa(&timers, &soa, p->policy);
		state.confirmed = state.transferred;
		state.refresh_at = state.confirmed + timers.refresh;
		state.expires_at = state.confirmed + refresh_worth(&timers);
	}
	state.last_error[0] = '\0';
	if (replica->role == CONFIG_PRIMARY && !p->is_transfer && !p->is_approved)
		state.file = replica->stamp;
	error = store_commit(p->room->store, p->version, p->delta, &keep, &state, on_stored, p);
	if (error != 0)
		on_stored(p, error, error_text(error));
}

static void on_retry(struct deadline *deadline, uint64_t now)
{
	struct publication *p = (struct publication *)((char *)deadline - offsetof(struct publication, retry));

	(void)now;
	run_store(p);
}

// Nothing is served that is not stored: the version waits, the old one goes on.
static void store_failed(struct publication *p)
{
	uint64_t wait = (uint64_t)1 << (p->store_failures < 6 ? p->store_failures : 6);
	char name[NAME_MAX_TEXT];

	if (wait > STORE_RETRY_MAX_S)
		wait = STORE_RETRY_MAX_S;
	if (p->store_failures++ == 0)
		log_line(LEVEL_ERROR, replica_name(p->replica, name), "serial %u %s; %s, and this is tried again",
		         zone_serial(p->version), p->why,
		         p->is_served ? "it is served all the same, from its file"
		         : replica_version(p->replica) != NULL ? "the old version stays" : "there is no older one to serve");
	p->replica->is_unsaved = true;
	replica_note_error(p->replica, p->why);
	deadline_set(&p->room->deadlines, &p->retry, clock_boot_ms() + wait * 1000);
}

// --- serve

static void run_serve(struct publication *p)
{
	struct replica *replica = p->replica;

	// The slot takes over one hold and lets go of the version before, a grace
	// period later; ours is kept until what follows has been started.
	zone_slot_publish(replica->slot, zone_hold(p->version));
	if (p->turn == PUBLISH_FORWARD)
		replica_replaced(replica, p->version, p->is_transfer);
	else
		rollback_served(replica, p->version, p->turn == PUBLISH_ROLLBACK ? &p->pin : NULL);
}

static void run_downstream(struct publication *p)
{
	// Nobody goes back to a lower serial.
	if (p->turn == PUBLISH_FORWARD || p->previous == NULL
	    || serial_newer(zone_serial(p->version), zone_serial(p->previous)))
		notify_out_zone(p->replica, p->previous != NULL ? NOTIFY_OF_CHANGE : NOTIFY_OF_START);
	if (p->is_transfer || p->turn != PUBLISH_FORWARD)
		export_request(p->replica);
}

// --- the order

// What is sealed is checked; what is stored is sealed; what is served is
// stored; what is told is served. Each stage that runs elsewhere comes back
// here by mail, with p->error set.
static void advance(struct publication *p)
{
	if (p->replica == NULL) {
		end(p);
		return;
	}
	if (p->room->is_stopping && (p->stage <= STAGE_VERIFY || p->error != 0)) {
		if (p->error == 0)
			p->error = ERR_CLOSED;
		report(p);
		return;
	}
	switch (p->stage) {
	case STAGE_SEAL: // guard → seal → guard
		if (p->error == 0 && !p->is_examined) {
			run_examine(p);
			return;
		}
		__attribute__((fallthrough));
	case STAGE_EXAMINE: // → the operator's verifier
		if (p->error == 0 && !p->is_approved && p->policy->verifier != NULL) {
			run_verify(p);
			return;
		}
		__attribute__((fallthrough));
	case STAGE_VERIFY: // → held, or on
		if (p->error == ERR_HELD) {
			run_hold(p);
			return;
		}
		if (p->error != 0) {
			report(p);
			return;
		}
		if (p->is_served) {
			// A primary's zone file is its store: its first load is served at once.
			run_serve(p);
			run_downstream(p);
		}
		p->stage = STAGE_STORE;
		run_store(p);
		return;
	case STAGE_HOLD: // … until somebody approves it
		held_take(p->replica, &p->held);
		report(p);
		return;
	case STAGE_STORE: // → store
		if (p->error != 0) {
			store_failed(p);
			return;
		}
		p->replica->is_unsaved = false;
		p->why[0] = '\0';
		p->stage = STAGE_SERVE;
		__attribute__((fallthrough));
	case STAGE_SERVE: // → publish, which retires the version before
		if (!p->is_served)
			run_serve(p);
		p->stage = STAGE_DOWNSTREAM;
		__attribute__((fallthrough));
	case STAGE_DOWNSTREAM: // → NOTIFY, export
		if (!p->is_served)
			run_downstream(p);
		report(p);
		return;
	}
}

// --- the beginning

static struct publication *make(struct replica *replica, const struct config *config,
                                const struct config_policy *policy)
{
	struct publication *p = calloc(1, sizeof *p);

	if (p == NULL)
		return NULL;
	if (deadline_join(&replica->room->deadlines, &p->retry, on_retry) != 0) {
		free(p);
		return NULL;
	}
	p->mail.deliver = on_mail;
	p->room = replica->room;
	p->replica = replica;
	p->config = config_hold(config);
	p->policy = policy;
	replica->publication = p;
	replica->is_strand_busy = true;
	replica_hold(replica);
	room_job_begin(p->room);
	return p;
}

int publish_start(const struct publish_order *order)
{
	const struct zone_version *previous = replica_version(order->replica);
	struct publication *p = make(order->replica, order->config, order->policy);

	if (p == NULL) {
		zone_draft_abandon(order->draft);
		delta_writer_abandon(order->changes);
		return ERR_MEMORY;
	}
	p->draft = order->draft;
	p->changes = order->changes;
	p->previous = previous != NULL ? zone_hold(previous) : NULL;
	p->is_transfer = order->is_transfer;
	p->is_served = order->is_stored_already;
	p->is_approved = order->is_approved;
	p->turn = order->turn;
	p->pin = order->pin;
	// What has expired nobody is answered from: anything is better than nothing.
	p->guards_previous = order->replica->refresh.phase != REPLICA_EXPIRED;
	p->lane = order->is_large ? p->room->long_lane : p->room->short_lane;
	p->stage = STAGE_SEAL;
	run_seal(p);
	return 0;
}

int publish_store_only(struct replica *replica)
{
	struct replicate *room = replica->room;
	struct publication *p = make(replica, room_config(room), replica_zone(replica)->policy);

	if (p == NULL)
		return ERR_MEMORY;
	p->version = zone_hold(replica_version(replica));
	p->is_served = true;
	p->stage = STAGE_STORE;
	run_store(p);
	return 0;
}

void publish_cancel(struct replica *replica)
{
	struct publication *p = replica->publication;

	if (p == NULL)
		return;
	if (p->retry.place != 0) {
		// Nobody else holds it: it waits for its next try.
		end(p);
		return;
	}
	atomic_store(&p->cancelled, true);
	p->replica = NULL;
	replica->publication = NULL;
	replica_drop(replica);
}

void publish_stop(struct replica *replica)
{
	struct publication *p = replica->publication;

	if (p != NULL && p->retry.place != 0)
		end(p);
	else if (p != NULL)
		atomic_store(&p->cancelled, true);
}
