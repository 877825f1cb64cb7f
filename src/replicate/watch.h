// SPDX-License-Identifier: GPL-3.0-or-later
// What the rooms above watch: zones whose status changed, the serial that each
// server of a zone has, and counters. Any registered thread, unless said.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "replicate/replicate.h"

// --- changes

// A number that grows whenever the status of some zone changes.
uint64_t replicate_changes(const struct replicate *replicate);

// Visits each zone whose status changed after that number was read, and each
// that was added; with since 0 all zones; in no order, and called without any
// lock. *until gets the number to ask with the next time. Costs one word a zone
// where nothing changed. A nonzero return of visit ends it and is returned;
// ERR_MEMORY.
int replicate_status_changed(struct replicate *replicate, uint64_t since, uint64_t *until,
                             replicate_visit *visit, void *context);

// A number that grows whenever zones are removed: who keeps a list of zones
// makes it anew then.
uint64_t replicate_removed(const struct replicate *replicate);

// --- servers: what the sync monitor saw

enum server_part {
	SERVER_PRIMARY,  // we copy from it
	SERVER_SIBLING,  // of the zone's NS set, or configured as one
	SERVER_RECEIVER, // we are the primary and notify it
};

struct zone_server {
	enum server_part part;
	struct sockaddr_storage address; // AF_UNSPEC: none is known, and `error` says so
	uint8_t name[NAME_MAX_WIRE]; // of the NS target; name[0] == 0: only the address is known
	bool is_self;         // it is this server: nobody is asked, the serial is that of our copy
	bool has_serial;
	bool is_ahead;        // its serial is newer than ours and than what our primaries have told
	uint32_t serial;      // of its last good answer, as is all that follows from it
	int64_t answered_at;  // wall seconds, of the last answer that had a serial; 0 never
	int64_t asked_at;     // 0 never
	// Wall seconds: since when the newest serial that we or our primaries have is known, and it lacks
	// it; 0: it has it.
	int64_t behind_since;
	uint32_t round_trip_us; // of the last answer by UDP, whichever zone it was about; 0: none
	char error[128];      // empty: the last question was answered, or none was put yet
};

// More of one zone are not shown.
#define ZONE_SERVERS_MAX 32

typedef int replicate_server_visit(void *context, const uint8_t *origin, const struct zone_server *server);

// The servers of one zone, or with origin NULL of all zones, those of a zone
// together, the zones in no order; a reload meanwhile may hide a zone. ERR_NOT_FOUND,
// ERR_MEMORY, or what visit returned.
int replicate_servers_each(struct replicate *replicate, const uint8_t *origin, replicate_server_visit *visit,
                           void *context);

// --- counters since the start, of each primary and of all

enum transfer_failure {
	FAILED_CONNECT,      // no connection
	FAILED_TIMEOUT,      // silence, or too slow
	FAILED_REFUSED,      // an rcode
	FAILED_TSIG,
	FAILED_FORMAT,       // malformed, or it ended before its end
	FAILED_CONTENT,      // no zone that may be served, or too large a one
	FAILED_HELD,         // held back by the guard
	FAILED_LOWER_SERIAL, // than ours
	FAILED_OTHER,
	TRANSFER_FAILURES,
};
const char *transfer_failure_text(enum transfer_failure failure); // a label: "connect", "timeout" …

struct primary_counters {
	struct sockaddr_storage address;
	bool is_healthy;            // it answered the last time
	int64_t unhealthy_since;    // wall seconds; 0: it is
	uint64_t polls, polls_failed;
	uint64_t axfr, ixfr;        // transfers that ended well
	uint64_t failed[TRANSFER_FAILURES];
	uint64_t bytes;             // received in transfers
	uint32_t round_trip_us;     // of the last poll answered over UDP; 0 none
};
typedef int replicate_primary_visit(void *context, const struct primary_counters *primary);

// The primaries that the configuration names, each address once. ERR_MEMORY, or
// what visit returned.
int replicate_primaries_each(struct replicate *replicate, replicate_primary_visit *visit, void *context);

struct replicate_counters {
	uint64_t notifies_accepted, notifies_refused;      // in
	uint64_t notifies_acknowledged, notifies_failed;   // out: answered with NOERROR; given up, or otherwise
	uint64_t published, held;                          // versions
	unsigned transferring, waiting;                    // zones, now: for an attempt or a transfer slot
	unsigned primary_zones, secondary_zones;
};
void replicate_counters(struct replicate *replicate, struct replicate_counters *counters);
