// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/notify_in.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "dns/serial.h"
#include "dns/types.h"
#include "replicate/attempt.h"
#include "replicate/held.h"
#include "replicate/replica.h"
#include "replicate/room.h"

#define NOTIFY_PENDING (UINT64_C(1) << 63)
#define NOTIFY_HAS_SERIAL (UINT64_C(1) << 62)
#define NOTIFY_ALL_HAD_SERIAL (UINT64_C(1) << 61)
#define NOTIFY_SIGNED (UINT64_C(1) << 60)

// Anyone can cause these lines.
static struct log_limit refused_lines = { .per_second = 5, .burst = 20 };
static struct log_limit heard_lines = { .per_second = 50, .burst = 200 };

enum notify_sense notify_in_sense(bool has_serial, uint32_t serial, bool has_version, uint32_t ours,
                                  bool is_current)
{
	// A lower serial is looked into: the primary's operator should hear of it.
	if (has_serial && has_version && is_current && serial == ours)
		return NOTIFY_OLD_NEWS;
	return NOTIFY_NEWS;
}

// What a worker tells the loop. The zone's memory outlives it: it is given back
// by a mail that comes after all that workers who saw the zone have sent.
struct notice {
	struct mail mail;
	struct replica *replica;
	struct endpoint source;
};

static void on_notify(struct mail *mail, void *receiver);

// --- on the thread that received it

static uint64_t word_of(const struct notify_in *in)
{
	uint64_t word = NOTIFY_PENDING;

	if (in->has_serial)
		word |= NOTIFY_HAS_SERIAL | NOTIFY_ALL_HAD_SERIAL | in->serial;
	return in->key_name != NULL ? word | NOTIFY_SIGNED : word;
}

// Which of the two tells more: a serial more than none, a signature more than a
// serial that anyone can make up, a newer serial more than an older one.
static bool tells_more(uint64_t a, uint64_t b)
{
	if (((a ^ b) & NOTIFY_HAS_SERIAL) != 0)
		return (a & NOTIFY_HAS_SERIAL) != 0;
	if (((a ^ b) & NOTIFY_SIGNED) != 0)
		return (a & NOTIFY_SIGNED) != 0;
	return serial_newer((uint32_t)a, (uint32_t)b);
}

// A signature goes with the serial that it came with, and with no other.
static uint64_t merge(uint64_t old, uint64_t new)
{
	uint64_t both = tells_more(new, old) ? new : old;

	if ((old & NOTIFY_PENDING) == 0)
		return new;
	// Where a serial is passed over, whoever told it is asked.
	if (((old & new) & NOTIFY_ALL_HAD_SERIAL) == 0 || ((old ^ new) & NOTIFY_SIGNED) != 0)
		both &= ~NOTIFY_ALL_HAD_SERIAL;
	return both;
}

// Adds this NOTIFY to those that the loop has yet to see. True where it is the
// first, so that the loop must be told.
static bool mark(struct replica *replica, const struct notify_in *in)
{
	uint64_t old = atomic_load_explicit(&replica->notify, memory_order_relaxed);
	uint64_t new;

	do {
		new = merge(old, word_of(in));
	} while (!atomic_compare_exchange_weak_explicit(&replica->notify, &old, new, memory_order_acq_rel,
	                                                memory_order_relaxed));
	return (old & NOTIFY_PENDING) == 0;
}

// Tells the loop. Without memory the NOTIFY is lost, as a datagram may be.
static void post(struct replica *replica, const struct notify_in *in)
{
	struct notice *notice = malloc(sizeof *notice);

	if (notice == NULL) {
		atomic_store_explicit(&replica->notify, 0, memory_order_release);
		return;
	}
	notice->mail.deliver = on_notify;
	notice->replica = replica;
	endpoint_from(&notice->source, in->source);
	room_post(replica->room, &notice->mail);
}

static void log_refused(const struct config *config, const struct notify_in *in, const char *reason)
{
	const struct config_zone *zone = config_zone_find(config, in->slot->origin);
	char name[NAME_MAX_TEXT], source[ADDRESS_TEXT], advice[400] = "";
	uint64_t suppressed;

	if (!log_limit_allows(&refused_lines, &suppressed))
		return;
	if (reason == NULL && zone != NULL)
		reason = config_explain_refusal(config, zone, CONFIG_ACCESS_NOTIFY, in->source, in->key_name, advice,
		                                sizeof advice);
	if (reason == NULL)
		reason = "not allowed";
	address_host_to_text(in->source, source);
	log_event(LEVEL_WARNING, "notify-refused", name_to_text(in->slot->origin, name),
	          LOG_FIELDS(log_text("client", source), log_number_if(in->has_serial, "serial", in->serial),
	                     log_text("reason", reason)), "NOTIFY from %s refused: %s", source, reason);
	if (suppressed > 0)
		log_event(LEVEL_WARNING, "notify-refused", NULL, LOG_FIELDS(log_number("count", suppressed)), "%" PRIu64 " more NOTIFYs were refused without a line", suppressed);
}

void replicate_notify(struct replicate *replicate, const struct notify_in *notify,
                      uint16_t *rcode, char why[static 128])
{
	struct replica *replica = atomic_load_explicit(&notify->slot->owner, memory_order_acquire);
	struct room_counters *counters = &replicate->counters;
	const struct config_zone *zone = replica != NULL ? config_zone_find(room_config(replicate), notify->slot->origin)
	                                                 : NULL;

	why[0] = '\0';
	if (zone == NULL) {
		*rcode = RCODE_NOTAUTH;
		counters_notify_in(counters, false);
		snprintf(why, 128, "the zone is not kept here");
		return;
	}
	if (zone->role != CONFIG_SECONDARY) {
		*rcode = RCODE_NOTAUTH;
		counters_notify_in(counters, false);
		snprintf(why, 128, "this server is the zone's primary");
		log_refused(room_config(replicate), notify, "this server is the zone's primary");
		return;
	}
	if (!acl_allows(zone->policy->allow_notify, notify->source, notify->key_name)) {
		*rcode = RCODE_REFUSED;
		counters_notify_in(counters, false);
		snprintf(why, 128, "NOTIFY is not allowed from this address%s",
		         notify->key_name != NULL ? " with this key" : "");
		log_refused(room_config(replicate), notify, NULL);
		return;
	}
	*rcode = RCODE_NOERROR;
	counters_notify_in(counters, true);
	if (mark(replica, notify))
		post(replica, notify);
}

// --- on the loop

static void log_heard(struct replica *replica, uint64_t word, const struct endpoint *source, const char *what)
{
	char name[NAME_MAX_TEXT], address[ADDRESS_TEXT], serial[32] = "no serial";
	struct endpoint host = *source;
	uint64_t suppressed;

	if (!log_limit_allows(&heard_lines, &suppressed))
		return;
	// The source port is nobody's address.
	host.port = 0;
	if ((word & NOTIFY_HAS_SERIAL) != 0)
		snprintf(serial, sizeof serial, "serial %" PRIu32, (uint32_t)word);
	log_event(LEVEL_INFO, "notify-in", replica_name(replica, name),
	          LOG_FIELDS(log_text("client", endpoint_text(&host, address)),
	                     log_number_if((word & NOTIFY_HAS_SERIAL) != 0, "serial", (uint32_t)word),
	                     log_text("signed", (word & NOTIFY_SIGNED) != 0 ? "yes" : "no"), log_text("outcome", what)),
	          "NOTIFY from %s with %s: %s", address, serial, what);
}

static void remember(struct replica *replica, uint64_t word, const struct endpoint *source)
{
	static const struct endpoint unchanged = { .family = AF_UNSPEC };
	bool is_signed = (word & NOTIFY_SIGNED) != 0, has_serial = (word & NOTIFY_HAS_SERIAL) != 0;

	struct aside *aside = aside_of(replica);

	if (aside != NULL)
		aside->notifier = *source;
	replica->notify_was_signed = is_signed;
	// What is not signed anyone can have said: it is a reason to ask, no more.
	if (has_serial && is_signed)
		replica_note_serial(replica, &unchanged, (uint32_t)word);
	if (has_serial)
		replica->notify_serial = (uint32_t)word;
	replica->has_notify_serial = has_serial;
	if ((word & NOTIFY_ALL_HAD_SERIAL) == 0)
		replica->is_asked = true;
	replica->is_woken = true;
}

static void on_notify(struct mail *mail, void *receiver)
{
	struct notice *notice = (struct notice *)((char *)mail - offsetof(struct notice, mail));
	struct replica *replica = notice->replica;
	struct replicate *room = receiver;
	struct endpoint source = notice->source;
	uint64_t word = atomic_exchange_explicit(&replica->notify, 0, memory_order_acq_rel);
	const struct zone_version *version;
	struct endpoint host = source;
	struct primary *primary;

	free(notice);
	if (replica->is_removed || room->is_stopping || replica->role != CONFIG_SECONDARY)
		return;
	host.port = 0;
	primary = primary_find_host(room, &host);
	if (primary != NULL)
		primary_stirred(primary);
	version = replica_version(replica);
	if (notify_in_sense((word & NOTIFY_ALL_HAD_SERIAL) != 0, (uint32_t)word, version != NULL,
	                    version != NULL ? zone_serial(version) : 0,
	                    replica->refresh.phase == REPLICA_CURRENT) == NOTIFY_OLD_NEWS) {
		log_heard(replica, word, &source, "that is what we have");
		return;
	}
	if ((word & NOTIFY_ALL_HAD_SERIAL) != 0 && held_is(replica, (uint32_t)word)
	    && replica->refresh.phase == REPLICA_CURRENT) {
		log_heard(replica, word, &source, "that is what is held back");
		return;
	}
	remember(replica, word, &source);
	log_heard(replica, word, &source, replica_is_idle(replica) ? "looking" : "remembered, the zone is busy");
	notify_in_resume(replica);
	replica_settle(replica);
}

bool notify_bucket_take(struct notify_bucket *bucket, uint32_t rate, uint64_t now)
{
	uint64_t a_second = (uint64_t)rate * NOTIFY_A_QUERY * 1000;
	uint64_t most = (uint64_t)NOTIFY_BURST * 1000 > a_second ? (uint64_t)NOTIFY_BURST * 1000 : a_second;
	uint64_t passed = bucket->at != 0 && now - bucket->at < 3600000 ? now - bucket->at : 3600000;

	if (rate == 0)
		return true;
	bucket->tokens += passed * rate * NOTIFY_A_QUERY;
	if (bucket->tokens > most)
		bucket->tokens = most;
	bucket->at = now;
	if (bucket->tokens < 1000)
		return false;
	bucket->tokens -= 1000;
	return true;
}

static bool is_known(struct replica *replica, bool has_serial, uint32_t serial)
{
	return !has_serial || serial == zone_serial(replica_version(replica)) || held_is(replica, serial);
}

void notify_in_resume(struct replica *replica)
{
	struct replicate *room = replica->room;
	const struct zone_version *version = replica_version(replica);

	if (!replica->is_woken || !replica_is_idle(replica) || clock_boot_ms() < replica->notify_after)
		return;
	replica->is_woken = false;
	if (!replica->is_asked && version != NULL && (replica->has_primary_serial || replica->has_notify_serial)
	    && replica->refresh.phase == REPLICA_CURRENT
	    && is_known(replica, replica->has_primary_serial, replica->primary_serial)
	    && is_known(replica, replica->has_notify_serial, replica->notify_serial))
		return;
	replica->is_asked = false;
	attempt_request(replica, replica->notify_was_signed || version == NULL
	                || notify_bucket_take(&room->notify_in, room_config(room)->server.serial_query_rate, clock_boot_ms()));
}
