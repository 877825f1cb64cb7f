// SPDX-License-Identifier: GPL-3.0-or-later
// The records of an incremental transfer (RFC 1995, 4), applied to a draft as
// they come: one step after another, each "old SOA, what goes, new SOA, what
// comes", each beginning with the serial that the one before ended with.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "dns/message.h"
#include "zone/draft.h"

struct ixfr_stream {
	struct zone_draft *draft;  // begun from the version whose serial is `serial`
	const uint8_t *origin;
	uint32_t serial;           // that the draft has reached
	uint32_t target;           // of the transfer's first SOA
	enum { IXFR_START, IXFR_REMOVING, IXFR_ADDING } place;
	uint64_t removed, added;   // records, SOAs not counted
	unsigned steps;
};

#define IXFR_ENDED 1

// Takes the next record behind the first SOA; its owner lies in the zone, its
// rdata is uncompressed and checked. Returns 0, IXFR_ENDED with the last SOA,
// or an error and a sentence in `why`: what does not fit what we have is never
// passed over (ERR_STATE: serials; ERR_NOT_FOUND: it removes what is not there;
// ERR_EXISTS: it adds what is, below the apex; ERR_FORMAT; or zone_draft_add()'s).
int ixfr_stream_record(struct ixfr_stream *ixfr, const struct message_record *record, uint32_t ttl,
                       const uint8_t *rdata, uint16_t length, char *why, size_t size);
