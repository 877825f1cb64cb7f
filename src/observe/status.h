// SPDX-License-Identifier: GPL-3.0-or-later
// What is known of the zones, as a table, as text for one zone, and as JSON.
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "replicate/replicate.h"
#include "serve/serve.h"

#define STATUS_COLUMNS 100 // no line of a table is wider

// Sums over the zones written.
struct status_summary {
	unsigned zones, current, stale, expired, empty;
	unsigned behind; // a primary has a newer serial
	unsigned held;     // the guard holds back a version
	unsigned rolled_back; // to an older version, by the operator
	unsigned troubled; // with an error since the last success
};
void status_count(struct status_summary *summary, const struct replica_status *zone);

// True where some zone is not as good as it should be: stale, expired, empty,
// rolled back, or waiting for the operator's word.
bool status_is_degraded(const struct status_summary *summary);

struct status_server {
	const char *version;
	int pid;
	int64_t started; // wall seconds
	struct serve_counters counters;
	size_t zone_bytes; // of memory, in the arena
};

// "current", "stale", "expired", "empty".
const char *status_phase_text(enum replica_phase phase);

// --- text; now is wall seconds

void status_write_head(FILE *to);
// One line, and one more for each thing that is wrong.
void status_write_row(FILE *to, const struct replica_status *zone, int64_t now);
void status_write_tail(FILE *to, const struct status_summary *summary,
                       const struct status_server *server, int64_t now);

// One zone in full, a fact a line.
void status_write_zone(FILE *to, const struct replica_status *zone, int64_t now);

// --- JSON. NULL where there is no memory; the caller's reference.

json_t *status_zone_json(const struct replica_status *zone, int64_t now);
json_t *status_summary_json(const struct status_summary *summary);
json_t *status_server_json(const struct status_server *server);

// A whole list as one object, zone by zone: {"zones":[…],"summary":{…},"server":{…}}.
struct status_list {
	FILE *to;
	unsigned written;
};
void status_list_begin(struct status_list *list, FILE *to);
void status_list_add(struct status_list *list, const struct replica_status *zone, int64_t now);
void status_list_end(struct status_list *list, const struct status_summary *summary,
                     const struct status_server *server);
