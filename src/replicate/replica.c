// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/replica.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/epoch.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/log.h"
#include "dns/serial.h"
#include "replicate/attempt.h"
#include "replicate/changes.h"
#include "replicate/compare.h"
#include "replicate/export.h"
#include "replicate/held.h"
#include "replicate/load.h"
#include "replicate/notify_in.h"
#include "replicate/publish.h"
#include "replicate/rollback.h"

const char *replica_name(const struct replica *replica, char text[static NAME_MAX_TEXT])
{
	return name_to_text(replica->slot->origin, text);
}

// Only this thread publishes and removes, so what it reads in a slot stays.
const struct zone_version *replica_version(const struct replica *replica)
{
	return atomic_load_explicit(&replica->slot->version, memory_order_relaxed);
}

static uint32_t wall_word(int64_t seconds)
{
	return seconds <= 0 ? 0 : seconds < UINT32_MAX ? (uint32_t)seconds : UINT32_MAX;
}

static uint32_t wall_now(void)
{
	return wall_word(clock_wall_s());
}

// --- its life

static void on_deadline(struct deadline *deadline, uint64_t now);

int replica_new(struct replicate *room, const struct config_zone *zone, struct replica **replica)
{
	arena_ref ref = arena_alloc(sizeof(struct replica), NULL);
	struct zone_line *line = NULL;
	struct replica *made;
	int error;

	if (ref == 0)
		return ERR_MEMORY;
	made = arena_at(ref);
	memset(made, 0, sizeof *made);
	error = deadline_join(&room->deadlines, &made->deadline, on_deadline);
	if (error == 0) {
		error = zone_line_new(zone->name, &line);
		if (error == 0)
			error = zone_table_add(room->table, zone->name, &made->slot);
		if (error != 0)
			deadline_leave(&room->deadlines, &made->deadline);
	}
	if (error != 0) {
		zone_line_release(line);
		arena_free(ref, sizeof *made, NULL);
		return error;
	}
	made->room = room;
	made->line = arena_ref_of(line);
	made->aside = &aside_nothing;
	made->export_at = DEADLINE_NEVER;
	made->export_cost_ms = UINT32_MAX;
	made->role = zone->role;
	refresh_init(&made->refresh, clock_boot_ms());
	replica_configure(made, zone);
	atomic_store_explicit(&made->slot->owner, made, memory_order_release);
	*replica = made;
	return 0;
}

// What a primary served is a secondary's copy from now on, and expires as one.
static void begin_to_age(struct replica *replica)
{
	struct rrset set;
	struct soa soa;

	zone_soa(replica_version(replica), &set);
	if (soa_read(set.wire + RECORD_RDATA, wire_get16(set.wire + RECORD_RDLENGTH), &soa) == 0)
		refresh_take_soa(&replica->refresh, &soa, replica_zone(replica)->policy);
	refresh_resume(&replica->refresh, 0, replica->refresh.expire, false, clock_boot_ms());
	replica->confirmed = wall_now();
}

static void set_role(struct replica *replica, uint8_t role)
{
	attempt_cancel(replica);
	compare_cancel(replica);
	publish_cancel(replica);
	held_forget(replica);
	rollback_forget(replica);
	replica->role = role;
	replica->file = 0;
	export_cancel(replica);
	if (role == CONFIG_SECONDARY)
		refresh_init(&replica->refresh, clock_boot_ms());
	if (role == CONFIG_SECONDARY && replica_version(replica) != NULL)
		begin_to_age(replica);
}

void replica_configure(struct replica *replica, const struct config_zone *zone)
{
	struct zone_slot *slot = replica->slot;

	atomic_store_explicit(&replica->zone, zone, memory_order_release);
	atomic_store_explicit(&slot->allow_query, zone->policy->allow_query, memory_order_release);
	atomic_store_explicit(&slot->allow_transfer, zone->policy->allow_transfer, memory_order_release);
	if (replica->role != zone->role)
		set_role(replica, zone->role);
}

static void on_buried(struct mail *mail, void *receiver)
{
	struct replica *replica = (struct replica *)((char *)mail - offsetof(struct replica, bury));
	struct replicate *room = receiver;

	replica_free(replica);
	room_job_end(room);
}

void replica_free(struct replica *replica)
{
	aside_free(replica);
	// Jobs that were under way when the zone was taken out still knew it by its slot.
	if (replica->is_out_of_table)
		zone_slot_free(replica->slot);
	zone_line_release(replica_line(replica));
	arena_free(arena_ref_of(replica), sizeof *replica, NULL);
}

// On the epoch thread: no worker can still see the zone.
static void bury(void *context)
{
	struct replica *replica = context;

	room_post(replica->room, &replica->bury);
}

static void bury_when_free(struct replica *replica)
{
	if (!replica->is_removed || replica->holds > 0)
		return;
	replica->bury.deliver = on_buried;
	epoch_retire(bury, replica);
}

void replica_remove(struct replica *replica)
{
	struct replicate *room = replica->room;

	replica_hold(replica);
	replica->is_removed = true;
	attempt_cancel(replica);
	compare_cancel(replica);
	publish_cancel(replica);
	held_forget(replica);
	rollback_forget(replica);
	export_cancel(replica);
	notify_out_forget(replica);
	monitor_forget(replica);
	deadline_leave(&room->deadlines, &replica->deadline);
	atomic_store_explicit(&replica->slot->owner, NULL, memory_order_release);
	// Its lists go with the old configuration; where there is no memory to take
	// the slot out it stays, and must not point at them.
	atomic_store_explicit(&replica->slot->allow_query, &acl_none, memory_order_release);
	atomic_store_explicit(&replica->slot->allow_transfer, &acl_none, memory_order_release);
	replica->is_out_of_table = zone_table_remove(room->table, replica->slot);
	room_job_begin(room);
	replica_drop(replica);
}

void replica_hold(struct replica *replica)
{
	replica->holds++;
}

void replica_drop(struct replica *replica)
{
	replica->holds--;
	bury_when_free(replica);
}

bool replica_is_idle(const struct replica *replica)
{
	return replica->aside->attempt == NULL && replica->aside->publication == NULL && !replica->is_strand_busy
	       && !replica->is_loading && !replica->wants_resume && !replica->is_removed;
}

// --- what drives it

// For who asks with EDNS EXPIRE (RFC 7314, 3.2).
static void tell_expiry(struct replica *replica)
{
	uint64_t at = replica->refresh.expires_at;

	// On trial it lives until the primaries have been asked, and grants no more.
	if (replica->refresh.is_on_trial)
		at = replica->refresh.refresh_at;
	if (replica->role != CONFIG_SECONDARY || at == REFRESH_NEVER)
		at = 0;
	atomic_store_explicit(&replica->slot->expires_at, (uint32_t)(at / 1000), memory_order_relaxed);
}

static void set_deadline(struct replica *replica)
{
	uint64_t at = DEADLINE_NEVER;

	changes_mark(replica);
	tell_expiry(replica);

	// A primary does not age; an attempt sets its own end.
	if (replica->role == CONFIG_SECONDARY)
		at = replica->aside->attempt != NULL || replica->is_due ? replica->refresh.expires_at
		                                                 : refresh_next(&replica->refresh);
	if (replica->export_at < at && !replica->is_exporting && !replica->is_export_queued)
		at = replica->export_at;
	if (replica->is_woken && replica_is_idle(replica) && replica->notify_after < at)
		at = replica->notify_after;
	deadline_set(&replica->room->deadlines, &replica->deadline, at);
}

void replica_settle(struct replica *replica)
{
	if (replica->is_removed || replica->room->is_stopping || !replica->room->is_running)
		return;
	if (replica->wants_resume) {
		load_request(replica);
	} else if (replica_is_idle(replica)) {
		if (replica->aside->rollback != NULL)
			rollback_run(replica);
		else if (replica->wants_approval)
			held_publish(replica);
		else if (replica->wants_load || replica->wants_store)
			load_request(replica);
		else if (replica->is_woken && replica->role == CONFIG_SECONDARY)
			notify_in_resume(replica);
		else if (compare_waits(replica))
			compare_run(replica);
	} else if (replica->is_woken) {
		compare_yield(replica);
	}
	set_deadline(replica);
}

static void act(struct replica *replica, unsigned actions)
{
	char name[NAME_MAX_TEXT];

	if (actions & REFRESH_EXPIRE) {
		zone_slot_set_state(replica->slot, ZONE_STATE_EXPIRED);
		log_event(LEVEL_ERROR, "expired", replica_name(replica, name),
		         LOG_FIELDS(log_number("serial", replica_version(replica) != NULL
		                                         ? zone_serial(replica_version(replica)) : 0),
		                    log_number("expire", replica->refresh.expire)),
		         "expired: no primary has confirmed serial %u for %u s; it is no longer answered for",
		         replica_version(replica) != NULL ? zone_serial(replica_version(replica)) : 0,
		         replica->refresh.expire);
		replica_put_state(replica);
	}
	if (actions & REFRESH_SERVE) {
		zone_slot_set_state(replica->slot, ZONE_STATE_SERVED);
		log_event(LEVEL_NOTICE, "served-again", replica_name(replica, name), NULL, "answered for again");
	}
	if (actions & REFRESH_ASK)
		attempt_request(replica, replica_version(replica) == NULL);
}

static unsigned step(struct replica *replica, enum refresh_event event)
{
	// What was only told by NOTIFY is tried for a few times.
	replica->refresh.is_behind = replica->behind_since != 0
	                             || (replica->refresh.failures < NOTIFY_TRIES && replica_is_told_of_news(replica));
	return refresh_step(&replica->refresh, event, clock_boot_ms(), room_random(replica->room));
}

static void on_deadline(struct deadline *deadline, uint64_t now)
{
	struct replica *replica = (struct replica *)((char *)deadline - offsetof(struct replica, deadline));

	if (replica->is_woken && replica_is_idle(replica))
		notify_in_resume(replica);
	if (replica->role == CONFIG_SECONDARY && now >= refresh_next(&replica->refresh))
		act(replica, step(replica, REFRESH_TICK));
	if (now >= replica->export_at)
		export_tick(replica, now);
	set_deadline(replica);
}

void replica_wake(struct replica *replica, bool is_forced)
{
	if (is_forced)
		replica->is_forced = true;
	replica->is_asked = true;
	(void)step(replica, REFRESH_WOKEN);
	attempt_request(replica, true);
	set_deadline(replica);
}

// --- how things ended

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

// Without memory what is known already stays.
static void set_last_error(struct replica *replica, const char *why)
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
		set_last_error(replica, why);
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
	if (version != NULL && serial_newer(serial, zone_serial(version)) && replica->behind_since == 0)
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
	act(replica, step(replica, REFRESH_CONFIRMED));
	replica_put_state(replica);
	replica_settle(replica);
}

void replica_failed(struct replica *replica, const char *why)
{
	replica_note_error(replica, why[0] != '\0' ? why : "no primary could be asked");
	replica->notify_after = clock_boot_ms() + NOTIFY_PAUSE_MS;
	act(replica, step(replica, REFRESH_FAILED));
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
	act(replica, step(replica, REFRESH_UNPROVEN));
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
	act(replica, step(replica, replica->aside->pin != NULL ? REFRESH_CONFIRMED : REFRESH_HELD));
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

// Said once of a zone: it is served, but not as its owner means it.
static void warn_of_iterations(struct replica *replica, const struct zone_version *version)
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
	warn_of_iterations(replica, version);
}

// --- the store's view of it

// Boot milliseconds as wall seconds; 0 for never.
static int64_t wall_of(uint64_t at)
{
	uint64_t now = clock_boot_ms();

	if (at == REFRESH_NEVER)
		return 0;
	return clock_wall_s() + ((int64_t)(at / 1000) - (int64_t)(now / 1000));
}

void replica_store_state(const struct replica *replica, struct store_state *state)
{
	const struct zone_version *version = replica_version(replica);

	memset(state, 0, sizeof *state);
	state->has_version = version != NULL;
	if (version != NULL)
		state->serial = replica->aside->pin != NULL ? replica->aside->pin->newest : zone_serial(version);
	state->transferred = replica->transferred;
	state->confirmed = replica->confirmed;
	if (replica->role == CONFIG_SECONDARY && version != NULL) {
		state->refresh_at = wall_of(replica->refresh.refresh_at);
		state->expires_at = replica->refresh.expires_at != REFRESH_NEVER
		                    ? wall_of(replica->refresh.expires_at)
		                    : (int64_t)replica->confirmed + replica->refresh.expire;
		state->life = replica->refresh.life;
	}
	endpoint_to(replica_primary(replica), &state->primary);
	if (replica->aside->last_error != NULL)
		snprintf(state->last_error, sizeof state->last_error, "%s", replica->aside->last_error);
	state->last_error_at = replica->last_error_at;
	if (replica->role == CONFIG_PRIMARY && replica->is_file_served)
		state->file = replica->file;
}

void replica_put_state(struct replica *replica)
{
	struct store_state state;

	// On trial, the times that the store has are better than those of this clock.
	if (replica_version(replica) == NULL || replica->is_unsaved || replica->wants_store
	    || replica->aside->publication != NULL || replica->refresh.is_on_trial)
		return;
	replica_store_state(replica, &state);
	(void)store_put_state(replica->room->store, replica->slot->origin, &state);
}

void replica_resume(struct replica *replica, const struct zone_version *version,
                    const struct store_state *state, int64_t wall, bool ask_first)
{
	struct endpoint primary;
	struct rrset set;
	struct soa soa;

	zone_soa(version, &set);
	if (soa_read(set.wire + RECORD_RDATA, wire_get16(set.wire + RECORD_RDLENGTH), &soa) == 0)
		refresh_take_soa(&replica->refresh, &soa, replica_zone(replica)->policy);
	replica->transferred = wall_word(state->transferred);
	replica->confirmed = wall_word(state->confirmed);
	replica->last_error_at = wall_word(state->last_error_at);
	endpoint_from(&primary, (const struct sockaddr *)&state->primary);
	replica->primary = endpoints_keep(&replica->room->endpoints, &primary);
	if (state->last_error[0] != '\0')
		set_last_error(replica, state->last_error);
	zone_slot_publish(replica->slot, version);
	warn_of_iterations(replica, version);
	if (replica->role != CONFIG_SECONDARY) {
		replica->refresh.phase = REPLICA_CURRENT;
		return;
	}
	refresh_resume(&replica->refresh, state->refresh_at - wall, state->expires_at - wall, ask_first,
	               clock_boot_ms());
	if (state->life != 0)
		replica->refresh.life = state->life;
	if (replica->refresh.phase == REPLICA_EXPIRED)
		zone_slot_set_state(replica->slot, ZONE_STATE_EXPIRED);
}
