// SPDX-License-Identifier: GPL-3.0-or-later
// Offsets within a snapshot; see snapshot.h. For its writer and its reader.
#pragma once

#include <assert.h>
#include <stdint.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "dns/name.h"

// The CR and LF would not survive what takes the file for text.
#define SNAPSHOT_MAGIC "USSNAP\r\n"
#define SNAPSHOT_VERSION 1
#define SUM_BYTES 16

enum header_offset {
	HEADER_VERSION = 8, HEADER_LENGTH = 10, HEADER_SERIAL = 12, HEADER_RECORDS = 16,
	HEADER_WRITTEN = 24, HEADER_ORIGIN_LENGTH = 32, HEADER_ORIGIN = 33,
};
#define HEADER_MAX (HEADER_ORIGIN + NAME_MAX_WIRE + SUM_BYTES)

enum block_offset { BLOCK_LENGTH = 0, BLOCK_NUMBER = 4, BLOCK_SUM = 8, BLOCK_HEAD = 24 };
#define BLOCK_END 0x80000000u
#define OWNER_SAME 255

static_assert(BLOCK_SUM + SUM_BYTES == BLOCK_HEAD, "the sum ends the head");
static_assert(sizeof(XXH128_canonical_t) == SUM_BYTES, "as the library lays it out");

// The sum of a block whose length and number are in place: the number is part
// of it, so that blocks cannot trade places.
static inline XXH128_hash_t snapshot_block_sum(const uint8_t *block, uint32_t length)
{
	uint64_t seed = 0;
	for (unsigned i = 0; i < 8; i++)
		seed = seed << 8 | block[i];
	return XXH3_128bits_withSeed(block + BLOCK_HEAD, length, seed);
}
