// SPDX-License-Identifier: GPL-3.0-or-later
// An older version served in place of the newest, until the operator resumes.
// The newest stays stored, with the journal that leads back from it; nothing
// newer is fetched meanwhile, the primaries are only asked for their serial. A
// secondary zone alone can be rolled back: a primary's content is its file's.
#pragma once

#include <stdint.h>

#include "replicate/replicate.h"
#include "store/pin.h"

struct replica;
struct replicate;
struct zone_version;

// Begins to serve the older serial, or the newest again; `done` is called on the
// loop when that is served, or cannot be. Else not 0 and `why`: ERR_STATE,
// ERR_BUSY, ERR_MEMORY.
int rollback_begin(struct replica *replica, uint32_t serial, replicate_done *done, void *context,
                   char why[static 256]);
int rollback_resume(struct replica *replica, replicate_done *done, void *context, char why[static 256]);

// The zone is idle and a turn waits: begins it.
void rollback_run(struct replica *replica);

// It is served: rolled back by this pin, or, with NULL, the newest again.
void rollback_served(struct replica *replica, const struct zone_version *version, const struct store_pin *pin);

// What became of the publication.
void rollback_published(struct replica *replica, int error, const char *why);

// Everything stops: who asked is told so.
void rollback_stop(struct replica *replica);

// The zone goes away, or becomes a primary's: it is rolled back no more.
void rollback_forget(struct replica *replica);

// At the start, before zones are loaded: finds which are rolled back.
void rollback_resume_all(struct replicate *room);

// At the start, on any thread: puts the older version in place of the newest,
// whose hold it takes over. Where that cannot be done the newest stays.
void rollback_at_start(const struct replica *replica, const struct zone_version **version);

// At the start, on the loop: this is served, which the older version may not be.
void rollback_settle(struct replica *replica, const struct zone_version *version);
