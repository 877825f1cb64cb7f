// SPDX-License-Identifier: GPL-3.0-or-later
// Which changes of a zone's state its operator is told of, and when. Of zones
// that are as they should be nothing is kept. No threads and no clock in here:
// times are wall seconds that the caller gives.
//
// A trouble is told once it has lasted for the delay, its end as well; what
// cannot wait (expired, held …) at once. A zone whose state changes again and
// again is told of ever more rarely, up to once an hour. What is told is the
// state at that time, so that any number of changes in between are one.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "replicate/watch.h"

// What changes independently of each other.
enum watch_aspect { WATCH_COPY, WATCH_HELD, WATCH_ROLLBACK, WATCH_STORE, WATCH_ASPECTS };

// Of the copy, the worse the higher.
enum watch_copy {
	COPY_GOOD,
	COPY_FAILING,     // the last attempt failed
	COPY_BEHIND,      // a newer serial is known for longer than the threshold
	COPY_STALE,       // not confirmed within REFRESH
	COPY_EXPIRING_50, // and so much of the way to expiry is gone
	COPY_MISSING,     // it never had one
	COPY_EXPIRING_75,
	COPY_EXPIRING_90,
	COPY_EXPIRED,
	COPY_STATES,
};

// A state in a word: "ok", "stale", "held", "failing" …
const char *watch_state_text(enum watch_aspect aspect, uint8_t state);
// "copy", "held", "rollback", "store".
const char *watch_aspect_text(enum watch_aspect aspect);
// How bad it is, 0 for what is good; at most WATCH_WORST.
#define WATCH_WORST 10u
unsigned watch_severity(enum watch_aspect aspect, uint8_t state);

struct watch_limits {
	uint32_t behind; // seconds that a zone may lack a newer serial
	uint32_t delay;  // seconds that a trouble lasts before it is told
};

struct watch;

struct watch *watch_new(void); // NULL without memory
void watch_free(struct watch *watch);
void watch_limit(struct watch *watch, const struct watch_limits *limits);

// Takes in how a zone is. ERR_MEMORY: it is not watched.
int watch_see(struct watch *watch, const struct replica_status *status, int64_t now);

// The same for a primary, which has the aspect COPY, good or failing.
int watch_see_primary(struct watch *watch, const struct primary_counters *primary, int64_t now);

// Before all are shown, and after: forgets what was not seen in between.
void watch_begin_all(struct watch *watch);
void watch_forget_unseen(struct watch *watch);

// One change to tell.
struct watch_event {
	bool is_primary;
	uint8_t origin[NAME_MAX_WIRE];   // of a zone
	char primary[ADDRESS_TEXT];      // of a primary
	enum watch_aspect aspect;
	uint8_t state, previous;
	int64_t since;                   // of the trouble; of its end where the state is good
};

// What there was no room for, by aspect and state; those count as told too.
struct watch_rest {
	unsigned count[WATCH_ASPECTS][COPY_STATES];
	unsigned primaries[2]; // good, failing
	unsigned all;
};

// Moves time on, and hands out what is to be told now, the worst first; it
// counts as told. Returns how many were written to `events`.
size_t watch_take(struct watch *watch, int64_t now, struct watch_event *events, size_t most, struct watch_rest *rest);

// Zones and primaries that something is kept of.
size_t watch_count(const struct watch *watch);

// --- what was told, over a restart

// Writes it to `path` whole or not at all. ERR_IO.
int watch_save(const struct watch *watch, const char *path);
// Reads it back into a watch that has seen nothing yet. What is damaged or not
// there is passed over: its troubles are told once more.
void watch_load(struct watch *watch, const char *path, int64_t now);
