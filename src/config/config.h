// SPDX-License-Identifier: GPL-3.0-or-later
// Reading a configuration: either dialect, or none and arguments instead.
#pragma once

#include <stdarg.h>
#include <stdio.h>

#include "config/model.h"

enum config_severity { CONFIG_ERROR, CONFIG_WARNING };

struct config_message {
	enum config_severity severity;
	struct config_where where;
	char *text; // "named.conf:12:5: missing ';' before '}'", no newline
};

// What the reader had to say, in the order of the files. Zero-initialise,
// give back with config_report_free(). Bounded: after 20 errors or 1,000 messages
// only counts grow.
struct config_report {
	struct config_message *messages;
	uint32_t count;
	uint32_t errors, warnings;
	uint32_t room; // internal
};

void config_report_free(struct config_report *report);

// One line a message: "error: …" or "warning: …"; then config_report_rest().
void config_report_print(const struct config_report *report, FILE *to);

// "… and 140 more errors, 2 more warnings": what was counted only, or "".
// Returns `text`.
#define CONFIG_REPORT_REST 80
const char *config_report_rest(const struct config_report *report, char text[static CONFIG_REPORT_REST]);

// What the command line may set over any configuration. NULL and 0 leave it.
struct config_overrides {
	const char *const *listen; // "ADDR", "ADDR@PORT", "[v6]:PORT"; replaces all listeners
	size_t listen_count;
	const char *state_dir;
	const char *user;
	uint32_t workers;
	const char *const *http_listen; // as `listen`
	size_t http_listen_count;
};

// Reads a file of either dialect with all that it includes and checks it.
// Returns 0 with *config held once, or ERR_FORMAT (report->errors > 0),
// ERR_MEMORY. The report also has the warnings of a good configuration.
int config_read_file(const char *path, const struct config_overrides *overrides,
                     struct config_report *report, struct config **config);

// The same from memory, for tests and fuzzers: `name` stands in messages,
// nothing else is opened: an include is an error.
int config_read_memory(const char *name, const char *text, size_t length,
                       const struct config_overrides *overrides,
                       struct config_report *report, struct config **config);

// As config_read_memory(), for a dialect that is known.
int config_read_memory_as(enum config_dialect dialect, const char *name, const char *text,
                          size_t length, struct config_report *report, struct config **config);

// The simplest case, no file at all: `serve --secondary example.com --primary
// 192.0.2.1@53 --key NAME:ALG:SECRETFILE`. Every primary serves every zone.
struct config_arguments {
	const char *const *secondaries; // zone names
	size_t secondary_count;
	const char *const *primaries;   // ADDR[@PORT]
	size_t primary_count;
	const char *key;                // NULL: unsigned
};
int config_from_arguments(const struct config_arguments *arguments,
                          const struct config_overrides *overrides,
                          struct config_report *report, struct config **config);

// One line: "example.com: secondary of 192.0.2.1@53 (key tr.example), file
// /var/…, transfers to nobody [named.conf:31]". Cut at `size`; returns `text`.
const char *config_summary(const struct config *config, const struct config_zone *zone,
                           char *text, size_t size);

// "named.conf:31" for a zone. Cut at `size`; returns `text`.
const char *config_zone_where(const struct config *config, const struct config_zone *zone,
                              char *text, size_t size);

enum config_access { CONFIG_ACCESS_QUERY, CONFIG_ACCESS_TRANSFER, CONFIG_ACCESS_NOTIFY };

// Why the zone's list refuses that source and key (NULL unsigned), and the
// line that would allow it, in the dialect read: "no entry matches 192.0.2.7
// without key; add `allow-notify { 192.0.2.7; };` to zone example.com
// (named.conf:31)". Cut at `size`; returns `text`.
const char *config_explain_refusal(const struct config *config, const struct config_zone *zone,
                                   enum config_access access, const struct sockaddr *source,
                                   const uint8_t *key_name, char *text, size_t size);

// The zone's statistics group (nsd.conf zonestats), %s expanded. Cut at
// `size`; "" where it has none.
const char *config_statistics_group(const struct config_zone *zone, char *text, size_t size);
