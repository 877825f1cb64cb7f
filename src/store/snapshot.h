// SPDX-License-Identifier: GPL-3.0-or-later
// A snapshot: the whole content of a zone version as a stream of bytes, laid
// out so that reading it is little more than building the zone. All numbers
// are little-endian.
//
//   header   magic (8), format's version (2), header's length (2), serial (4),
//            records (8), time written (8), origin's length (1), origin,
//            XXH3-128 of all before it (16)
//   blocks   content's length (4), number of the block from 0 (4), XXH3-128 of
//            both and the content (16), content
//   content  sets, one behind another; a block begins a fresh owner:
//            length of the owner without the origin (1), or 255 for the owner
//            before; these labels; length of the set (4); the set as struct
//            rrset has it: records with the owner c0 0c, as on the wire
//   end      a block whose number has bit 31 set; its content is the count of
//            records (8)
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zone/draft.h"
#include "zone/file_window.h"

#define SNAPSHOT_BLOCK ((size_t)128 << 10) // blocks end when they reach it

// Takes the bytes of a snapshot in order. Returns 0 or an error that ends it.
typedef int snapshot_sink(void *context, const uint8_t *bytes, size_t length);

// A buffer to make blocks in; may serve for many snapshots, of one thread.
struct snapshot_buffer {
	uint8_t *bytes;
	size_t size, filled;
};
void snapshot_buffer_free(struct snapshot_buffer *buffer);

// Writes a version into the sink. `written` is wall-clock seconds. Returns 0,
// ERR_MEMORY, or what the sink returned.
int snapshot_write(const struct zone_version *version, int64_t written, struct snapshot_buffer *buffer,
                   snapshot_sink *sink, void *context);

// Where a snapshot is read from: memory, or an open file.
struct snapshot_source {
	const uint8_t *at;
	size_t ready;
	struct file_window *window; // NULL: all there is, is ready
};

// Builds the version in its line. ERR_CORRUPT, ERR_IO, ERR_UNSUPPORTED,
// ERR_MEMORY; `why` gets a phrase.
int snapshot_read(struct snapshot_source *source, const uint8_t *origin, struct zone_line *line,
                  const struct zone_version **version, char why[static 256]);

// Adds its records to a draft, which the caller ends in any case.
int snapshot_read_into(struct snapshot_source *source, const uint8_t *origin, struct zone_draft *draft,
                       char why[static 256]);
