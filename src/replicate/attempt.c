// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/attempt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "replicate/attempt_parts.h"
#include "replicate/counters.h"
#include "replicate/poll.h"
#include "replicate/publish.h"
#include "replicate/replica.h"
#include "replicate/room.h"

// A zone of up to so many records is fetched on the word of an unsigned
// NOTIFY; a larger one only after its serial was asked.
#define DIRECT_RECORDS_MAX 10000u

static void try_next(struct attempt *attempt);

const struct config_remote *attempt_remote(const struct attempt *attempt)
{
	return &attempt->policy->primaries->remote[attempt->order[attempt->at]];
}

const char *attempt_remote_text(const struct attempt *attempt, char text[static ADDRESS_TEXT])
{
	struct endpoint endpoint;

	endpoint_from(&endpoint, (const struct sockaddr *)&attempt_remote(attempt)->address);
	return endpoint_text(&endpoint, text);
}

static void release(struct attempt *attempt)
{
	struct replica *replica = attempt->replica;
	struct replicate *room = replica->room;

	primary_slot_give(room, &attempt->slot);
	poll_turn_give(room, &attempt->turn);
	aside_have(replica)->attempt = NULL;
	aside_tidy(replica);
	replica->attempts++;
	room->attempts.running -= !attempt->is_parked;
	config_release(attempt->config);
	free(attempt);
}

// All primaries were tried, none of them had something newer that we could have.
static void conclude(struct attempt *attempt)
{
	struct replica *replica = attempt->replica;
	bool was_equal = attempt->was_equal, was_asked = attempt->was_asked;
	bool was_held = attempt->was_held;
	bool was_unproven = attempt->was_unproven, was_bad_time = attempt->was_bad_time;
	uint64_t ask_at = attempt->ask_at;
	char why[256];

	memcpy(why, attempt->why, sizeof why);
	release(attempt);
	if (was_held)
		replica_still_held(replica);
	else if (was_equal)
		replica_confirmed(replica);
	else if (was_unproven)
		replica_unproven(replica, why, was_bad_time);
	else if (was_asked || ask_at == DEADLINE_NEVER || replica->refresh.is_on_trial)
		replica_failed(replica, why);
	else
		replica_postponed(replica, why, ask_at);
}

void attempt_note(struct attempt *attempt, enum log_level level, const char *format, ...)
{
	char name[NAME_MAX_TEXT], address[ADDRESS_TEXT];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(attempt->why, sizeof attempt->why, format, arguments);
	va_end(arguments);
	// A zone that fails as it did before has nothing new to say.
	if (level < LEVEL_DEBUG && !replica_has_news(attempt->replica, attempt->why))
		level = LEVEL_DEBUG;
	const struct config_remote *remote = attempt->at < attempt->count ? attempt_remote(attempt) : NULL;
	log_event(level, "refresh-failed", replica_name(attempt->replica, name),
	          LOG_FIELDS(log_text("primary", remote != NULL ? attempt_remote_text(attempt, address) : NULL),
	                     log_text("key", remote != NULL && remote->key != NULL ? remote->key->text : NULL),
	                     log_text("reason", attempt->why)), "%s", attempt->why);
	replica_note_error(attempt->replica, attempt->why);
}

// The primary is silent towards every zone, and others are finding out whether
// it still is.
void attempt_pass_over(struct attempt *attempt)
{
	uint64_t soonest = clock_boot_ms() + 1000;
	uint64_t at = attempt->primary->retry_at > soonest ? attempt->primary->retry_at : soonest;
	char address[ADDRESS_TEXT];

	if (at < attempt->ask_at)
		attempt->ask_at = at;
	if (attempt->why[0] == '\0')
		attempt_note(attempt, LEVEL_DEBUG, "%s answers no zone, so it was not asked; the last attempt %s",
		             attempt_remote_text(attempt, address), attempt->primary->why);
}

void attempt_note_tsig(struct attempt *attempt, int error)
{
	attempt->was_unproven = attempt->was_unproven || error == ERR_KEY || error == ERR_TIME;
	attempt->was_bad_time = attempt->was_bad_time || error == ERR_TIME;
}

void attempt_next_primary(struct attempt *attempt)
{
	attempt->has_no_ixfr = attempt->wants_axfr = attempt->is_plain = false;
	attempt->at++;
	try_next(attempt);
}

static uint64_t patience(const struct replica *replica)
{
	uint64_t retry = (uint64_t)replica->refresh.retry * 1000;

	return retry < 1000 ? 1000 : retry;
}

void attempt_note_silence(struct attempt *attempt, const char *why)
{
	struct replicate *room = attempt->replica->room;

	snprintf(attempt->primary->why, sizeof attempt->primary->why, "%s", why);
	primary_silent(attempt->primary, clock_boot_ms(), patience(attempt->replica), room_random(room));
}

static void try_next(struct attempt *attempt)
{
	struct replica *replica = attempt->replica;
	struct endpoint endpoint;

	for (; attempt->at < attempt->count; attempt->at++) {
		endpoint_from(&endpoint, (const struct sockaddr *)&attempt_remote(attempt)->address);
		attempt->primary = primary_get(replica->room, &endpoint);
		if (attempt->primary == NULL)
			continue;
		if (primary_may_ask(attempt->primary, clock_boot_ms()))
			break;
		attempt_pass_over(attempt);
	}
	if (attempt->at == attempt->count) {
		conclude(attempt);
		return;
	}
	// Where something is held, the serial tells whether there is a newer one.
	bool is_direct = attempt->is_direct || attempt->is_forced
	                 || (replica_version(replica) == NULL && replica->aside->held == NULL);
	// Only the one who sent the NOTIFY is believed unasked.
	attempt->is_direct = false;
	if (is_direct && replica->aside->pin == NULL && !publish_is_unsaved(replica))
		attempt_fetch_when_slot(attempt);
	else
		attempt_poll(attempt);
}

// --- the beginning

// The primary that sent the NOTIFY, then those that answer, then the others;
// as configured within each.
static void choose_order(struct attempt *attempt, const struct endpoint *notifier)
{
	const struct config_remotes *primaries = attempt->policy->primaries;
	struct endpoint endpoint;

	for (unsigned pass = 0; pass < 3; pass++) {
		for (uint32_t i = 0; i < attempt->count; i++) {
			endpoint_from(&endpoint, (const struct sockaddr *)&primaries->remote[i].address);
			const struct primary *known = primary_find_host(attempt->replica->room, &endpoint);
			bool is_notifier = notifier != NULL && endpoint_same_host(notifier, &endpoint);
			bool is_silent = known != NULL && known->failures > 0;
			unsigned rank = is_notifier ? 0 : is_silent ? 2 : 1;
			if (rank == pass)
				attempt->order[attempt->at++] = (uint16_t)i;
		}
	}
	attempt->at = 0;
}

// Takes the NOTIFY that waits for this zone, if one does, into the attempt.
static void take_notify(struct attempt *attempt)
{
	struct replica *replica = attempt->replica;
	const struct zone_version *version = replica_version(replica);
	struct zone_figures figures = { 0 };
	struct endpoint notifier = replica->aside->notifier;

	if (notifier.family == AF_UNSPEC || replica->aside->held != NULL || !replica_is_told_of_news(replica)) {
		choose_order(attempt, notifier.family != AF_UNSPEC ? &notifier : NULL);
		return;
	}
	choose_order(attempt, &notifier);
	zone_figures(version, &figures);
	// The answer to an IXFR costs no more than that to a question for the serial.
	if (replica->notify_was_signed || figures.records <= DIRECT_RECORDS_MAX
	    || (attempt->count > 0 && attempt_may_ixfr(attempt, attempt_remote(attempt), NULL)))
		attempt->is_direct = replica->refresh.failures == 0;
}

int attempt_start(struct replica *replica)
{
	struct replicate *room = replica->room;
	const struct config *config = room_config(room);
	const struct config_zone *zone = replica_zone(replica);
	uint32_t count = zone->policy->primaries->count;
	struct aside *aside = aside_of(replica);
	struct attempt *attempt;

	if (count > UINT16_MAX)
		count = UINT16_MAX;
	attempt = aside != NULL ? calloc(1, sizeof *attempt + count * sizeof attempt->order[0]) : NULL;
	if (attempt == NULL) {
		aside_tidy(replica);
		replica_failed(replica, error_text(ERR_MEMORY));
		return ERR_MEMORY;
	}
	attempt->replica = replica;
	attempt->config = config_hold(config);
	attempt->policy = zone->policy;
	attempt->ask_at = DEADLINE_NEVER;
	attempt->count = count;
	attempt->is_forced = replica->is_forced;
	replica->is_forced = false;
	replica->is_woken = false;
	replica->is_asked = false;
	replica->refresh.granted = 0;
	aside->attempt = attempt;
	room->attempts.running++;
	take_notify(attempt);
	if (replica->aside->notifier.family != AF_UNSPEC) {
		aside_have(replica)->notifier = endpoint_none;
		aside_tidy(replica);
	}
	if (count == 0)
		snprintf(attempt->why, sizeof attempt->why, "it has no primaries to ask");
	try_next(attempt);
	return 0;
}

void attempt_published(struct attempt *attempt, int error, const char *why)
{
	attempt->is_publishing = false;
	if (error != 0)
		counters_refused(attempt->primary, error);
	if (error == ERR_HELD) {
		attempt->was_held = true;
		if (attempt->is_forced)
			conclude(attempt);
		else
			attempt_next_primary(attempt);
		return;
	}
	if (error != 0) {
		// What this primary sent may not be served; another may have better.
		attempt_note(attempt, LEVEL_ERROR, "%.250s", why);
		attempt->was_equal = false;
		// Steps may have led astray: the whole zone tells.
		if (attempt->was_incremental && attempt->policy->axfr_fallback && error != ERR_CLOSED) {
			attempt->was_incremental = false;
			attempt->wants_axfr = true;
			attempt_fetch_when_slot(attempt);
			return;
		}
		attempt_next_primary(attempt);
		return;
	}
	release(attempt);
}

void attempt_unsaved(struct attempt *attempt)
{
	attempt->is_publishing = false;
	attempt->was_held = true;
	conclude(attempt);
}

void attempt_cancel(struct replica *replica)
{
	struct attempt *attempt = replica->aside->attempt;

	attempt_dequeue(replica->room, replica);
	if (attempt == NULL)
		return;
	if (attempt->primary != NULL)
		primary_unasked(attempt->primary);
	poll_cancel(attempt->poll);
	// The attempt goes first: what ends the fetch must not find it.
	struct fetch *fetch = attempt->fetch;
	release(attempt);
	fetch_cancel(fetch);
}

const struct fetch *attempt_transfer(const struct attempt *attempt)
{
	return attempt != NULL ? attempt->fetch : NULL;
}

bool attempt_is_polling(const struct attempt *attempt)
{
	return attempt != NULL && attempt->poll != NULL;
}

bool attempt_is_fetching(const struct attempt *attempt)
{
	return attempt != NULL && attempt->fetch != NULL;
}

bool attempt_is_forced(const struct attempt *attempt)
{
	return attempt->is_forced;
}
