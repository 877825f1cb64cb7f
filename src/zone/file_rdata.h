// SPDX-License-Identifier: GPL-3.0-or-later
// Rdata from its words, for types that libzscanner does not know and that
// share their layout with none that it does.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/message.h"
#include "zone/file_line.h"

struct rdata_builder {
	uint8_t *bytes;
	size_t length, room;
	bool full;             // sticky
	const uint8_t *origin; // for relative names
};

// Reads the words of the rdata. False where they do not fit the type.
typedef bool rdata_from_words(struct rdata_builder *builder, struct line_cursor *cursor);

rdata_from_words rdata_wks;      // RFC 1035, 3.4.2
rdata_from_words rdata_nsap;     // RFC 1706, 4
rdata_from_words rdata_px;       // RFC 2163, 4
rdata_from_words rdata_nxt;      // RFC 2535, 5.2
rdata_from_words rdata_hex;      // EID, NIMLOC
rdata_from_words rdata_atma;     // ATM Name System, 3.0
rdata_from_words rdata_a6;       // RFC 2874, 3.1
rdata_from_words rdata_sink;     // draft-eastlake-kitchen-sink
rdata_from_words rdata_hip;      // RFC 8005, 5
rdata_from_words rdata_dsync;    // RFC 9859, 2
rdata_from_words rdata_doa;      // draft-durand-doa-over-dns
rdata_from_words rdata_amtrelay; // RFC 8777, 4

// A type by its mnemonic or as TYPEnnn, the scanner's and ours.
bool file_type_from_word(const struct line_word *word, uint16_t *type);
