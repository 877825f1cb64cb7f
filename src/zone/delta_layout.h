// SPDX-License-Identifier: GPL-3.0-or-later
// A delta as bytes. Internal to what makes, checks and reads deltas. Numbers
// are in network order, records are nearly as on the wire.
//
//   head     XXH3-128 of all behind it (16), format (2), 0 (2), serials before
//            and after (4 each), records that went and that came, SOAs not
//            counted (4 each), length of all (4), place of the SOA after (4)
//   records  the SOA before, what went, the SOA after, what came; each: owner,
//            type (2), TTL (4), length of the rdata (2), rdata
#pragma once

#include <assert.h>
#include <stdatomic.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "dns/name.h"
#include "dns/wire.h"
#include "zone/delta.h"

#define DELTA_FORMAT 1
#define DELTA_SUM 16
// Places are 32 bits, and what keeps deltas has such bounds too.
#define DELTA_MAX ((size_t)1 << 30)

enum delta_offset {
	DELTA_AT_FORMAT = 16, DELTA_AT_ZERO = 18, DELTA_AT_FROM = 20, DELTA_AT_TO = 24, DELTA_AT_REMOVED = 28,
	DELTA_AT_ADDED = 32, DELTA_AT_LENGTH = 36, DELTA_AT_NEW_SOA = 40, DELTA_HEAD = 44,
};
static_assert(sizeof(XXH128_canonical_t) == DELTA_SUM && DELTA_SUM == DELTA_AT_FORMAT, "the sum leads");

// Of a record, behind its owner.
enum delta_record_offset { DELTA_RECORD_TTL = 2, DELTA_RECORD_LENGTH = 6, DELTA_RECORD_FIXED = 8 };

struct delta {
	_Atomic uint32_t holds;
	size_t length;
	uint8_t bytes[];
};

static inline XXH128_canonical_t delta_sum(const uint8_t *bytes, size_t length)
{
	XXH128_canonical_t sum;
	XXH128_canonicalFromHash(&sum, XXH3_128bits(bytes + DELTA_SUM, length - DELTA_SUM));
	return sum;
}

// Puts a record together; returns the place behind it.
static inline uint8_t *delta_record_put(uint8_t *to, const uint8_t *owner, size_t owner_length, uint16_t type,
                                        uint32_t ttl, const uint8_t *rdata, uint16_t length)
{
	memcpy(to, owner, owner_length);
	to += owner_length;
	wire_put16(to, type);
	wire_put32(to + DELTA_RECORD_TTL, ttl);
	wire_put16(to + DELTA_RECORD_LENGTH, length);
	memcpy(to + DELTA_RECORD_FIXED, rdata, length);
	return to + DELTA_RECORD_FIXED + length;
}

// Takes one apart that is known to be whole; returns the place behind it.
static inline const uint8_t *delta_record_get(const uint8_t *from, struct delta_record *record)
{
	const uint8_t *fixed = from + name_length(from);
	*record = (struct delta_record){
		.owner = from,
		.type = wire_get16(fixed),
		.ttl = wire_get32(fixed + DELTA_RECORD_TTL),
		.rdata_length = wire_get16(fixed + DELTA_RECORD_LENGTH),
		.rdata = fixed + DELTA_RECORD_FIXED,
	};
	return record->rdata + record->rdata_length;
}
