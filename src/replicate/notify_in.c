// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/notify_in.h"

#include <inttypes.h>
#include <stdio.h>

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

// --- on the thread that received it

// Adds this NOTIFY to those that the loop has yet to see. True where it is the
// first, so that the loop must be told.
static bool mark(struct replica *replica, const struct notify_in *in)
{
	uint64_t old = atomic_load_explicit(&replica->notify, memory_order_relaxed);
	uint64_t new;

	do {
		uint32_t serial = in->serial;
		bool had = (old & NOTIFY_HAS_SERIAL) != 0;
		bool all = in->has_serial && ((old & NOTIFY_PENDING) == 0 || (old & NOTIFY_ALL_HAD_SERIAL) != 0);
		if (had && (!in->has_serial || serial_newer((uint32_t)old, serial)))
			serial = (uint32_t)old;
		new = NOTIFY_PENDING | (old & NOTIFY_SIGNED) | serial;
		if (in->has_serial || had)
			new |= NOTIFY_HAS_SERIAL;
		if (all)
			new |= NOTIFY_ALL_HAD_SERIAL;
		if (in->key_name != NULL)
			new |= NOTIFY_SIGNED;
	} while (!atomic_compare_exchange_weak_explicit(&replica->notify, &old, new, memory_order_acq_rel,
	                                                memory_order_relaxed));
	return (old & NOTIFY_PENDING) == 0;
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
	log_line(LEVEL_WARNING, name_to_text(in->slot->origin, name), "NOTIFY from %s refused: %s",
	         address_host_to_text(in->source, source), reason != NULL ? reason : "not allowed");
	if (suppressed > 0)
		log_line(LEVEL_WARNING, NULL, "%" PRIu64 " more NOTIFYs were refused without a line", suppressed);
}

void replicate_notify(struct replicate *replicate, const struct notify_in *notify,
                      uint16_t *rcode, char why[static 128])
{
	struct replica *replica = atomic_load_explicit(&notify->slot->owner, memory_order_acquire);
	const struct config_zone *zone = replica != NULL ? replica_zone(replica) : NULL;

	why[0] = '\0';
	if (zone == NULL) {
		*rcode = RCODE_NOTAUTH;
		snprintf(why, 128, "the zone is not kept here");
		return;
	}
	if (zone->role != CONFIG_SECONDARY) {
		*rcode = RCODE_NOTAUTH;
		snprintf(why, 128, "this server is the zone's primary");
		log_refused(room_config(replicate), notify, "this server is the zone's primary");
		return;
	}
	if (!acl_allows(zone->policy->allow_notify, notify->source, notify->key_name)) {
		*rcode = RCODE_REFUSED;
		snprintf(why, 128, "NOTIFY is not allowed from this address%s",
		         notify->key_name != NULL ? " with this key" : "");
		log_refused(room_config(replicate), notify, NULL);
		return;
	}
	*rcode = RCODE_NOERROR;
	if (mark(replica, notify)) {
		endpoint_from(&replica->notify_source, notify->source);
		room_post(replicate, &replica->notify_mail);
	}
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
	log_line(LEVEL_INFO, replica_name(replica, name), "NOTIFY from %s with %s: %s",
	         endpoint_text(&host, address), serial, what);
}

static void remember(struct replica *replica, uint64_t word, const struct endpoint *source)
{
	static const struct endpoint unchanged = { .family = AF_UNSPEC };

	replica->notify_from = *source;
	replica->notify_was_signed = (word & NOTIFY_SIGNED) != 0;
	if ((word & NOTIFY_HAS_SERIAL) != 0)
		replica_note_serial(replica, &unchanged, (uint32_t)word);
	if ((word & NOTIFY_ALL_HAD_SERIAL) == 0)
		replica->is_asked = true;
	replica->is_woken = true;
}

static void on_notify(struct mail *mail, void *receiver)
{
	struct replica *replica = (struct replica *)((char *)mail - offsetof(struct replica, notify_mail));
	struct replicate *room = receiver;
	struct endpoint source = replica->notify_source;
	uint64_t word = atomic_exchange_explicit(&replica->notify, 0, memory_order_acq_rel);
	const struct zone_version *version;
	struct endpoint host = source;
	struct primary *primary;

	if (replica->is_removed || room->is_stopping || replica->role != CONFIG_SECONDARY)
		return;
	host.port = 0;
	primary = primary_find_host(room, &host);
	if (primary != NULL)
		primary_stirred(primary);
	version = replica_version(replica);
	if (notify_in_sense((word & NOTIFY_HAS_SERIAL) != 0, (uint32_t)word, version != NULL,
	                    version != NULL ? zone_serial(version) : 0,
	                    replica->refresh.phase == REPLICA_CURRENT) == NOTIFY_OLD_NEWS) {
		log_heard(replica, word, &source, "that is what we have");
		return;
	}
	if ((word & NOTIFY_HAS_SERIAL) != 0 && held_is(replica, (uint32_t)word)
	    && replica->refresh.phase == REPLICA_CURRENT) {
		log_heard(replica, word, &source, "that is what is held back");
		return;
	}
	remember(replica, word, &source);
	log_heard(replica, word, &source, replica_is_idle(replica) ? "looking" : "remembered, the zone is busy");
	notify_in_resume(replica);
	replica_settle(replica);
}

void notify_in_init(struct replica *replica)
{
	replica->notify_mail.deliver = on_notify;
}

void notify_in_resume(struct replica *replica)
{
	const struct zone_version *version = replica_version(replica);

	if (!replica->is_woken || !replica_is_idle(replica) || clock_boot_ms() < replica->notify_after)
		return;
	replica->is_woken = false;
	if (!replica->is_asked && version != NULL && replica->has_primary_serial
	    && replica->refresh.phase == REPLICA_CURRENT
	    && (replica->primary_serial == zone_serial(version) || held_is(replica, replica->primary_serial)))
		return;
	replica->is_asked = false;
	attempt_request(replica, true);
}
