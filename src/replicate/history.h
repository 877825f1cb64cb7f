// SPDX-License-Identifier: GPL-3.0-or-later
// What the journal tells of a zone's past: its versions, and what lies between
// any two of them. From any thread.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "replicate/provide_chain.h"
#include "store/store.h"
#include "zone/delta_condense.h"

// A version that can be gone back to.
struct history_version {
	uint32_t serial;
	int64_t since;                // when it was stored, wall seconds; 0: not known, of the oldest
	size_t removed, added, bytes; // against the one before; 0 of the oldest
};

struct history {
	struct history_version *version; // the oldest first
	size_t count;
};

// One that has no journal is empty. ERR_IO, ERR_CORRUPT, ERR_MEMORY.
int history_read(struct store *store, const uint8_t *origin, struct history *history);
void history_free(struct history *history);

// NULL where that serial is not kept.
const struct history_version *history_find(const struct history *history, uint32_t serial);

// The serials, as "3, 4 and 5"; of many the newest. Returns `text`.
#define HISTORY_SERIALS_TEXT 512
const char *history_serials(const struct history *history, char text[static HISTORY_SERIALS_TEXT]);

// What sets two kept versions apart, whichever is the older; `changes` points
// into `steps`.
struct history_changes {
	struct provide_chain steps;
	struct delta_changes changes;
};

// ERR_NOT_FOUND (no way leads from the one to the other), ERR_LIMIT (too much
// lies between), ERR_IO, ERR_CORRUPT, ERR_MEMORY.
int history_changes_read(struct store *store, const uint8_t *origin, uint32_t from, uint32_t to,
                         struct history_changes *changes);
void history_changes_free(struct history_changes *changes);

// Brings a draft from one kept serial to another. As above, or what delta_apply()
// and delta_revert() say; the draft is half done then.
int history_turn(struct store *store, const uint8_t *origin, uint32_t from, uint32_t to, struct zone_draft *draft);
