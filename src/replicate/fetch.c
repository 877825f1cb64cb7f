// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/fetch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "replicate/fetch_parts.h"
#include "replicate/link.h"
#include "replicate/poll.h"
#include "replicate/replica.h"
#include "replicate/room.h"

// --- the end

static void on_done(struct mail *mail, void *receiver)
{
	struct fetch *fetch = (struct fetch *)((char *)mail - offsetof(struct fetch, mail));
	struct replicate *room = receiver;
	struct replica *replica = fetch->order.replica;

	fetch_free_chunks(fetch->first);
	fetch_free_chunks(fetch->spare);
	free(fetch->filling);
	if (fetch->base != NULL)
		zone_release(fetch->base);
	config_release(fetch->order.config);
	free(fetch);
	replica_drop(replica);
	room_job_end(room);
}

// Not before those who called us have returned.
void fetch_free_later(struct fetch *fetch)
{
	fetch->mail.deliver = on_done;
	room_post(fetch->room, &fetch->mail);
}

// What is left on it after a whole answer is the next question's; where there
// was none, nobody knows.
static void give_connection_back(struct fetch *fetch)
{
	bool is_whole = fetch->result.outcome == FETCH_DONE || fetch->result.outcome == FETCH_UP_TO_DATE;

	deadline_leave(&fetch->room->deadlines, &fetch->deadline);
	poll_cancel(fetch->poll);
	fetch->poll = NULL;
	if (fetch->connection == NULL)
		return;
	if (is_whole && !fetch->is_ended && !fetch->figures.has_rest && fetch->first == NULL
	    && (fetch->filling == NULL || fetch->filling->used == 0))
		primary_link_keep(fetch->connection);
	else
		primary_link_close(fetch->connection);
	fetch->connection = NULL;
	fetch->is_reading = false;
}

// Their operator looks for our address and key in the access list.
static void say_who_asked(struct fetch *fetch)
{
	size_t used = strlen(fetch->result.why);
	char address[ADDRESS_TEXT], key[NAME_MAX_TEXT] = "none";
	struct endpoint source;

	if (fetch->result.outcome != ERR_DENIED || fetch->figures.rcode != RCODE_REFUSED || fetch->connection == NULL)
		return;
	primary_link_source(fetch->connection, &source);
	if (fetch->query.key != NULL)
		name_to_text(fetch->query.key->name, key);
	if (source.family != AF_UNSPEC)
		snprintf(fetch->result.why + used, sizeof fetch->result.why - used, " (we asked from %s, key %.100s)",
		         endpoint_text(&source, address), key);
}

void fetch_tell(struct fetch *fetch)
{
	struct replica *replica = fetch->order.replica;
	fetch_done *done = fetch->done;

	if (fetch->order.kind != FETCH_SOA)
		replica->is_strand_busy = false;
	fetch->done = NULL;
	if (done != NULL)
		done(fetch->context, &fetch->result);
	else
		replica_settle(replica);
}

// The result is known. A stream that is still there may hold a large draft, so
// it goes on the lane; then the result is told.
void fetch_conclude(struct fetch *fetch)
{
	say_who_asked(fetch);
	give_connection_back(fetch);
	fetch->is_over = true;
	fetch->result.figures = fetch->figures;
	fetch->result.is_by_udp = fetch->is_by_udp;
	fetch->result.elapsed_ms = clock_boot_ms() - fetch->started;
	if (fetch->is_in_lane)
		return;
	if (fetch->stream != NULL) {
		fetch_post_to_lane(fetch);
		return;
	}
	fetch_tell(fetch);
	fetch_free_later(fetch);
}

void fetch_give_up(struct fetch *fetch, int error, const char *format, ...)
{
	va_list arguments;

	if (fetch->is_over)
		return;
	va_start(arguments, format);
	vsnprintf(fetch->result.why, sizeof fetch->result.why, format, arguments);
	va_end(arguments);
	fetch->result.outcome = error;
	// One that takes the connection and ends it is there, if busy.
	fetch->result.is_silent = fetch->received == 0 && (!fetch->is_connected || error == ERR_TIMEOUT);
	fetch_conclude(fetch);
}

// --- the socket

static void on_alloc(void *context, uv_buf_t *buffer)
{
	struct fetch *fetch = context;
	struct chunk *chunk = fetch_chunk_to_fill(fetch);

	if (chunk == NULL)
		*buffer = uv_buf_init(NULL, 0);
	else
		*buffer = uv_buf_init((char *)chunk->bytes + chunk->used, (unsigned)(chunk->room - chunk->used));
}

static void stop_reading(struct fetch *fetch)
{
	if (fetch->is_reading)
		primary_link_read_stop(fetch->connection);
	fetch->is_reading = false;
}

static void on_received(void *context, ssize_t length)
{
	struct fetch *fetch = context;

	if (length == UV_ENOBUFS) {
		stop_reading(fetch);
		if (fetch->chunks == 0)
			fetch_give_up(fetch, ERR_MEMORY, "failed: %s", error_text(ERR_MEMORY));
		return;
	}
	// It was closed while our question was on its way.
	if (length < 0 && fetch_ask_anew(fetch))
		return;
	if (length == UV_EOF) {
		fetch->is_ended = true;
		stop_reading(fetch);
		fetch_hand_over(fetch);
		return;
	}
	if (length < 0) {
		fetch_give_up(fetch, ERR_IO, "failed: %s after %" PRIu64 " bytes", uv_strerror((int)length), fetch->received);
		return;
	}
	fetch->filling->used += (size_t)length;
	fetch->received += (uint64_t)length;
	fetch->heard = clock_boot_ms();
	fetch_hand_over(fetch);
}

void fetch_start_reading(struct fetch *fetch)
{
	if (fetch->is_reading || fetch->is_over || fetch->is_ended)
		return;
	if (primary_link_read_start(fetch->connection) != 0) {
		fetch_give_up(fetch, ERR_IO, "failed: the connection broke");
		return;
	}
	fetch->is_reading = true;
}

// --- the beginning

// 0 or a uv error.
static int send_query(struct fetch *fetch)
{
	int error = primary_link_send(fetch->connection, fetch->query.bytes, fetch->query.length);

	if (error == 0)
		error = primary_link_read_start(fetch->connection);
	if (error != 0)
		return error;
	fetch->is_connected = true;
	fetch->is_reading = true;
	fetch->heard = fetch->window_start = clock_boot_ms();
	fetch_set_deadline(fetch);
	return 0;
}

static void on_connected(void *context, int status)
{
	struct fetch *fetch = context;

	if (status < 0) {
		fetch_give_up(fetch, ERR_IO, "failed: no connection: %s", uv_strerror(status));
		return;
	}
	status = send_query(fetch);
	if (status != 0)
		fetch_give_up(fetch, ERR_IO, "failed: %s", uv_strerror(status));
}

static void on_connect_deadline(struct deadline *deadline, uint64_t now)
{
	struct fetch *fetch = (struct fetch *)((char *)deadline - offsetof(struct fetch, deadline));

	if (fetch->result.outcome != 0)
		fetch_give_up(fetch, fetch->result.outcome, "failed: no connection: %s", uv_strerror(fetch->connect_error));
	else if (fetch->is_reading || fetch->received > 0) // not read while the lane is behind
		fetch_on_deadline(deadline, now);
	else
		fetch_give_up(fetch, ERR_TIMEOUT, "failed: no connection within %u s", FETCH_CONNECT_MS / 1000);
}

static const struct primary_link_user link_calls = { on_connected, on_alloc, on_received };

static void open_connection(struct fetch *fetch)
{
	int error = primary_link_open(fetch->room, fetch->order.remote, &link_calls, fetch, &fetch->connection,
	                            &fetch->connect_error);
	uint64_t now = clock_boot_ms();

	// Told from the loop, as every other failure.
	fetch->result.outcome = error;
	deadline_set(&fetch->room->deadlines, &fetch->deadline, error != 0 ? now : now + FETCH_CONNECT_MS);
}

// An idle connection, where there is one that still works, else a new one.
static void connect_or_reuse(struct fetch *fetch)
{
	fetch->connection = primary_link_take_idle(fetch->room, fetch->order.remote, &link_calls, fetch);
	if (fetch->connection == NULL) {
		open_connection(fetch);
	} else if (send_query(fetch) != 0) {
		primary_link_close(fetch->connection);
		fetch->connection = NULL;
		open_connection(fetch);
	}
}

// A question on a connection that served others before came to nothing: asks it
// on one of its own. False where this was one.
bool fetch_ask_anew(struct fetch *fetch)
{
	if (!primary_link_is_reused(fetch->connection) || fetch->received > 0)
		return false;
	primary_link_close(fetch->connection);
	fetch->connection = NULL;
	fetch->is_connected = false;
	fetch->is_reading = false;
	open_connection(fetch);
	return true;
}

static int prepare(struct fetch *fetch)
{
	const struct fetch_order *order = &fetch->order;
	struct fetch_terms terms = {
		.kind = order->kind,
		.query = &fetch->query,
		.line = replica_line(order->replica),
		.base = fetch->base,
		.is_forced = order->is_forced,
		.max_bytes = order->policy->max_zone_size,
		.max_records = order->policy->max_records,
	};
	struct query_ask ask = {
		.type = order->kind == FETCH_SOA ? TYPE_SOA : order->kind == FETCH_IXFR ? TYPE_IXFR : TYPE_AXFR,
		.base = order->kind == FETCH_IXFR ? fetch->base : NULL,
		.wants_expire = order->wants_expire,
	};
	int error = query_build_ask(&fetch->query, (uint16_t)room_random(fetch->room), order->replica->slot->origin, &ask,
	                            order->remote->key != NULL ? &order->remote->key->tsig : NULL, clock_wall_s());

	return error != 0 ? error : fetch_stream_new(&terms, &fetch->stream);
}

// --- by UDP

void fetch_turn_to_tcp(struct fetch *fetch)
{
	int error;

	fetch_stream_free(fetch->stream);
	fetch->stream = NULL;
	fetch->is_by_udp = false;
	fetch->figures = (struct fetch_figures){ 0 };
	fetch->received = 0;
	fetch->heard = fetch->window_start = clock_boot_ms();
	error = prepare(fetch);
	if (error != 0)
		fetch_give_up(fetch, error, "failed: %s", error_text(error));
	else
		connect_or_reuse(fetch);
}

// The datagram goes the way of a stream of one message.
static bool take_datagram(struct fetch *fetch, const struct poll_result *result)
{
	struct chunk *chunk = fetch_chunk_to_fill(fetch);

	if (chunk == NULL || chunk->room - chunk->used < 2 + result->length)
		return false;
	wire_put16(chunk->bytes, (uint16_t)result->length);
	memcpy(chunk->bytes + 2, result->message, result->length);
	chunk->used = 2 + result->length;
	fetch->received = chunk->used;
	fetch_hand_over(fetch);
	return true;
}

static void on_polled(void *context, const struct poll_result *result)
{
	struct fetch *fetch = context;

	fetch->poll = NULL;
	fetch->result.was_udp_silent = result->outcome == POLL_SILENT;
	if (result->outcome != POLL_MESSAGE || !take_datagram(fetch, result))
		fetch_turn_to_tcp(fetch);
}

static void ask(struct fetch *fetch)
{
	fetch->is_by_udp = fetch->order.is_udp_first && fetch->order.kind == FETCH_IXFR
	                   && poll_start_ixfr(fetch->room, &fetch->query, fetch->order.remote, on_polled, fetch,
	                                      &fetch->poll) == 0;
	if (!fetch->is_by_udp)
		connect_or_reuse(fetch);
}

int fetch_start(const struct fetch_order *order, fetch_done *done, void *context,
                struct fetch **fetch, char why[static 256])
{
	struct replicate *room = order->replica->room;
	const struct zone_version *base = replica_version(order->replica);
	struct fetch *made = calloc(1, sizeof *made);
	struct zone_figures figures = { 0 };
	int error = made == NULL ? ERR_MEMORY : 0;

	if (error == 0) {
		made->room = room;
		made->order = *order;
		made->mail.deliver = fetch_on_lane;
		made->done = done;
		made->context = context;
		made->started = made->heard = made->window_start = clock_boot_ms();
		made->base = base != NULL ? zone_hold(base) : NULL;
		if (base != NULL)
			zone_figures(base, &figures);
		// Steps cost what they change, not what the zone holds.
		made->is_large = figures.records > FETCH_LARGE && order->kind != FETCH_IXFR;
		error = prepare(made);
	}
	if (error == 0 && deadline_join(&room->deadlines, &made->deadline, on_connect_deadline) != 0)
		error = ERR_MEMORY;
	if (error != 0) {
		snprintf(why, 256, "failed: %s", error_text(error));
		if (made != NULL) {
			deadline_leave(&room->deadlines, &made->deadline);
			fetch_stream_free(made->stream);
			if (made->base != NULL)
				zone_release(made->base);
			free(made);
		}
		return error;
	}
	config_hold(order->config);
	replica_hold(order->replica);
	if (order->kind != FETCH_SOA)
		order->replica->is_strand_busy = true;
	room_job_begin(room);
	ask(made);
	*fetch = made;
	return 0;
}

void fetch_so_far(const struct fetch *fetch, struct fetch_figures *figures)
{
	*figures = fetch->figures;
}

void fetch_cancel(struct fetch *fetch)
{
	if (fetch == NULL)
		return;
	fetch->done = NULL;
	if (!fetch->is_over)
		fetch_give_up(fetch, ERR_CLOSED, "failed: given up");
}
