// SPDX-License-Identifier: GPL-3.0-or-later
// What a reload has to do: worked out on another thread than the loop, which
// then touches only the zones that are in it (replicate/turnover.h).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "config/differ.h"

struct replicate;

// What is to be done about a zone of the new configuration: a set. Its lower
// bits are enum config_difference.
#define PLAN_CHANGED 0x3fu
#define PLAN_ADD 0x40u    // there is none of that name
#define PLAN_REREAD 0x80u // of a primary: its file is another than when it was read
#define PLAN_ASK 0x100u   // of a secondary that is not current: the reload may have mended why

struct plan_zone {
	uint32_t zone; // index in the new configuration
	uint32_t what;
};

struct plan {
	const struct config *old, *new; // held by whoever made it
	uint16_t *what;                 // of each zone of the new one
	uint32_t looked_at;             // so many of them
	uint32_t *gone;                 // zones of the old one that the new one has not
	uint32_t gone_count;
	struct plan_zone *zone;         // those about which something is to be done
	uint32_t zone_count;
	const struct config_remotes **primaries; // each list of the new one at least once
	uint32_t primaries_count;
	bool is_watched;                // the monitor has somebody to watch
};

// Compares the two. ERR_MEMORY.
int plan_new(const struct config *old, const struct config *new, struct plan **plan);

// Looks at some zones more, and at their files: not for long at a time under the room's
// lock, since the loop waits for it. False once all were looked at.
bool plan_look(struct plan *plan, struct replicate *replicate);

// Draws it up, once all were looked at. ERR_MEMORY.
int plan_draw_up(struct plan *plan);

void plan_free(struct plan *plan);
