// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/words.h"
#include "config/config.h"
#include "daemon/place.h"

// The directory that the configuration names, or the default.
int client_find(const struct cli_words *words, char state_dir[static PATH_MAX])
{
	struct config_report report = { 0 };
	struct config_overrides overrides = { .state_dir = words->state_dir };
	struct config *config = NULL;
	if (words->config_path == NULL || words->state_dir != NULL) {
		if (place_state_dir(words->state_dir, state_dir) == 0)
			return EXIT_GOOD;
		fprintf(stderr, "there is no place where the state would be: name it with --state-dir\n");
		return EXIT_FAILED;
	}
	int code = EXIT_GOOD;
	if (config_read_file(words->config_path, &overrides, &report, &config) != 0) {
		config_report_print(&report, stderr);
		fprintf(stderr, "the state directory may be named instead: --state-dir DIR\n");
		code = EXIT_FAILED;
	} else if (place_state_dir(config->server.state_dir, state_dir) != 0) {
		code = EXIT_FAILED;
	}
	config_release(config);
	config_report_free(&report);
	return code;
}

// A connected socket, or -1 with errno.
static int connect_to(const char *state_dir)
{
	struct sockaddr_un address;
	int directory;
	if (place_socket(state_dir, &address, &directory) != 0)
		return -1;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		int error = errno;
		close(fd);
		errno = error;
		fd = -1;
	}
	int error = errno;
	if (directory >= 0)
		close(directory);
	errno = error;
	return fd;
}

static int not_connected(const char *state_dir, bool silent)
{
	bool is_gone = errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR;
	if (!silent && is_gone)
		fprintf(stderr, "no server runs on the state directory %s\n"
		        "start it with understudy serve, or name another with --state-dir DIR or -c FILE\n",
		        state_dir);
	else if (!silent)
		fprintf(stderr, "cannot reach the server in %s: %s%s\n", state_dir, strerror(errno),
		        errno == EACCES ? "; its user and root may: try sudo" : "");
	return is_gone ? EXIT_NOT_RUNNING : EXIT_FAILED;
}

// Each read of a reply has to bring something within this: longer than any verb
// waits for its outcome.
#define PATIENCE_S 90

static bool send_request(int fd, const json_t *request)
{
	struct timeval patience = { .tv_sec = PATIENCE_S };
	char *line = json_dumps(request, JSON_COMPACT);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	bool good = line != NULL && strlen(line) < PROTOCOL_REQUEST_MOST && dprintf(fd, "%s\n", line) > 0;
	free(line);
	return good;
}

// --- the reply

// One piece more: its length, 0 at the end, when *code is set; -1 where it is cut
// short or there is no memory.
static ssize_t read_piece(FILE *from, struct client_reply *reply)
{
	char line[PROTOCOL_LINE_MOST];
	size_t length = 0;
	if (fgets(line, sizeof(line), from) == NULL)
		return -1;
	if (sscanf(line, "0 %d", &reply->code) == 1)
		return 0;
	if (sscanf(line, "%zu", &length) != 1 || length == 0 || length > SSIZE_MAX / 4)
		return -1;
	char *text = realloc(reply->text, reply->length + length + 1);
	if (text == NULL)
		return -1;
	reply->text = text;
	if (fread(text + reply->length, 1, length, from) != length)
		return -1;
	reply->length += length;
	text[reply->length] = '\0';
	return (ssize_t)length;
}

// The reply is taken whole before any of it is printed, so that a pager does not
// keep the server's thread.
static int read_reply(FILE *from, bool silent, struct client_reply *reply)
{
	char head[PROTOCOL_LINE_MOST];
	int version = 0;
	ssize_t piece = -1;
	if (fgets(head, sizeof(head), from) == NULL || sscanf(head, PROTOCOL_HEAD, &version) != 1
	    || version != PROTOCOL_VERSION) {
		if (!silent)
			fprintf(stderr, "the server did not answer as this version expects (%d); is it ending, or of another version?\n",
			        PROTOCOL_VERSION);
		return EXIT_FAILED;
	}
	do {
		piece = read_piece(from, reply);
	} while (piece > 0);
	if (piece == 0)
		return EXIT_GOOD;
	if (!silent)
		fprintf(stderr, "the server's answer was cut short\n");
	return EXIT_FAILED;
}

int client_ask(const char *state_dir, const json_t *request, bool silent, struct client_reply *reply)
{
	*reply = (struct client_reply){ .code = EXIT_FAILED, .text = calloc(1, 1) };
	int fd = connect_to(state_dir);
	if (fd < 0)
		return not_connected(state_dir, silent);
	FILE *from = reply->text != NULL && send_request(fd, request) ? fdopen(fd, "r") : NULL;
	if (from == NULL) {
		if (!silent)
			fprintf(stderr, "cannot ask the server: %s\n", errno != 0 ? strerror(errno) : "the request is too long");
		close(fd);
		return EXIT_FAILED;
	}
	int code = read_reply(from, silent, reply);
	fclose(from);
	return code;
}

bool client_wait_gone(const char *state_dir, unsigned seconds)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	for (unsigned i = 0; i < seconds * 50; i++) {
		int fd = connect_to(state_dir);
		if (fd < 0)
			return true;
		close(fd);
		nanosleep(&pause, NULL);
	}
	return false;
}
