// SPDX-License-Identifier: GPL-3.0-or-later
#include "serve/connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "serve/counters.h"
#include "serve/exchange.h"
#include "serve/transfer.h"

// What a connection may do before the others have their turn: some 100 µs of
// answering, or a buffer of a transfer, which takes a millisecond.
#define TURN_REQUESTS 64
#define TURN_REFILLS 1
#define POOL_MOST 16

struct stream_buffer *stream_pool_take(struct stream_pool *pool)
{
	struct stream_buffer *buffer = pool->spare;
	if (buffer != NULL) {
		pool->spare = buffer->next;
		pool->spare_count--;
	} else {
		buffer = malloc(sizeof(*buffer));
		if (buffer == NULL)
			return NULL;
	}
	buffer->start = buffer->end = 0;
	return buffer;
}

void stream_pool_give(struct stream_pool *pool, struct stream_buffer *buffer)
{
	if (buffer == NULL)
		return;
	if (pool->spare_count >= POOL_MOST) {
		free(buffer);
		return;
	}
	buffer->next = pool->spare;
	pool->spare = buffer;
	pool->spare_count++;
}

void stream_pool_free(struct stream_pool *pool)
{
	while (pool->spare != NULL) {
		struct stream_buffer *next = pool->spare->next;
		free(pool->spare);
		pool->spare = next;
	}
	pool->spare_count = 0;
}

static size_t held(const struct stream_buffer *buffer)
{
	return buffer == NULL ? 0 : buffer->end - buffer->start;
}

static void give_if_empty(struct stream_pool *pool, struct stream_buffer **buffer)
{
	if (*buffer != NULL && held(*buffer) == 0) {
		stream_pool_give(pool, *buffer);
		*buffer = NULL;
	}
}

// --- input

// Reads once. False: the connection is of no more use.
static bool read_some(struct connection *c, const struct connection_context *context)
{
	if (c->in == NULL)
		c->in = stream_pool_take(context->pool);
	struct stream_buffer *in = c->in;
	if (in == NULL)
		return false;
	if (in->start > 0) {
		memmove(in->bytes, in->bytes + in->start, held(in));
		in->end -= in->start;
		in->start = 0;
	}
	ssize_t n = recv(c->fd, in->bytes + in->end, STREAM_BUFFER - in->end, 0);
	if (n > 0)
		in->end += (size_t)n;
	else if (n == 0)
		c->ended = true;
	else
		return errno == EAGAIN || errno == EINTR;
	return true;
}

static bool has_request(const struct connection *c)
{
	return c->in != NULL && connection_frame(c->in->bytes + c->in->start, held(c->in)) > 0;
}

// --- output

enum drained { DRAINED, DRAIN_WAITS, DRAIN_FAILED };

static enum drained drain(struct connection *c, const struct connection_context *context)
{
	while (held(c->out) > 0) {
		ssize_t n = send(c->fd, c->out->bytes + c->out->start, held(c->out), MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? DRAIN_WAITS : DRAIN_FAILED;
		c->out->start += (size_t)n;
	}
	if (c->out != NULL) {
		c->out->start = c->out->end = 0;
		c->active_ms = context->now_ms;
	}
	return DRAINED;
}

static size_t room(const struct stream_buffer *out)
{
	return STREAM_BUFFER - out->end;
}

// --- requests

static void answer_one(struct connection *c, const struct connection_context *context)
{
	struct stream_buffer *in = c->in, *out = c->out;
	size_t frame = connection_frame(in->bytes + in->start, held(in));
	struct exchange x = {
		.serve = context->serve, .runtime = context->runtime, .counters = context->counters,
		.identity = &context->runtime->tcp,
		.bytes = in->bytes + in->start + 2, .length = frame - 2,
		.source = &c->peer.any, .transport = TRANSPORT_TCP,
		.reply = out->bytes + out->end + 2, .reply_room = MESSAGE_MAX,
	};
	size_t length = exchange_run(&x);
	if (length > 0) {
		wire_put16(out->bytes + out->end, (uint16_t)length);
		out->end += 2 + length;
	} else if (x.transfer == NULL) {
		c->closing = true; // what deserves no answer keeps no connection
	}
	in->start += frame;
	c->transfer = x.transfer;
	c->active_ms = context->now_ms;
	c->queries++;
	counter_add(&context->counters->tcp_queries, 1);
	if (c->peer.any.sa_family == AF_INET6)
		counter_add(&context->counters->tcp6_queries, 1);
	if (context->runtime->tcp_queries != 0 && c->queries >= context->runtime->tcp_queries)
		c->closing = true;
}

// Answers what is complete in the input, as far as turn and output allow.
static bool answer_some(struct connection *c, const struct connection_context *context,
                        unsigned *budget)
{
	while (*budget > 0 && !c->closing && c->transfer == NULL && has_request(c)) {
		if (c->out == NULL)
			c->out = stream_pool_take(context->pool);
		if (c->out == NULL)
			return false;
		if (room(c->out) < 2 + MESSAGE_MAX)
			break;
		answer_one(c, context);
		(*budget)--;
	}
	return true;
}

// --- transfers

// Fills the output with the next messages. False: the stream is broken, and
// closing the connection is how the peer learns.
static bool refill(struct connection *c, const struct connection_context *context)
{
	if (c->out == NULL)
		c->out = stream_pool_take(context->pool);
	if (c->out == NULL)
		return false;
	while (room(c->out) >= 2 + MESSAGE_MAX) {
		int n = transfer_next(c->transfer, c->out->bytes + c->out->end, room(c->out));
		if (n < 0)
			return false;
		if (n == 0) {
			transfer_close(c->transfer);
			c->transfer = NULL;
			break;
		}
		c->out->end += (size_t)n;
	}
	return true;
}

// --- a turn

// With nothing to write and no transfer: what is left to wait for.
static enum connection_state state_between(const struct connection *c)
{
	if (!c->closing && has_request(c))
		return CONNECTION_READY;
	if (c->closing || c->ended)
		return CONNECTION_FINISHED;
	return CONNECTION_READING;
}

static enum connection_state work(struct connection *c, const struct connection_context *context)
{
	unsigned requests = TURN_REQUESTS, refills = TURN_REFILLS;
	for (;;) {
		switch (drain(c, context)) {
		case DRAIN_FAILED: return CONNECTION_FINISHED;
		case DRAIN_WAITS: return CONNECTION_WRITING;
		case DRAINED: break;
		}
		if (c->transfer != NULL) {
			if (!transfer_admit(c->transfer, context->runtime->transfers_out)) {
				c->active_ms = context->now_ms; // it is we who keep it waiting
				return CONNECTION_WAITING;
			}
			if (refills-- == 0)
				return CONNECTION_READY;
			if (!refill(c, context))
				return CONNECTION_FINISHED;
			continue;
		}
		unsigned before = requests;
		if (!answer_some(c, context, &requests))
			return CONNECTION_FINISHED;
		if (requests == before)
			return state_between(c);
	}
}

enum connection_state connection_turn(struct connection *c, const struct connection_context *context)
{
	bool useful = true;
	if (c->state == CONNECTION_READING)
		useful = read_some(c, context);
	c->state = useful ? work(c, context) : CONNECTION_FINISHED;
	give_if_empty(context->pool, &c->in);
	give_if_empty(context->pool, &c->out);
	return c->state;
}

void connection_close(struct connection *c, struct stream_pool *pool)
{
	if (c->transfer != NULL)
		transfer_close(c->transfer);
	stream_pool_give(pool, c->in);
	stream_pool_give(pool, c->out);
	c->transfer = NULL;
	c->in = c->out = NULL;
	close(c->fd);
	c->fd = -1;
}
