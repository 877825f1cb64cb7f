// SPDX-License-Identifier: GPL-3.0-or-later
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/error.h"
#include "replicate/attempt_parts.h"
#include "replicate/changes.h"
#include "replicate/counters.h"
#include "replicate/publish.h"
#include "replicate/replica.h"
#include "replicate/room.h"

// A primary that was found not to do IXFR is asked for AXFR so long: an hour.
#define NO_IXFR_MS (3600u * 1000)

// One that did not answer an IXFR by UDP is asked by TCP alone so long: an hour.
#define NO_UDP_IXFR_MS (3600u * 1000)

static const char *transport_of(const struct config_remote *remote, const struct fetch_result *result)
{
	return remote->tls != NULL ? "tls" : result->is_by_udp ? "udp" : "tcp";
}

static void log_transfer(struct attempt *attempt, const struct fetch_result *result)
{
	const struct zone_version *version = replica_version(attempt->replica);
	const struct config_remote *remote = attempt_remote(attempt);
	char name[NAME_MAX_TEXT], address[ADDRESS_TEXT], from[32] = "none", form[64] = "AXFR";

	if (version != NULL)
		snprintf(from, sizeof from, "%" PRIu32, zone_serial(version));
	if (attempt->kind == FETCH_IXFR && !result->figures.is_incremental)
		snprintf(form, sizeof form, "AXFR in answer to IXFR");
	else if (attempt->kind == FETCH_IXFR)
		snprintf(form, sizeof form, "IXFR (-%" PRIu64 " +%" PRIu64 ")%s", result->figures.removed,
		         result->figures.added, result->is_by_udp ? " by UDP" : "");
	log_event(LEVEL_INFO, "transfer-in", replica_name(attempt->replica, name),
	         LOG_FIELDS(log_text("primary", attempt_remote_text(attempt, address)),
	                    log_text("kind", result->figures.is_incremental ? "IXFR" : "AXFR"),
	                    log_text("transport", transport_of(remote, result)),
	                    log_text("key", remote->key != NULL ? remote->key->text : NULL),
	                    log_number_if(version != NULL, "old_serial", version != NULL ? zone_serial(version) : 0),
	                    log_number("serial", result->figures.serial), log_number("records", result->figures.records),
	                    log_number("bytes", result->figures.bytes), log_number("messages", result->figures.messages),
	                    log_number("duration_ms", result->elapsed_ms)),
	         "transfer from %s complete: %s, serial %s to %" PRIu32 ", %" PRIu64 " record%s, %" PRIu64
	         " bytes in %" PRIu64 " message%s, %" PRIu64 " ms, %s%s",
	         attempt_remote_text(attempt, address), form, from, result->figures.serial, result->figures.records,
	         plural(result->figures.records), result->figures.bytes, result->figures.messages,
	         plural(result->figures.messages), result->elapsed_ms,
	         remote->key != NULL ? "key " : "unsigned", remote->key != NULL ? remote->key->text : "");
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
		.is_brief = result->figures.bytes <= FETCH_BRIEF && replica->room->attempts.running <= 1,
		.is_transfer = true,
		.is_incremental = result->figures.is_incremental,
	};
	int error;

	log_transfer(attempt, result);
	attempt->is_publishing = true;
	attempt->was_incremental = result->figures.is_incremental;
	error = publish_start(&order);
	if (error != 0)
		attempt_published(attempt, error, error_text(error));
}

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
		attempt_fetch(attempt, attempt->kind, on_fetched);
		return true;
	}
	if (attempt->kind != FETCH_IXFR || result->outcome >= 0 || !attempt->policy->axfr_fallback
	    || (result->is_silent && result->outcome != ERR_TIMEOUT))
		return false;
	// Those that do not know it say so in several ways, or nothing at all.
	attempt->has_no_ixfr = rcode == RCODE_NOTIMP || rcode == RCODE_FORMERR || rcode == RCODE_REFUSED
	                       || result->figures.messages == 0;
	attempt_note(attempt, LEVEL_WARNING, "IXFR from %s %s; asking for AXFR",
	             attempt_remote_text(attempt, address), result->why);
	primary_stirred(attempt->primary);
	attempt_fetch(attempt, FETCH_AXFR, on_fetched);
	return true;
}

static void on_fetched(void *context, struct fetch_result *result)
{
	struct attempt *attempt = context;
	struct replica *replica = attempt->replica;
	char address[ADDRESS_TEXT];

	attempt->fetch = NULL;
	counters_fetched(attempt->primary, result);
	if (result->was_udp_silent)
		attempt->primary->no_udp_ixfr_until = clock_boot_ms() + NO_UDP_IXFR_MS;
	if (fall_back(attempt, result))
		return;
	primary_slot_give(replica->room, &attempt->slot);
	if (attempt->has_no_ixfr && result->outcome >= 0)
		attempt->primary->no_ixfr_until = clock_boot_ms() + NO_IXFR_MS;
	if (result->is_silent)
		attempt_note_silence(attempt, result->why);
	else
		primary_answered(attempt->primary);
	if (result->figures.has_serial)
		replica_note_serial(replica, &attempt->primary->endpoint, result->figures.serial);
	if (result->outcome == FETCH_DONE) {
		replica->refresh.granted = result->figures.expire;
		send_on_its_way(attempt, result);
	} else if (result->outcome == FETCH_UP_TO_DATE) {
		attempt_take_serial(attempt, result->figures.serial, result->figures.expire, false);
	} else {
		attempt_note(attempt, LEVEL_WARNING, "transfer from %s %s", attempt_remote_text(attempt, address), result->why);
		attempt_note_tsig(attempt, result->outcome);
		attempt_next_primary(attempt);
	}
}

void attempt_fetch(struct attempt *attempt, enum fetch_kind kind, fetch_done *done)
{
	struct replica *replica = attempt->replica;
	const struct config_remote *remote = attempt_remote(attempt);
	struct fetch_order order = {
		.replica = replica,
		.config = attempt->config,
		.policy = attempt->policy,
		.remote = remote,
		.kind = kind,
		.is_udp_first = kind == FETCH_IXFR && remote->ixfr_udp && remote->tls == NULL
		                && clock_boot_ms() >= attempt->primary->no_udp_ixfr_until,
		// An expired zone takes what there is: anything is better than nothing.
		.is_forced = attempt->is_forced || replica->refresh.phase == REPLICA_EXPIRED,
	};
	char why[256], address[ADDRESS_TEXT];

	order.wants_expire = attempt->policy->request_expire && !attempt->is_plain;
	attempt->kind = kind;
	changes_mark(replica);
	if (fetch_start(&order, done, attempt, &attempt->fetch, why) == 0)
		return;
	attempt->fetch = NULL;
	attempt_note(attempt, LEVEL_WARNING, "transfer from %s %s", attempt_remote_text(attempt, address), why);
	primary_unasked(attempt->primary);
	primary_slot_give(replica->room, &attempt->slot);
	attempt_next_primary(attempt);
}

bool attempt_may_ixfr(const struct attempt *attempt, const struct config_remote *remote, const struct primary *primary)
{
	return replica_version(attempt->replica) != NULL && !attempt->is_forced
	       && attempt->replica->refresh.phase != REPLICA_EXPIRED && attempt->policy->request_ixfr
	       && !remote->axfr_only && (primary == NULL || clock_boot_ms() >= primary->no_ixfr_until);
}

static enum fetch_kind choose_kind(const struct attempt *attempt)
{
	return !attempt->wants_axfr && attempt_may_ixfr(attempt, attempt_remote(attempt), attempt->primary)
	       ? FETCH_IXFR : FETCH_AXFR;
}

static void on_slot(struct slot_wait *wait)
{
	struct attempt *attempt = (struct attempt *)((char *)wait - offsetof(struct attempt, slot));

	attempt->replica->room->attempts.running += attempt->is_parked;
	attempt->is_parked = false;
	// It may have fallen silent while we waited for our turn.
	if (!primary_may_ask(attempt->primary, clock_boot_ms())) {
		primary_slot_give(attempt->replica->room, wait);
		attempt_pass_over(attempt);
		attempt_next_primary(attempt);
		return;
	}
	primary_asking(attempt->primary);
	attempt->was_asked = true;
	attempt_fetch(attempt, choose_kind(attempt), on_fetched);
}

void attempt_fetch_when_slot(struct attempt *attempt)
{
	struct replicate *room = attempt->replica->room;

	attempt->slot = (struct slot_wait){ .ready = on_slot };
	// Those that wait for a primary without an end must not use up what may run.
	// It is not looked at any more where it was handed a slot: it may be over.
	attempt->is_parked = true;
	room->attempts.running--;
	primary_slot_take(room, attempt->primary, &attempt->slot);
}
