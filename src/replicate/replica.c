// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/replica.h"

#include <string.h>

#include "base/arena.h"
#include "base/epoch.h"
#include "base/error.h"
#include "base/log.h"
#include "config/differ.h"
#include "replicate/attempt.h"
#include "replicate/changes.h"
#include "replicate/compare.h"
#include "replicate/export.h"
#include "replicate/held.h"
#include "replicate/load.h"
#include "replicate/notify_in.h"
#include "replicate/publish.h"
#include "replicate/replica_parts.h"
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

const struct config_zone *replica_zone(struct replica *replica)
{
	const struct config *config = room_config(replica->room);
	const uint8_t *origin = replica->slot->origin;
	const struct config_zone *zone = replica->zone_at < config->zone_count ? &config->zones[replica->zone_at] : NULL;

	if (zone != NULL && memcmp(zone->name, origin, replica->slot->origin_length) == 0)
		return zone;
	zone = config_zone_find(config, origin);
	if (zone != NULL)
		replica->zone_at = (uint32_t)(zone - config->zones);
	return zone;
}

// --- its life

static void on_deadline(struct deadline *deadline, uint64_t now);

// Those that decide alike are the same, so nobody who asks sees a difference then.
static void take_lists(struct replica *replica, const struct config_zone *zone)
{
	struct zone_slot *slot = replica->slot;
	struct lists *lists = &replica->room->lists;
	char name[NAME_MAX_TEXT];
	int no_query, no_transfer;
	const struct acl *query = lists_take(lists, zone->policy->allow_query, &no_query);
	const struct acl *transfer = lists_take(lists, zone->policy->allow_transfer, &no_transfer);

	lists_give(lists, atomic_exchange_explicit(&slot->allow_query, query, memory_order_acq_rel));
	lists_give(lists, atomic_exchange_explicit(&slot->allow_transfer, transfer, memory_order_acq_rel));
	if (no_query != 0 || no_transfer != 0)
		log_line(LEVEL_ERROR, replica_name(replica, name), "no memory for its access lists: nobody is let in "
		         "until a reload changes them");
}

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
	made->zone_at = (uint32_t)(zone - room_config(room)->zones);
	refresh_init(&made->refresh, clock_boot_ms());
	take_lists(made, zone);
	atomic_store_explicit(&made->slot->owner, made, memory_order_release);
	*replica = made;
	return 0;
}

void replica_take_timers(struct replica *replica, const struct zone_version *version)
{
	struct rrset set;
	struct soa soa;

	zone_soa(version, &set);
	if (soa_read(set.wire + RECORD_RDATA, wire_get16(set.wire + RECORD_RDLENGTH), &soa) == 0)
		refresh_take_soa(&replica->refresh, &soa, replica_zone(replica)->policy);
}

// What a primary served is a secondary's copy from now on, and expires as one.
static void begin_to_age(struct replica *replica)
{
	replica_take_timers(replica, replica_version(replica));
	refresh_resume(&replica->refresh, 0, replica->refresh.expire, false, clock_boot_ms());
	replica->confirmed = wall_now();
}

// A primary is behind nobody, and what went wrong with its own was another matter.
static void forget_primaries(struct replica *replica)
{
	replica->behind_since = 0;
	replica->has_primary_serial = replica->has_notify_serial = false;
	replica->primary = 0;
	replica_clear_error(replica);
}

static void set_role(struct replica *replica, uint8_t role)
{
	counters_zone(replica->room, replica->role, -1);
	counters_zone(replica->room, role, 1);
	attempt_cancel(replica);
	compare_cancel(replica);
	publish_cancel(replica);
	held_forget(replica);
	rollback_forget(replica);
	forget_primaries(replica);
	replica->role = role;
	replica->file = 0;
	replica->wants_load = role == CONFIG_PRIMARY;
	export_cancel(replica);
	if (role == CONFIG_SECONDARY)
		refresh_init(&replica->refresh, clock_boot_ms());
	if (role == CONFIG_SECONDARY && replica_version(replica) != NULL)
		begin_to_age(replica);
}

// What it does with the old ones is ended, and begins with those that it has now.
static void take_primaries(struct replica *replica, uint64_t spread)
{
	const struct attempt *attempt = replica->aside->attempt;
	bool is_forced = replica->is_forced || (attempt != NULL && attempt_is_forced(attempt));
	bool was_asking = replica->is_due || attempt != NULL;

	if (replica->role != CONFIG_SECONDARY)
		return;
	// What has been fetched already is as good as it was: it is asked after that.
	if (replica->aside->publication == NULL)
		attempt_cancel(replica);
	compare_cancel(replica);
	if (was_asking || replica->refresh.phase != REPLICA_CURRENT) {
		replica_wake(replica, is_forced);
	} else {
		uint64_t at = clock_boot_ms() + ((spread * room_random(replica->room)) >> 32);
		replica->refresh.refresh_at = at < replica->refresh.refresh_at ? at : replica->refresh.refresh_at;
	}
}

// The bounds of its timers may be others. What it waits for already is asked no
// later than they say, but not by all zones at once.
static void take_policy(struct replica *replica)
{
	uint64_t span, at;

	if (replica->role != CONFIG_SECONDARY || replica_version(replica) == NULL)
		return;
	replica_take_timers(replica, replica_version(replica));
	span = (uint64_t)replica->refresh.refresh * 1000;
	at = clock_boot_ms() + span - ((span / 4 * room_random(replica->room)) >> 32);
	if (replica->refresh.phase == REPLICA_CURRENT && at < replica->refresh.refresh_at)
		replica->refresh.refresh_at = at;
}

// A secondary's other file is written as if it were the first, a primary's is read.
static void take_file(struct replica *replica)
{
	replica->export_cost_ms = UINT32_MAX;
	if (replica->role == CONFIG_PRIMARY)
		replica->wants_load = true;
	else if (replica_version(replica) != NULL)
		export_request(replica);
}

static void take_targets(struct replica *replica)
{
	replica->has_warned_targets = false;
	if (replica->notifies == NULL)
		return;
	notify_out_forget(replica);
	notify_out_zone(replica, NOTIFY_OF_CHANGE);
}

void replica_configure(struct replica *replica, const struct config_zone *zone, unsigned differs, uint64_t spread)
{
	if ((differs & CONFIG_DIFFERS_ACCESS) != 0)
		take_lists(replica, zone);
	if ((differs & CONFIG_DIFFERS_ROLE) != 0)
		set_role(replica, zone->role);
	else if ((differs & CONFIG_DIFFERS_PRIMARIES) != 0)
		take_primaries(replica, spread);
	if ((differs & CONFIG_DIFFERS_TARGETS) != 0)
		take_targets(replica);
	if ((differs & CONFIG_DIFFERS_POLICY) != 0)
		take_policy(replica);
	if ((differs & CONFIG_DIFFERS_FILE) != 0)
		take_file(replica);
	monitor_configure_zone(replica);
	changes_mark(replica);
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
	// Where there is no memory to take the slot out it stays, and lets nobody in.
	lists_give(&room->lists, atomic_exchange_explicit(&replica->slot->allow_query, &acl_none, memory_order_acq_rel));
	lists_give(&room->lists, atomic_exchange_explicit(&replica->slot->allow_transfer, &acl_none, memory_order_acq_rel));
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

void replica_step(struct replica *replica, enum refresh_event event)
{
	act(replica, step(replica, event));
}

static void on_deadline(struct deadline *deadline, uint64_t now)
{
	struct replica *replica = (struct replica *)((char *)deadline - offsetof(struct replica, deadline));

	if (replica->is_woken && replica_is_idle(replica))
		notify_in_resume(replica);
	if (replica->role == CONFIG_SECONDARY && now >= refresh_next(&replica->refresh))
		replica_step(replica, REFRESH_TICK);
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
