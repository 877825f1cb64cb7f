// SPDX-License-Identifier: GPL-3.0-or-later
// What the files of a fetch share: its state, and the steps that lead from one
// to the other. All but what says so belongs to the loop.
#pragma once

#include "replicate/deadline.h"
#include "replicate/fetch.h"
#include "replicate/link.h"
#include "replicate/room.h"

struct chunk {
	struct chunk *next;
	size_t used, room;
	uint8_t bytes[];
};

struct fetch {
	struct primary_link *connection; // NULL: given back
	struct poll *poll;          // the same question by UDP, which comes first
	struct mail mail;           // from the lane; at the end from us
	struct deadline deadline;
	struct replicate *room;
	struct fetch_order order;
	const struct zone_version *base; // held
	fetch_done *done;           // NULL: cancelled, or told
	void *context;

	struct fetch_stream *stream; // the lane's while is_in_lane
	struct chunk *filling;
	struct chunk *spare;         // large ones, to be filled again
	struct chunk *first, *last;  // full, waiting for the lane
	struct chunk *batch;         // the lane's
	bool lane_frees;             // what the lane was posted for; the loop sets it before
	int progress;                // written by the lane, as is:
	struct fetch_figures lane_figures;
	unsigned chunks;
	bool is_in_lane;
	bool is_by_udp;              // no connection was opened yet
	bool is_large;
	bool is_reading;
	bool is_connected;
	bool is_ended;               // the other side closed
	bool is_over;                // the result is known; the lane only has to clean up
	int connect_error;
	struct fetch_figures figures;

	uint64_t started, heard;     // boot ms
	uint64_t received;           // bytes
	uint64_t window_start, window_received;
	struct fetch_result result;
	struct query query;
};

// --- fetch.c

// Ends it with an error and the sentence for it; nothing where it is over.
void fetch_give_up(struct fetch *fetch, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));

// The result is known: it is told once the lane has cleaned up.
void fetch_conclude(struct fetch *fetch);

// The lane has: tells the result, and frees the fetch when all have returned.
void fetch_tell(struct fetch *fetch);
void fetch_free_later(struct fetch *fetch);

void fetch_start_reading(struct fetch *fetch);

// What came by UDP will not do, or nothing came: asks by TCP, from the beginning.
void fetch_turn_to_tcp(struct fetch *fetch);

// A question on a connection that served others before came to nothing: asks it
// on one of its own. False where this was one.
bool fetch_ask_anew(struct fetch *fetch);

// --- fetch_lane.c: from the socket to the parser

// The buffer to read into, NULL where none is free.
struct chunk *fetch_chunk_to_fill(struct fetch *fetch);

// Gives the lane what has come, if it has nothing to do.
void fetch_hand_over(struct fetch *fetch);

// Gives the lane something to do, at the end: to free the stream.
void fetch_post_to_lane(struct fetch *fetch);

// The lane is done with it.
void fetch_on_lane(struct mail *mail, void *receiver);

void fetch_free_chunks(struct chunk *chunk);

// --- fetch_clock.c

#define FETCH_CONNECT_MS 6000u

// Sets the deadline of a question that is on its way; and it is there.
void fetch_set_deadline(struct fetch *fetch);
void fetch_on_deadline(struct deadline *deadline, uint64_t now);
