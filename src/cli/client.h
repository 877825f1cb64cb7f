// SPDX-License-Identifier: GPL-3.0-or-later
// The other end of the control socket.
#pragma once

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

struct cli_words;

// Finds the state directory that the words mean. Returns EXIT_GOOD, or what to
// exit with, having said why.
int client_find(const struct cli_words *words, char state_dir[static PATH_MAX]);

struct client_reply {
	int code;
	char *text;    // with a NUL behind it; to be freed
	size_t length;
};

// One exchange. Returns EXIT_GOOD with the reply, or what to exit with; what went
// wrong is said, unless `silent`.
int client_ask(const char *state_dir, const json_t *request, bool silent, struct client_reply *reply);

// Waits until no server is on that socket any more, at most so long.
bool client_wait_gone(const char *state_dir, unsigned seconds);
