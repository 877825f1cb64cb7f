// SPDX-License-Identifier: GPL-3.0-or-later
// The control socket: a thread that accepts, and a few that each serve one
// asker to its end, so that a slow one holds nobody up.
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/epoch.h"
#include "base/error.h"
#include "base/log.h"
#include "daemon/place.h"
#include "daemon/protocol.h"
#include "daemon/server.h"
#include "daemon/verbs.h"

#define ASKERS_MOST 8

struct control {
	struct server *server;
	int listener, wake, directory;
	struct sockaddr_un address;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t change;
	unsigned askers;
	bool ending;
};

struct asker {
	struct control *control;
	int fd;
};

// --- one asker

static uint64_t after_s(unsigned seconds)
{
	return clock_boot_ms() + (uint64_t)seconds * 1000;
}

// Until the socket is ready for that; false where the time is up first.
static bool wait_for(int fd, short events, uint64_t until)
{
	struct pollfd one = { .fd = fd, .events = events };
	for (;;) {
		uint64_t now = clock_boot_ms();
		int ready = now >= until ? 0 : poll(&one, 1, (int)(until - now));
		if (ready > 0)
			return true;
		if (ready == 0 || errno != EINTR)
			return false;
	}
}

// A whole line, without its end. Returns its length, or -1.
static ssize_t read_line(int fd, char *line, size_t room)
{
	uint64_t until = after_s(PROTOCOL_REQUEST_S);
	size_t length = 0;
	while (length < room && wait_for(fd, POLLIN, until)) {
		ssize_t n = recv(fd, line + length, room - length, MSG_DONTWAIT);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			return -1;
		char *end = memchr(line + length, '\n', (size_t)n);
		length += (size_t)n;
		if (end != NULL)
			return end - line;
	}
	return -1;
}

// The way of a reply to its asker.
struct outlet {
	int fd;
	uint64_t until;  // boot ms; 0: nothing was sent yet
	bool is_broken;
};

static bool send_all(struct outlet *outlet, const char *bytes, size_t length)
{
	while (length > 0 && !outlet->is_broken) {
		ssize_t n = -1;
		if (wait_for(outlet->fd, POLLOUT, outlet->until))
			n = send(outlet->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
		else
			errno = ETIMEDOUT;
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			outlet->is_broken = true;
		if (n <= 0)
			continue;
		bytes += n;
		length -= (size_t)n;
	}
	return !outlet->is_broken;
}

__attribute__((format(printf, 2, 3)))
static bool send_line(struct outlet *outlet, const char *format, ...)
{
	char line[PROTOCOL_LINE_MOST];
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	return send_all(outlet, line, (size_t)length);
}

static bool begin(struct outlet *outlet)
{
	if (outlet->until != 0)
		return !outlet->is_broken;
	outlet->until = after_s(PROTOCOL_REPLY_S);
	return send_line(outlet, PROTOCOL_HEAD, PROTOCOL_VERSION);
}

// A stream's write function.
static ssize_t send_piece(void *context, const char *bytes, size_t length)
{
	struct outlet *outlet = context;
	if (begin(outlet) && send_line(outlet, "%zu\n", length) && send_all(outlet, bytes, length))
		return (ssize_t)length;
	return 0;
}

static void serve_asker(struct control *control, int fd)
{
	char line[PROTOCOL_REQUEST_MOST], piece[PROTOCOL_PIECE_MOST];
	struct outlet outlet = { .fd = fd };
	ssize_t length = read_line(fd, line, sizeof(line));
	if (length < 0)
		return;
	FILE *reply = fopencookie(&outlet, "w", (cookie_io_functions_t){ .write = send_piece });
	if (reply == NULL)
		return;
	setvbuf(reply, piece, _IOFBF, sizeof(piece));
	int code = verbs_run(control->server, line, (size_t)length, reply);
	fclose(reply);
	if (begin(&outlet))
		send_line(&outlet, "0 %d\n", code);
}

static void asker_left(struct control *control)
{
	pthread_mutex_lock(&control->lock);
	control->askers--;
	pthread_cond_broadcast(&control->change);
	pthread_mutex_unlock(&control->lock);
}

// Offline but where a verb reads zones: a slow peer must not hold up grace periods.
static void *asker_main(void *argument)
{
	struct asker *asker = argument;
	struct control *control = asker->control;
	epoch_register();
	epoch_offline();
	serve_asker(control, asker->fd);
	epoch_online();
	epoch_unregister();
	arena_thread_end();
	close(asker->fd);
	free(asker);
	asker_left(control);
	return NULL;
}

static bool start_asker(struct control *control, int fd)
{
	pthread_t thread;
	pthread_attr_t attributes;
	struct asker *asker = malloc(sizeof(*asker));
	if (asker == NULL)
		return false;
	*asker = (struct asker){ control, fd };
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_mutex_lock(&control->lock);
	control->askers++;
	pthread_mutex_unlock(&control->lock);
	int error = pthread_create(&thread, &attributes, asker_main, asker);
	pthread_attr_destroy(&attributes);
	if (error != 0) {
		asker_left(control);
		free(asker);
		return false;
	}
	return true;
}

// --- accepting

static bool wait_for_room(struct control *control)
{
	pthread_mutex_lock(&control->lock);
	while (control->askers >= ASKERS_MOST && !control->ending)
		pthread_cond_wait(&control->change, &control->lock);
	bool go_on = !control->ending;
	pthread_mutex_unlock(&control->lock);
	return go_on;
}

static void *control_main(void *argument)
{
	struct control *control = argument;
	struct pollfd polls[] = {
		{ .fd = control->listener, .events = POLLIN }, { .fd = control->wake, .events = POLLIN },
	};
	while (wait_for_room(control)) {
		if (poll(polls, 2, -1) < 0 || polls[0].revents == 0)
			continue;
		int fd = accept4(control->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0 && !start_asker(control, fd))
			close(fd);
		else if (fd < 0 && (errno == EMFILE || errno == ENFILE))
			usleep(100000); // until a descriptor is free again
	}
	return NULL;
}

static int open_listener(struct control *control, char why[static 256])
{
	const char *state_dir = control->server->state_dir;
	control->directory = control->wake = control->listener = -1;
	if (place_socket(state_dir, &control->address, &control->directory) != 0)
		goto fail;
	control->wake = eventfd(0, EFD_CLOEXEC);
	control->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (control->wake < 0 || control->listener < 0)
		goto fail;
	// The directory's lock is ours, so a socket that is there is an old one.
	unlink(control->address.sun_path);
	if (bind(control->listener, (const struct sockaddr *)&control->address, sizeof(control->address)) != 0 ||
	    chmod(control->address.sun_path, 0660) != 0 || listen(control->listener, ASKERS_MOST) != 0)
		goto fail;
	return 0;
fail:
	snprintf(why, 256, "cannot open the control socket in %.150s: %s", state_dir, strerror(errno));
	return ERR_IO;
}

static void control_free(struct control *control)
{
	if (control->listener >= 0)
		close(control->listener);
	if (control->wake >= 0)
		close(control->wake);
	if (control->directory >= 0)
		close(control->directory);
	pthread_cond_destroy(&control->change);
	pthread_mutex_destroy(&control->lock);
	free(control);
}

int control_start(struct server *server, struct control **control, char why[static 256])
{
	struct control *c = calloc(1, sizeof(*c));
	if (c == NULL) {
		snprintf(why, 256, "out of memory");
		return ERR_MEMORY;
	}
	c->server = server;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->change, NULL);
	int error = open_listener(c, why);
	if (error == 0 && pthread_create(&c->thread, NULL, control_main, c) != 0) {
		snprintf(why, 256, "cannot start the control thread");
		error = ERR_IO;
	}
	if (error != 0) {
		control_free(c);
		return error;
	}
	*control = c;
	return 0;
}

void control_stop(struct control *control)
{
	uint64_t one = 1;
	pthread_mutex_lock(&control->lock);
	control->ending = true;
	pthread_cond_broadcast(&control->change);
	pthread_mutex_unlock(&control->lock);
	if (write(control->wake, &one, sizeof(one)) < 0)
		log_line(LEVEL_ERROR, NULL, "waking the control thread: %s", strerror(errno));
	pthread_join(control->thread, NULL);
	unlink(control->address.sun_path);
	pthread_mutex_lock(&control->lock);
	while (control->askers > 0)
		pthread_cond_wait(&control->change, &control->lock);
	pthread_mutex_unlock(&control->lock);
	control_free(control);
}
