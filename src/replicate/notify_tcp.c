// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/notify_tcp.h"

#include <stdlib.h>
#include <string.h>

#include "dns/wire.h"
#include "replicate/link.h"
#include "replicate/query.h"

// An answer repeats the question; some room for EDNS and TSIG.
#define ANSWER_ROOM 2048u

struct notify_tcp {
	struct primary_link *link;
	notify_tcp_done *done;
	void *context;
	size_t used;
	size_t length;
	uint8_t message[QUERY_ROOM];
	uint8_t answer[2 + ANSWER_ROOM];
};

static void fail(struct notify_tcp *tcp)
{
	tcp->done(tcp->context, NULL, 0);
}

static void on_connected(void *context, int status)
{
	struct notify_tcp *tcp = context;

	if (status == 0)
		status = primary_link_send(tcp->link, tcp->message, tcp->length);
	if (status == 0)
		status = primary_link_read_start(tcp->link);
	if (status != 0)
		fail(tcp);
}

static void on_alloc(void *context, uv_buf_t *buffer)
{
	struct notify_tcp *tcp = context;

	*buffer = uv_buf_init((char *)tcp->answer + tcp->used, (unsigned)(sizeof tcp->answer - tcp->used));
}

static void on_received(void *context, ssize_t length)
{
	struct notify_tcp *tcp = context;

	if (length < 0) {
		fail(tcp);
		return;
	}
	tcp->used += (size_t)length;
	if (tcp->used >= 2 && tcp->used >= 2u + wire_get16(tcp->answer))
		tcp->done(tcp->context, tcp->answer + 2, wire_get16(tcp->answer));
	else if (tcp->used == sizeof tcp->answer)
		fail(tcp);
}

struct notify_tcp *notify_tcp_start(struct replicate *room, const struct endpoint *target, const struct endpoint *source,
                                    const uint8_t *message, size_t length, notify_tcp_done *done, void *context)
{
	static const struct primary_link_user calls = { on_connected, on_alloc, on_received };
	struct config_remote remote = { 0 };
	struct endpoint from = *source;
	struct notify_tcp *tcp = calloc(1, sizeof *tcp);
	int uv_error;

	if (tcp == NULL || length > sizeof tcp->message) {
		free(tcp);
		return NULL;
	}
	endpoint_to(target, &remote.address);
	from.port = 0;
	// A connection has a port of its own.
	if (endpoint_to(&from, &remote.source) == 0)
		remote.source.ss_family = AF_UNSPEC;
	memcpy(tcp->message, message, length);
	tcp->length = length;
	tcp->done = done;
	tcp->context = context;
	if (primary_link_open(room, &remote, &calls, tcp, &tcp->link, &uv_error) != 0) {
		free(tcp);
		return NULL;
	}
	return tcp;
}

void notify_tcp_end(struct notify_tcp *tcp)
{
	if (tcp == NULL)
		return;
	primary_link_close(tcp->link);
	free(tcp);
}
