// SPDX-License-Identifier: GPL-3.0-or-later
// The command line of `serve`.
#pragma once

#include "cli/cli.h"
#include "daemon/daemon.h"

struct serve_options {
	struct daemon_options daemon; // points into the rest and into argv
	bool help;
	const char **listen, **http_listen, **secondaries, **primaries;
};

// Reads it. Returns 0, or EXIT_USAGE after saying what is wrong and what to do.
int serve_options_read(const struct cli_verb *verb, int argc, char **argv, struct serve_options *options);
void serve_options_free(struct serve_options *options);
