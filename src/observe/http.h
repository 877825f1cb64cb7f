// SPDX-License-Identifier: GPL-3.0-or-later
// The HTTP listener: the page at /, its JSON under /api/, Prometheus at
// /metrics. Read-only. One thread of its own, which answers, streams and makes
// the events; it starts once there is an address to listen on.
#pragma once

#include <stdint.h>

#include "config/model.h"
#include "replicate/replicate.h"
#include "serve/serve.h"
#include "zone/table.h"

struct http;

// What is shown. All of it outlives http_stop().
struct http_sources {
	struct replicate *replicate;
	const struct serve *serve;
	const struct zone_table *table;
	struct store *store;   // for the history of a zone
	const char *state_dir; // where the control socket is
	const char *version;
	int64_t started;     // wall seconds
};

// Binds what is configured, while privileges may still be there. `why` names
// the address and the reason. ERR_IO, ERR_MEMORY.
int http_open(const struct config *config, struct http **http, char why[static 256]);

// Starts the thread where there is something to listen on. ERR_IO, ERR_MEMORY.
int http_start(struct http *http, const struct http_sources *sources);

// Takes over addresses, names and switches. Where one of them changed, those
// who are connected have to connect again. What cannot be opened is told in
// `why`, the rest goes on. From the thread that started it.
int http_reconfigure(struct http *http, const struct config *config, char why[static 256]);

// Ends the thread and closes everything; NULL is fine. What was published and
// is still read here may be freed after that.
void http_stop(struct http *http);
