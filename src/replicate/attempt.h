// SPDX-License-Identifier: GPL-3.0-or-later
// An attempt to refresh a zone: its primaries one by one, the healthy first;
// the serial asked, the zone fetched where it is newer, and published.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct replicate;
struct replica;
struct attempt;

// Attempts under way at once, those that wait for a transfer slot or for their
// turn to poll left out: bounds their sockets and drafts.
#define ATTEMPTS_MAX 1024u

struct attempts {
	struct replica *first, *last; // due, waiting their turn
	unsigned due;                 // how many that are
	unsigned running;
	uint64_t tokens_at;           // boot ms: when the bucket was last filled
	uint32_t tokens;              // thousandths of an attempt that may start
};

// Asks for an attempt. Urgent ones (NOTIFY, operator, no copy) go first and
// are not counted against serial-query-rate.
void attempt_request(struct replica *replica, bool is_urgent);

// Starts those whose turn has come. Returns when it wants to be called again
// (boot ms), or UINT64_MAX.
uint64_t attempts_run(struct replicate *room, uint64_t now);

// Ends it, or takes the zone out of the queue, without a result.
void attempt_cancel(struct replica *replica);

// The transfer under way, or NULL.
struct fetch;
const struct fetch *attempt_transfer(const struct attempt *attempt);

// It takes what is there, whatever its serial.
bool attempt_is_forced(const struct attempt *attempt);

bool attempt_is_polling(const struct attempt *attempt);
bool attempt_is_fetching(const struct attempt *attempt);

// What became of the version that an attempt sent on its way: 0 and it is
// served, or an error and why.
void attempt_published(struct attempt *attempt, int error, const char *why);

// … or that the store does not take it for now: the attempt ends, as with a
// version that is held.
void attempt_unsaved(struct attempt *attempt);
