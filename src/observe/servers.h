// SPDX-License-Identifier: GPL-3.0-or-later
// The servers of a zone, as the sync monitor saw them last.
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "replicate/watch.h"

#define SERVERS_MOST ZONE_SERVERS_MAX

struct servers {
	unsigned count;
	struct zone_server server[SERVERS_MOST];
};

// ERR_NOT_FOUND.
int servers_read(struct replicate *replicate, const uint8_t *origin, struct servers *servers);

// "primary", "sibling", "receiver".
const char *servers_part_text(enum server_part part);

// For how long it has lacked the newest serial; 0: it has it.
int64_t servers_lag(const struct zone_server *server, int64_t now);

// A line each, at most STATUS_COLUMNS wide where no name is long.
void servers_write(FILE *to, const struct servers *servers, int64_t now, bool colour);

// [{"part", "name", "address", "serial", "lag_seconds", "answered", "asked",
// "round_trip_us", "error"}, …]
json_t *servers_json(const struct servers *servers, int64_t now);
