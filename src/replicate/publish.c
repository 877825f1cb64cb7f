// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/publish.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "dns/serial.h"
#include "replicate/attempt.h"
#include "replicate/export.h"
#include "replicate/held.h"
#include "replicate/load.h"
#include "replicate/monitor.h"
#include "replicate/notify_out.h"
#include "replicate/publish_parts.h"
#include "replicate/replica.h"
#include "replicate/rollback.h"
#include "replicate/room.h"

// Others wait for it where too much is being stored; whoever ends this may be
// amid a reload, so they begin in the next step.
static void stored_file(struct replicate *room)
{
	room->loads.storing--;
	if (room->loads.is_full && !room->is_stopping && room->loads.begin.place == 0)
		deadline_set(&room->deadlines, &room->loads.begin, clock_boot_ms());
}

static void forget(struct replica *replica)
{
	aside_have(replica)->publication = NULL;
	aside_tidy(replica);
}

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
		stored_file(room);
	if (p->replica->aside->publication == p)
		forget(p->replica);
	p->replica->is_strand_busy = false;
	replica_drop(p->replica);
	free(p);
	tidy_note(room, 1);
	room_job_end(room);
}

// Tells whoever ordered it.
static void report(struct publication *p)
{
	struct replica *replica = p->replica;
	struct attempt *attempt = replica->aside->attempt;
	bool is_transfer = p->is_transfer, is_approved = p->is_approved;
	bool is_turn = p->turn != PUBLISH_FORWARD, is_let_go = p->is_let_go;
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
	else if (attempt != NULL && !is_let_go)
		attempt_published(attempt, error, why);
	replica_settle(replica);
	replica_drop(replica);
}

// --- serve

static void run_serve(struct publication *p)
{
	struct replica *replica = p->replica;

	// The slot takes over one hold and lets go of the version before, a grace
	// period later; ours is kept until what follows has been started.
	zone_slot_publish(replica->slot, zone_hold(p->version));
	p->room->counters.published++;
	if (p->turn == PUBLISH_FORWARD)
		replica_replaced(replica, p->version, p->is_transfer, p->confirmed_at);
	else
		rollback_served(replica, p->version, p->turn == PUBLISH_ROLLBACK ? &p->pin : NULL);
}

static void run_downstream(struct publication *p)
{
	// Nobody goes back to a lower serial.
	if (p->turn == PUBLISH_FORWARD || p->previous == NULL
	    || serial_newer(zone_serial(p->version), zone_serial(p->previous)))
		notify_out_zone(p->replica, p->previous != NULL ? NOTIFY_OF_CHANGE : NOTIFY_OF_START);
	if (p->previous != NULL)
		monitor_published(p->replica);
	if (p->is_transfer || p->turn != PUBLISH_FORWARD)
		export_request(p->replica);
}

// --- the order

static void end_cancelled(struct publication *p)
{
	struct replica *replica = p->replica;

	replica_hold(replica);
	end(p);
	replica_settle(replica);
	replica_drop(replica);
}

// Steps that fit, and led to a zone whose digest is wrong: the whole zone tells
// whether it is the primary's.
static bool is_led_astray(const struct publication *p)
{
	return p->error == ERR_HELD && p->is_incremental && p->policy->axfr_fallback
	       && strcmp(p->verdict.check, "zonemd") == 0 && p->replica->aside->attempt != NULL;
}

static void refuse_steps(struct publication *p)
{
	p->error = ERR_CORRUPT;
	snprintf(p->why, sizeof p->why, "serial %u, made by IXFR, is wrong: %s; asking for AXFR", zone_serial(p->version),
	         p->verdict.text);
	report(p);
}

// What is sealed is checked; what is stored is sealed; what is served is
// stored; what is told is served. Each stage that runs elsewhere comes back
// here by mail, with p->error set.
static void advance(struct publication *p)
{
	if (p->is_cancelled) {
		end_cancelled(p);
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
			publish_examine(p);
			return;
		}
		__attribute__((fallthrough));
	case STAGE_EXAMINE: // → the operator's verifier
		if (p->error == 0 && !p->is_approved && p->policy->verifier != NULL) {
			publish_verify(p);
			return;
		}
		__attribute__((fallthrough));
	case STAGE_VERIFY: // → held, or on
		if (is_led_astray(p)) {
			refuse_steps(p);
			return;
		}
		if (p->error == ERR_HELD) {
			publish_hold(p);
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
		publish_store(p);
		return;
	case STAGE_HOLD: // … until somebody approves it
		p->room->counters.held++;
		held_take(p->replica, &p->held);
		report(p);
		return;
	case STAGE_STORE: // → store
		if (p->error != 0) {
			publish_store_failed(p);
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

static void on_mail(struct mail *mail, void *receiver)
{
	struct publication *p = (struct publication *)((char *)mail - offsetof(struct publication, mail));

	(void)receiver;
	advance(p);
}

static struct publication *make(struct replica *replica, const struct config *config,
                                const struct config_policy *policy)
{
	struct aside *aside = aside_of(replica);
	struct publication *p = aside != NULL ? calloc(1, sizeof *p) : NULL;

	if (p == NULL || deadline_join(&replica->room->deadlines, &p->retry, publish_retry) != 0) {
		free(p);
		aside_tidy(replica);
		return NULL;
	}
	p->mail.deliver = on_mail;
	p->room = replica->room;
	p->replica = replica;
	p->config = config_hold(config);
	p->policy = policy;
	aside->publication = p;
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
	p->is_incremental = order->is_incremental;
	p->confirmed_at = order->is_approved ? 0 : clock_boot_ms();
	p->is_served = order->is_stored_already;
	p->is_brief = order->is_brief && room_is_brief(previous);
	p->is_approved = order->is_approved;
	p->turn = order->turn;
	p->pin = order->pin;
	// What has expired nobody is answered from: anything is better than nothing.
	p->guards_previous = order->replica->refresh.phase != REPLICA_EXPIRED;
	p->lane = order->is_large ? room_wide_lane(p->room) : p->room->short_lane;
	p->stage = STAGE_SEAL;
	publish_seal(p);
	return 0;
}

// What leads to this version from the one that the store has; NULL: not known.
static struct delta *take_unstored(struct replica *replica, const struct zone_version *version)
{
	struct delta *delta = replica->aside->unstored;

	if (delta == NULL)
		return NULL;
	aside_have(replica)->unstored = NULL;
	aside_tidy(replica);
	if (delta_to(delta) == zone_serial(version))
		return delta;
	delta_release(delta);
	return NULL;
}

int publish_store_only(struct replica *replica)
{
	struct replicate *room = replica->room;
	struct publication *p = make(replica, room_config(room), replica_zone(replica)->policy);

	if (p == NULL)
		return ERR_MEMORY;
	p->version = zone_hold(replica_version(replica));
	p->delta = take_unstored(replica, p->version);
	p->is_served = true;
	p->stage = STAGE_STORE;
	publish_store(p);
	return 0;
}

bool publish_is_unsaved(const struct replica *replica)
{
	const struct publication *p = replica->aside->publication;

	return p != NULL && p->stage == STAGE_STORE && p->store_failures > 0;
}

bool publish_is_holding(const struct replica *replica)
{
	return replica->aside->publication != NULL && replica->aside->publication->stage == STAGE_HOLD;
}

void publish_cancel(struct replica *replica)
{
	struct publication *p = replica->aside->publication;

	if (p == NULL)
		return;
	replica->is_unsaved = false;
	replica->wants_store = replica->wants_store || p->is_served;
	if (p->retry.place != 0) {
		// Nobody else holds it: it waits for its next try.
		end(p);
		return;
	}
	atomic_store(&p->cancelled, true);
	p->is_cancelled = true;
	forget(replica);
}

void publish_stop(struct replica *replica)
{
	struct publication *p = replica->aside->publication;

	if (p != NULL && p->retry.place != 0)
		end(p);
	else if (p != NULL)
		atomic_store(&p->cancelled, true);
}
