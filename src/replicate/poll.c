// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/poll.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "replicate/pipe.h"
#include "replicate/primary.h"
#include "replicate/query.h"
#include "replicate/room.h"

// The question is sent again after 1 and 2 more seconds, and given up 2 s
// after that: a lost packet costs little, a dead primary is known in 5 s.
#define POLL_TRIES 3u
static const uint64_t patience_ms[POLL_TRIES] = { 1000, 2000, 2000 };

// An IXFR has TCP to fall back to, and a change that waits: 2 s.
#define IXFR_TRIES 2u
static const uint64_t ixfr_patience_ms[IXFR_TRIES] = { 500, 1500 };

// A SOA with names of full length, EDNS and TSIG fit many times over.
#define ANSWER_ROOM 4096u

// Packets that are no answer to our question, until the socket is given up:
// somebody is guessing.
#define STRAY_MAX 1000u

// Polls of one primary under way that go by UDP each; those beyond share a connection.
#define APART_MAX 8u

struct poll {
	uv_udp_t socket;
	bool has_socket;
	int open_error;            // the socket could not be made ready
	struct pipe_seat seat;     // in the pipe, until it has a socket
	struct primary *primary;   // NULL: its polls are not counted
	const struct config_remote *remote;
	struct deadline deadline;
	struct replicate *room;
	poll_done *done;           // NULL: over, the socket is being closed
	void *context;
	uint64_t sent_ns;          // boot: the last question
	unsigned tries;
	unsigned strays;
	bool wants_expire;
	struct query query;
	uint8_t answer[ANSWER_ROOM];
};

static void on_closed(uv_handle_t *handle)
{
	struct poll *poll = handle->data;
	struct replicate *room = poll->room;

	room_enter(room);
	free(poll);
	room_job_end(room);
	room_leave(room);
}

static void dispose(struct poll *poll)
{
	pipe_leave(&poll->seat);
	if (poll->primary != NULL)
		poll->primary->polls--;
	deadline_leave(&poll->room->deadlines, &poll->deadline);
	poll->done = NULL;
	if (poll->has_socket)
		uv_close((uv_handle_t *)&poll->socket, on_closed);
	else
		free(poll);
}

static void end(struct poll *poll, const struct poll_result *result)
{
	poll_done *done = poll->done;
	void *context = poll->context;

	dispose(poll);
	done(context, result);
}

static void end_silent(struct poll *poll, int error, const char *why)
{
	struct poll_result result = { .outcome = POLL_SILENT, .error = error };

	snprintf(result.why, sizeof result.why, "%s", why);
	end(poll, &result);
}

static void send_query(struct poll *poll)
{
	uv_buf_t buffer = uv_buf_init((char *)poll->query.bytes, (unsigned)poll->query.length);
	int sent = uv_udp_try_send(&poll->socket, &buffer, 1, NULL);
	const uint64_t *patience = poll->query.type == TYPE_IXFR ? ixfr_patience_ms : patience_ms;

	poll->sent_ns = clock_boot_ns();
	poll->tries++;
	// A full socket buffer is like a lost packet; anything else will not mend by waiting.
	if (sent < 0 && sent != UV_EAGAIN) {
		end_silent(poll, sent, uv_strerror(sent));
		return;
	}
	deadline_set(&poll->room->deadlines, &poll->deadline, clock_boot_ms() + patience[poll->tries - 1]);
}

static void on_deadline(struct deadline *deadline, uint64_t now)
{
	struct poll *poll = (struct poll *)((char *)deadline - offsetof(struct poll, deadline));

	(void)now;
	if (poll->tries < (poll->query.type == TYPE_IXFR ? IXFR_TRIES : POLL_TRIES))
		send_query(poll);
	else
		end_silent(poll, 0, "no answer");
}

static int build(struct poll *poll)
{
	struct query_ask ask = { .type = TYPE_SOA, .wants_expire = poll->wants_expire };

	return query_build_ask(&poll->query, (uint16_t)room_random(poll->room), poll->query.origin, &ask, poll->query.key,
	                       clock_wall_s());
}

static void go_by_udp(struct poll *poll);

// RFC 6891, 7: a server that knows no EDNS answers FORMERR, or NOTIMP.
static bool ask_without_edns(struct poll *poll, const uint8_t *message)
{
	unsigned rcode = message_rcode(message);

	if (!poll->wants_expire || (rcode != RCODE_FORMERR && rcode != RCODE_NOTIMP))
		return false;
	poll->wants_expire = false;
	if (build(poll) != 0)
		return false;
	poll->tries = 0;
	if (poll->has_socket)
		send_query(poll);
	else
		go_by_udp(poll);
	return true;
}

static uint32_t round_trip_us(const struct poll *poll)
{
	uint64_t passed = (clock_boot_ns() - poll->sent_ns) / 1000;

	return passed < UINT32_MAX ? (uint32_t)passed : UINT32_MAX;
}

static void take_stray(struct poll *poll)
{
	if (++poll->strays > STRAY_MAX)
		end_silent(poll, 0, "too many packets that are no answer to our question");
}

static void take_ixfr(struct poll *poll, const uint8_t *message, size_t length)
{
	struct poll_result result = { .outcome = POLL_MESSAGE, .message = message, .length = length };

	if (!query_is_answered_by(&poll->query, message, length)) {
		take_stray(poll);
		return;
	}
	if ((message_flags(message) & FLAG_TC) != 0 || message_rcode(message) != RCODE_NOERROR)
		result.outcome = POLL_USE_TCP;
	end(poll, &result);
}

static void take_answer(struct poll *poll, uint8_t *message, size_t length)
{
	struct poll_result result = { 0 };
	struct soa_answer answer;
	int error;

	if (poll->query.type == TYPE_IXFR) {
		take_ixfr(poll, message, length);
		return;
	}
	error = query_read_soa(&poll->query, message, length, clock_wall_s(), &answer, result.why, sizeof result.why);
	if (error == ERR_STATE) {
		if (poll->has_socket)
			take_stray(poll);
		else
			go_by_udp(poll);
		return;
	}
	if (error == ERR_DENIED && ask_without_edns(poll, message))
		return;
	result.expire = answer.expire;
	result.outcome = error != 0 ? POLL_REFUSED : answer.is_truncated ? POLL_USE_TCP : POLL_SERIAL;
	result.serial = answer.serial;
	// Among many on a connection it tells more of those before it.
	result.round_trip_us = poll->has_socket ? round_trip_us(poll) : 0;
	result.error = error;
	result.rcode = (uint16_t)message_rcode(message);
	result.is_authoritative = (message_flags(message) & FLAG_AA) != 0;
	end(poll, &result);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	struct poll *poll = handle->data;

	(void)suggested;
	*buffer = uv_buf_init((char *)poll->answer, sizeof poll->answer);
}

static void on_packet(uv_udp_t *socket, ssize_t length, const uv_buf_t *buffer,
                      const struct sockaddr *from, unsigned flags)
{
	struct poll *poll = socket->data;
	struct replicate *room = poll->room;

	(void)buffer;
	if (length == 0 && from == NULL)
		return;
	room_enter(room);
	if (poll->done != NULL) {
		// ICMP says that nobody listens there.
		if (length < 0)
			end_silent(poll, (int)length, uv_strerror((int)length));
		else if ((flags & UV_UDP_PARTIAL) == 0)
			take_answer(poll, poll->answer, (size_t)length);
	}
	room_leave(room);
}

// A uv error.
static int open_socket(struct poll *poll)
{
	const struct config_remote *remote = poll->remote;
	const struct sockaddr *source = (const struct sockaddr *)&remote->source;
	int error = uv_udp_init(poll->room->loop, &poll->socket);

	if (error != 0)
		return error;
	poll->has_socket = true;
	poll->socket.data = poll;
	room_job_begin(poll->room);
	if (remote->source.ss_family == remote->address.ss_family)
		error = uv_udp_bind(&poll->socket, source, 0);
	// Connected: the kernel lets nobody else's packets in, and reports ICMP.
	if (error == 0)
		error = uv_udp_connect(&poll->socket, (const struct sockaddr *)&remote->address);
	if (error == 0)
		error = uv_udp_recv_start(&poll->socket, on_alloc, on_packet);
	return error;
}

static void on_first(struct deadline *deadline, uint64_t now)
{
	struct poll *poll = (struct poll *)((char *)deadline - offsetof(struct poll, deadline));

	(void)now;
	deadline->fire = on_deadline;
	if (poll->open_error != 0)
		end_silent(poll, poll->open_error, uv_strerror(poll->open_error));
	else
		send_query(poll);
}

// The first packet leaves in the same turn of the loop, but not before this
// returns: its failure is told like any other.
static void go_by_udp(struct poll *poll)
{
	poll->open_error = open_socket(poll);
	deadline_set(&poll->room->deadlines, &poll->deadline, clock_boot_ms());
}

static void on_piped(struct pipe_seat *seat, uint8_t *message, size_t length)
{
	take_answer((struct poll *)((char *)seat - offsetof(struct poll, seat)), message, length);
}

static void on_given_up(struct pipe_seat *seat)
{
	go_by_udp((struct poll *)((char *)seat - offsetof(struct poll, seat)));
}

static const struct pipe_seat_user seat_user = { on_piped, on_given_up };

static struct poll *make(struct replicate *room, const struct config_remote *remote, poll_done *done, void *context)
{
	struct poll *made = malloc(sizeof *made);

	if (made == NULL)
		return NULL;
	memset(made, 0, offsetof(struct poll, query));
	if (deadline_join(&room->deadlines, &made->deadline, on_first) != 0) {
		free(made);
		return NULL;
	}
	made->room = room;
	made->remote = remote;
	made->done = done;
	made->context = context;
	made->seat.query = &made->query;
	made->seat.user = &seat_user;
	return made;
}

// Sends the question that was built. Disposes of the poll on error.
static int begin(struct poll *made, char why[static 256])
{
	go_by_udp(made);
	if (made->open_error == 0)
		return 0;
	snprintf(why, 256, "%s", uv_strerror(made->open_error));
	dispose(made);
	return ERR_IO;
}

static int make_for_serial(struct replicate *room, const uint8_t *origin, const struct config_remote *remote,
                           bool wants_expire, poll_done *done, void *context, struct poll **poll,
                           char why[static 256])
{
	struct poll *made = make(room, remote, done, context);
	int error = made == NULL ? ERR_MEMORY : 0;

	if (error == 0) {
		made->wants_expire = wants_expire;
		made->query.origin = origin;
		made->query.key = remote->key != NULL ? &remote->key->tsig : NULL;
		error = build(made);
	}
	if (error != 0) {
		snprintf(why, 256, "%s", error_text(error));
		if (made != NULL)
			dispose(made);
		return error;
	}
	*poll = made;
	return 0;
}

int poll_start(struct replicate *room, const uint8_t *origin, const struct config_remote *remote, bool wants_expire,
               poll_done *done, void *context, struct poll **poll, char why[static 256])
{
	struct poll *made;
	int error = make_for_serial(room, origin, remote, wants_expire, done, context, &made, why);

	if (error == 0)
		error = begin(made, why);
	if (error == 0)
		*poll = made;
	return error;
}

int poll_start_shared(struct replicate *room, struct primary *primary, const uint8_t *origin,
                      const struct config_remote *remote, bool wants_expire, poll_done *done, void *context,
                      struct poll **poll, char why[static 256])
{
	struct poll *made;
	int error = make_for_serial(room, origin, remote, wants_expire, done, context, &made, why);

	if (error != 0)
		return error;
	made->primary = primary;
	if (primary->polls++ < APART_MAX || pipe_join(room, primary, remote, &made->seat) != 0)
		error = begin(made, why);
	if (error == 0)
		*poll = made;
	return error;
}

int poll_start_ixfr(struct replicate *room, const struct query *query, const struct config_remote *remote,
                    poll_done *done, void *context, struct poll **poll)
{
	struct poll *made = make(room, remote, done, context);
	char why[256];
	int error;

	if (made == NULL)
		return ERR_MEMORY;
	made->query = *query;
	error = begin(made, why);
	if (error == 0)
		*poll = made;
	return error;
}

void poll_cancel(struct poll *poll)
{
	if (poll != NULL)
		dispose(poll);
}
