// SPDX-License-Identifier: GPL-3.0-or-later
// Where the state directory is, and the socket in it: how later verbs find
// the server.
#pragma once

#include <limits.h>
#include <sys/un.h>

#define PLACE_SOCKET "control.sock"

// The directory: `wanted` where not NULL (made absolute), else
// /var/lib/understudy for root, else $XDG_STATE_HOME/understudy, else
// $HOME/.local/state/understudy. Returns 0, ERR_SPACE (too long) or
// ERR_NOT_FOUND (no home either).
int place_state_dir(const char *wanted, char path[static PATH_MAX]);

// The address of a socket in a directory, even where the path is longer than
// a socket's address may be: then through a descriptor of the directory, which
// *directory gets (else -1) and which stays open while the address is used.
// Returns 0 or ERR_IO (errno).
int place_socket(const char *state_dir, struct sockaddr_un *address, int *directory);
