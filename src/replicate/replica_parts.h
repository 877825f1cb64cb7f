// SPDX-License-Identifier: GPL-3.0-or-later
// What the files of a zone share: its life and what drives it (replica.c), how
// attempts and loads ended (replica_outcome.c), the store's view of it
// (replica_state.c).
#pragma once

#include "base/clock.h"
#include "replicate/replica.h"

static inline uint32_t wall_word(int64_t seconds)
{
	return seconds <= 0 ? 0 : seconds < UINT32_MAX ? (uint32_t)seconds : UINT32_MAX;
}

static inline uint32_t wall_now(void)
{
	return wall_word(clock_wall_s());
}

// Takes the event into its refresh state, and does what that asks for.
void replica_step(struct replica *replica, enum refresh_event event);

// The text of the last error. Without memory what is known already stays.
void replica_set_error(struct replica *replica, const char *why);

// Said once of a zone: it is served, but not as its owner means it.
void replica_warn_of_iterations(struct replica *replica, const struct zone_version *version);
