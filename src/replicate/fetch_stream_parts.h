// SPDX-License-Identifier: GPL-3.0-or-later
// What the files of a stream of messages share: its state. fetch_stream.c takes
// the messages out of the bytes and looks at what is around the records,
// fetch_records.c makes a draft of the records.
#pragma once

#include "replicate/fetch_stream.h"
#include "replicate/ixfr_stream.h"

struct fetch_stream {
	struct fetch_terms terms;
	struct zone_draft *draft;
	struct delta_writer *changes; // of the draft; NULL: it began empty
	struct tsig_stream *tsig;
	struct fetch_figures figures;
	unsigned empty_messages;
	int outcome;          // FETCH_MORE until it is over
	bool is_replacing;    // between replace_begin and replace_end
	bool is_undecided;    // IXFR: the record behind the first SOA tells its form
	bool is_at_end;       // the second SOA has come
	struct ixfr_stream ixfr;
	uint32_t soa_ttl;
	uint16_t soa_length;  // of the first SOA's rdata
	uint8_t soa[2 * NAME_MAX_WIRE + 20];
	// A message whose bytes came in more than one piece.
	size_t partial;       // bytes in `message`, with the length before it
	uint8_t message[2 + MESSAGE_MAX];
	uint8_t rdata[RDATA_MAX];
	char why[256];
};

// Ends the stream: the draft is dropped, and the sentence is why. Returns `error`.
int fetch_fail(struct fetch_stream *stream, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

// Takes the records of a message of `length` bytes, whose question was read:
// they go into the draft, until the stream is at its end or its outcome is
// known. 0, or the error that ended it.
int fetch_take_records(struct fetch_stream *stream, struct wire_reader *reader, size_t length);
