// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/poll.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
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

struct poll {
	uv_udp_t socket;
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

static void close_socket(struct poll *poll)
{
	deadline_leave(&poll->room->deadlines, &poll->deadline);
	poll->done = NULL;
	uv_close((uv_handle_t *)&poll->socket, on_closed);
}

static void end(struct poll *poll, const struct poll_result *result)
{
	poll_done *done = poll->done;
	void *context = poll->context;

	close_socket(poll);
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
	send_query(poll);
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
		take_stray(poll);
		return;
	}
	if (error == ERR_DENIED && ask_without_edns(poll, message))
		return;
	result.expire = answer.expire;
	result.outcome = error != 0 ? POLL_REFUSED : answer.is_truncated ? POLL_USE_TCP : POLL_SERIAL;
	result.serial = answer.serial;
	result.round_trip_us = round_trip_us(poll);
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

static int open_socket(struct poll *poll, const struct config_remote *remote)
{
	const struct sockaddr *source = (const struct sockaddr *)&remote->source;
	int error = 0;

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
	send_query(poll);
}

static struct poll *make(struct replicate *room, poll_done *done, void *context)
{
	struct poll *made = malloc(sizeof *made);

	if (made == NULL)
		return NULL;
	memset(made, 0, offsetof(struct poll, query));
	made->room = room;
	made->done = done;
	made->context = context;
	return made;
}

// Sends the question that was built. Frees the poll on error.
static int begin(struct poll *made, const struct config_remote *remote, char why[static 256])
{
	struct replicate *room = made->room;
	int error = deadline_join(&room->deadlines, &made->deadline, on_first);

	if (error == 0 && uv_udp_init(room->loop, &made->socket) != 0) {
		deadline_leave(&room->deadlines, &made->deadline);
		error = ERR_IO;
	}
	if (error != 0) {
		snprintf(why, 256, "%s", error_text(error));
		free(made);
		return error;
	}
	made->socket.data = made;
	room_job_begin(room);
	error = open_socket(made, remote);
	if (error != 0) {
		snprintf(why, 256, "%s", uv_strerror(error));
		close_socket(made);
		return ERR_IO;
	}
	// The first packet leaves in the same turn of the loop, but not before this
	// returns: its failure is told like any other.
	deadline_set(&room->deadlines, &made->deadline, clock_boot_ms());
	return 0;
}

int poll_start(struct replicate *room, const uint8_t *origin, const struct config_remote *remote, bool wants_expire,
               poll_done *done, void *context, struct poll **poll, char why[static 256])
{
	struct poll *made = make(room, done, context);
	int error = made == NULL ? ERR_MEMORY : 0;

	if (error == 0) {
		made->wants_expire = wants_expire;
		made->query.origin = origin;
		made->query.key = remote->key != NULL ? &remote->key->tsig : NULL;
		error = build(made);
	}
	if (error != 0) {
		snprintf(why, 256, "%s", error_text(error));
		free(made);
		return error;
	}
	error = begin(made, remote, why);
	if (error == 0)
		*poll = made;
	return error;
}

int poll_start_ixfr(struct replicate *room, const struct query *query, const struct config_remote *remote,
                    poll_done *done, void *context, struct poll **poll)
{
	struct poll *made = make(room, done, context);
	char why[256];
	int error;

	if (made == NULL)
		return ERR_MEMORY;
	made->query = *query;
	error = begin(made, remote, why);
	if (error == 0)
		*poll = made;
	return error;
}

void poll_cancel(struct poll *poll)
{
	if (poll != NULL)
		close_socket(poll);
}
