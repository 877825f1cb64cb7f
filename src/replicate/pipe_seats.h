// SPDX-License-Identifier: GPL-3.0-or-later
// Questions under way together on one stream, and the answers that come back on
// it in whatever order (RFC 7766, 6.2.1.1): each has a seat, found again by ID
// and question.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replicate/query.h"

// An answer to a question for a serial: names of full length, EDNS and TSIG fit
// many times over. Anything longer is none.
#define PIPE_ANSWER_MAX 4096u

// What one reading takes in.
#define PIPE_READER_ROOM 16384u

struct poll_pipe;
struct pipe_seat;

struct pipe_seat_user {
	// The answer, neither verified nor read, as long as it runs; the seat is
	// left. What it calls may take and leave seats.
	void (*answered)(struct pipe_seat *seat, uint8_t *message, size_t length);
	// To be asked by other means; the seat is left. It takes and leaves none.
	void (*given_up)(struct pipe_seat *seat);
};

struct pipe_seat {
	struct pipe_seat *next, *previous;
	struct poll_pipe *pipe;           // NULL: it sits nowhere
	const struct query *query;        // outlives the seat
	const struct pipe_seat_user *user;
	uint64_t since;                   // boot ms: it waits, or was asked
	unsigned asked;                   // how often
	bool is_asked;                    // and not answered
};

struct pipe_seats {
	struct pipe_seat *first, *last;
	unsigned count;
};

void pipe_seats_put_last(struct pipe_seats *seats, struct pipe_seat *seat);
void pipe_seats_put_first(struct pipe_seats *seats, struct pipe_seat *seat);
void pipe_seats_remove(struct pipe_seats *seats, struct pipe_seat *seat);

// Whose answer that is, or NULL.
struct pipe_seat *pipe_seats_find(const struct pipe_seats *seats, const uint8_t *message, size_t length);

// Whether a question with that ID is among them.
bool pipe_seats_has_id(const struct pipe_seats *seats, uint16_t id);

// What has come and is not taken: between start and end.
struct pipe_reader {
	size_t start, end;
	uint8_t bytes[PIPE_READER_ROOM];
};

// Where what comes next goes, never without room; the messages taken are gone then.
uint8_t *pipe_reader_room(struct pipe_reader *reader, size_t *room);

// Takes the next message, without its length: 1, 0 where more must come first,
// ERR_FORMAT where its length is no answer's.
int pipe_reader_next(struct pipe_reader *reader, uint8_t **message, size_t *length);
