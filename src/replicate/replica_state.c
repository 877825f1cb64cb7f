// SPDX-License-Identifier: GPL-3.0-or-later
// A zone as the store has it.
#include <stdio.h>
#include <string.h>

#include "replicate/replica_parts.h"
#include "store/pin.h"

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
	state->is_untold = replica->is_untold || replica->wants_notify;
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

	replica_take_timers(replica, version);
	replica->transferred = wall_word(state->transferred);
	replica->confirmed = wall_word(state->confirmed);
	replica->last_error_at = wall_word(state->last_error_at);
	endpoint_from(&primary, (const struct sockaddr *)&state->primary);
	replica->primary = endpoints_keep(&replica->room->endpoints, &primary);
	if (state->last_error[0] != '\0')
		replica_set_error(replica, state->last_error);
	zone_slot_publish(replica->slot, version);
	replica_warn_of_iterations(replica, version);
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
