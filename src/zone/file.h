// SPDX-License-Identifier: GPL-3.0-or-later
// Zone files (RFC 1035, 5): text through libzscanner, BIND's raw form, and
// writing text in canonical order.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zone/draft.h"

// The clock of files is coarse: one whose last change is no older than this when
// it is read may change again and keep its time.
#define FILE_UNSETTLED_NS INT64_C(100000000)

struct zone_file_result {
	size_t records;
	char message[512]; // on error: "file:line: what is wrong, what to do"; also the last warning
	size_t warnings;   // e.g. records out of the zone that were left out
	uint64_t includes; // 0: there were none; else a digest of what the files are, for good
};

// Reads a file, of either form (told by its first bytes), into a draft whose
// origin is the zone's. $INCLUDE to a depth of 10, relative to the including
// file; $GENERATE. The draft's content after an error is undefined: abandon
// it. Returns 0, ERR_IO, ERR_FORMAT, ERR_LIMIT, ERR_MEMORY.
int zone_file_read(const char *path, const uint8_t *origin, struct zone_draft *draft,
                   struct zone_file_result *result);

// The same for text in memory (tests, fuzzing, the store); `name` stands for
// the file in messages; $INCLUDE is refused.
int zone_file_parse(const char *text, size_t length, const char *name, const uint8_t *origin,
                    struct zone_draft *draft, struct zone_file_result *result);

// Writes the version as text in canonical order, to a temporary file in the
// same folder, fsync, rename, fsync of the folder. The file's mode is 0644.
// `message` tells what failed. Returns 0, ERR_IO or ERR_MEMORY.
int zone_file_write(const struct zone_version *version, const char *path, char message[static 256]);

// The same text, handed out in pieces of some 256 KiB. A nonzero return of the
// sink ends it and is returned. ERR_MEMORY.
typedef int zone_text_sink(void *context, const char *text, size_t length);
int zone_text_write(const struct zone_version *version, zone_text_sink *sink, void *context);
