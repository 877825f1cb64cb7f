// SPDX-License-Identifier: GPL-3.0-or-later
// The rows of the store's databases, as bytes. Numbers are little-endian; the
// first byte of a row is its layout's version.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "dns/name.h"
#include "store/store.h"

// state:    version, flags (1: has a version, 2: is untold), port (2), serial (4),
//           transferred, confirmed, refresh_at, expires_at, last_error_at (8
//           each), address family (0, 4, 6), length of the error's text, life
//           (2), scope (4), address (16), the text. In version 2 the file's mtime,
//           inode, size and digest of includes (8 each) stand behind the text;
//           what knows of no file is written as version 1
#define ROW_STATE_FIXED 72
#define ROW_STATE_FILE 8
#define ROW_STATE_FILE_ONCE 32 // as it was; what it tells is no longer asked for
#define ROW_STATE_MAX (ROW_STATE_FIXED + 255 + ROW_STATE_FILE_ONCE)

// Returns the row's length.
size_t row_put_state(const struct store_state *state, uint8_t row[static ROW_STATE_MAX]);

// Sets the version that a row is about.
void row_set_serial(uint8_t row[static ROW_STATE_MAX], uint32_t serial);

// 0, ERR_CORRUPT, or ERR_UNSUPPORTED for a row of a later version.
int row_get_state(const uint8_t *row, size_t length, struct store_state *state);

// snapshot: version, kind, 0 (2), serial (4), then the snapshot itself, or the
//           number of its file (8) and the file's length (8)
#define ROW_SNAPSHOT_HEAD 8
#define ROW_SNAPSHOT_FILE (ROW_SNAPSHOT_HEAD + 16)

enum row_kind { ROW_INLINE, ROW_FILE };

struct row_snapshot {
	enum row_kind kind;
	uint32_t serial;
	const uint8_t *content; // ROW_INLINE; points into the row
	size_t content_length;
	uint64_t number;        // ROW_FILE
	uint64_t file_length;
};

void row_put_snapshot_head(uint8_t *row, enum row_kind kind, uint32_t serial);
size_t row_put_snapshot_file(uint8_t row[static ROW_SNAPSHOT_FILE], uint32_t serial, uint64_t number,
                             uint64_t file_length);
int row_get_snapshot(const uint8_t *row, size_t length, struct row_snapshot *snapshot);

// journal:  version, 0 (3), serials before and after (4 each), 0 (4), time
//           stored (8), records that went and that came (8 each), the delta.
//           Key: zone, number (8, big-endian, so that they stand in order)
#define ROW_STEP_HEAD 40
#define ROW_STEP_KEY (NAME_MAX_WIRE + 8)

struct row_step {
	uint32_t from, to;
	int64_t stored;
	uint64_t removed, added;
	const uint8_t *delta; // points into the row
	size_t delta_length;
};

// `delta` itself is not put.
void row_put_step_head(const struct row_step *step, uint8_t row[static ROW_STEP_HEAD]);
int row_get_step(const uint8_t *row, size_t length, struct row_step *step);
size_t row_step_key(const uint8_t *origin, uint64_t number, uint8_t key[static ROW_STEP_KEY]);

// step:     number (8) of a row of the journal. Key: zone, serial (4)
#define ROW_FROM_KEY (NAME_MAX_WIRE + 4)
size_t row_from_key(const uint8_t *origin, uint32_t serial, uint8_t key[static ROW_FROM_KEY]);

// chain:    version, 0 (3), serial (4), then the others in order (8 each)
#define ROW_CHAIN 72

// Numbers of rows: first <= start <= snapshot <= next.
struct row_chain {
	uint32_t serial;          // where it ends
	uint64_t epoch;           // of the zone's being stored: another one after it was forgotten
	uint64_t first;           // oldest row that is there
	uint64_t start;           // oldest that leads to the present
	uint64_t snapshot;        // first that the snapshot does not hold
	uint64_t next;            // one past the newest
	uint64_t bytes;           // of all rows
	uint64_t since;           // of those behind the snapshot
	uint64_t snapshot_length;
};

void row_put_chain(const struct row_chain *chain, uint8_t row[static ROW_CHAIN]);
int row_get_chain(const uint8_t *row, size_t length, struct row_chain *chain);
