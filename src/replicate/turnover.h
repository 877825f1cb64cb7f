// SPDX-License-Identifier: GPL-3.0-or-later
// A reload on the loop: touches the zones of its plan and no other, in steps
// between which all else goes on. What is no longer configured goes first,
// then the new configuration is the one in force, then come its new and changed
// zones: so at any moment each zone that is kept is one of that in force.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "replicate/deadline.h"
#include "replicate/replicate.h"

struct plan;

struct turnover {
	struct deadline deadline; // of the next step
	bool is_running;
	bool is_switched;         // the new configuration is in force
	const struct config *config;
	const struct plan *plan;
	uint32_t gone_at, primaries_at, zone_at; // where it is in each list of the plan
	struct replicate_reload outcome;
	replicate_reloaded *done;
	void *context;
};

// The server stops: it ends as it is.
void turnover_stop(struct replicate *room);

// Sets a zone up that is configured. ERR_MEMORY.
int turnover_add(struct replicate *room, const struct config_zone *zone);
