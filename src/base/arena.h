// SPDX-License-Identifier: GPL-3.0-or-later
// The arena: one process-wide reservation of address space that holds all zone
// data, addressed by 32-bit references in units of 8 bytes (32 GiB).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A block in the arena. 0 is no block.
typedef uint32_t arena_ref;

#define ARENA_UNIT 8u
#define ARENA_DEFAULT_RESERVE (32ull << 30)

// Start of the reservation; set once by arena_open(), never moves.
extern uint8_t *arena_base __attribute__((visibility("hidden")));

static inline void *arena_at(arena_ref ref)
{
	return arena_base + (size_t)ref * ARENA_UNIT;
}

static inline arena_ref arena_ref_of(const void *block)
{
	return (arena_ref)((size_t)((const uint8_t *)block - arena_base) / ARENA_UNIT);
}

// Reserves `reserve` bytes of address space (PROT_NONE, MADV_DONTFORK). Where
// the system refuses (RLIMIT_AS), `why` gets a sentence that names the limit.
// Call once, before any thread. Returns 0, ERR_RANGE or ERR_MEMORY.
int arena_open(size_t reserve, char why[static 256]);

// For tests and for the end of the process: gives everything back. No other
// thread may be using the arena.
void arena_close(void);

// A block of `bytes` (1 to 1 GiB), 8-byte aligned (a power of two from 16 to
// 4096: aligned to itself), not cleared. The caller
// remembers the size: arena_free() wants the same number. *account, where not
// NULL, grows by what the block really takes. Returns 0 where there is no
// memory. Thread-safe (per-thread caches).
arena_ref arena_alloc(size_t bytes, size_t *account) __attribute__((warn_unused_result));

// Gives a block back. Any thread may free what another allocated. Under the
// address sanitizer the block is poisoned.
void arena_free(arena_ref ref, size_t bytes, size_t *account);

// Changes a block's size where it stands. False where it would have to move;
// nothing has changed then. *account does not change: what the block really
// takes is the same.
bool arena_resize(arena_ref ref, size_t bytes, size_t new_bytes);

// What a block of `bytes` really takes.
size_t arena_cost(size_t bytes) __attribute__((const));

// Gives a thread's cache back to the shared lists; call before a thread ends.
void arena_thread_end(void);

struct arena_usage {
	size_t live;      // bytes in live blocks (class sizes)
	size_t committed; // bytes in spans that the system has been asked for
	size_t reserved;
};

void arena_usage(struct arena_usage *usage);
