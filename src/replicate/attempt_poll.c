// SPDX-License-Identifier: GPL-3.0-or-later
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>

#include "base/clock.h"
#include "dns/serial.h"
#include "replicate/attempt_parts.h"
#include "replicate/changes.h"
#include "replicate/counters.h"
#include "replicate/held.h"
#include "replicate/poll.h"
#include "replicate/publish.h"
#include "replicate/replica.h"
#include "replicate/room.h"

// What a primary that has our serial grants the copy: the most of them, and one
// that says nothing grants all that the SOA says.
static void take_grant(struct attempt *attempt, uint32_t expire)
{
	struct refresh *refresh = &attempt->replica->refresh;
	uint32_t granted = expire != 0 ? expire : UINT32_MAX;

	if (granted > refresh->granted)
		refresh->granted = granted;
}

void attempt_take_serial(struct attempt *attempt, uint32_t serial, uint32_t expire, bool may_fetch)
{
	struct replica *replica = attempt->replica;
	const struct zone_version *version = replica_version(replica);
	char address[ADDRESS_TEXT], name[NAME_MAX_TEXT];

	// What came before waits for the store.
	bool is_unsaved = publish_is_unsaved(replica);

	// Nothing newer is wanted until the operator resumes.
	if (replica->aside->pin != NULL || (held_is(replica, serial) && !attempt->is_forced)) {
		attempt->was_held = true;
		attempt_next_primary(attempt);
		return;
	}
	if (version == NULL || attempt->is_forced || serial_newer(serial, zone_serial(version))) {
		attempt->was_held = attempt->was_held || is_unsaved;
		if (may_fetch && !is_unsaved)
			attempt_fetch_when_slot(attempt);
		else
			attempt_next_primary(attempt);
		return;
	}
	if (serial == zone_serial(version)) {
		take_grant(attempt, expire);
		attempt->was_equal = true;
		attempt_next_primary(attempt);
		return;
	}
	if (replica->refresh.phase == REPLICA_EXPIRED && may_fetch && !is_unsaved) {
		attempt_fetch_when_slot(attempt);
		return;
	}
	counters_lower_serial(attempt->primary);
	if (!attempt->policy->multi_primary)
		attempt_note(attempt, LEVEL_WARNING, "%s has serial %" PRIu32 ", lower than ours, %" PRIu32
		             " (RFC 1982): refused; raise it there, or `understudy retransfer %s` takes it as it is",
		             attempt_remote_text(attempt, address), serial, zone_serial(version),
		             replica_name(replica, name));
	attempt_next_primary(attempt);
}

// The serial by TCP, where UDP gave no answer or a cut one.
static void on_fetched_serial(void *context, struct fetch_result *result)
{
	struct attempt *attempt = context;
	char address[ADDRESS_TEXT];

	attempt->fetch = NULL;
	counters_polled_tcp(attempt->primary, result);
	if (result->is_silent)
		attempt_note_silence(attempt, result->why);
	else
		primary_answered(attempt->primary);
	if (result->outcome == FETCH_UP_TO_DATE) {
		replica_note_serial(attempt->replica, &attempt->primary->endpoint, result->figures.serial);
		attempt_take_serial(attempt, result->figures.serial, result->figures.expire, true);
		return;
	}
	attempt_note(attempt, LEVEL_WARNING, "%s does not tell the serial: %s; TCP: %s",
	             attempt_remote_text(attempt, address), attempt->udp_why[0] != '\0' ? attempt->udp_why : "UDP: truncated",
	             result->why);
	attempt_note_tsig(attempt, result->outcome);
	attempt_next_primary(attempt);
}

static void on_polled(void *context, const struct poll_result *result)
{
	struct attempt *attempt = context;
	char address[ADDRESS_TEXT];

	attempt->poll = NULL;
	poll_turn_give(attempt->replica->room, &attempt->turn);
	counters_polled(attempt->primary, result);
	switch (result->outcome) {
	case POLL_SERIAL:
		primary_answered(attempt->primary);
		replica_note_serial(attempt->replica, &attempt->primary->endpoint, result->serial);
		attempt_take_serial(attempt, result->serial, result->expire, true);
		return;
	case POLL_MESSAGE: // to IXFR alone
	case POLL_USE_TCP:
		attempt_fetch(attempt, FETCH_SOA, on_fetched_serial);
		return;
	case POLL_SILENT:
		snprintf(attempt->udp_why, sizeof attempt->udp_why, "UDP: %.50s", result->why);
		attempt_fetch(attempt, FETCH_SOA, on_fetched_serial);
		return;
	case POLL_REFUSED:
		primary_answered(attempt->primary);
		attempt_note(attempt, LEVEL_WARNING, "%s refused to tell the serial: %s", attempt_remote_text(attempt, address),
		             result->why);
		attempt_note_tsig(attempt, result->error);
		attempt_next_primary(attempt);
		return;
	}
}

static void ask(struct attempt *attempt)
{
	char why[256], address[ADDRESS_TEXT];
	int error;

	primary_asking(attempt->primary);
	changes_mark(attempt->replica);
	attempt->was_asked = true;
	error = poll_start_shared(attempt->replica->room, attempt->primary, attempt->replica->slot->origin,
	                          attempt_remote(attempt), attempt->policy->request_expire, on_polled, attempt,
	                          &attempt->poll, why);

	if (error == 0)
		return;
	attempt->poll = NULL;
	poll_turn_give(attempt->replica->room, &attempt->turn);
	primary_unasked(attempt->primary);
	attempt_note(attempt, LEVEL_WARNING, "%s could not be asked: %s", attempt_remote_text(attempt, address), why);
	attempt_next_primary(attempt);
}

static void on_turn(struct poll_turn *turn)
{
	struct attempt *attempt = (struct attempt *)((char *)turn - offsetof(struct attempt, turn));
	struct replicate *room = attempt->replica->room;

	room->attempts.running += attempt->is_parked;
	attempt->is_parked = false;
	// It may have fallen silent while we waited.
	if (!primary_may_ask(attempt->primary, clock_boot_ms())) {
		poll_turn_give(room, turn);
		attempt_pass_over(attempt);
		attempt_next_primary(attempt);
		return;
	}
	ask(attempt);
}

void attempt_poll(struct attempt *attempt)
{
	struct replicate *room = attempt->replica->room;

	attempt->turn = (struct poll_turn){ .ready = on_turn };
	// Those that wait for a slow primary must not use up what may run. It is not
	// looked at any more where it was its turn at once: it may be over.
	attempt->is_parked = true;
	room->attempts.running--;
	poll_turn_take(room, attempt->primary, &attempt->turn);
}
