// SPDX-License-Identifier: GPL-3.0-or-later
// BIND's raw zone files (masterfile-format raw), as its 9.18 writes them for
// the zones it is secondary of. All numbers are big-endian.
//
//   file header   format (2), version (0 or 1), dump time; version 1 goes on
//                 with flags, source serial, last transfer: 12 or 24 bytes
//   then sets     total length, class, type, type covered, TTL, count: 18
//                 bytes; owner's length (2) and owner; for each record its
//                 length (2) and rdata, uncompressed
#pragma once

#include "zone/file.h"
#include "zone/file_window.h"

// True where the file begins as a raw or a map file does. Text never does: a
// zero byte is no part of it.
bool file_raw_begins(struct file_window *window);

// Reads it. Errors as zone_file_read(); a map file is ERR_UNSUPPORTED.
int file_raw_read(struct file_window *window, const char *path, const uint8_t *origin, struct zone_draft *draft,
                  struct zone_file_result *result);

// The same for bytes in memory.
int file_raw_parse(const uint8_t *bytes, size_t length, const char *name, const uint8_t *origin,
                   struct zone_draft *draft, struct zone_file_result *result);
