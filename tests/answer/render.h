// SPDX-License-Identifier: GPL-3.0-or-later
// A reply as the lines of a scenario file.
#pragma once

#include "answer/answer.h"

#define RENDER_LINES 1024

struct rendering {
	char *line[RENDER_LINES];
	unsigned count;
};

// Renders what answer() made of the request. A reply that is malformed renders
// as a line that says so.
void render(const struct answer_request *request, const struct answer *answer,
            struct rendering *rendering);
void render_free(struct rendering *rendering);

// Sorts the records of each set, and all of the additional section, so that
// their order does not matter in a comparison while that of other sets does.
void render_sort_sets(char **lines, unsigned count);
