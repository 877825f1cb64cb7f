// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdio.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/lane.h"
#include "base/log.h"
#include "dns/serial.h"
#include "guard/verifier.h"
#include "replicate/fetch.h"
#include "replicate/publish_parts.h"
#include "replicate/replica.h"
#include "replicate/room.h"

// Verifiers that run at once: one that hangs takes a thread for its whole time.
#define VERIFIERS_AT_ONCE 4u

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
	p->error = guard_examine(p->version, previous, p->delta, p->policy, &p->verdict);
	if (p->error != 0 && p->error != ERR_HELD)
		snprintf(p->why, sizeof p->why, "cannot be checked: %s", error_text(p->error));
}

// A digest over a large zone does not belong before small changes of others, nor
// one over any zone in a step of the loop.
static bool is_examined_here(const struct publication *p)
{
	struct zone_figures figures;

	zone_figures(p->version, &figures);
	if (p->is_brief)
		return p->is_approved || !guard_walks(p->version, p->delta, p->policy);
	return p->is_approved || p->lane != p->room->short_lane || figures.records <= FETCH_LARGE
	       || !guard_walks(p->version, p->delta, p->policy);
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

void publish_seal(struct publication *p)
{
	if (p->is_brief || lane_post(p->lane, seal_on_lane, p) != 0)
		seal_on_lane(p);
}

void publish_examine(struct publication *p)
{
	p->stage = STAGE_EXAMINE;
	if (lane_post(p->is_brief ? p->lane : p->room->long_lane, examine_on_lane, p) != 0)
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
void publish_verify(struct publication *p)
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

void publish_hold(struct publication *p)
{
	p->stage = STAGE_HOLD;
	if (lane_post(p->room->long_lane, hold_on_lane, p) != 0)
		hold_on_lane(p);
}
