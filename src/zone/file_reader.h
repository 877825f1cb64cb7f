// SPDX-License-Identifier: GPL-3.0-or-later
// Reading zone-file text into a draft: what the parts of the reader share.
// libzscanner takes the records; where it stops (at a type that it does not
// know, say) the record is taken apart here and handed to it in a form that it
// does know. So the usual file pays nothing for the unusual.
#pragma once

#include <libzscanner/scanner.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zone/draft.h"
#include "zone/file.h"

#define READER_INCLUDE_DEPTH 10
#define READER_GENERATE_MAX 1000000u // records of one $GENERATE

struct zone_reader {
	zs_scanner_t scanner;
	int start_state;        // the scanner's, between two records
	const uint8_t *origin;  // the zone's
	struct zone_draft *draft;
	struct zone_file_result *result;
	uint32_t last_ttl;      // RFC 1035, 5.1: an omitted TTL is the last one stated
	bool last_ttl_known;
	bool check_rdata;       // the scanner does not check what \# gives
	bool may_include;
	unsigned depth;         // of $INCLUDE
};

// Where text comes from, for messages.
struct reader_place {
	const char *file;
	uint64_t line;  // of the first line
	bool generated; // by $GENERATE, or rewritten: `line` is that of the original
};

// Opens a file; the result's message says why it cannot be.
struct file_window;
int reader_open(const char *path, struct file_window *window, struct zone_file_result *result);

// Reads an open file, or the text of one, to its end.
int reader_window(struct zone_reader *reader, const char *path, struct file_window *window);
int reader_text(struct zone_reader *reader, const char *name, const char *text, size_t length);

// Reads whole records. place->line moves on to the line behind them.
int reader_block(struct zone_reader *reader, struct reader_place *place, const char *text, size_t length);

// Says what is wrong at a line; returns `error`.
int reader_fail(struct zone_reader *reader, const struct reader_place *place, uint64_t line, int error,
                const char *format, ...) __attribute__((format(printf, 5, 6)));

// Notes what is left out or mended at a line.
void reader_warn(struct zone_reader *reader, const struct reader_place *place, uint64_t line,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));

// Has the scanner take whole records, among which there is no directive but
// $TTL. As reader_block().
int reader_scan(struct zone_reader *reader, struct reader_place *place, const char *text, size_t length);

// A record (text, from its first byte to its newline) at which the scanner
// stopped and the code it stopped with; or a directive.
struct reader_stop {
	const char *text;
	size_t length;
	uint64_t line;       // of its first byte
	uint64_t error_line; // at which the scanner stopped
	int code;
};

// Carries out a directive: $INCLUDE, $ORIGIN, $GENERATE, $TTL. The scanner
// does not get to see the first three: it wants absolute origins, and spoils
// the one it has where it finds another.
int reader_directive(struct zone_reader *reader, const struct reader_place *place, const struct reader_stop *stop);

// Expands $GENERATE; `cursor` stands behind the word itself.
struct line_cursor;
int reader_generate(struct zone_reader *reader, const struct reader_place *place, const struct reader_stop *stop,
                    struct line_cursor *cursor);

// How a record of a type that the scanner lacks is put to it.
struct rewrite {
	char *text;      // malloc'ed, whole records
	size_t length;
	uint16_t type;   // that the record really has; 0: as the text says
	uint8_t strings_min, strings_max; // its rdata is that many strings; 0: not looked at
};

// Rewrites a record at which the scanner stopped with a code. Returns 0; ERR_NOT_FOUND where there is nothing to
// rewrite, so that the scanner's complaint stands; ERR_MEMORY; ERR_FORMAT with
// *why, a phrase.
int reader_rewrite(const uint8_t *origin, const struct reader_stop *stop, struct rewrite *rewrite, const char **why);

// One record of the rewritten text, as reader_block() takes one.
int reader_rewritten(struct zone_reader *reader, const struct reader_place *place, const struct reader_stop *stop,
                     const struct rewrite *rewrite);
