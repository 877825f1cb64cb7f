// SPDX-License-Identifier: GPL-3.0-or-later
// The control socket: a thread that accepts, and a few that each serve one
// asker to its end, so that a slow one holds nobody up.
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/epoch.h"
#include "base/error.h"
#include "base/log.h"
#include "daemon/place.h"
#include "daemon/protocol.h"
#include "daemon/server.h"
#include "daemon/verbs.h"

#define ASKERS_MOST 8
#define PATIENCE_S 10 // for a request to come, and for each part of a reply to go

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

// A whole line, without its end. Returns its length, or -1.
static ssize_t read_line(int fd, char *line, size_t room)
{
	size_t length = 0;
	while (length < room) {
		ssize_t n = recv(fd, line + length, room - length, 0);
		if (n < 0 && errno == EINTR)
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

static bool write_all(int fd, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t n = send(fd, bytes, length, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		bytes += n;
		length -= (size_t)n;
	}
	return true;
}

// The reply is made before any of it is sent: what it reads is read in one go,
// however slowly the asker takes it.
static void serve_asker(struct control *control, int fd)
{
	char line[PROTOCOL_REQUEST_MOST], head[PROTOCOL_HEAD_MOST], *text = NULL;
	size_t size = 0;
	struct timeval patience = { .tv_sec = PATIENCE_S };
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	ssize_t length = read_line(fd, line, sizeof(line));
	if (length < 0)
		return;
	FILE *reply = open_memstream(&text, &size);
	if (reply == NULL)
		return;
	int code = verbs_run(control->server, line, (size_t)length, reply);
	if (fclose(reply) == 0) {
		int n = snprintf(head, sizeof(head), PROTOCOL_HEAD, PROTOCOL_VERSION, code, size);
		if (write_all(fd, head, (size_t)n))
			write_all(fd, text, size);
	}
	free(text);
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
