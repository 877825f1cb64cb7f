// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/fetch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "replicate/link.h"
#include "replicate/replica.h"
#include "replicate/room.h"

#define CONNECT_MS 6000u

// A SOA by TCP is one small message.
#define SOA_MS 6000u

// An IXFR that is not begun to be answered by then, or whose first SOA stays
// alone, is asked for as AXFR instead.
#define IXFR_MS 15000u

// Who takes a connection and then says nothing is given up long before a
// transfer that pauses: its slots are wanted.
#define FIRST_MS 30000u

// The longest silence in a transfer where the configuration sets no limit: a
// primary that stops midway must not keep the zone for ever.
#define IDLE_S 3600u

// A primary that is silent so long after a second question on a connection may
// answer only one on each.
#define REUSE_MS 4000u

// Buffers of a transfer: a small one first, since most zones are small; then
// large ones, so that a hand-over to the lane is rare; never more than these.
#define CHUNK_FIRST (16u * 1024)
#define CHUNK_LATER (256u * 1024)
#define CHUNKS_MAX 4u

struct chunk {
	struct chunk *next;
	size_t used, room;
	uint8_t bytes[];
};

struct fetch {
	struct primary_link *connection; // NULL: given back
	struct mail mail;           // from the lane; at the end from us
	struct deadline deadline;
	struct replicate *room;
	struct fetch_order order;
	const struct zone_version *base; // held
	fetch_done *done;           // NULL: cancelled, or told
	void *context;

	struct fetch_stream *stream; // the lane's while is_in_lane
	struct chunk *filling;
	struct chunk *first, *last;  // full, waiting for the lane
	struct chunk *batch;         // the lane's
	bool lane_frees;             // what the lane was posted for; the loop sets it before
	int progress;                // written by the lane, as is:
	struct fetch_figures lane_figures;
	unsigned chunks;
	bool is_in_lane;
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

// --- the end

static void free_chunks(struct chunk *chunk)
{
	while (chunk != NULL) {
		struct chunk *next = chunk->next;
		free(chunk);
		chunk = next;
	}
}

static void on_done(struct mail *mail, void *receiver)
{
	struct fetch *fetch = (struct fetch *)((char *)mail - offsetof(struct fetch, mail));
	struct replicate *room = receiver;
	struct replica *replica = fetch->order.replica;

	free_chunks(fetch->first);
	free(fetch->filling);
	if (fetch->base != NULL)
		zone_release(fetch->base);
	config_release(fetch->order.config);
	free(fetch);
	replica_drop(replica);
	room_job_end(room);
}

// Not before those who called us have returned.
static void free_later(struct fetch *fetch)
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
	if (fetch->connection == NULL)
		return;
	if (is_whole && !fetch->is_ended && fetch->first == NULL
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

static void post_to_lane(struct fetch *fetch);

static void tell(struct fetch *fetch)
{
	struct replica *replica = fetch->order.replica;
	fetch_done *done = fetch->done;

	replica->is_strand_busy = false;
	fetch->done = NULL;
	if (done != NULL)
		done(fetch->context, &fetch->result);
	else
		replica_settle(replica);
}

// The result is known. A stream that is still there may hold a large draft, so
// it goes on the lane; then the result is told.
static void conclude(struct fetch *fetch)
{
	say_who_asked(fetch);
	give_connection_back(fetch);
	fetch->is_over = true;
	fetch->result.figures = fetch->figures;
	fetch->result.elapsed_ms = clock_boot_ms() - fetch->started;
	if (fetch->is_in_lane)
		return;
	if (fetch->stream != NULL) {
		post_to_lane(fetch);
		return;
	}
	tell(fetch);
	free_later(fetch);
}

__attribute__((format(printf, 3, 4)))
static void give_up(struct fetch *fetch, int error, const char *format, ...)
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
	conclude(fetch);
}

// --- the lane

static void run_on_lane(void *context)
{
	struct fetch *fetch = context;
	int64_t now = clock_wall_s();

	if (fetch->lane_frees) {
		fetch_stream_free(fetch->stream);
		fetch->stream = NULL;
	} else {
		for (struct chunk *chunk = fetch->batch; chunk != NULL; chunk = chunk->next)
			fetch->progress = fetch_stream_bytes(fetch->stream, chunk->bytes, chunk->used, now);
		if (fetch->batch == NULL)
			fetch->progress = fetch_stream_end(fetch->stream);
		fetch_stream_figures(fetch->stream, &fetch->lane_figures);
	}
	room_post(fetch->room, &fetch->mail);
}

static void post_to_lane(struct fetch *fetch)
{
	struct lane *lane = fetch->is_large ? fetch->room->long_lane : fetch->room->short_lane;

	fetch->is_in_lane = true;
	fetch->lane_frees = fetch->is_over;
	if (lane_post(lane, run_on_lane, fetch) == 0)
		return;
	// Without memory to queue it, the work is done here: late is better than never.
	run_on_lane(fetch);
}

static void hand_over(struct fetch *fetch)
{
	if (fetch->is_in_lane || fetch->is_over)
		return;
	if (fetch->filling != NULL && fetch->filling->used > 0) {
		fetch->filling->next = NULL;
		if (fetch->last != NULL)
			fetch->last->next = fetch->filling;
		else
			fetch->first = fetch->filling;
		fetch->filling = NULL;
	}
	if (fetch->first == NULL && !fetch->is_ended)
		return;
	fetch->batch = fetch->first;
	fetch->first = fetch->last = NULL;
	post_to_lane(fetch);
}

// --- the socket

static void start_reading(struct fetch *fetch);

// Keeps one buffer for what comes next.
static void recycle(struct fetch *fetch)
{
	struct chunk *chunk = fetch->batch;

	fetch->batch = NULL;
	while (chunk != NULL) {
		struct chunk *next = chunk->next;
		if (fetch->filling == NULL && chunk->room >= CHUNK_LATER) {
			chunk->used = 0;
			chunk->next = NULL;
			fetch->filling = chunk;
		} else {
			fetch->chunks--;
			free(chunk);
		}
		chunk = next;
	}
}

static void on_lane_done(struct mail *mail, void *receiver)
{
	struct fetch *fetch = (struct fetch *)((char *)mail - offsetof(struct fetch, mail));

	(void)receiver;
	fetch->is_in_lane = false;
	fetch->figures = fetch->lane_figures;
	recycle(fetch);
	fetch->is_large = fetch->is_large || fetch->figures.records > FETCH_LARGE;
	if (fetch->is_over) {
		if (fetch->stream != NULL) {
			post_to_lane(fetch);
			return;
		}
		tell(fetch);
		free_later(fetch);
		return;
	}
	if (fetch->progress == FETCH_MORE) {
		hand_over(fetch);
		start_reading(fetch);
		return;
	}
	fetch->result.outcome = fetch->progress;
	if (fetch->progress == FETCH_DONE) {
		fetch->result.changes = fetch_stream_take_changes(fetch->stream);
		fetch->result.draft = fetch_stream_take(fetch->stream);
	} else if (fetch->progress < 0) {
		snprintf(fetch->result.why, sizeof fetch->result.why, "%s", fetch_stream_why(fetch->stream));
	}
	// Its draft was taken or is gone: there is nothing large left in it.
	fetch_stream_free(fetch->stream);
	fetch->stream = NULL;
	conclude(fetch);
}

static struct chunk *chunk_to_fill(struct fetch *fetch)
{
	size_t room = fetch->received == 0 ? CHUNK_FIRST : CHUNK_LATER;
	struct chunk *chunk;

	if (fetch->filling != NULL && fetch->filling->used < fetch->filling->room)
		return fetch->filling;
	if (fetch->filling != NULL) {
		if (fetch->last != NULL)
			fetch->last->next = fetch->filling;
		else
			fetch->first = fetch->filling;
		fetch->last = fetch->filling;
		fetch->filling = NULL;
	}
	if (fetch->chunks >= CHUNKS_MAX)
		return NULL;
	chunk = malloc(sizeof *chunk + room);
	if (chunk == NULL)
		return NULL;
	chunk->next = NULL;
	chunk->used = 0;
	chunk->room = room;
	fetch->chunks++;
	fetch->filling = chunk;
	return chunk;
}

static void on_alloc(void *context, uv_buf_t *buffer)
{
	struct fetch *fetch = context;
	struct chunk *chunk = chunk_to_fill(fetch);

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

static bool ask_anew(struct fetch *fetch);

static void on_received(void *context, ssize_t length)
{
	struct fetch *fetch = context;

	if (length == UV_ENOBUFS) {
		stop_reading(fetch);
		if (fetch->chunks == 0)
			give_up(fetch, ERR_MEMORY, "failed: %s", error_text(ERR_MEMORY));
		return;
	}
	// It was closed while our question was on its way.
	if (length < 0 && ask_anew(fetch))
		return;
	if (length == UV_EOF) {
		fetch->is_ended = true;
		stop_reading(fetch);
		hand_over(fetch);
		return;
	}
	if (length < 0) {
		give_up(fetch, ERR_IO, "failed: %s after %" PRIu64 " bytes", uv_strerror((int)length), fetch->received);
		return;
	}
	fetch->filling->used += (size_t)length;
	fetch->received += (uint64_t)length;
	fetch->heard = clock_boot_ms();
	hand_over(fetch);
}

static void start_reading(struct fetch *fetch)
{
	if (fetch->is_reading || fetch->is_over || fetch->is_ended)
		return;
	if (primary_link_read_start(fetch->connection) != 0) {
		give_up(fetch, ERR_IO, "failed: the connection broke");
		return;
	}
	fetch->is_reading = true;
}

// --- its clocks

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static bool is_unanswered_ixfr(const struct fetch *fetch)
{
	return fetch->order.kind == FETCH_IXFR && fetch->figures.records < 2 && !fetch->is_in_lane;
}

static uint32_t idle_limit_s(const struct config_policy *policy)
{
	return policy->transfer_idle_in != 0 ? policy->transfer_idle_in : IDLE_S;
}

static void set_deadline(struct fetch *fetch)
{
	const struct config_policy *policy = fetch->order.policy;
	uint64_t at = DEADLINE_NEVER;

	if (fetch->order.kind == FETCH_SOA)
		at = fetch->started + SOA_MS;
	if (primary_link_is_reused(fetch->connection) && fetch->received == 0)
		at = earlier(at, fetch->heard + REUSE_MS);
	if (is_unanswered_ixfr(fetch))
		at = earlier(at, fetch->started + IXFR_MS);
	if (fetch->received == 0)
		at = earlier(at, fetch->heard + FIRST_MS);
	if (policy->transfer_time_in != 0)
		at = earlier(at, fetch->started + (uint64_t)policy->transfer_time_in * 1000);
	at = earlier(at, fetch->heard + (uint64_t)idle_limit_s(policy) * 1000);
	if (policy->min_rate_seconds != 0 && policy->min_rate_bytes != 0)
		at = earlier(at, fetch->window_start + (uint64_t)policy->min_rate_seconds * 1000);
	deadline_set(&fetch->room->deadlines, &fetch->deadline, at);
}

static bool is_too_slow(struct fetch *fetch, uint64_t now)
{
	const struct config_policy *policy = fetch->order.policy;

	if (policy->min_rate_seconds == 0 || policy->min_rate_bytes == 0
	    || now - fetch->window_start < (uint64_t)policy->min_rate_seconds * 1000)
		return false;
	if (fetch->received - fetch->window_received < policy->min_rate_bytes)
		return true;
	fetch->window_start = now;
	fetch->window_received = fetch->received;
	return false;
}

static void on_deadline(struct deadline *deadline, uint64_t now)
{
	struct fetch *fetch = (struct fetch *)((char *)deadline - offsetof(struct fetch, deadline));
	const struct config_policy *policy = fetch->order.policy;

	if (!fetch->is_reading && fetch->received == 0) {
		give_up(fetch, ERR_TIMEOUT, "failed: no connection within %u s", CONNECT_MS / 1000);
		return;
	}
	if (primary_link_is_reused(fetch->connection) && fetch->received == 0 && now - fetch->heard >= REUSE_MS) {
		primary_link_distrust(fetch->connection);
		(void)ask_anew(fetch);
		return;
	}
	// What waits for our own lane is not the primary's fault.
	if (fetch->is_in_lane && !fetch->is_reading)
		fetch->heard = fetch->window_start = now;
	if (fetch->order.kind == FETCH_SOA && now - fetch->started >= SOA_MS)
		give_up(fetch, ERR_TIMEOUT, "failed: no answer by TCP within %u s", SOA_MS / 1000);
	else if (is_unanswered_ixfr(fetch) && now - fetch->started >= IXFR_MS)
		give_up(fetch, ERR_TIMEOUT, "failed: no answer to an IXFR within %u s", IXFR_MS / 1000);
	else if (fetch->received == 0 && now - fetch->heard >= FIRST_MS)
		give_up(fetch, ERR_TIMEOUT, "failed: no answer within %u s", FIRST_MS / 1000);
	else if (policy->transfer_time_in != 0 && now - fetch->started >= (uint64_t)policy->transfer_time_in * 1000)
		give_up(fetch, ERR_TIMEOUT, "failed: not complete within %u s (max-transfer-time-in), %" PRIu64
		        " bytes had come", policy->transfer_time_in, fetch->received);
	else if (now - fetch->heard >= (uint64_t)idle_limit_s(policy) * 1000)
		give_up(fetch, ERR_TIMEOUT, "failed: silence for %u s (max-transfer-idle-in), %" PRIu64
		        " bytes had come", idle_limit_s(policy), fetch->received);
	else if (is_too_slow(fetch, now))
		give_up(fetch, ERR_TIMEOUT, "failed: slower than %" PRIu64 " bytes in %u s (min-transfer-rate-in)",
		        policy->min_rate_bytes, policy->min_rate_seconds);
	else
		set_deadline(fetch);
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
	set_deadline(fetch);
	return 0;
}

static void on_connected(void *context, int status)
{
	struct fetch *fetch = context;

	if (status < 0) {
		give_up(fetch, ERR_IO, "failed: no connection: %s", uv_strerror(status));
		return;
	}
	status = send_query(fetch);
	if (status != 0)
		give_up(fetch, ERR_IO, "failed: %s", uv_strerror(status));
}

static void on_connect_deadline(struct deadline *deadline, uint64_t now)
{
	struct fetch *fetch = (struct fetch *)((char *)deadline - offsetof(struct fetch, deadline));

	if (fetch->result.outcome != 0)
		give_up(fetch, fetch->result.outcome, "failed: no connection: %s", uv_strerror(fetch->connect_error));
	else if (fetch->is_reading || fetch->received > 0) // not read while the lane is behind
		on_deadline(deadline, now);
	else
		give_up(fetch, ERR_TIMEOUT, "failed: no connection within %u s", CONNECT_MS / 1000);
}

static const struct primary_link_user link_calls = { on_connected, on_alloc, on_received };

static void open_connection(struct fetch *fetch)
{
	int error = primary_link_open(fetch->room, fetch->order.remote, &link_calls, fetch, &fetch->connection,
	                            &fetch->connect_error);
	uint64_t now = clock_boot_ms();

	// Told from the loop, as every other failure.
	fetch->result.outcome = error;
	deadline_set(&fetch->room->deadlines, &fetch->deadline, error != 0 ? now : now + CONNECT_MS);
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
static bool ask_anew(struct fetch *fetch)
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
		.line = order->replica->line,
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
		made->mail.deliver = on_lane_done;
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
	order->replica->is_strand_busy = true;
	room_job_begin(room);
	connect_or_reuse(made);
	*fetch = made;
	return 0;
}

void fetch_cancel(struct fetch *fetch)
{
	if (fetch == NULL)
		return;
	fetch->done = NULL;
	if (!fetch->is_over)
		give_up(fetch, ERR_CLOSED, "failed: given up");
}
