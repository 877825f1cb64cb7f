// SPDX-License-Identifier: GPL-3.0-or-later
// One zone in plain words: where it comes from, what happened last, what is wrong,
// what to do, and what comes if nothing is done.
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "config/config.h"
#include "observe/status.h"

// What is known. All but `zone` and `now` may be NULL or 0.
struct explain_facts {
	const struct replica_status *zone;
	const struct replica_progress *progress;
	const struct servers *servers;
	const struct status_answered *answered;
	const struct config *config;
	const struct config_zone *configured;
	const char *state_dir;
	int64_t now; // wall seconds
};

enum explain_about {
	EXPLAIN_STATE,  // what it is and how it is
	EXPLAIN_SOURCE, // where it comes from
	EXPLAIN_LAST,   // what happened last, and when
	EXPLAIN_WRONG,  // what is wrong, and why
	EXPLAIN_DO,     // what to do; may have commands or lines of a configuration
	EXPLAIN_AHEAD,  // what comes by itself
};

#define EXPLAIN_PARAGRAPHS 40u

struct explanation {
	unsigned count;
	struct explain_paragraph {
		enum explain_about about;
		char *text;    // a sentence or a few
		char *command; // to be typed, or written into a configuration, as it is; NULL none
	} paragraph[EXPLAIN_PARAGRAPHS];
};

// One that ran out of memory, or of room, ends early.
void explain(const struct explain_facts *facts, struct explanation *explanation);
void explanation_free(struct explanation *explanation);

// As text of at most 80 columns, but for commands and long words.
void explain_write(FILE *to, const struct explain_facts *facts, bool colour);

// {"zone", "state", "paragraphs":[{"about", "text", "command"}, …]}
json_t *explain_json(const struct explain_facts *facts);
