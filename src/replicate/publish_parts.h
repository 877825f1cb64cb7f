// SPDX-License-Identifier: GPL-3.0-or-later
// What the files of a publication share: its state, and the stages that run
// elsewhere. Each comes back to publish.c by mail, with p->error set.
#pragma once

#include <stdatomic.h>

#include "base/mailbox.h"
#include "guard/guard.h"
#include "replicate/deadline.h"
#include "replicate/publish.h"
#include "store/held.h"
#include "zone/delta.h"

struct lane;

enum publish_stage { STAGE_SEAL, STAGE_EXAMINE, STAGE_VERIFY, STAGE_HOLD, STAGE_STORE, STAGE_SERVE, STAGE_DOWNSTREAM };

struct publication {
	struct mail mail;                     // from the lane, from the store
	struct deadline retry;
	struct replicate *room;
	struct replica *replica;              // held
	const struct config *config;          // held
	const struct config_policy *policy;
	struct lane *lane;
	struct zone_draft *draft;             // until sealed
	struct delta_writer *changes;         // likewise
	struct delta *delta;                  // from previous to version; NULL: stored whole
	const struct zone_version *previous;  // held
	const struct zone_version *version;   // sealed, our hold until it is published
	enum publish_stage stage;
	bool is_transfer;
	bool is_served;                       // before it was stored
	bool is_brief;                        // sealed by the loop itself
	bool is_incremental;                  // it came as steps, which may have led astray
	bool is_cancelled;                    // it goes no further, and nobody is told
	bool is_let_go;                       // whoever ordered it no longer waits
	uint64_t confirmed_at;                // boot ms: a primary had it then; 0: the operator wants it
	bool is_approved;                     // by the operator
	enum publish_turn turn;
	struct store_pin pin;                 // PUBLISH_ROLLBACK
	bool is_examined;                     // by the guard, on the lane that sealed it
	bool guards_previous;                 // what it replaces is answered from
	atomic_bool cancelled;                // the verifier, if it runs, is to be killed
	struct guard_verdict verdict;
	struct store_held held;               // what the store keeps where the guard says no
	unsigned store_failures;
	int error;                            // of the stage
	char why[400];
};

// The guard's stages (publish_guard.c), on lanes: seals the draft, examines it
// where that was not done with the seal, lets the operator's verifier run, and
// keeps what is held.
void publish_seal(struct publication *p);
void publish_examine(struct publication *p);
void publish_verify(struct publication *p);
void publish_hold(struct publication *p);

// The store's (publish_store.c): commits; and where that failed, waits for the
// next try, for which p->retry fires.
void publish_store(struct publication *p);
void publish_store_failed(struct publication *p);
void publish_retry(struct deadline *deadline, uint64_t now);
