// SPDX-License-Identifier: GPL-3.0-or-later
// The versions of a zone that are kept, and what differs between two, as text
// and as JSON.
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "replicate/history.h"
#include "replicate/replicate.h"

// A line a version, the oldest first; what is served is marked. Where there is
// no journal yet, what is served stands alone.
void history_write(FILE *to, const struct history *history, const struct replica_status *zone);

// {"zone", "serial", "newest", "rolled_back", "versions":[{"serial", "since",
// "removed", "added", "bytes", "served"}, …]}; NULL where there is no memory.
json_t *history_json(const struct history *history, const struct replica_status *zone);

// What went, "-", and what came, "+", as in a zone file; behind a line that says
// how much. `title` is what is compared: "serial 3 to 5". So many lines, at most.
#define DIFFERENCE_LINES 100000u
int difference_write(FILE *to, const uint8_t *origin, const char *title, const struct delta_changes *changes);
