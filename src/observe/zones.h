// SPDX-License-Identifier: GPL-3.0-or-later
// A list of zones: which of them, in which order, a line each. It is written in
// steps: what is wanted is found first, names alone being kept, so that 100,000
// zones take a few megabytes and nothing is held up while a slow reader reads.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "observe/status.h"
#include "replicate/replicate.h"

// What a zone may be. Of several, any one is enough, but that a role, where one is
// asked for, must be right.
enum zones_filter {
	ZONES_CURRENT = 1, ZONES_STALE = 2, ZONES_EXPIRED = 4, ZONES_EMPTY = 8,
	ZONES_BEHIND = 16,       // a primary has a newer serial
	ZONES_HELD = 32, ZONES_REJECTED = 64, ZONES_ROLLED_BACK = 128,
	ZONES_UNSAVED = 256,     // not on disk, in the store or as the zone file
	ZONES_TROUBLED = 512,    // with an error since the last success
	ZONES_TRANSFERRING = 1024,
	ZONES_BAD = 2048,        // not as good as it should be: what status ends with 4 for
	ZONES_PRIMARY = 4096, ZONES_SECONDARY = 8192,
};

// The bit of a word ("stale", "rolled-back" …) is added to *filters; false where
// there is none. The words, in order, ended by NULL.
bool zones_filter_find(const char *word, unsigned *filters);
extern const char *const zones_filter_words[];

enum zones_sort {
	ZONES_BY_NAME,
	ZONES_BY_STATE,    // the worst first
	ZONES_BY_LAG,      // the longest behind first
	ZONES_BY_EXPIRY,   // the soonest first
	ZONES_BY_SERIAL, ZONES_BY_RECORDS, ZONES_BY_BYTES, // the largest first
	ZONES_BY_TRANSFER, // the last changed first
};
bool zones_sort_find(const char *word, enum zones_sort *sort);
extern const char *const zones_sort_words[];

struct zones_query {
	unsigned filters;     // 0: all
	enum zones_sort sort;
	bool reverse;
	const char *pattern;  // with * or ?: the whole name must match, else a part of it; NULL: any
	size_t most;          // no more names than that, the first ones; 0: no limit
};

struct zones {
	uint8_t *names;
	size_t used, room;
	struct zones_entry { uint64_t key; size_t at; } *entry;
	size_t count, entry_room;
};

// Whether a zone is one that the query wants. `name` is its text.
bool zones_wanted(const struct zones_query *query, const struct replica_status *zone, const char *name);

// Finds those that are wanted, in the order that is wanted. ERR_MEMORY.
int zones_gather(struct replicate *replicate, const struct zones_query *query, int64_t now, struct zones *zones);
void zones_free(struct zones *zones);
const uint8_t *zones_name(const struct zones *zones, size_t i);

// The one word for a zone, the worst that is to be said of it: "expired", "held", …
const char *zones_word(const struct replica_status *zone);

// For how long a newer serial has been known; 0: not behind.
int64_t zones_lag(const struct replica_status *zone, int64_t now);

// At most STATUS_COLUMNS wide, but for a long name, which has a line of its own.
void zones_write_head(FILE *to, bool colour);
void zones_write_row(FILE *to, const struct replica_status *zone, int64_t now, bool colour);
void zones_write_tail(FILE *to, const struct status_summary *summary, size_t listed);
