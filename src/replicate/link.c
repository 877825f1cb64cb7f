// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/link.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "dns/wire.h"
#include "replicate/query.h"
#include "replicate/room.h"

// Below the idle time of common primaries (30 s and more), so that it is seldom
// they who close; long enough for the polls of many zones to share.
#define IDLE_MS 10000u

// To one primary, and to all of them.
#define IDLE_EACH_MAX 8u
#define IDLE_MAX 128u

// Primaries remembered as those that answer once a connection.
#define ONCE_MAX 64u

struct primary_link {
	uv_tcp_t socket;
	uv_connect_t connect;
	uv_write_t write;
	struct deadline deadline;   // of being idle
	struct replicate *room;
	struct primary_link *next;    // among the idle
	struct endpoint to, from;   // from: family AF_UNSPEC where the system chooses
	const struct primary_link_user *user; // NULL: idle or closing
	void *context;
	uint32_t uses;
	uint32_t batches;           // being written
	bool is_reading, is_writing, is_idle;
	char unexpected[16];        // what comes while it is idle
	uint8_t out[2 + QUERY_ROOM];
};

// --- its end

static void on_closed(uv_handle_t *handle)
{
	struct primary_link *link = handle->data;
	struct replicate *room = link->room;

	room_enter(room);
	free(link);
	room_job_end(room);
	room_leave(room);
}

static void leave_idle(struct primary_link *link)
{
	struct primary_links *all = &link->room->links;
	struct primary_link **at = &all->idle;

	while (*at != link)
		at = &(*at)->next;
	*at = link->next;
	all->idle_count--;
	link->is_idle = false;
	deadline_set(&link->room->deadlines, &link->deadline, DEADLINE_NEVER);
}

void primary_link_close(struct primary_link *link)
{
	if (link->is_idle)
		leave_idle(link);
	link->user = NULL;
	deadline_leave(&link->room->deadlines, &link->deadline);
	uv_close((uv_handle_t *)&link->socket, on_closed);
}

static void on_idle_too_long(struct deadline *deadline, uint64_t now)
{
	(void)now;
	primary_link_close((struct primary_link *)((char *)deadline - offsetof(struct primary_link, deadline)));
}

// --- idle ones

static bool is_for(const struct primary_link *link, const struct endpoint *to, const struct endpoint *from)
{
	return endpoint_equal(&link->to, to) && endpoint_equal(&link->from, from);
}

static bool is_once(const struct primary_links *all, const struct endpoint *to)
{
	unsigned count = all->once_count < ONCE_MAX ? all->once_count : ONCE_MAX;

	for (unsigned i = 0; i < count; i++)
		if (endpoint_equal(&all->once[i], to))
			return true;
	return false;
}

static void source_of(const struct config_remote *remote, struct endpoint *from)
{
	memset(from, 0, sizeof *from);
	if (remote->source.ss_family == remote->address.ss_family)
		endpoint_from(from, (const struct sockaddr *)&remote->source);
}

struct primary_link *primary_link_take_idle(struct replicate *room, const struct config_remote *remote,
                                        const struct primary_link_user *user, void *context)
{
	struct primary_link *link = room->links.idle;
	struct endpoint to, from;

	endpoint_from(&to, (const struct sockaddr *)&remote->address);
	source_of(remote, &from);
	while (link != NULL && !is_for(link, &to, &from))
		link = link->next;
	if (link == NULL)
		return NULL;
	leave_idle(link);
	link->user = user;
	link->context = context;
	link->uses++;
	return link;
}

static unsigned idle_to(const struct primary_links *all, const struct endpoint *to)
{
	unsigned count = 0;

	for (const struct primary_link *c = all->idle; c != NULL; c = c->next)
		count += endpoint_equal(&c->to, to);
	return count;
}

void primary_link_keep(struct primary_link *link)
{
	struct replicate *room = link->room;
	struct primary_links *all = &room->links;

	// It is read on, so that its closing by the other side is seen at once.
	if (room->is_stopping || link->is_writing || link->batches > 0 || all->idle_count >= IDLE_MAX
	    || is_once(all, &link->to)
	    || idle_to(all, &link->to) >= IDLE_EACH_MAX || primary_link_read_start(link) != 0) {
		primary_link_close(link);
		return;
	}
	link->user = NULL;
	link->is_idle = true;
	link->next = all->idle;
	all->idle = link;
	all->idle_count++;
	deadline_set(&room->deadlines, &link->deadline, clock_boot_ms() + IDLE_MS);
}

void primary_link_source(const struct primary_link *link, struct endpoint *source)
{
	struct sockaddr_storage address = { 0 };
	int length = sizeof address;

	(void)uv_tcp_getsockname(&link->socket, (struct sockaddr *)&address, &length);
	endpoint_from(source, (const struct sockaddr *)&address);
	source->port = 0;
}

bool primary_link_has_news(const struct primary_link *link)
{
	struct pollfd look = { .events = link->is_reading ? POLLIN : POLLOUT };

	return uv_fileno((const uv_handle_t *)&link->socket, &look.fd) == 0 && poll(&look, 1, 0) > 0;
}

bool primary_link_is_reused(const struct primary_link *link)
{
	return link->uses > 1;
}

void primary_link_distrust(struct primary_link *link)
{
	struct primary_links *all = &link->room->links;

	if (all->once == NULL)
		all->once = calloc(ONCE_MAX, sizeof *all->once);
	if (all->once != NULL && !is_once(all, &link->to))
		all->once[all->once_count++ % ONCE_MAX] = link->to;
}

bool primary_link_is_distrusted(const struct replicate *room, const struct endpoint *primary)
{
	return is_once(&room->links, primary);
}

void primary_links_end(struct replicate *room)
{
	while (room->links.idle != NULL)
		primary_link_close(room->links.idle);
}

void primary_links_free(struct replicate *room)
{
	free(room->links.once);
	room->links.once = NULL;
}

// --- bytes

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
	struct primary_link *link = handle->data;

	(void)suggested;
	if (link->user != NULL)
		link->user->alloc(link->context, buffer);
	else
		*buffer = uv_buf_init(link->unexpected, sizeof link->unexpected);
}

static void on_read(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
	struct primary_link *link = stream->data;
	struct replicate *room = link->room;

	(void)buffer;
	if (length == 0)
		return;
	room_enter(room);
	// Whatever comes on an idle one, it is of no use any more.
	if (link->user != NULL)
		link->user->received(link->context, length);
	else if (link->is_idle)
		primary_link_close(link);
	room_leave(room);
}

int primary_link_read_start(struct primary_link *link)
{
	int error = link->is_reading ? 0 : uv_read_start((uv_stream_t *)&link->socket, on_alloc, on_read);

	link->is_reading = error == 0;
	return error;
}

void primary_link_read_stop(struct primary_link *link)
{
	if (link->is_reading)
		uv_read_stop((uv_stream_t *)&link->socket);
	link->is_reading = false;
}

static void on_written(uv_write_t *write, int status)
{
	struct primary_link *link = write->data;

	(void)status; // an error is seen by reading too
	link->is_writing = false;
}

int primary_link_send(struct primary_link *link, const uint8_t *message, size_t length)
{
	uv_buf_t buffer = uv_buf_init((char *)link->out, (unsigned)(2 + length));
	int error;

	if (length > QUERY_ROOM)
		return UV_EMSGSIZE;
	wire_put16(link->out, (uint16_t)length);
	memcpy(link->out + 2, message, length);
	link->write.data = link;
	error = uv_write(&link->write, (uv_stream_t *)&link->socket, &buffer, 1, on_written);
	link->is_writing = error == 0;
	return error;
}

struct batch {
	uv_write_t write;
	struct primary_link *link;
	uint8_t bytes[];
};

static void on_batch_written(uv_write_t *write, int status)
{
	struct batch *batch = write->data;

	(void)status;
	batch->link->batches--;
	free(batch);
}

int primary_link_send_framed(struct primary_link *link, const uint8_t *bytes, size_t length)
{
	struct batch *batch = malloc(sizeof *batch + length);
	uv_buf_t buffer;
	int error;

	if (batch == NULL)
		return UV_ENOMEM;
	batch->link = link;
	batch->write.data = batch;
	memcpy(batch->bytes, bytes, length);
	buffer = uv_buf_init((char *)batch->bytes, (unsigned)length);
	error = uv_write(&batch->write, (uv_stream_t *)&link->socket, &buffer, 1, on_batch_written);
	if (error != 0)
		free(batch);
	else
		link->batches++;
	return error;
}

// --- its beginning

static void on_connect(uv_connect_t *connect, int status)
{
	struct primary_link *link = connect->data;
	struct replicate *room = link->room;

	room_enter(room);
	if (link->user != NULL)
		link->user->connected(link->context, status);
	room_leave(room);
}

static int start_connecting(struct primary_link *link, const struct config_remote *remote)
{
	int error = 0;

	if (remote->source.ss_family == remote->address.ss_family)
		error = uv_tcp_bind(&link->socket, (const struct sockaddr *)&remote->source, 0);
	link->connect.data = link;
	if (error == 0)
		error = uv_tcp_connect(&link->connect, &link->socket, (const struct sockaddr *)&remote->address,
		                       on_connect);
	return error;
}

int primary_link_open(struct replicate *room, const struct config_remote *remote, const struct primary_link_user *user,
                    void *context, struct primary_link **link, int *uv_error)
{
	struct primary_link *made = calloc(1, sizeof *made);

	*uv_error = UV_ENOMEM;
	if (made == NULL)
		return ERR_MEMORY;
	if (deadline_join(&room->deadlines, &made->deadline, on_idle_too_long) != 0) {
		free(made);
		return ERR_MEMORY;
	}
	*uv_error = uv_tcp_init(room->loop, &made->socket);
	if (*uv_error != 0) {
		deadline_leave(&room->deadlines, &made->deadline);
		free(made);
		return ERR_IO;
	}
	made->room = room;
	made->socket.data = made;
	made->user = user;
	made->context = context;
	made->uses = 1;
	// Questions that follow one another do not wait for the acknowledgement of the first.
	(void)uv_tcp_nodelay(&made->socket, 1);
	endpoint_from(&made->to, (const struct sockaddr *)&remote->address);
	source_of(remote, &made->from);
	room_job_begin(room);
	*uv_error = start_connecting(made, remote);
	if (*uv_error != 0) {
		primary_link_close(made);
		return ERR_IO;
	}
	*link = made;
	return 0;
}
