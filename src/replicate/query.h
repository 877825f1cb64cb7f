// SPDX-License-Identifier: GPL-3.0-or-later
// The requests that we send (SOA, AXFR, IXFR, NOTIFY), and reading what every answer
// to one must have in common.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/message.h"
#include "dns/tsig.h"
#include "dns/types.h"
#include "zone/zone.h"

// Header, question, one SOA with names of full length, OPT with EXPIRE, TSIG.
#define QUERY_ROOM (MESSAGE_HEADER + NAME_MAX_WIRE + 4 + 12 + 2 * NAME_MAX_WIRE + 20 + 15 + TSIG_MAX_RECORD)

struct query {
	uint16_t id;
	uint16_t type;
	const uint8_t *origin;      // belongs to the caller, outlives the query
	const struct tsig_key *key; // NULL: unsigned
	size_t length;
	size_t mac_length;
	uint8_t mac[TSIG_MAX_MAC];
	uint8_t bytes[QUERY_ROOM];
};

// A question of type SOA or AXFR. `now` is wall seconds. ERR_KEY where it
// could not be signed.
int query_build(struct query *query, uint16_t id, const uint8_t *origin, uint16_t type,
                const struct tsig_key *key, int64_t now);

// What may stand in a request besides its question.
struct query_ask {
	uint16_t type;                   // SOA, AXFR, IXFR
	const struct zone_version *base; // IXFR: what we have (RFC 1995, 3)
	bool wants_expire;               // EDNS EXPIRE (RFC 7314)
};
int query_build_ask(struct query *query, uint16_t id, const uint8_t *origin, const struct query_ask *ask,
                    const struct tsig_key *key, int64_t now);

// A NOTIFY (RFC 1996, 3.3) with the zone's SOA in the answer section.
int query_build_notify(struct query *query, uint16_t id, const uint8_t *origin,
                       const struct zone_version *version, const struct tsig_key *key, int64_t now);

// The sentence for a failed or refused signature: "TSIG BADTIME, our clock is
// 412 s behind theirs (limit 300)".
void query_explain_tsig(const struct query *query, const struct tsig_verdict *verdict, int error,
                        char *why, size_t size);

// What an unsigned refusal of a signed request mostly means, to be put behind
// the name of its rcode. Often empty, never NULL.
const char *query_advice_unsigned(unsigned rcode) __attribute__((const));

// What a SOA answer said.
struct soa_answer {
	uint32_t serial;
	bool is_truncated; // nothing else is known then
	uint32_t expire;   // EDNS EXPIRE (RFC 7314), 0: none
};

// The EDNS EXPIRE of an answer, 0: none. That nothing is left counts as one
// second: it must not be taken for saying nothing, which grants all of it.
uint32_t query_read_expire(const uint8_t *message, size_t length);

// Whether a datagram answers this query at all: its ID, and its question where
// it has one.
bool query_is_answered_by(const struct query *query, const uint8_t *message, size_t length);

// Reads a whole answer to a SOA query; takes its TSIG off in place. Returns 0,
// ERR_STATE (not an answer to this query: go on waiting), ERR_DENIED (an rcode),
// ERR_KEY, ERR_TIME, ERR_FORMAT, ERR_NOT_FOUND (no SOA, or not authoritative);
// with a negative result but ERR_STATE, `why` tells.
int query_read_soa(const struct query *query, uint8_t *message, size_t length, int64_t now,
                   struct soa_answer *answer, char *why, size_t size);
