// SPDX-License-Identifier: GPL-3.0-or-later
// A bump allocator: what a configuration is made of is allocated piece by
// piece and freed all at once. Not thread-safe.
#pragma once

#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>

struct pool_chunk;

struct pool {
	struct pool_chunk *first;  // newest
	size_t bytes;              // taken from the system
	jmp_buf *escape;           // where to go without memory
};

// Reading a configuration asks for memory at hundreds of places and can do
// nothing sensible at any of them, so the pool never returns NULL: it jumps to
// *escape. All that was allocated till then hangs on pools or on the builder and
// is freed with them.
void *pool_alloc(struct pool *pool, size_t size, size_t align)
	__attribute__((malloc));

// Zeroed, aligned for any object.
void *pool_new(struct pool *pool, size_t size) __attribute__((malloc));

// A copy with a NUL behind it.
char *pool_text(struct pool *pool, const char *text, size_t length)
	__attribute__((malloc));

// A copy.
void *pool_copy(struct pool *pool, const void *data, size_t size)
	__attribute__((malloc));

// Forgets what was allocated, keeps one chunk for what comes.
void pool_reset(struct pool *pool);

void pool_free(struct pool *pool);

// Equal things stored once. The table is thrown away after reading, what it
// points to stays.
struct intern_slot {
	uint64_t hash;
	const void *data;
	uint32_t size, kind;
};

struct intern {
	struct pool *pool;
	struct intern_slot *slots;
	size_t mask, count;
};

// The stored copy of these bytes (padding zeroed by the caller, `kind` keeps
// different types apart).
const void *intern_add(struct intern *intern, uint32_t kind, const void *data, size_t size);
void intern_free(struct intern *intern);
