// SPDX-License-Identifier: GPL-3.0-or-later
// NOTIFY in (RFC 1996): decided by whichever thread received it, told to the
// loop once per zone however many come, heeded at a bounded pace.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct replica;

// After an attempt that found nothing new, the next NOTIFY waits so long.
#define NOTIFY_PAUSE_MS 500u

// Anyone can make up an unsigned NOTIFY, and each costs us a question and the
// primary an answer. For each query a second of serial-query-rate so many are
// heeded at once, a burst beyond that, as when a thousand zones change at
// once; the others wait in the queue of the
// zones that are due.
#define NOTIFY_A_QUERY 5u
#define NOTIFY_BURST 2000u

// A serial that only an unsigned NOTIFY told of hastens so many attempts in a
// row that come to nothing.
#define NOTIFY_TRIES 4u

struct notify_bucket {
	uint64_t at;     // boot ms: when it was last filled; 0: never
	uint64_t tokens; // thousandths of a NOTIFY
};

// Takes one, where there is one. `rate` is serial-query-rate; 0: no limit.
bool notify_bucket_take(struct notify_bucket *bucket, uint32_t rate, uint64_t now);

// The zone is idle and a NOTIFY is remembered: acts on it, if it still has
// news and its time has come.
void notify_in_resume(struct replica *replica);

// What a NOTIFY calls for, given what we have. Pure.
enum notify_sense {
	NOTIFY_OLD_NEWS, // that serial is served here and no older than told
	NOTIFY_NEWS,
};
enum notify_sense notify_in_sense(bool has_serial, uint32_t serial, bool has_version, uint32_t ours,
                                  bool is_current) __attribute__((const));
