// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/pipe.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "dns/wire.h"
#include "replicate/primary.h"
#include "replicate/room.h"

// Questions on a connection that are not answered yet. More gained nothing with
// any server that was measured.
#define UNDER_WAY_MAX 64u

// A question waits so long for its turn and so long for its answer. Then UDP,
// with all its patience, is asked.
#define PATIENCE_MS 1000u

// A connection that is closed after fewer answers was not worth its handshake.
#define WORTH_ANSWERS 8u

// An answer that has come but was not read yet, as after we were stopped, is
// waited for this long beyond that, and looked for so often.
#define UNREAD_MS 10000u
#define LOOK_MS 10u

// A single miss may be the network's or a busy machine's.
#define MISSES_MAX 2u

// How long a primary is remembered that does not take questions so.
#define FORGET_MS 600000u

// Asked again so often where the connection was closed in between.
#define ASK_MAX 2u

#define BATCH_ROOM 16384u

struct poll_pipe {
	struct poll_pipe *next;      // of the primary
	struct replicate *room;
	struct primary *primary;
	struct config_remote remote; // address and source alone
	struct primary_link *link;   // NULL: none is open
	struct deadline deadline;
	struct pipe_seats waiting, asked;
	unsigned answers;            // on this connection
	unsigned abandoned;          // questions on it whose answer nobody waits for
	bool is_connected;
	bool wants_new;              // a kept connection had been closed by the other side
	struct pipe_reader reader;
};

static void go_on(struct poll_pipe *pipe);

// --- its end

static void drop_link(struct poll_pipe *pipe)
{
	if (pipe->link != NULL)
		primary_link_close(pipe->link);
	pipe->link = NULL;
	pipe->is_connected = false;
	pipe->answers = pipe->abandoned = 0;
	pipe->reader.start = pipe->reader.end = 0;
}

static void unlink_and_free(struct poll_pipe *pipe)
{
	struct poll_pipe **at = &pipe->primary->pipes;

	while (*at != pipe)
		at = &(*at)->next;
	*at = pipe->next;
	deadline_leave(&pipe->room->deadlines, &pipe->deadline);
	room_job_end(pipe->room);
	free(pipe);
}

// Nobody sits in it any more: transfers may have the connection.
static void finish(struct poll_pipe *pipe)
{
	bool is_clean = pipe->is_connected && pipe->abandoned == 0 && pipe->reader.start == pipe->reader.end;

	if (is_clean && pipe->answers > 0)
		pipe->primary->pipe_misses = 0;
	if (pipe->link != NULL && is_clean) {
		primary_link_keep(pipe->link);
		pipe->link = NULL;
	}
	drop_link(pipe);
	unlink_and_free(pipe);
}

static void give_up(struct pipe_seats *seats, struct pipe_seat *seat)
{
	pipe_seats_remove(seats, seat);
	seat->pipe = NULL;
	seat->is_asked = false;
	seat->user->given_up(seat);
}

// Whoever sits here goes.
static void empty_out(struct poll_pipe *pipe)
{
	drop_link(pipe);
	while (pipe->asked.first != NULL)
		give_up(&pipe->asked, pipe->asked.first);
	while (pipe->waiting.first != NULL)
		give_up(&pipe->waiting, pipe->waiting.first);
	unlink_and_free(pipe);
}

// The primary is not asked that way for a while.
static void dismiss(struct poll_pipe *pipe)
{
	pipe->primary->no_pipe_until = clock_boot_ms() + FORGET_MS;
	empty_out(pipe);
}

static void miss(struct poll_pipe *pipe)
{
	if (++pipe->primary->pipe_misses >= MISSES_MAX)
		dismiss(pipe);
	else
		empty_out(pipe);
}

// --- the connection

// Closed by the other side: its right (RFC 7766, 6.2.3), but not after every
// answer, or they had better be asked by UDP.
static void take_close(struct poll_pipe *pipe)
{
	bool was_stale = primary_link_is_reused(pipe->link) && pipe->answers == 0;
	uint64_t now = clock_boot_ms();

	if (!was_stale && pipe->answers < WORTH_ANSWERS) {
		dismiss(pipe);
		return;
	}
	drop_link(pipe);
	pipe->wants_new = true;
	while (pipe->asked.last != NULL) {
		struct pipe_seat *seat = pipe->asked.last;
		if (seat->asked >= ASK_MAX) {
			give_up(&pipe->asked, seat);
			continue;
		}
		pipe_seats_remove(&pipe->asked, seat);
		seat->is_asked = false;
		seat->since = now;
		pipe_seats_put_first(&pipe->waiting, seat);
	}
	go_on(pipe);
}

static void on_connected(void *context, int status)
{
	struct poll_pipe *pipe = context;

	if (status != 0 || primary_link_read_start(pipe->link) != 0) {
		dismiss(pipe);
		return;
	}
	pipe->is_connected = true;
	go_on(pipe);
}

static void on_alloc(void *context, uv_buf_t *buffer)
{
	struct poll_pipe *pipe = context;
	size_t room;
	uint8_t *at = pipe_reader_room(&pipe->reader, &room);

	*buffer = uv_buf_init((char *)at, (unsigned)room);
}

static void on_received(void *context, ssize_t length)
{
	struct poll_pipe *pipe = context;
	uint8_t *message;
	size_t size;
	int next;

	if (length < 0) {
		take_close(pipe);
		return;
	}
	pipe->reader.end += (size_t)length;
	while ((next = pipe_reader_next(&pipe->reader, &message, &size)) == 1) {
		struct pipe_seat *seat = pipe_seats_find(&pipe->asked, message, size);
		if (seat != NULL) {
			pipe_seats_remove(&pipe->asked, seat);
			seat->pipe = NULL;
			seat->is_asked = false;
			pipe->answers++;
			seat->user->answered(seat, message, size);
		} else if (pipe->abandoned > 0) {
			pipe->abandoned--;
		} else {
			next = ERR_FORMAT;
			break;
		}
	}
	if (next < 0)
		dismiss(pipe);
	else
		go_on(pipe);
}

static const struct primary_link_user link_user = { on_connected, on_alloc, on_received };

static int open_link(struct poll_pipe *pipe)
{
	int uv_error;

	if (!pipe->wants_new)
		pipe->link = primary_link_take_idle(pipe->room, &pipe->remote, &link_user, pipe);
	pipe->wants_new = false;
	pipe->is_connected = pipe->link != NULL;
	if (pipe->link != NULL)
		return 0;
	return primary_link_open(pipe->room, &pipe->remote, &link_user, pipe, &pipe->link, &uv_error);
}

// --- its seats

// As many as may be under way, in one write.
static int ask(struct poll_pipe *pipe, uint64_t now)
{
	uint8_t batch[BATCH_ROOM];
	size_t length = 0;

	while (pipe->waiting.first != NULL && pipe->asked.count + pipe->abandoned < UNDER_WAY_MAX) {
		struct pipe_seat *seat = pipe->waiting.first;
		const struct query *query = seat->query;
		// The rest leave when answers have come; IDs differ among those under way.
		if (length + 2 + query->length > sizeof batch || pipe_seats_has_id(&pipe->asked, query->id))
			break;
		wire_put16(batch + length, (uint16_t)query->length);
		memcpy(batch + length + 2, query->bytes, query->length);
		length += 2 + query->length;
		pipe_seats_remove(&pipe->waiting, seat);
		seat->since = now;
		seat->asked++;
		seat->is_asked = true;
		pipe_seats_put_last(&pipe->asked, seat);
	}
	return length == 0 ? 0 : primary_link_send_framed(pipe->link, batch, length);
}

static uint64_t first_end(const struct poll_pipe *pipe)
{
	uint64_t waiting = pipe->waiting.first != NULL ? pipe->waiting.first->since : UINT64_MAX - PATIENCE_MS;
	uint64_t asked = pipe->asked.first != NULL ? pipe->asked.first->since : UINT64_MAX - PATIENCE_MS;

	return (waiting < asked ? waiting : asked) + PATIENCE_MS;
}

// Asks what may be asked. The pipe may be gone behind it.
static void go_on(struct poll_pipe *pipe)
{
	if (pipe->waiting.first == NULL && pipe->asked.first == NULL) {
		finish(pipe);
		return;
	}
	if ((pipe->link == NULL && open_link(pipe) != 0)
	    || (pipe->is_connected && ask(pipe, clock_boot_ms()) != 0)) {
		dismiss(pipe);
		return;
	}
	deadline_set(&pipe->room->deadlines, &pipe->deadline, first_end(pipe));
}

static void on_deadline(struct deadline *deadline, uint64_t now)
{
	struct poll_pipe *pipe = (struct poll_pipe *)((char *)deadline - offsetof(struct poll_pipe, deadline));
	const struct pipe_seat *asked = pipe->asked.first, *waiting = pipe->waiting.first;
	bool has_waited = waiting != NULL && now >= waiting->since + PATIENCE_MS;
	uint64_t end = first_end(pipe);

	if (now >= end && now < end + UNREAD_MS && pipe->link != NULL && primary_link_has_news(pipe->link)) {
		deadline_set(&pipe->room->deadlines, deadline, now + LOOK_MS);
		return;
	}
	if ((asked != NULL && now >= asked->since + PATIENCE_MS) || (has_waited && !pipe->is_connected)) {
		miss(pipe);
		return;
	}
	while (pipe->waiting.first != NULL && now >= pipe->waiting.first->since + PATIENCE_MS)
		give_up(&pipe->waiting, pipe->waiting.first);
	go_on(pipe);
}

// --- taking and leaving one

static bool has_source(const struct poll_pipe *pipe, const struct endpoint *source)
{
	struct endpoint own;

	endpoint_from(&own, (const struct sockaddr *)&pipe->remote.source);
	return endpoint_equal(&own, source);
}

static struct poll_pipe *find(const struct primary *primary, const struct config_remote *remote)
{
	struct poll_pipe *pipe = primary->pipes;
	struct endpoint source;

	endpoint_from(&source, (const struct sockaddr *)&remote->source);
	while (pipe != NULL && !has_source(pipe, &source))
		pipe = pipe->next;
	return pipe;
}

static struct poll_pipe *make(struct replicate *room, struct primary *primary, const struct config_remote *remote)
{
	struct poll_pipe *made = malloc(sizeof *made);

	if (made == NULL)
		return NULL;
	memset(made, 0, offsetof(struct poll_pipe, reader));
	made->reader.start = made->reader.end = 0;
	if (deadline_join(&room->deadlines, &made->deadline, on_deadline) != 0) {
		free(made);
		return NULL;
	}
	made->room = room;
	made->primary = primary;
	made->remote.address = remote->address;
	made->remote.source = remote->source;
	made->next = primary->pipes;
	primary->pipes = made;
	room_job_begin(room);
	return made;
}

int pipe_join(struct replicate *room, struct primary *primary, const struct config_remote *remote,
              struct pipe_seat *seat)
{
	uint64_t now = clock_boot_ms();
	struct poll_pipe *pipe;

	if (room->is_stopping || now < primary->no_pipe_until || remote->tls != NULL
	    || primary_link_is_distrusted(room, &primary->endpoint))
		return ERR_STATE;
	pipe = find(primary, remote);
	if (pipe == NULL)
		pipe = make(room, primary, remote);
	if (pipe == NULL)
		return ERR_MEMORY;
	seat->pipe = pipe;
	seat->asked = 0;
	seat->is_asked = false;
	seat->since = now;
	pipe_seats_put_last(&pipe->waiting, seat);
	// Not now: what is asked for together leaves together.
	deadline_set(&room->deadlines, &pipe->deadline, now);
	return 0;
}

void pipe_leave(struct pipe_seat *seat)
{
	struct poll_pipe *pipe = seat->pipe;

	if (pipe == NULL)
		return;
	pipe_seats_remove(seat->is_asked ? &pipe->asked : &pipe->waiting, seat);
	pipe->abandoned += seat->is_asked;
	seat->pipe = NULL;
	seat->is_asked = false;
	deadline_set(&pipe->room->deadlines, &pipe->deadline, clock_boot_ms());
}
