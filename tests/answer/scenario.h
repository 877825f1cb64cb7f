// SPDX-License-Identifier: GPL-3.0-or-later
// Scenario files: zones, questions, and the replies that must come, as text.
// The format is described in README.md beside this file.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "answer/answer.h"

#define SCENARIO_LINES 160
#define SCENARIO_REQUEST 2048

// One question and what is expected of it.
struct scenario {
	const char *file;
	unsigned line;          // of its title
	char title[256];
	char asked[512];        // the line that asks, for messages
	uint8_t request[SCENARIO_REQUEST];
	size_t length;
	enum answer_transport transport;
	uint16_t reserve;
	uint8_t key[NAME_MAX_WIRE];
	bool has_key;
	char *expected[SCENARIO_LINES]; // without blanks at the ends, runs of blanks one
	unsigned expected_count;
};

// A zone block. `state`: "", "empty" or "expired".
struct scenario_zone {
	char origin[NAME_MAX_TEXT];
	char state[16];
	char *text;
	unsigned line;
};

// What the reader hands over, in the order of the file. `setting` gets the
// words of lines such as "identity version 1.0".
struct scenario_sink {
	void *context;
	void (*zone)(void *context, const struct scenario_zone *zone);
	void (*setting)(void *context, const char *file, unsigned line, char *words[4]);
	void (*scenario)(void *context, const struct scenario *scenario);
};

// Reads a file; false, with a line on standard error, where it is malformed.
bool scenario_read(const char *path, const struct scenario_sink *sink);

// Collapses runs of blanks and cuts those at the ends, in place.
void scenario_tidy(char *line);
