// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/attempt.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "dns/serial.h"
#include "replicate/fetch.h"
#include "replicate/held.h"
#include "replicate/poll.h"
#include "replicate/publish.h"
#include "replicate/replica.h"
#include "replicate/room.h"

// Attempts under way at once, those that wait for a transfer slot left out:
// bounds their sockets and drafts.
#define ATTEMPTS_MAX 1024u

// A zone of up to so many records is fetched on the word of an unsigned
// NOTIFY; a larger one only after its serial was asked.
#define DIRECT_RECORDS_MAX 10000u

// A primary that was found not to do IXFR is asked for AXFR so long: an hour.
#define NO_IXFR_MS (3600u * 1000)

struct attempt {
	struct replica *replica;
	const struct config *config;        // held
	const struct config_policy *policy;
	struct slot_wait slot;
	struct primary *primary;            // being asked
	struct poll *poll;
	struct fetch *fetch;
	bool is_forced;
	bool is_direct;                     // the first is fetched from, unasked
	bool is_publishing;
	bool is_parked;                     // waits for a slot, and keeps nobody else from starting
	enum fetch_kind kind;               // of the fetch
	bool is_plain;                      // the primary does not understand EDNS
	bool wants_axfr;                    // what came by IXFR from it was no sound zone
	bool was_incremental;               // what came
	bool has_no_ixfr;                   // the primary does not do IXFR, as it seems
	bool was_unproven, was_bad_time;    // some primary's TSIG did not verify, or by its time
	bool was_equal;                     // some primary has the serial that we have
	bool was_held;                      // … or the one that is held back
	bool was_asked;                     // some primary was worth asking
	uint64_t ask_at;                    // boot ms: when the first of those that were not will be
	uint32_t at, count;                 // place in order
	char udp_why[60];
	char why[256];                      // the last failure
	uint16_t order[];                   // of policy->primaries
};

static void try_next(struct attempt *attempt);

static const struct config_remote *remote_at(const struct attempt *attempt)
{
	return &attempt->policy->primaries->remote[attempt->order[attempt->at]];
}

static const char *remote_text(const struct attempt *attempt, char text[static ADDRESS_TEXT])
{
	struct endpoint endpoint;

	endpoint_from(&endpoint, (const struct sockaddr *)&remote_at(attempt)->address);
	return endpoint_text(&endpoint, text);
}

// --- the queue of those that are due

static void enqueue(struct replicate *room, struct replica *replica, bool is_first)
{
	struct attempts *all = &room->attempts;
	struct replica *before = is_first ? NULL : all->last;
	struct replica *after = is_first ? all->first : NULL;

	replica->is_due = true;
	replica->previous_due = before;
	replica->next_due = after;
	*(before != NULL ? &before->next_due : &all->first) = replica;
	*(after != NULL ? &after->previous_due : &all->last) = replica;
}

static void dequeue(struct replicate *room, struct replica *replica)
{
	struct attempts *all = &room->attempts;
	struct replica *before = replica->previous_due, *after = replica->next_due;

	if (!replica->is_due)
		return;
	*(before != NULL ? &before->next_due : &all->first) = after;
	*(after != NULL ? &after->previous_due : &all->last) = before;
	replica->is_due = false;
	replica->previous_due = replica->next_due = NULL;
}

static int start(struct replica *replica);

void attempt_request(struct replica *replica, bool is_urgent)
{
	struct replicate *room = replica->room;

	if (room->is_stopping || replica->is_removed || replica->role != CONFIG_SECONDARY)
		return;
	if (!replica_is_idle(replica)) {
		replica->is_woken = true;
		return;
	}
	if (replica->is_due) {
		if (!is_urgent)
			return;
		dequeue(room, replica);
	}
	if (is_urgent && room->attempts.running < ATTEMPTS_MAX)
		start(replica);
	else
		enqueue(room, replica, is_urgent);
}

static void fill_tokens(struct attempts *all, uint32_t rate, uint64_t now)
{
	uint64_t tokens = all->tokens + (now - all->tokens_at) * rate;
	uint64_t most = (uint64_t)rate * 1000; // a second's worth

	all->tokens = (uint32_t)(tokens < most ? tokens : most);
	all->tokens_at = now;
}

uint64_t attempts_run(struct replicate *room, uint64_t now)
{
	struct attempts *all = &room->attempts;
	uint32_t rate = room_config(room) != NULL ? room_config(room)->server.serial_query_rate : 0;
	unsigned started = 0;

	if (rate > 100000)
		rate = 100000;
	if (rate != 0)
		fill_tokens(all, rate, now);
	while (all->first != NULL && all->running < ATTEMPTS_MAX) {
		struct replica *replica = all->first;
		bool is_routine = rate != 0 && replica_version(replica) != NULL && !replica->is_forced;
		if (is_routine && all->tokens < 1000)
			return now + (1000 - all->tokens + rate - 1) / rate;
		// A step of the loop stays short.
		if (started++ == 64)
			return now;
		dequeue(room, replica);
		if (is_routine)
			all->tokens -= 1000;
		// Since it came into the queue its file may have begun to be read.
		if (replica_is_idle(replica))
			start(replica);
		else
			replica->is_woken = replica->is_asked = true;
	}
	return DEADLINE_NEVER;
}

// --- one attempt

static void release(struct attempt *attempt)
{
	struct replica *replica = attempt->replica;
	struct replicate *room = replica->room;

	primary_slot_give(room, &attempt->slot);
	replica->attempt = NULL;
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

__attribute__((format(printf, 3, 4)))
static void note(struct attempt *attempt, enum log_level level, const char *format, ...)
{
	char name[NAME_MAX_TEXT];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(attempt->why, sizeof attempt->why, format, arguments);
	va_end(arguments);
	// A zone that fails as it did before has nothing new to say.
	if (level < LEVEL_DEBUG && !replica_has_news(attempt->replica, attempt->why))
		level = LEVEL_DEBUG;
	log_line(level, replica_name(attempt->replica, name), "%s", attempt->why);
	replica_note_error(attempt->replica, attempt->why);
}

// The primary is silent towards every zone, and others are finding out whether
// it still is.
static void pass_over(struct attempt *attempt)
{
	uint64_t soonest = clock_boot_ms() + 1000;
	uint64_t at = attempt->primary->retry_at > soonest ? attempt->primary->retry_at : soonest;
	char address[ADDRESS_TEXT];

	if (at < attempt->ask_at)
		attempt->ask_at = at;
	if (attempt->why[0] == '\0')
		note(attempt, LEVEL_DEBUG, "%s answers no zone, so it was not asked; the last attempt %s",
		     remote_text(attempt, address), attempt->primary->why);
}

static void note_tsig(struct attempt *attempt, int error)
{
	attempt->was_unproven = attempt->was_unproven || error == ERR_KEY || error == ERR_TIME;
	attempt->was_bad_time = attempt->was_bad_time || error == ERR_TIME;
}

static void next_primary(struct attempt *attempt)
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

static void primary_was_silent(struct attempt *attempt, const char *why)
{
	struct replicate *room = attempt->replica->room;

	snprintf(attempt->primary->why, sizeof attempt->primary->why, "%s", why);
	primary_silent(attempt->primary, clock_boot_ms(), patience(attempt->replica), room_random(room));
}

// --- fetching

static void log_transfer(struct attempt *attempt, const struct fetch_result *result)
{
	const struct zone_version *version = replica_version(attempt->replica);
	const struct config_remote *remote = remote_at(attempt);
	char name[NAME_MAX_TEXT], address[ADDRESS_TEXT], from[32] = "none", form[64] = "AXFR";

	if (version != NULL)
		snprintf(from, sizeof from, "%" PRIu32, zone_serial(version));
	if (attempt->kind == FETCH_IXFR && !result->figures.is_incremental)
		snprintf(form, sizeof form, "AXFR in answer to IXFR");
	else if (attempt->kind == FETCH_IXFR)
		snprintf(form, sizeof form, "IXFR (-%" PRIu64 " +%" PRIu64 ")", result->figures.removed, result->figures.added);
	log_line(LEVEL_INFO, replica_name(attempt->replica, name),
	         "transfer from %s complete: %s, serial %s to %" PRIu32 ", %" PRIu64 " record%s, %" PRIu64
	         " bytes in %" PRIu64 " message%s, %" PRIu64 " ms, %s%s",
	         remote_text(attempt, address), form, from, result->figures.serial, result->figures.records,
	         plural(result->figures.records), result->figures.bytes, result->figures.messages,
	         plural(result->figures.messages), result->elapsed_ms,
	         remote->key != NULL ? "key " : "unsigned", remote->key != NULL ? remote->key->text : "");
}

// What a primary that has our serial grants the copy: the most of them, and one
// that says nothing grants all that the SOA says.
static void take_grant(struct attempt *attempt, uint32_t expire)
{
	struct refresh *refresh = &attempt->replica->refresh;
	uint32_t granted = expire != 0 ? expire : UINT32_MAX;

	if (granted > refresh->granted)
		refresh->granted = granted;
}

static void send_on_its_way(struct attempt *attempt, struct fetch_result *result)
{
	struct replica *replica = attempt->replica;
	struct publish_order order = {
		.replica = replica,
		.config = attempt->config,
		.policy = attempt->policy,
		.draft = result->draft,
		.changes = result->changes,
		.is_large = result->figures.records > FETCH_LARGE,
		.is_transfer = true,
	};
	int error;

	log_transfer(attempt, result);
	attempt->is_publishing = true;
	attempt->was_incremental = result->figures.is_incremental;
	error = publish_start(&order);
	if (error != 0)
		attempt_published(attempt, error, error_text(error));
}

static void take_serial(struct attempt *attempt, uint32_t serial, uint32_t expire, bool may_fetch);

static void start_fetch(struct attempt *attempt, enum fetch_kind kind, fetch_done *done);
static void on_fetched(void *context, struct fetch_result *result);

// Any failure of an IXFR, unless nobody is there: one AXFR from the same
// primary, at once, in the same slot.
static bool fall_back(struct attempt *attempt, const struct fetch_result *result)
{
	uint16_t rcode = result->figures.rcode;
	char address[ADDRESS_TEXT];

	// RFC 6891, 7: what is asked with EDNS is asked again without.
	if (result->outcome < 0 && rcode == RCODE_FORMERR && attempt->policy->request_expire && !attempt->is_plain) {
		attempt->is_plain = true;
		start_fetch(attempt, attempt->kind, on_fetched);
		return true;
	}
	if (attempt->kind != FETCH_IXFR || result->outcome >= 0 || !attempt->policy->axfr_fallback
	    || (result->is_silent && result->outcome != ERR_TIMEOUT))
		return false;
	// Those that do not know it say so in several ways, or nothing at all.
	attempt->has_no_ixfr = rcode == RCODE_NOTIMP || rcode == RCODE_FORMERR || rcode == RCODE_REFUSED
	                       || result->figures.messages == 0;
	note(attempt, LEVEL_WARNING, "IXFR from %s %s; asking for AXFR", remote_text(attempt, address), result->why);
	primary_stirred(attempt->primary);
	start_fetch(attempt, FETCH_AXFR, on_fetched);
	return true;
}

static void on_fetched(void *context, struct fetch_result *result)
{
	struct attempt *attempt = context;
	struct replica *replica = attempt->replica;
	char address[ADDRESS_TEXT];

	attempt->fetch = NULL;
	if (fall_back(attempt, result))
		return;
	primary_slot_give(replica->room, &attempt->slot);
	if (attempt->has_no_ixfr && result->outcome >= 0)
		attempt->primary->no_ixfr_until = clock_boot_ms() + NO_IXFR_MS;
	if (result->is_silent)
		primary_was_silent(attempt, result->why);
	else
		primary_answered(attempt->primary);
	if (result->figures.has_serial)
		replica_note_serial(replica, &attempt->primary->endpoint, result->figures.serial);
	if (result->outcome == FETCH_DONE) {
		replica->refresh.granted = result->figures.expire;
		send_on_its_way(attempt, result);
	} else if (result->outcome == FETCH_UP_TO_DATE) {
		take_serial(attempt, result->figures.serial, result->figures.expire, false);
	} else {
		note(attempt, LEVEL_WARNING, "transfer from %s %s", remote_text(attempt, address), result->why);
		note_tsig(attempt, result->outcome);
		next_primary(attempt);
	}
}

static void start_fetch(struct attempt *attempt, enum fetch_kind kind, fetch_done *done)
{
	struct replica *replica = attempt->replica;
	struct fetch_order order = {
		.replica = replica,
		.config = attempt->config,
		.policy = attempt->policy,
		.remote = remote_at(attempt),
		.kind = kind,
		// An expired zone takes what there is: anything is better than nothing.
		.is_forced = attempt->is_forced || replica->refresh.phase == REPLICA_EXPIRED,
	};
	char why[256], address[ADDRESS_TEXT];

	order.wants_expire = attempt->policy->request_expire && !attempt->is_plain;
	attempt->kind = kind;
	if (fetch_start(&order, done, attempt, &attempt->fetch, why) == 0)
		return;
	attempt->fetch = NULL;
	note(attempt, LEVEL_WARNING, "transfer from %s %s", remote_text(attempt, address), why);
	primary_unasked(attempt->primary);
	primary_slot_give(replica->room, &attempt->slot);
	next_primary(attempt);
}

// IXFR wherever there is something to go on from. What is taken whatever its
// serial comes whole.
static bool may_ixfr(const struct attempt *attempt, const struct config_remote *remote, const struct primary *primary)
{
	return replica_version(attempt->replica) != NULL && !attempt->is_forced
	       && attempt->replica->refresh.phase != REPLICA_EXPIRED && attempt->policy->request_ixfr
	       && !remote->axfr_only && (primary == NULL || clock_boot_ms() >= primary->no_ixfr_until);
}

static enum fetch_kind choose_kind(const struct attempt *attempt)
{
	return !attempt->wants_axfr && may_ixfr(attempt, remote_at(attempt), attempt->primary) ? FETCH_IXFR : FETCH_AXFR;
}

static void on_slot(struct slot_wait *wait)
{
	struct attempt *attempt = (struct attempt *)((char *)wait - offsetof(struct attempt, slot));

	attempt->replica->room->attempts.running += attempt->is_parked;
	attempt->is_parked = false;
	// It may have fallen silent while we waited for our turn.
	if (!primary_may_ask(attempt->primary, clock_boot_ms())) {
		primary_slot_give(attempt->replica->room, wait);
		pass_over(attempt);
		next_primary(attempt);
		return;
	}
	primary_asking(attempt->primary);
	attempt->was_asked = true;
	start_fetch(attempt, choose_kind(attempt), on_fetched);
}

static void fetch_from(struct attempt *attempt)
{
	struct replicate *room = attempt->replica->room;

	attempt->slot = (struct slot_wait){ .ready = on_slot };
	// Those that wait for a primary without an end must not use up what may run.
	// It is not looked at any more where it was handed a slot: it may be over.
	attempt->is_parked = true;
	room->attempts.running--;
	primary_slot_take(room, attempt->primary, &attempt->slot);
}

// --- polling

static void take_serial(struct attempt *attempt, uint32_t serial, uint32_t expire, bool may_fetch)
{
	struct replica *replica = attempt->replica;
	const struct zone_version *version = replica_version(replica);
	char address[ADDRESS_TEXT], name[NAME_MAX_TEXT];

	// Nothing newer is wanted until the operator resumes.
	if (replica->pin != NULL || (held_is(replica, serial) && !attempt->is_forced)) {
		attempt->was_held = true;
		next_primary(attempt);
		return;
	}
	if (version == NULL || attempt->is_forced || serial_newer(serial, zone_serial(version))) {
		if (may_fetch)
			fetch_from(attempt);
		else
			next_primary(attempt);
		return;
	}
	if (serial == zone_serial(version)) {
		take_grant(attempt, expire);
		attempt->was_equal = true;
		next_primary(attempt);
		return;
	}
	if (replica->refresh.phase == REPLICA_EXPIRED && may_fetch) {
		fetch_from(attempt);
		return;
	}
	if (!attempt->policy->multi_primary)
		note(attempt, LEVEL_WARNING, "%s has serial %" PRIu32 ", lower than ours, %" PRIu32
		     " (RFC 1982): refused; raise it there, or `understudy retransfer %s` takes it as it is",
		     remote_text(attempt, address), serial, zone_serial(version),
		     replica_name(replica, name));
	next_primary(attempt);
}

// The serial by TCP, where UDP gave no answer or a cut one.
static void on_fetched_serial(void *context, struct fetch_result *result)
{
	struct attempt *attempt = context;
	char address[ADDRESS_TEXT];

	attempt->fetch = NULL;
	if (result->is_silent)
		primary_was_silent(attempt, result->why);
	else
		primary_answered(attempt->primary);
	if (result->outcome == FETCH_UP_TO_DATE) {
		replica_note_serial(attempt->replica, &attempt->primary->endpoint, result->figures.serial);
		take_serial(attempt, result->figures.serial, result->figures.expire, true);
		return;
	}
	note(attempt, LEVEL_WARNING, "%s does not tell the serial: %s; TCP: %s", remote_text(attempt, address),
	     attempt->udp_why[0] != '\0' ? attempt->udp_why : "UDP: truncated", result->why);
	note_tsig(attempt, result->outcome);
	next_primary(attempt);
}

static void on_polled(void *context, const struct poll_result *result)
{
	struct attempt *attempt = context;
	char address[ADDRESS_TEXT];

	attempt->poll = NULL;
	switch (result->outcome) {
	case POLL_SERIAL:
		primary_answered(attempt->primary);
		replica_note_serial(attempt->replica, &attempt->primary->endpoint, result->serial);
		take_serial(attempt, result->serial, result->expire, true);
		return;
	case POLL_USE_TCP:
		start_fetch(attempt, FETCH_SOA, on_fetched_serial);
		return;
	case POLL_SILENT:
		snprintf(attempt->udp_why, sizeof attempt->udp_why, "UDP: %.50s", result->why);
		start_fetch(attempt, FETCH_SOA, on_fetched_serial);
		return;
	case POLL_REFUSED:
		primary_answered(attempt->primary);
		note(attempt, LEVEL_WARNING, "%s refused to tell the serial: %s", remote_text(attempt, address),
		     result->why);
		note_tsig(attempt, result->error);
		next_primary(attempt);
		return;
	}
}

static void poll_primary(struct attempt *attempt)
{
	char why[256], address[ADDRESS_TEXT];
	int error;

	primary_asking(attempt->primary);
	attempt->was_asked = true;
	error = poll_start(attempt->replica->room, attempt->replica->slot->origin, remote_at(attempt),
	                   attempt->policy->request_expire, on_polled, attempt, &attempt->poll, why);

	if (error == 0)
		return;
	attempt->poll = NULL;
	primary_unasked(attempt->primary);
	note(attempt, LEVEL_WARNING, "%s could not be asked: %s", remote_text(attempt, address), why);
	next_primary(attempt);
}

static void try_next(struct attempt *attempt)
{
	struct replica *replica = attempt->replica;
	struct endpoint endpoint;

	for (; attempt->at < attempt->count; attempt->at++) {
		endpoint_from(&endpoint, (const struct sockaddr *)&remote_at(attempt)->address);
		attempt->primary = primary_get(replica->room, &endpoint);
		if (attempt->primary == NULL)
			continue;
		if (primary_may_ask(attempt->primary, clock_boot_ms()))
			break;
		pass_over(attempt);
	}
	if (attempt->at == attempt->count) {
		conclude(attempt);
		return;
	}
	// Where something is held, the serial tells whether there is a newer one.
	bool is_direct = attempt->is_direct || attempt->is_forced
	                 || (replica_version(replica) == NULL && replica->held == NULL);
	// Only the one who sent the NOTIFY is believed unasked.
	attempt->is_direct = false;
	if (is_direct && replica->pin == NULL)
		fetch_from(attempt);
	else
		poll_primary(attempt);
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
	struct endpoint notifier = replica->notify_from;

	if (notifier.family == AF_UNSPEC || replica->held != NULL || !replica_is_told_of_news(replica)) {
		choose_order(attempt, notifier.family != AF_UNSPEC ? &notifier : NULL);
		return;
	}
	choose_order(attempt, &notifier);
	zone_figures(version, &figures);
	// The answer to an IXFR costs no more than that to a question for the serial.
	if (replica->notify_was_signed || figures.records <= DIRECT_RECORDS_MAX
	    || (attempt->count > 0 && may_ixfr(attempt, remote_at(attempt), NULL)))
		attempt->is_direct = replica->refresh.failures == 0;
}

static int start(struct replica *replica)
{
	struct replicate *room = replica->room;
	const struct config *config = room_config(room);
	const struct config_zone *zone = replica_zone(replica);
	uint32_t count = zone->policy->primaries->count;
	struct attempt *attempt;

	if (count > UINT16_MAX)
		count = UINT16_MAX;
	attempt = calloc(1, sizeof *attempt + count * sizeof attempt->order[0]);
	if (attempt == NULL) {
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
	replica->attempt = attempt;
	room->attempts.running++;
	take_notify(attempt);
	memset(&replica->notify_from, 0, sizeof replica->notify_from);
	if (count == 0)
		snprintf(attempt->why, sizeof attempt->why, "it has no primaries to ask");
	try_next(attempt);
	return 0;
}

void attempt_published(struct attempt *attempt, int error, const char *why)
{
	attempt->is_publishing = false;
	if (error == ERR_HELD) {
		attempt->was_held = true;
		if (attempt->is_forced)
			conclude(attempt);
		else
			next_primary(attempt);
		return;
	}
	if (error != 0) {
		// What this primary sent may not be served; another may have better.
		note(attempt, LEVEL_ERROR, "%.250s", why);
		attempt->was_equal = false;
		// Steps may have led astray: the whole zone tells.
		if (attempt->was_incremental && attempt->policy->axfr_fallback && error != ERR_CLOSED) {
			attempt->was_incremental = false;
			attempt->wants_axfr = true;
			fetch_from(attempt);
			return;
		}
		next_primary(attempt);
		return;
	}
	release(attempt);
}

void attempt_cancel(struct replica *replica)
{
	struct attempt *attempt = replica->attempt;

	dequeue(replica->room, replica);
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

bool attempt_is_polling(const struct attempt *attempt)
{
	return attempt != NULL && attempt->poll != NULL;
}

bool attempt_is_fetching(const struct attempt *attempt)
{
	return attempt != NULL && attempt->fetch != NULL;
}
