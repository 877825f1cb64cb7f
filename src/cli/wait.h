// SPDX-License-Identifier: GPL-3.0-or-later
// Waiting for what a verb has begun, with a bar on a terminal where it takes
// long, and telling the outcome that there was.
#pragma once

#include <jansson.h>
#include <stdint.h>

struct cli_verb;

// How things stand for a zone, or with NULL for all; NULL where that cannot be
// had. The caller's.
json_t *wait_look(const char *state_dir, const struct cli_verb *verb, const char *zone);

// Waits until `until` (boot milliseconds) for what was begun when things stood as
// `before`. *text gets a sentence, to be freed. Returns the exit code.
int wait_for_outcome(const char *state_dir, const struct cli_verb *verb, const char *zone, const json_t *before,
                     uint64_t until, char **text);
