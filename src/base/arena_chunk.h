// SPDX-License-Identifier: GPL-3.0-or-later
// The lower half of the arena: runs of 16 KiB chunks, taken from the system as
// the arena grows and given back when free. Internal to the arena.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

#define CHUNK_BYTES 16384u
#define CHUNK_SHIFT 14
#define CHUNK_NONE UINT32_MAX

// One for each chunk of the reservation; only those of chunks in use are ever
// touched, so the table costs 2 permille of the arena.
struct chunk {
	uint32_t next, prev; // in a list of free runs, or of spans with free blocks
	uint32_t length;     // chunks of the run; at its first and last chunk
	arena_ref free_list; // span: blocks given back, linked through their first word
	uint16_t free_count; // span: length of free_list
	uint8_t kind;        // enum chunk_kind
	uint8_t class;       // span: its size class
	uint32_t unused[3];
};

enum chunk_kind { CHUNK_UNTOUCHED, CHUNK_FREE, CHUNK_SPAN, CHUNK_LARGE, CHUNK_INSIDE };

extern struct chunk *chunk_table;

int chunk_open(size_t reserve, char why[static 256]);
void chunk_close(void);

// A run of `length` chunks, readable and writable; its first chunk's number, or
// CHUNK_NONE. Thread-safe.
uint32_t chunk_run_take(uint32_t length, enum chunk_kind kind);
void chunk_run_give(uint32_t first);

size_t chunk_committed(void);
size_t chunk_reserved(void);

static inline arena_ref chunk_ref(uint32_t chunk)
{
	return chunk << (CHUNK_SHIFT - 3);
}

static inline uint32_t chunk_of(arena_ref ref)
{
	return ref >> (CHUNK_SHIFT - 3);
}
