// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdio.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "replicate/attempt.h"
#include "replicate/load.h"
#include "replicate/publish_parts.h"
#include "replicate/replica.h"
#include "replicate/room.h"

// A store that fails is tried again after 1, 2, 4 … seconds, at most this many.
#define STORE_RETRY_MAX_S 60u

static void on_stored(void *context, int error, const char *why)
{
	struct publication *p = context;

	p->error = error;
	snprintf(p->why, sizeof p->why, "unsaved: %s", why != NULL && why[0] != '\0' ? why : error_text(error));
	room_post(p->room, &p->mail);
}

// What is stored stays: only what of it is served is noted.
static void run_store_pin(struct publication *p)
{
	const struct store_pin *pin = p->turn == PUBLISH_ROLLBACK ? &p->pin : NULL;
	int error = store_pin_put(p->room->store, zone_origin(p->version), pin, on_stored, p);

	if (error != 0)
		on_stored(p, error, error_text(error));
}

void publish_store(struct publication *p)
{
	struct store_state state;
	struct replica *replica = p->replica;
	struct store_keep keep = { p->policy->max_journal_size, p->policy->history };
	struct soa soa = { 0 };
	struct rrset set;
	int error;

	if (p->turn != PUBLISH_FORWARD) {
		run_store_pin(p);
		return;
	}
	// The state as it will be once this version is served.
	replica_store_state(replica, &state);
	state.has_version = true;
	state.serial = zone_serial(p->version);
	if (!p->is_served)
		state.transferred = clock_wall_s();
	if (p->is_transfer) {
		struct refresh timers = replica->refresh;
		uint64_t now = clock_boot_ms();
		zone_soa(p->version, &set);
		(void)soa_read(set.wire + RECORD_RDATA, wire_get16(set.wire + RECORD_RDLENGTH), &soa);
		refresh_take_soa(&timers, &soa, p->policy);
		(void)refresh_replaced(&timers, p->confirmed_at, now, 0);
		state.confirmed = replica_confirmation(replica, p->confirmed_at);
		state.refresh_at = state.transferred + (int64_t)(timers.refresh_at - now) / 1000;
		state.expires_at = state.transferred + (int64_t)(timers.expires_at - now) / 1000;
		state.life = timers.life;
	}
	state.last_error[0] = '\0';
	// Until they have answered, for the next start to know.
	state.is_untold = p->policy->notify != CONFIG_NOTIFY_NO;
	if (replica->role == CONFIG_PRIMARY && !p->is_transfer && !p->is_approved)
		state.file = replica->file;
	error = store_commit(p->room->store, p->version, p->delta, &keep, &state, on_stored, p);
	if (error != 0)
		on_stored(p, error, error_text(error));
}

void publish_retry(struct deadline *deadline, uint64_t now)
{
	struct publication *p = (struct publication *)((char *)deadline - offsetof(struct publication, retry));

	(void)now;
	publish_store(p);
}

// Nothing is served that is not stored: the version waits, the old one goes on.
void publish_store_failed(struct publication *p)
{
	uint64_t wait = (uint64_t)1 << (p->store_failures < 6 ? p->store_failures : 6);
	char name[NAME_MAX_TEXT];

	if (wait > STORE_RETRY_MAX_S)
		wait = STORE_RETRY_MAX_S;
	if (p->store_failures++ == 0)
		log_event(LEVEL_ERROR, "unsaved", replica_name(p->replica, name),
		         LOG_FIELDS(log_number("serial", zone_serial(p->version)), log_text("reason", p->why)),
		         "serial %u %s; %s, and this is tried again",
		         zone_serial(p->version), p->why,
		         p->is_served ? "it is served all the same, from its file"
		         : replica_version(p->replica) != NULL ? "the old version stays" : "there is no older one to serve");
	if (p->is_served)
		load_tell(p->replica);
	p->replica->is_unsaved = true;
	replica_note_error(p->replica, p->why);
	deadline_set(&p->room->deadlines, &p->retry, clock_boot_ms() + wait * 1000);
	// Our disk is no reason to lose touch with the primaries.
	if (p->is_transfer && !p->is_let_go && p->replica->aside->attempt != NULL) {
		p->is_let_go = true;
		attempt_unsaved(p->replica->aside->attempt);
	}
}
