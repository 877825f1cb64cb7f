// SPDX-License-Identifier: GPL-3.0-or-later
// NOTIFY in (RFC 1996): decided by whichever thread received it, told to the
// loop once per zone however many come, heeded at a bounded pace.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct replica;

// After an attempt that found nothing new, the next NOTIFY waits so long.
#define NOTIFY_PAUSE_MS 500u

void notify_in_init(struct replica *replica);

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
