// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/compare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "guard/guard.h"
#include "replicate/fetch.h"
#include "replicate/replica.h"
#include "replicate/room.h"
#include "zone/delta.h"

// So often it makes way for what is to be published: a zone that changes faster
// than it can be fetched shall not be fetched for ever.
#define YIELDS_MAX 5u

struct compare {
	struct slot_wait slot;
	struct mail mail;                // from the lane
	struct replicate *room;
	struct replica *replica;         // held while is_running
	const struct config *config;     // held while is_running
	const struct config_policy *policy;
	const struct zone_version *base; // held while is_running
	struct fetch *fetch;
	struct zone_draft *draft;        // the lane's
	struct delta_writer *changes;    // likewise
	struct delta *delta;
	bool is_running;
	bool is_in_lane;
	uint32_t at;                     // of policy->primaries
	unsigned yields;
	replicate_done *done;            // NULL: told already
	void *context;
	int error;
	char from[ADDRESS_TEXT];
	char why[400];
};

static void tell(struct compare *c, int error, const char *text)
{
	if (c->done != NULL)
		c->done(c->context, error, text, c->delta);
	c->done = NULL;
}

// Gives back what it holds while it runs.
static void stand_still(struct compare *c)
{
	primary_slot_give(c->room, &c->slot);
	zone_release(c->base);
	config_release(c->config);
	c->is_running = false;
	replica_drop(c->replica);
	room_job_end(c->room);
}

// Gives back what it holds, and itself; the strand is free.
static void end(struct compare *c)
{
	struct replica *replica = c->replica;
	bool was_running = c->is_running;

	if (replica->aside->compare == c) {
		aside_have(replica)->compare = NULL;
		aside_tidy(replica);
	}
	replica_hold(replica);
	if (was_running)
		stand_still(c);
	delta_release(c->delta);
	free(c);
	if (was_running)
		replica_settle(replica);
	replica_drop(replica);
}

int compare_begin(struct replica *replica, replicate_done *done, void *context, char why[static 256])
{
	struct compare *c = NULL;
	struct aside *aside = NULL;
	int error = 0;

	if (replica->role != CONFIG_SECONDARY || replica_version(replica) == NULL) {
		snprintf(why, 256, "%s", replica->role != CONFIG_SECONDARY ? "this server is its primary"
		                                                           : "there is no copy yet");
		error = ERR_STATE;
	} else if (replica->aside->compare != NULL) {
		snprintf(why, 256, "it is being compared already");
		error = ERR_BUSY;
	} else if ((aside = aside_of(replica)) == NULL || (c = calloc(1, sizeof *c)) == NULL) {
		snprintf(why, 256, "%s", error_text(ERR_MEMORY));
		error = ERR_MEMORY;
		aside_tidy(replica);
	}
	if (error != 0)
		return error;
	c->room = replica->room;
	c->replica = replica;
	c->done = done;
	c->context = context;
	aside->compare = c;
	replica_settle(replica);
	return 0;
}

// --- the difference, on the lane

static void compare_on_lane(void *context)
{
	struct compare *c = context;
	const struct zone_version *version = NULL;
	struct guard_verdict verdict;

	c->error = guard_check_draft(c->draft, &verdict);
	if (c->error != 0)
		snprintf(c->why, sizeof c->why, "what %s has is no zone: %s", c->from, verdict.text);
	else if ((c->error = zone_draft_seal(c->draft, &version)) != 0)
		snprintf(c->why, sizeof c->why, "%s", error_text(c->error));
	if (version == NULL) {
		zone_draft_abandon(c->draft);
		delta_writer_abandon(c->changes);
	} else {
		c->error = delta_writer_compare(c->changes, c->base, version, &c->delta);
		if (c->error != 0)
			snprintf(c->why, sizeof c->why, "%s", c->error == ERR_LIMIT ? "nearly everything differs"
			                                                            : error_text(c->error));
		zone_release(version);
	}
	c->draft = NULL;
	c->changes = NULL;
	room_post(c->room, &c->mail);
}

static void on_compared(struct mail *mail, void *receiver)
{
	struct compare *c = (struct compare *)((char *)mail - offsetof(struct compare, mail));

	(void)receiver;
	c->replica->is_strand_busy = false;
	tell(c, c->error, c->error != 0 ? c->why : c->from);
	end(c);
}

// --- fetching

static void fetch_next(struct compare *c);

static void on_fetched(void *context, struct fetch_result *result)
{
	struct compare *c = context;

	c->fetch = NULL;
	primary_slot_give(c->room, &c->slot);
	if (result->outcome != FETCH_DONE || result->changes == NULL) {
		if (result->draft != NULL)
			zone_draft_abandon(result->draft);
		snprintf(c->why, sizeof c->why, "transfer from %s %.300s", c->from,
		         result->why[0] != '\0' ? result->why : "cannot be compared");
		c->at++;
		fetch_next(c);
		return;
	}
	c->replica->is_strand_busy = true;
	c->is_in_lane = true;
	c->draft = result->draft;
	c->changes = result->changes;
	c->mail.deliver = on_compared;
	if (lane_post(c->room->long_lane, compare_on_lane, c) != 0)
		compare_on_lane(c);
}

static void begin_fetch(struct compare *c)
{
	struct fetch_order order = {
		.replica = c->replica, .config = c->config, .policy = c->policy,
		.remote = &c->policy->primaries->remote[c->at], .kind = FETCH_AXFR, .is_forced = true,
	};
	char why[256];

	if (fetch_start(&order, on_fetched, c, &c->fetch, why) == 0)
		return;
	c->fetch = NULL;
	primary_slot_give(c->room, &c->slot);
	snprintf(c->why, sizeof c->why, "transfer from %s %.300s", c->from, why);
	c->at++;
	fetch_next(c);
}

static void on_slot(struct slot_wait *wait)
{
	struct compare *c = (struct compare *)((char *)wait - offsetof(struct compare, slot));

	// While it waited for its turn something else may have begun.
	if (replica_is_idle(c->replica))
		begin_fetch(c);
	else
		stand_still(c);
}

static void fetch_next(struct compare *c)
{
	const struct config_remotes *primaries = c->policy->primaries;

	for (; c->at < primaries->count; c->at++) {
		struct endpoint endpoint;
		endpoint_from(&endpoint, (const struct sockaddr *)&primaries->remote[c->at].address);
		endpoint_text(&endpoint, c->from);
		struct primary *primary = primary_get(c->room, &endpoint);
		if (primary == NULL)
			continue;
		c->slot = (struct slot_wait){ .ready = on_slot };
		primary_slot_take(c->room, primary, &c->slot);
		return; // … and it may be over
	}
	tell(c, ERR_IO, c->why[0] != '\0' ? c->why : "it has no primaries to ask");
	end(c);
}

bool compare_waits(const struct replica *replica)
{
	return replica->aside->compare != NULL && !replica->aside->compare->is_running;
}

void compare_run(struct replica *replica)
{
	struct compare *c = replica->aside->compare;

	c->is_running = true;
	c->config = config_hold(room_config(replica->room));
	c->policy = replica_zone(replica)->policy;
	c->base = zone_hold(replica_version(replica));
	replica_hold(replica);
	room_job_begin(replica->room);
	fetch_next(c);
}

void compare_yield(struct replica *replica)
{
	struct compare *c = replica->aside->compare;
	struct fetch *fetch = c != NULL ? c->fetch : NULL;

	if (fetch == NULL)
		return;
	c->fetch = NULL;
	// The zone is idle once the lane has let go of the draft; what is to be
	// published goes first then, and after that this is begun anew.
	stand_still(c);
	c->at = 0;
	if (++c->yields > YIELDS_MAX) {
		tell(c, ERR_BUSY, "the zone changes faster than it can be fetched for comparison");
		end(c);
	}
	fetch_cancel(fetch);
}

void compare_cancel(struct replica *replica)
{
	struct compare *c = replica->aside->compare;

	if (c == NULL)
		return;
	aside_have(replica)->compare = NULL;
	aside_tidy(replica);
	tell(c, ERR_CLOSED, "the server, or the zone, is ending");
	// What is on the lane comes back by itself.
	if (c->is_in_lane)
		return;
	struct fetch *fetch = c->fetch;
	end(c);
	fetch_cancel(fetch);
}
