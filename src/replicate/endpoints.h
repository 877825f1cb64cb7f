// SPDX-License-Identifier: GPL-3.0-or-later
// Addresses that many zones have in common, each kept once: a zone has 4 bytes
// for its primary. What was kept stays; who may be kept is bounded by whom the
// configurations of this process named.
#pragma once

#include "base/arena.h"
#include "replicate/endpoint.h"

struct endpoints {
	arena_ref *slots;        // open addressing; 0: free
	uint32_t count, room;    // room is a power of two, or 0
};

extern const struct endpoint endpoint_none;

// The one that is kept of these; 0 for none, and where there is no memory.
arena_ref endpoints_keep(struct endpoints *endpoints, const struct endpoint *endpoint);

static inline const struct endpoint *endpoints_at(arena_ref kept)
{
	return kept != 0 ? arena_at(kept) : &endpoint_none;
}

void endpoints_free(struct endpoints *endpoints);
