// SPDX-License-Identifier: GPL-3.0-or-later
// What the files of a transfer out share: its state. provide.c chooses what is
// sent, and tells of its end; provide_write.c writes the messages.
#pragma once

#include "base/address.h"
#include "dns/name.h"
#include "replicate/provide.h"
#include "replicate/provide_chain.h"
#include "zone/delta.h"
#include "zone/zone.h"

enum provide_what {
	PROVIDE_DELTAS, // IXFR
	PROVIDE_ZONE,   // AXFR, and IXFR answered with the whole zone (RFC 1995, 4)
	PROVIDE_SERIAL, // IXFR of a client that is up to date, or over UDP: the SOA alone
};

// What an answer is chosen by, besides the version.
struct provide_ask {
	struct replicate *room;
	uint8_t origin[NAME_MAX_WIRE];
	enum answer_transport transport;
	uint16_t type;
	uint32_t serial;                    // IXFR: the client's
	bool may_have_deltas;
};

struct provide {
	const struct zone_version *version; // held; NULL: resting
	struct provide_ask ask;
	const char *blame;                  // for its end, NULL: none
	enum provide_what what;
	uint16_t id, type;
	bool is_first;                      // no message was written yet
	bool is_soa_sent;                   // the last one
	bool has_edns, wants_expire;        // of the request
	uint32_t expire;                    // seconds (RFC 7314)
	struct provide_chain chain;         // PROVIDE_DELTAS
	unsigned step;                      // the next of the chain
	struct delta_cursor steps;          // in the one before
	struct delta_record change;         // the current record, where is_change
	bool is_change;
	bool has_set;                       // `set` has records left
	struct zone_cursor cursor;
	struct rrset set;
	uint8_t set_owner[NAME_MAX_WIRE];   // cursor.owner moves on before all is written
	uint8_t owner_length;
	uint16_t origin_length;
	const uint8_t *record;              // next of the set
	unsigned left;                      // records of the set
	// Within one message:
	uint16_t origin_at;                 // offset of the origin's name, 0 none
	uint16_t owner_at;                  // offset of the current owner, 0 none
	uint64_t records, bytes, messages, started;
	char client[ADDRESS_TEXT];
	char key[NAME_MAX_TEXT];
};
