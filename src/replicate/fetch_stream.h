// SPDX-License-Identifier: GPL-3.0-or-later
// Reading a transfer: from the bytes of a TCP stream to a draft. It knows
// nothing of sockets; it runs on a lane, one batch of bytes at a time.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replicate/query.h"
#include "zone/delta.h"
#include "zone/draft.h"

// What was asked for.
enum fetch_kind {
	FETCH_SOA,  // the serial alone, where UDP gave no answer
	FETCH_AXFR, // RFC 5936
	FETCH_IXFR, // RFC 1995; the answer may be the whole zone all the same
};

// Records in a draft above which its work belongs on the long lane.
#define FETCH_LARGE 10000u

// Bytes up to which a transfer may be read in a step of the loop (room_is_brief()).
#define FETCH_BRIEF 4096u

struct fetch_terms {
	enum fetch_kind kind;
	const struct query *query;         // as sent; outlives the stream
	struct zone_line *line;
	const struct zone_version *base;   // what we have, NULL nothing (not with IXFR); outlives the stream
	bool is_forced;                    // take it whatever its serial
	uint64_t max_bytes;                // bounds of the zone, 0 none
	size_t max_records;
};

enum fetch_progress {
	FETCH_MORE = 0,
	FETCH_DONE = 1,       // complete and verified: fetch_stream_take()
	FETCH_UP_TO_DATE = 2, // the primary has nothing newer, see the serial
};

struct fetch_figures {
	uint64_t bytes;    // of messages, with their lengths
	uint64_t messages;
	uint64_t records;
	uint32_t serial;   // of the first SOA, where has_serial
	bool has_serial;
	bool is_incremental; // it came as steps, not as the whole zone
	bool has_rest;       // more came, or is to come, than what answers the question
	uint64_t removed, added; // by those steps, SOAs not counted
	uint16_t rcode;    // of the last message
	uint32_t expire;   // EDNS EXPIRE of the first (RFC 7314), 0: none
};

struct fetch_stream;

// How large a delta from that version may get: one larger than the whole zone
// is of no use; a small one costs nothing.
size_t fetch_delta_bound(const struct zone_version *base);

// ERR_MEMORY.
int fetch_stream_new(const struct fetch_terms *terms, struct fetch_stream **stream);

// With its draft, unless that was taken. On a lane: it may take long.
void fetch_stream_free(struct fetch_stream *stream);

// Takes the next bytes of the stream, cut anywhere; may change them in place.
// Returns an enum fetch_progress; or an error, with fetch_stream_why(): it is
// sticky and the draft is gone.
int fetch_stream_bytes(struct fetch_stream *stream, uint8_t *bytes, size_t length, int64_t now);

// The stream ended (the other end closed it). Returns FETCH_DONE,
// FETCH_UP_TO_DATE or an error as above.
int fetch_stream_end(struct fetch_stream *stream);

// The sentence for an error: "refused: …" where the primary or a signature
// said no, else "failed: …".
const char *fetch_stream_why(const struct fetch_stream *stream);

void fetch_stream_figures(const struct fetch_stream *stream, struct fetch_figures *figures);

// After FETCH_DONE: gives the draft, which holds exactly what was sent, to the
// caller. Who wants to know what of the base it changed takes that before; it
// takes part in the draft until that ends. NULL where there was no base.
struct delta_writer *fetch_stream_take_changes(struct fetch_stream *stream);
struct zone_draft *fetch_stream_take(struct fetch_stream *stream);
