// SPDX-License-Identifier: GPL-3.0-or-later
// A reply taken apart: every byte of it comes from a stranger.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/pool.h"
#include "dns/edns.h"
#include "dns/message.h"
#include "dns/types.h"

struct reply_record {
	const uint8_t *owner;    // wire, lower case
	const uint8_t *rdata;    // uncompressed, in canonical form
	uint32_t ttl;
	uint16_t type;
	uint16_t length;         // of rdata
	uint8_t section;         // enum message_section
};

struct reply {
	const struct reply_record *records; // those of class IN, OPT and TSIG left out
	uint32_t count;
	uint16_t flags;
	uint16_t rcode;          // with the upper bits of EDNS
	uint32_t length;         // of the message
	struct edns edns;        // its cookie points nowhere
	bool by_tcp;
};

// Takes a message apart; what it points to lies on the pool. Returns 0 or
// ERR_FORMAT: short, no reply, a record that is malformed, two OPT, or something
// left over behind the last record.
int reply_parse(struct pool *pool, const uint8_t *message, size_t length, struct reply **reply);

// Whether the message answers this question (RFC 5452, 9.1): ID, opcode QUERY,
// and the question itself, which only an error may leave out.
bool reply_is_to(const uint8_t *message, size_t length, uint16_t id, const uint8_t *name, uint16_t type);

// The first record of that owner (wire; NULL: any), type and section, or NULL;
// `after` NULL, or the one found last.
const struct reply_record *reply_find(const struct reply *reply, enum message_section section,
                                      const uint8_t *owner, uint16_t type,
                                      const struct reply_record *after);

static inline bool reply_is_authoritative(const struct reply *reply)
{
	return (reply->flags & FLAG_AA) != 0;
}
