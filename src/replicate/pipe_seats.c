// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/pipe_seats.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "dns/message.h"
#include "dns/wire.h"

static_assert(PIPE_READER_ROOM > 2 + PIPE_ANSWER_MAX, "a whole answer has room");

static void put_between(struct pipe_seats *seats, struct pipe_seat *seat, struct pipe_seat *before,
                        struct pipe_seat *after)
{
	seat->previous = before;
	seat->next = after;
	*(before != NULL ? &before->next : &seats->first) = seat;
	*(after != NULL ? &after->previous : &seats->last) = seat;
	seats->count++;
}

void pipe_seats_put_last(struct pipe_seats *seats, struct pipe_seat *seat)
{
	put_between(seats, seat, seats->last, NULL);
}

void pipe_seats_put_first(struct pipe_seats *seats, struct pipe_seat *seat)
{
	put_between(seats, seat, NULL, seats->first);
}

void pipe_seats_remove(struct pipe_seats *seats, struct pipe_seat *seat)
{
	*(seat->previous != NULL ? &seat->previous->next : &seats->first) = seat->next;
	*(seat->next != NULL ? &seat->next->previous : &seats->last) = seat->previous;
	seat->next = seat->previous = NULL;
	seats->count--;
}

struct pipe_seat *pipe_seats_find(const struct pipe_seats *seats, const uint8_t *message, size_t length)
{
	struct pipe_seat *seat = seats->first;

	while (seat != NULL && !query_is_answered_by(seat->query, message, length))
		seat = seat->next;
	return seat;
}

bool pipe_seats_has_id(const struct pipe_seats *seats, uint16_t id)
{
	const struct pipe_seat *seat = seats->first;

	while (seat != NULL && seat->query->id != id)
		seat = seat->next;
	return seat != NULL;
}

uint8_t *pipe_reader_room(struct pipe_reader *reader, size_t *room)
{
	memmove(reader->bytes, reader->bytes + reader->start, reader->end - reader->start);
	reader->end -= reader->start;
	reader->start = 0;
	*room = sizeof reader->bytes - reader->end;
	return reader->bytes + reader->end;
}

int pipe_reader_next(struct pipe_reader *reader, uint8_t **message, size_t *length)
{
	size_t left = reader->end - reader->start;

	if (left < 2)
		return 0;
	*length = wire_get16(reader->bytes + reader->start);
	if (*length < MESSAGE_HEADER || *length > PIPE_ANSWER_MAX)
		return ERR_FORMAT;
	if (left < 2 + *length)
		return 0;
	*message = reader->bytes + reader->start + 2;
	reader->start += 2 + *length;
	return 1;
}
