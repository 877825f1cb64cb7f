// SPDX-License-Identifier: GPL-3.0-or-later
// What leads a client from its serial to the one that is served: the journal's
// deltas, one behind another (RFC 1995, 4).
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "store/store.h"
#include "zone/delta.h"

struct provide_chain {
	struct delta **delta; // with a hold each
	unsigned count;
	size_t bytes;         // of all
};

// Reads it from the journal; it is in memory then, within `max_bytes`.
// ERR_NOT_FOUND: the journal does not lead there; ERR_LIMIT; what
// store_delta_get() says; ERR_MEMORY. *chain is empty then.
int provide_chain_read(struct store *store, const uint8_t *origin, uint32_t from, uint32_t to, size_t max_bytes,
                       struct provide_chain *chain);

void provide_chain_free(struct provide_chain *chain);
