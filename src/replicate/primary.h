// SPDX-License-Identifier: GPL-3.0-or-later
// The servers we fetch from: their health, known across all zones, and the
// slots for transfers. One struct an address; connections that are kept open
// will hang here.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "replicate/counters.h"
#include "replicate/endpoint.h"
#include "replicate/poll_turn.h"

struct poll_pipe;
struct replicate;

// Who waits for a slot to transfer from a primary.
struct slot_wait {
	struct slot_wait *next, *previous;
	struct primary *primary;  // NULL: neither waiting nor holding
	bool is_holding;
	void (*ready)(struct slot_wait *wait);
};

struct primary {
	struct primary *next;      // in the bucket
	struct primary *next_waiting, *previous_waiting; // ring of those with waiters
	struct endpoint endpoint;
	struct slot_wait *first, *last;
	unsigned transfers;        // slots taken
	struct poll_turns turns;
	uint32_t failures;         // in a row, without any answer
	uint64_t retry_at;         // boot ms: not asked before, while it is silent
	uint64_t no_ixfr_until;    // boot ms: it was found not to do IXFR
	uint64_t no_udp_ixfr_until; // … or not to answer one by UDP
	bool is_probed;            // somebody is asking it although it is silent
	unsigned polls;            // under way for zones' serials
	struct poll_pipe *pipes;   // one for each source address, while many polls are under way
	uint64_t no_pipe_until;    // boot ms: it was found not to take many questions on a connection
	uint32_t pipe_misses;      // in a row: connections on which an answer did not come in time
	struct primary_record record;
	char why[128];             // it was silent the last time: "failed: …"
};

#define PRIMARY_BUCKETS 256

struct primaries {
	struct primary *bucket[PRIMARY_BUCKETS];
	struct primary *waiting;   // ring
	unsigned transfers;
	unsigned waiters;
	struct primary *first_due, *last_due; // may hand out turns to poll
	unsigned turns_awaited;
};

// The primary of that address, made if need be; NULL without memory. Lives as
// long as the room.
struct primary *primary_get(struct replicate *room, const struct endpoint *endpoint);

// As primary_get(), but makes none. Any port where the endpoint's is 0.
struct primary *primary_find_host(struct replicate *room, const struct endpoint *endpoint);

// Whether it is sensible to ask it: it answers, or its backoff is over and
// nobody else is trying.
bool primary_may_ask(const struct primary *primary, uint64_t now);

// It is about to be asked.
void primary_asking(struct primary *primary);

// It answered, whatever it said. It gave no answer: `patience` (ms) bounds the
// backoff, which is doubled and jittered. The asking was given up.
void primary_answered(struct primary *primary);
void primary_silent(struct primary *primary, uint64_t now, uint64_t patience, uint32_t random);
void primary_unasked(struct primary *primary);

// It gave a sign of life.
void primary_stirred(struct primary *primary);

// Waits for a slot within transfers-in and transfers-per-ns: wait->ready is
// called at once where one is free and nobody waits, else by
// primary_slots_run(), in the order of asking for each primary.
void primary_slot_take(struct replicate *room, struct primary *primary, struct slot_wait *wait);

// Hands free slots to those that wait, at most `most`; the end of each step of
// the loop calls it. True where it should be called again soon.
bool primary_slots_run(struct replicate *room, unsigned most);

// Gives the slot back, or stops waiting. Fine where neither holds.
void primary_slot_give(struct replicate *room, struct slot_wait *wait);

void primary_free_all(struct replicate *room);
