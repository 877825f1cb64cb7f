// SPDX-License-Identifier: GPL-3.0-or-later
// Versions that the guard holds back: at most one a zone, kept beside what is
// served until it is approved, rejected, or overtaken. Each is a file of its
// own in the state directory, so that nothing of it touches the commits:
//
//   held/HASH   HASH: XXH3-128 of the zone's name in lower case, in hex
//     head      magic (8), format's version (2), head's length (2), flags (1:
//               rejected), number of names (8) and records (8), when it was held
//               (8), serial (4), lengths of the check's name (1), of the reason
//               (1) and of the zone's name (1), these three, XXH3-128 of all
//               before it (16)
//     content   a snapshot (store/snapshot.h); nothing where it was rejected
//
// It is written to a temporary name, synced, and renamed.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

struct store_held {
	uint32_t serial;
	bool is_rejected;  // its content is gone; the serial is not to be fetched again
	int64_t since;     // wall seconds
	uint64_t names, records;
	char check[24];    // that said no
	char why[256];
};

// Keeps it in place of what was kept for the zone. `version` has the content,
// NULL where it was rejected. Durable on return. Any thread, one at a time per
// zone. ERR_IO, ERR_MEMORY; `why` is a sentence.
int store_held_put(struct store *store, const uint8_t *origin, const struct store_held *held,
                   const struct zone_version *version, char why[static 256]);

// Adds the content to a draft of the zone. ERR_NOT_FOUND (nothing is held, or
// it was rejected), ERR_CORRUPT, ERR_IO, ERR_MEMORY, zone_draft_add()'s; the
// draft is half done then.
int store_held_read(struct store *store, const uint8_t *origin, struct zone_draft *draft, char why[static 256]);

// Forgets it; nothing is held: fine.
void store_held_drop(struct store *store, const uint8_t *origin);

// Calls visit for each that is kept. What cannot be read is removed, with a log
// line. A nonzero return ends it. 0 too where there is none; ERR_IO.
typedef int store_visit_held(void *context, const uint8_t *origin, const struct store_held *held);
int store_held_each(struct store *store, store_visit_held *visit, void *context);
