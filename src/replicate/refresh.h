// SPDX-License-Identifier: GPL-3.0-or-later
// When a secondary zone is asked for again, when it goes stale, and when it
// expires (RFC 1034, 4.3.5): a pure function of state, event, time and a
// random number. Times are milliseconds of the boot clock.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "config/model.h"
#include "dns/message.h"
#include "replicate/replicate.h"

#define REFRESH_NEVER UINT64_MAX
#define REFRESH_FAILURES_MOST 4095u

struct refresh {
	uint64_t refresh_at; // when the primaries are asked next
	uint64_t expires_at; // REFRESH_NEVER where there is no copy, or it has expired
	uint32_t refresh;    // seconds, the SOA's within the configured bounds
	uint32_t retry;
	uint32_t expire;
	uint32_t least_expire; // seconds that the operator wants it served at least
	uint32_t granted;    // seconds the primary gives the copy (RFC 7314), 0: it did not say
	uint32_t life : 16;  // whose end expires_at is, as refresh_life() reads it
	uint32_t failures : 12; // attempts in a row that came to nothing
	uint32_t phase : 2;  // enum replica_phase
	bool is_behind : 1;  // a primary is known to have a newer serial
	bool is_on_trial : 1; // too old by the wall clock, which is in doubt: an attempt decides, no time
};

enum refresh_event {
	REFRESH_TICK,      // the time refresh_next() told has come
	REFRESH_WOKEN,     // NOTIFY, or the operator
	REFRESH_CONFIRMED, // a primary has the serial that we have
	REFRESH_REPLACED,  // a new version is served; refresh_take_soa() came before
	REFRESH_HELD,      // a primary has no newer serial than the one that is held back
	REFRESH_FAILED,    // all primaries were tried in vain
	REFRESH_UNPROVEN,  // … though one answered: its TSIG did not verify, which a wrong clock explains
};

// What the caller must do then: any of these.
enum refresh_action {
	REFRESH_ASK = 1,    // start an attempt
	REFRESH_EXPIRE = 2, // stop answering for the zone
	REFRESH_SERVE = 4,  // answer for it again
};

// No copy yet: due at once.
void refresh_init(struct refresh *refresh, uint64_t now);

// Takes the timers of a SOA, within the policy's bounds.
void refresh_take_soa(struct refresh *refresh, const struct soa *soa, const struct config_policy *policy);

// A copy that was kept over a restart: `left_to_refresh` and `left_to_expire`
// in seconds, negative where the time has passed. With ask_first a copy
// that seems to be too old is served until its primaries have been asked.
void refresh_resume(struct refresh *refresh, int64_t left_to_refresh, int64_t left_to_expire,
                    bool ask_first, uint64_t now);

// A new version is served that a primary had at `confirmed_at` (boot ms); 0 where
// nobody has confirmed it but the operator. As REFRESH_REPLACED, but what was
// served does not live longer by it than what it was granted; a primary is asked
// soon then.
unsigned refresh_replaced(struct refresh *refresh, uint64_t confirmed_at, uint64_t now, uint32_t random);

// How long from a good answer to expiry: seconds, what the primary grants
// within what the SOA says, and no less than min-expire-time.
uint32_t refresh_worth(const struct refresh *refresh) __attribute__((pure));

// The whole life, in seconds, that ends at expires_at: what refresh_worth() was
// when a primary gave it. Exact where that is the SOA's, else to a thousandth.
uint32_t refresh_life(const struct refresh *refresh) __attribute__((pure));

// Returns a set of enum refresh_action.
unsigned refresh_step(struct refresh *refresh, enum refresh_event event, uint64_t now, uint32_t random);

// When the next tick is wanted.
uint64_t refresh_next(const struct refresh *refresh) __attribute__((pure));
