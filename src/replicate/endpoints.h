// SPDX-License-Identifier: GPL-3.0-or-later
// Addresses that many zones have in common, each kept once: a zone has 8 bytes
// for its primary. What was kept stays; who may be kept is bounded by whom the
// configurations of this process named.
#pragma once

#include "replicate/endpoint.h"

struct endpoints {
	struct endpoint **slots; // open addressing
	uint32_t count, room;    // room is a power of two, or 0
};

extern const struct endpoint endpoint_none;

// The one that is kept of these; endpoint_none where there is no memory.
const struct endpoint *endpoints_keep(struct endpoints *endpoints, const struct endpoint *endpoint);
void endpoints_free(struct endpoints *endpoints);
