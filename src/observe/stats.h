// SPDX-License-Identifier: GPL-3.0-or-later
// The counters, since the start: they are never set back, so that whoever looks
// twice gets rates, however many look.
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "observe/status.h"
#include "replicate/watch.h"

struct stats {
	struct status_server server;
	struct replicate_counters replicate;
	struct primary_counters *primaries;
	size_t primary_count, primary_room;
};

// Gathers what is counted for each primary. ERR_MEMORY.
int stats_read_primaries(struct replicate *replicate, struct stats *stats);
void stats_free(struct stats *stats);

void stats_write(FILE *to, const struct stats *stats, int64_t now);
json_t *stats_json(const struct stats *stats);
