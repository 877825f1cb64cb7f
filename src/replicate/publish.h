// SPDX-License-Identifier: GPL-3.0-or-later
// How content becomes what is answered with: the one way there is.
#pragma once

#include <stdbool.h>

#include "config/model.h"
#include "store/pin.h"
#include "zone/draft.h"

struct replica;
struct replicate;
struct publication;

// What is served need not be the newest that is stored (rollback.h).
enum publish_turn {
	PUBLISH_FORWARD,  // it is stored, and served
	PUBLISH_ROLLBACK, // what is stored stays: this is served in its place
	PUBLISH_RESUME,   // it is what is stored, and served again
};

struct publish_order {
	struct replica *replica;            // idle, but for the attempt or load that orders this
	const struct config *config;        // held by the publication as long as it needs
	const struct config_policy *policy;
	struct zone_draft *draft;           // the publication's from now on, even on error
	struct delta_writer *changes;       // likewise: what it changes of the version served; NULL: not known
	bool is_large;                      // work for the long lane
	bool is_brief;                      // a few records: no work worth waking a lane
	bool is_transfer;                   // else it came from a zone file
	bool is_incremental;                // as steps, so that a wrong digest may be theirs
	bool is_stored_already;             // in its zone file: served at once, the store follows
	bool is_approved;                   // by the operator: the guard does not hold it
	enum publish_turn turn;             // other than forward: is_approved too
	struct store_pin pin;               // PUBLISH_ROLLBACK
};

// Checks, seals, stores and serves the draft; then the attempt or the load of
// the zone is told (attempt_published(), load_published(), held_published(), rollback_published()):
// ERR_HELD where the guard holds it and the store has it. ERR_MEMORY.
int publish_start(const struct publish_order *order);

// Whether what is on its way waits for a store that fails: nothing is being made
// of the zone then, and its primaries can be asked for their serial.
bool publish_is_unsaved(const struct replica *replica) __attribute__((pure));

// Whether a version is being put where held ones are kept, in place of another.
bool publish_is_holding(const struct replica *replica) __attribute__((pure));

// Stores a version that is served already (read from its file at the start).
int publish_store_only(struct replica *replica);

// The zone goes away, or changes its role: what is on its way is not published.
// The strand is busy until the lanes and the store have let go of it.
void publish_cancel(struct replica *replica);

// Everything stops: a commit that waits for its next try is given up, what is
// under way is let through.
void publish_stop(struct replica *replica);
