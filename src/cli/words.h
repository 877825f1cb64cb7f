// SPDX-License-Identifier: GPL-3.0-or-later
// The command line of a verb that speaks with the server, taken apart.
#pragma once

#include <jansson.h>

#include "cli/cli.h"

struct cli_target {
	const char *zone;  // NULL: none is named
	unsigned serials;
	uint32_t serial[2];
};

struct cli_words {
	const char *state_dir;   // --state-dir
	const char *config_path; // -c
	bool json, all, waits;
	unsigned wait_s;
	json_t *request;         // what its own options and operands give
	struct cli_target *targets;
	size_t count;            // at least 1
};

#define WAIT_DEFAULT_S 60

// Reads it. Returns 0, or an exit code + 1 that is to be returned less 1: help
// was printed, or the usage was wrong. To be freed in any case.
int cli_words_read(const struct cli_verb *verb, int argc, char **argv, struct cli_words *words);
void cli_words_free(struct cli_words *words);
