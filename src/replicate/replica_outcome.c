// SPDX-License-Identifier: GPL-3.0-or-later
// How attempts and loads of a zone ended, and what became known of it.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "dns/serial.h"
#include "replicate/changes.h"
#include "replicate/held.h"
#include "replicate/load.h"
#include "replicate/notify_in.h"
#include "replicate/replica_parts.h"

void replica_clear_error(struct replica *replica)
{
	struct aside *aside = aside_have(replica);

	if (replica->aside == &aside_nothing)
		return;
	free(aside->last_error);
	aside->last_error = NULL;
	memset(aside->told, 0, sizeof aside->told);
	aside_tidy(replica);
}

bool replica_has_news(struct replica *replica, const char *why)
{
	uint32_t hash = (uint32_t)hash_bytes(why, strlen(why)) | 1; // 0 is none
	struct aside *aside = aside_of(replica);

	for (unsigned i = 0; aside != NULL && i < REPLICA_TOLD; i++)
		if (aside->told[i] == hash)
			return false;
	if (aside != NULL)
		aside->told[aside->told_at++ % REPLICA_TOLD] = hash;
	return true;
}

void replica_set_error(struct replica *replica, const char *why)
{
	struct aside *aside = aside_of(replica);
	char *text = aside != NULL ? strndup(why, 255) : NULL;

	if (text == NULL)
		return;
	free(aside->last_error);
	aside->last_error = text;
}

void replica_note_error(struct replica *replica, const char *why)
{
	if (replica->aside->last_error == NULL || strcmp(replica->aside->last_error, why) != 0)
		replica_set_error(replica, why);
	replica->last_error_at = wall_now();
	changes_mark(replica);
}

bool replica_is_told_of_news(const struct replica *replica)
{
	const struct zone_version *version = replica_version(replica);

	return version != NULL
	       && ((replica->has_primary_serial && serial_newer(replica->primary_serial, zone_serial(version)))
	           || (replica->has_notify_serial && serial_newer(replica->notify_serial, zone_serial(version))));
}

void replica_note_serial(struct replica *replica, const struct endpoint *primary, uint32_t serial)
{
	const struct zone_version *version = replica_version(replica);

	changes_mark(replica);
	if (primary->family != AF_UNSPEC)
		replica->primary = endpoints_keep(&replica->room->endpoints, primary);
	if (!replica->has_primary_serial || serial_newer(serial, replica->primary_serial) || version == NULL)
		replica->primary_serial = serial;
	replica->has_primary_serial = true;
	if (version != NULL && serial_newer(serial, zone_serial(version)) && replica->behind_since == 0
	    && !held_is_rejected(replica, serial))
		replica->behind_since = wall_now();
}

void replica_confirmed(struct replica *replica)
{
	const struct zone_version *version = replica_version(replica);
	char name[NAME_MAX_TEXT];

	replica->confirmed = wall_now();
	// A NOTIFY that came meanwhile may know of more than this answer did.
	if (version != NULL && !replica->is_woken) {
		replica->primary_serial = zone_serial(version);
		replica->has_primary_serial = true;
		replica->behind_since = 0;
		replica->has_notify_serial = false;
	}
	replica->notify_after = clock_boot_ms() + NOTIFY_PAUSE_MS;
	if (replica->aside->last_error != NULL && version != NULL)
		log_event(LEVEL_INFO, "confirmed-again", replica_name(replica, name),
		         LOG_FIELDS(log_number("serial", zone_serial(version))), "serial %" PRIu32 " is confirmed again",
		         zone_serial(version));
	replica_clear_error(replica);
	replica_step(replica, REFRESH_CONFIRMED);
	replica_put_state(replica);
	replica_settle(replica);
}

void replica_failed(struct replica *replica, const char *why)
{
	replica_note_error(replica, why[0] != '\0' ? why : "no primary could be asked");
	replica->notify_after = clock_boot_ms() + NOTIFY_PAUSE_MS;
	replica_step(replica, REFRESH_FAILED);
	replica_put_state(replica);
	replica_settle(replica);
}

void replica_unproven(struct replica *replica, const char *why, bool is_bad_time)
{
	char name[NAME_MAX_TEXT];

	if (replica->refresh.is_on_trial && replica->refresh.failures == 0)
		log_line(LEVEL_ERROR, replica_name(replica, name), "%s: it is served on until %s",
		         is_bad_time ? "its copy is not too old, one of the clocks is wrong (TSIG BADTIME)"
		                     : "its copy is too old by our clock, which may be why TSIG does not verify",
		         is_bad_time ? "the clock is set" : "a primary is understood");
	replica_note_error(replica, why);
	replica->notify_after = clock_boot_ms() + NOTIFY_PAUSE_MS;
	replica_step(replica, REFRESH_UNPROVEN);
	replica_put_state(replica);
	replica_settle(replica);
}

void replica_postponed(struct replica *replica, const char *why, uint64_t at)
{
	uint64_t spread = 1000;

	replica_note_error(replica, why);
	if (replica->refresh.phase == REPLICA_CURRENT)
		replica->refresh.phase = REPLICA_STALE;
	replica->notify_after = clock_boot_ms() + NOTIFY_PAUSE_MS;
	replica->refresh.refresh_at = at + ((spread * room_random(replica->room)) >> 32);
	replica_settle(replica);
}

void replica_still_held(struct replica *replica)
{
	replica->notify_after = clock_boot_ms() + NOTIFY_PAUSE_MS;
	if (!replica->is_unsaved)
		replica_clear_error(replica);
	// An older version is served because the operator wants it, and it is as good
	// as the primaries are there.
	if (replica->aside->pin != NULL)
		replica->confirmed = wall_now();
	replica_step(replica, replica->aside->pin != NULL ? REFRESH_CONFIRMED : REFRESH_HELD);
	replica_put_state(replica);
	replica_settle(replica);
}

void replica_take_stamp(struct replica *replica, const struct file_stamp *stamp)
{
	replica->file = load_digest(stamp);
	replica->file_changed = wall_word(stamp->mtime_ns / 1000000000);
}

// A secondary's file is as old as it looks; a primary's is what there is.
static void took_file(struct replica *replica)
{
	int64_t age = clock_wall_s() - (int64_t)replica->file_changed;

	if (replica->role == CONFIG_PRIMARY) {
		replica->refresh.phase = REPLICA_CURRENT;
		return;
	}
	if (replica->confirmed == 0)
		replica->confirmed = replica->file_changed;
	refresh_resume(&replica->refresh, 0, (int64_t)replica->refresh.expire - age, false, clock_boot_ms());
	if (replica->refresh.phase == REPLICA_EXPIRED)
		zone_slot_set_state(replica->slot, ZONE_STATE_EXPIRED);
}

void replica_warn_of_iterations(struct replica *replica, const struct zone_version *version)
{
	struct nsec3_parameters parameters;
	char name[NAME_MAX_TEXT];

	if (replica->has_warned_nsec3 || !zone_nsec3_parameters(version, &parameters)
	    || parameters.iterations <= NSEC3_GOOD_ITERATIONS)
		return;
	replica->has_warned_nsec3 = true;
	if (parameters.iterations > NSEC3_MAX_ITERATIONS)
		log_line(LEVEL_WARNING, replica_name(replica, name),
		         "NSEC3 with %u iterations: above %u no proof is sent that a name does not exist, and validating "
		         "resolvers may answer SERVFAIL; sign it with 0 (RFC 9276)", parameters.iterations, NSEC3_MAX_ITERATIONS);
	else
		log_line(LEVEL_WARNING, replica_name(replica, name),
		         "NSEC3 with %u iterations: above %u resolvers take the zone for unsigned; sign it with 0 (RFC 9276)",
		         parameters.iterations, NSEC3_GOOD_ITERATIONS);
}

int64_t replica_confirmation(const struct replica *replica, uint64_t confirmed_at)
{
	int64_t now = clock_wall_s();

	if (confirmed_at != 0)
		return now - (int64_t)((clock_boot_ms() - confirmed_at) / 1000);
	return replica->confirmed != 0 ? replica->confirmed : now;
}

void replica_replaced(struct replica *replica, const struct zone_version *version, bool is_transfer,
                      uint64_t confirmed_at)
{
	struct rrset set;
	struct soa soa;
	char name[NAME_MAX_TEXT];

	zone_soa(version, &set);
	if (soa_read(set.wire + RECORD_RDATA, wire_get16(set.wire + RECORD_RDLENGTH), &soa) == 0)
		refresh_take_soa(&replica->refresh, &soa, replica_zone(replica)->policy);
	replica->is_file_served = false; // load_published() knows better
	replica->transferred = wall_now();
	if (is_transfer)
		replica->confirmed = wall_word(replica_confirmation(replica, confirmed_at));
	if (replica->has_notify_serial && !serial_newer(replica->notify_serial, soa.serial))
		replica->has_notify_serial = false;
	if (!replica->has_primary_serial || !serial_newer(replica->primary_serial, soa.serial)) {
		replica->primary_serial = soa.serial;
		replica->behind_since = 0;
	}
	replica_clear_error(replica);
	held_served(replica, soa.serial);
	if (is_transfer)
		(void)refresh_replaced(&replica->refresh, confirmed_at, clock_boot_ms(), room_random(replica->room));
	else
		took_file(replica);
	// A primary that is known to have more is asked again soon.
	if (replica->behind_since != 0)
		replica->refresh.refresh_at = clock_boot_ms() + 2000;
	log_event(LEVEL_NOTICE, "published", replica_name(replica, name), LOG_FIELDS(log_number("serial", soa.serial)),
	          "serial %u is served", soa.serial);
	replica_warn_of_iterations(replica, version);
}
