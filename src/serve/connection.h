// SPDX-License-Identifier: GPL-3.0-or-later
// One stream: framing (RFC 1035, 4.2.2), pipelining (RFC 7766), and all that
// keeps a slow or greedy peer from costing others anything. A connection
// belongs to one stream thread.
//
// What a peer can make us hold is bounded: one buffer of input and one of
// output. While output waits, nothing more is read.
#pragma once

#include "dns/message.h"
#include "serve/batch.h"
#include "serve/server.h"

// Two messages of the greatest length: so that one can be completed or
// written whatever the other is.
#define STREAM_BUFFER ((size_t)2 * (2 + MESSAGE_MAX))

struct transfer;

struct stream_buffer {
	struct stream_buffer *next; // in the pool
	size_t start, end;          // what is in it: bytes[start] to bytes[end - 1]
	uint8_t bytes[STREAM_BUFFER];
};

// Buffers lent to the connections of one thread; an idle connection has none.
struct stream_pool {
	struct stream_buffer *spare;
	unsigned spare_count;
};
struct stream_buffer *stream_pool_take(struct stream_pool *pool); // NULL: no memory
void stream_pool_give(struct stream_pool *pool, struct stream_buffer *buffer);
void stream_pool_free(struct stream_pool *pool);

// What a connection waits for after a turn.
enum connection_state {
	CONNECTION_READING,   // input
	CONNECTION_WRITING,   // room for output
	CONNECTION_READY,     // nothing: it has used up its turn, and goes on in the next
	CONNECTION_WAITING,   // until fewer transfers run
	CONNECTION_FINISHED,  // nothing more: close it
};

struct connection {
	int fd;
	bool ended;           // the peer sends no more
	bool closing;         // after what is written
	enum connection_state state;
	uint32_t queries;
	uint64_t active_ms;   // boot clock: when a whole request came or all output was taken
	union batch_address peer;
	struct stream_buffer *in, *out;
	struct transfer *transfer;
	// The thread's: see stream.c.
	struct connection_list *list;
	struct connection *older, *newer;
	struct connection *next_queued;
	bool queued;
	uint32_t events; // that epoll watches for
};

// What a turn needs of its thread.
struct connection_context {
	struct serve *serve;
	const struct runtime *runtime;
	struct serve_counters *counters;
	struct stream_pool *pool;
	uint64_t now_ms;
};

// Does a bounded amount of work for the connection: reads once where it is
// READING, answers, writes. Sets and returns its state. The thread is online.
enum connection_state connection_turn(struct connection *c, const struct connection_context *context);

// Closes the socket and gives back what it holds, but for the struct itself.
void connection_close(struct connection *c, struct stream_pool *pool);

// The length of the first message in the bytes with its two length bytes; 0
// where it is not complete yet.
static inline size_t connection_frame(const uint8_t *bytes, size_t length)
{
	if (length < 2)
		return 0;
	size_t frame = 2 + (size_t)wire_get16(bytes);
	return frame <= length ? frame : 0;
}
