// SPDX-License-Identifier: GPL-3.0-or-later
// What is known of the zones, as a table, as text for one zone, and as JSON.
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "observe/http_text.h"
#include "observe/servers.h"
#include "replicate/progress.h"
#include "replicate/replicate.h"
#include "serve/serve.h"

#define STATUS_COLUMNS 100 // no line of a table is wider

// Sums over the zones written.
struct status_summary {
	unsigned zones, current, stale, expired, empty;
	unsigned behind; // a primary has a newer serial
	unsigned held;     // the guard holds back a version
	unsigned rolled_back; // to an older version, by the operator
	unsigned unsaved; // a new version cannot be stored
	unsigned troubled; // with an error since the last success
};
void status_count(struct status_summary *summary, const struct replica_status *zone);

// True where some zone is not as good as it should be: stale, expired, empty,
// rolled back, waiting for the operator's word, or for room on the disk.
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

// Why the store does not take a version, without the word that says so.
const char *status_store_error(const struct replica_status *zone);

// What a question to ourselves brought.
struct status_answered {
	bool was_asked;
	bool has_serial;
	uint32_t serial;
	uint16_t rcode;                  // where error is empty
	struct sockaddr_storage address; // of the listener
	uint32_t round_trip_us;
	char error[96];                  // empty: there was an answer
};

// Whether what is answered is not what it should be by the status. That our own
// access list refuses us, or that nobody was asked, says nothing.
bool status_is_contradicted(const struct replica_status *zone, const struct status_answered *answered);

// What the full account of one zone has beyond its status; any may be NULL.
struct status_detail {
	const struct status_answered *answered;
	const struct servers *servers;
	const struct replica_progress *progress;
};

// --- text; now is wall seconds

void status_write_head(FILE *to, bool colour);
// One line, and one more for each thing that is wrong.
void status_write_row(FILE *to, const struct replica_status *zone, int64_t now, bool colour);
void status_write_tail(FILE *to, const struct status_summary *summary,
                       const struct status_server *server, int64_t now);
// "3 zones: 2 current, 1 stale" and the end of the line.
void status_write_counts(FILE *to, const struct status_summary *summary);

// One zone in full, a fact a line.
void status_write_zone(FILE *to, const struct replica_status *zone, const struct status_detail *detail, int64_t now,
                       bool colour);

// A text that is too long for its column loses its middle. Returns it.
const char *status_squeeze(char *text, size_t width);

// --- JSON. NULL where there is no memory; the caller's reference.

json_t *status_zone_json(const struct replica_status *zone, int64_t now);
// With "servers" and "answered" besides.
json_t *status_detail_json(const struct replica_status *zone, const struct status_detail *detail, int64_t now);
json_t *status_summary_json(const struct status_summary *summary);
json_t *status_server_json(const struct status_server *server);

// A whole list as one object, zone by zone: {"zones":[…],"summary":{…},"server":{…}}.
struct status_list {
	FILE *to;
	unsigned written;
	struct text text; // of one zone; status_list_end() frees it
};
void status_list_begin(struct status_list *list, FILE *to);
void status_list_add(struct status_list *list, const struct replica_status *zone, int64_t now);
// server may be NULL.
void status_list_end(struct status_list *list, const struct status_summary *summary,
                     const struct status_server *server);
