// SPDX-License-Identifier: GPL-3.0-or-later
// The rows of the store's databases, as bytes. Numbers are little-endian; the
// first byte of a row is its layout's version.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

// state:    version, flags (1: has a version), port (2), serial (4),
//           transferred, confirmed, refresh_at, expires_at, last_error_at (8
//           each), address family (0, 4, 6), length of the error's text, 0 (2),
//           scope (4), address (16), the text
#define ROW_STATE_FIXED 72
#define ROW_STATE_MAX (ROW_STATE_FIXED + 255)

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
