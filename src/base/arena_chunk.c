// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/arena_chunk.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "base/error.h"
#include "base/sanitizer.h"

_Static_assert(sizeof(struct chunk) == 32, "two to a cache line");

#define GROWTH_CHUNKS 128u // committed at a time: 2 MiB, one huge page
#define BINS 64u           // free runs by length; the last holds all longer ones
#define KEEP_CHUNKS 128u   // free chunks that stay resident for the next taker

uint8_t *arena_base;
struct chunk *chunk_table;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t limit;     // chunks reserved
static uint32_t ready;     // chunks that may be read and written
static uint32_t top;       // chunks ever taken
static uint32_t resident;  // free chunks not given back to the system
static uint32_t in_use;    // chunks in runs taken
static uint32_t bins[BINS];

static uint32_t bin_of(uint32_t length)
{
	return (length < BINS ? length : BINS) - 1;
}

static void run_link(uint32_t first, uint32_t length)
{
	struct chunk *c = &chunk_table[first];
	uint32_t bin = bin_of(length);
	c->kind = CHUNK_FREE;
	c->length = length;
	c->prev = CHUNK_NONE;
	c->next = bins[bin];
	if (c->next != CHUNK_NONE)
		chunk_table[c->next].prev = first;
	bins[bin] = first;
	chunk_table[first + length - 1].kind = CHUNK_FREE;
	chunk_table[first + length - 1].length = length;
}

static void run_unlink(uint32_t first)
{
	const struct chunk *c = &chunk_table[first];
	if (c->prev != CHUNK_NONE)
		chunk_table[c->prev].next = c->next;
	else
		bins[bin_of(c->length)] = c->next;
	if (c->next != CHUNK_NONE)
		chunk_table[c->next].prev = c->prev;
}

static uint32_t run_find(uint32_t length)
{
	for (uint32_t bin = bin_of(length); bin < BINS; ++bin)
		for (uint32_t run = bins[bin]; run != CHUNK_NONE; run = chunk_table[run].next)
			if (chunk_table[run].length >= length)
				return run;
	return CHUNK_NONE;
}

// Chunks from above all that was ever taken.
static uint32_t run_grow(uint32_t length)
{
	if (length > limit - top)
		return CHUNK_NONE;
	if (top + length > ready) {
		uint32_t wanted = (top + length - ready + GROWTH_CHUNKS - 1) / GROWTH_CHUNKS * GROWTH_CHUNKS;
		if (wanted > limit - ready)
			wanted = limit - ready;
		if (mprotect(arena_base + (size_t)ready * CHUNK_BYTES, (size_t)wanted * CHUNK_BYTES,
		             PROT_READ | PROT_WRITE) != 0)
			return CHUNK_NONE;
		ready += wanted;
	}
	uint32_t first = top;
	top += length;
	return first;
}

static void run_mark(uint32_t first, uint32_t length, enum chunk_kind kind)
{
	for (uint32_t i = 1; i < length; ++i)
		chunk_table[first + i].kind = CHUNK_INSIDE;
	chunk_table[first] = (struct chunk){ .next = CHUNK_NONE, .prev = CHUNK_NONE, .length = length,
	                                     .kind = (uint8_t)kind };
}

uint32_t chunk_run_take(uint32_t length, enum chunk_kind kind)
{
	pthread_mutex_lock(&lock);
	uint32_t first = run_find(length);
	if (first != CHUNK_NONE) {
		uint32_t found = chunk_table[first].length;
		run_unlink(first);
		if (found > length)
			run_link(first + length, found - length);
		resident -= resident < length ? resident : length;
	} else {
		first = run_grow(length);
	}
	if (first != CHUNK_NONE) {
		in_use += length;
		run_mark(first, length, kind);
	}
	pthread_mutex_unlock(&lock);
	return first;
}

void chunk_run_give(uint32_t first)
{
	pthread_mutex_lock(&lock);
	uint32_t length = chunk_table[first].length;
	uint32_t given = first, given_length = length;
	in_use -= length;
	resident += length;
	if (first > 0 && chunk_table[first - 1].kind == CHUNK_FREE) {
		uint32_t before = chunk_table[first - 1].length;
		first -= before;
		length += before;
		run_unlink(first);
	}
	if (first + length < top && chunk_table[first + length].kind == CHUNK_FREE) {
		uint32_t behind = first + length;
		length += chunk_table[behind].length;
		run_unlink(behind);
	}
	// Given back while still out of the lists, so that nobody takes it meanwhile.
	if (resident > KEEP_CHUNKS) {
		madvise(arena_base + (size_t)given * CHUNK_BYTES, (size_t)given_length * CHUNK_BYTES, MADV_DONTNEED);
		resident -= resident < given_length ? resident : given_length;
	}
	run_link(first, length);
	pthread_mutex_unlock(&lock);
}

static void reserve_refused(size_t bytes, char why[static 256])
{
	struct rlimit space;
	int error = errno;
	if (getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY && space.rlim_cur < bytes + (1ull << 30))
		snprintf(why, 256, "cannot reserve %zu GiB of address space for zone data: the limit is %llu MiB "
		         "(ulimit -v, LimitAS=); raise it or remove it", bytes >> 30,
		         (unsigned long long)space.rlim_cur >> 20);
	else
		snprintf(why, 256, "cannot reserve %zu GiB of address space for zone data: %s", bytes >> 30,
		         strerror(error));
}

int chunk_open(size_t reserve, char why[static 256])
{
	// The last chunk is never used, so that no reference has all bits set.
	limit = (uint32_t)(reserve / CHUNK_BYTES);
	size_t table = (limit * sizeof(struct chunk) + CHUNK_BYTES - 1) & ~(size_t)(CHUNK_BYTES - 1);
	size_t aligned = reserve + (size_t)GROWTH_CHUNKS * CHUNK_BYTES;
	uint8_t *space = mmap(NULL, aligned, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (space == MAP_FAILED) {
		reserve_refused(reserve, why);
		return ERR_MEMORY;
	}
	void *entries = mmap(NULL, table, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (entries == MAP_FAILED) {
		reserve_refused(reserve, why);
		munmap(space, aligned);
		return ERR_MEMORY;
	}
	// Huge pages want their own alignment.
	size_t huge = (size_t)GROWTH_CHUNKS * CHUNK_BYTES;
	size_t skip = (huge - (uintptr_t)space % huge) % huge;
	if (skip > 0)
		munmap(space, skip);
	if (huge > skip)
		munmap(space + skip + reserve, huge - skip);
	arena_base = space + skip;
	madvise(arena_base, reserve, MADV_DONTFORK);
	madvise(arena_base, reserve, MADV_HUGEPAGE);
	chunk_table = entries;
	--limit;
	ready = resident = in_use = 0;
	top = 1; // reference 0 means none
	chunk_table[0].kind = CHUNK_INSIDE;
	for (uint32_t i = 0; i < BINS; ++i)
		bins[i] = CHUNK_NONE;
	return 0;
}

void chunk_close(void)
{
	size_t table = ((limit + 1) * sizeof(struct chunk) + CHUNK_BYTES - 1) & ~(size_t)(CHUNK_BYTES - 1);
	sanitizer_unpoison(arena_base, (size_t)top * CHUNK_BYTES);
	munmap(arena_base, ((size_t)limit + 1) * CHUNK_BYTES);
	munmap(chunk_table, table);
	arena_base = NULL;
	chunk_table = NULL;
}

size_t chunk_committed(void)
{
	pthread_mutex_lock(&lock);
	size_t bytes = (size_t)(in_use + resident) * CHUNK_BYTES;
	pthread_mutex_unlock(&lock);
	return bytes;
}

size_t chunk_reserved(void)
{
	return ((size_t)limit + 1) * CHUNK_BYTES;
}
