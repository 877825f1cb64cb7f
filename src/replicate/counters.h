// SPDX-License-Identifier: GPL-3.0-or-later
// What is counted of replication, for whoever watches it (replicate/watch.h).
// On the loop, but for the NOTIFYs that come in.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "replicate/watch.h"

struct attempt;
struct fetch_result;
struct poll_result;
struct primary;
struct replicate;

// Of the whole room.
struct room_counters {
	_Atomic uint64_t notifies_accepted, notifies_refused; // any thread
	uint64_t notifies_acknowledged, notifies_failed;
	uint64_t published, held;
	unsigned primary_zones, secondary_zones;
};

// Of one primary.
struct primary_record {
	uint64_t polls, polls_failed;
	uint64_t axfr, ixfr;
	uint64_t failed[TRANSFER_FAILURES];
	uint64_t bytes;
	int64_t unhealthy_since; // wall seconds; 0: it answered the last time
	uint32_t round_trip_us;  // of the last poll by UDP
	uint32_t generation;     // of the last configuration that names it; the next one's while that is taken over
};

// A poll by UDP ended; one by TCP; one could not begin.
void counters_polled(struct primary *primary, const struct poll_result *result);
void counters_polled_tcp(struct primary *primary, const struct fetch_result *result);

// A transfer ended; or what it brought was refused here, or may not be served.
void counters_fetched(struct primary *primary, const struct fetch_result *result);
void counters_refused(struct primary *primary, int error);
void counters_lower_serial(struct primary *primary);

static inline void counters_notify_in(struct room_counters *counters, bool is_accepted)
{
	atomic_fetch_add_explicit(is_accepted ? &counters->notifies_accepted : &counters->notifies_refused, 1,
	                          memory_order_relaxed);
}

// A new configuration names these primaries; and those were all.
void counters_name(struct replicate *room, const struct config_remotes *primaries);
void counters_named(struct replicate *room);

// One zone of that role more, or fewer.
void counters_zone(struct replicate *room, enum config_role role, int change);
