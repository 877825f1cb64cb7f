// SPDX-License-Identifier: GPL-3.0-or-later
// The upper half of the arena: size classes over spans of one chunk, with a
// cache per thread.
//
//   bytes        class
//   1 … 1024     steps of 8
//   … 8192       16384 / n, for some n of 14 down to 2
//   above        whole chunks, from 128 KiB in steps of an eighth of the size
//
// A thread takes whole fresh spans and cuts them as it goes; blocks given back
// pass through its cache to the span they came from. A span whose blocks are
// all back goes to the chunks.
#include "base/arena.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena_chunk.h"
#include "base/error.h"
#include "base/sanitizer.h"

#define SMALL_STEP 8u
#define SMALL_MAX 1024u
#define SMALL_CLASSES (SMALL_MAX / SMALL_STEP) // class n holds (n + 1) * 8 bytes
#define MIDDLE_CLASSES 11u
#define CLASSES (SMALL_CLASSES + MIDDLE_CLASSES)
#define SPAN_MAX 8192u
#define LARGE_STEPPED (128u << 10)
#define CACHE_BYTES 8192u // of each class that a thread keeps

static const uint16_t middle[MIDDLE_CLASSES] = {
	1168, 1360, 1488, 1632, 2048, 2336, 2728, 3272, 4096, 5456, 8192,
};
_Static_assert(CLASSES <= UINT8_MAX, "struct chunk has a byte for the class");

struct magazine {
	arena_ref fresh, fresh_end; // what is left of a span not yet cut
	arena_ref free_list;
	uint32_t free_count;
};

struct cache {
	struct cache *next, *prev;
	_Atomic int64_t live; // bytes taken less bytes given back by this thread
	struct magazine magazine[CLASSES];
};

// Spans with blocks on their own free list, by class.
static struct {
	pthread_mutex_t lock;
	uint32_t partial;
} shelves[CLASSES];

static pthread_mutex_t caches_lock = PTHREAD_MUTEX_INITIALIZER;
static struct cache *caches;      // under caches_lock
static int64_t live_ended;        // of threads that ended; under caches_lock
static pthread_key_t cache_key;   // so that a thread that forgets still gives back
static pthread_once_t cache_once = PTHREAD_ONCE_INIT;
static _Thread_local struct cache *own;

static uint32_t class_of(size_t bytes)
{
	if (bytes <= SMALL_MAX)
		return (uint32_t)((bytes + SMALL_STEP - 1) / SMALL_STEP) - 1;
	uint32_t class = SMALL_CLASSES;
	while (middle[class - SMALL_CLASSES] < bytes)
		++class;
	return class;
}

static uint32_t class_bytes(uint32_t class)
{
	return class < SMALL_CLASSES ? (class + 1) * SMALL_STEP : middle[class - SMALL_CLASSES];
}

static uint32_t large_chunks(size_t bytes)
{
	size_t step = CHUNK_BYTES;
	while (step * 16 <= bytes && bytes >= LARGE_STEPPED)
		step *= 2;
	return (uint32_t)((bytes + step - 1) / step * step / CHUNK_BYTES);
}

size_t arena_cost(size_t bytes)
{
	return bytes <= SPAN_MAX ? class_bytes(class_of(bytes)) : (size_t)large_chunks(bytes) * CHUNK_BYTES;
}

// The first word of a free block links it to the next; the rest is poisoned.
__attribute__((no_sanitize("address"))) static arena_ref link_get(arena_ref block)
{
	return *(volatile arena_ref *)arena_at(block);
}

__attribute__((no_sanitize("address"))) static void link_set(arena_ref block, arena_ref next)
{
	*(volatile arena_ref *)arena_at(block) = next;
}

// --- shelves: free blocks in their spans

static void shelf_link(uint32_t class, uint32_t span)
{
	struct chunk *c = &chunk_table[span];
	c->prev = CHUNK_NONE;
	c->next = shelves[class].partial;
	if (c->next != CHUNK_NONE)
		chunk_table[c->next].prev = span;
	shelves[class].partial = span;
}

static void shelf_unlink(uint32_t class, uint32_t span)
{
	const struct chunk *c = &chunk_table[span];
	if (c->prev != CHUNK_NONE)
		chunk_table[c->prev].next = c->next;
	else
		shelves[class].partial = c->next;
	if (c->next != CHUNK_NONE)
		chunk_table[c->next].prev = c->prev;
}

// Called with the shelf locked.
static void shelf_put(uint32_t class, arena_ref block)
{
	uint32_t span = chunk_of(block);
	struct chunk *c = &chunk_table[span];
	link_set(block, c->free_list);
	c->free_list = block;
	if (c->free_count++ == 0)
		shelf_link(class, span);
	if (c->free_count == CHUNK_BYTES / class_bytes(class)) {
		shelf_unlink(class, span);
		chunk_run_give(span);
	}
}

// Gives back all but `keep` of what a magazine holds.
static void magazine_flush(struct magazine *m, uint32_t class, uint32_t keep)
{
	pthread_mutex_lock(&shelves[class].lock);
	while (m->free_count > keep) {
		arena_ref block = m->free_list;
		m->free_list = link_get(block);
		--m->free_count;
		shelf_put(class, block);
	}
	pthread_mutex_unlock(&shelves[class].lock);
}

static uint32_t magazine_size(uint32_t class)
{
	uint32_t blocks = CACHE_BYTES / class_bytes(class);
	return blocks < 2 ? 2 : blocks > 64 ? 64 : blocks;
}

// Blocks from a span that others use too, else a span of its own.
static bool magazine_fill(struct magazine *m, uint32_t class)
{
	pthread_mutex_lock(&shelves[class].lock);
	uint32_t span = shelves[class].partial;
	for (uint32_t wanted = magazine_size(class) / 2; span != CHUNK_NONE && wanted > 0; --wanted) {
		struct chunk *c = &chunk_table[span];
		arena_ref block = c->free_list;
		c->free_list = link_get(block);
		link_set(block, m->free_list);
		m->free_list = block;
		++m->free_count;
		if (--c->free_count == 0) {
			shelf_unlink(class, span);
			span = shelves[class].partial;
		}
	}
	pthread_mutex_unlock(&shelves[class].lock);
	if (m->free_count > 0)
		return true;
	span = chunk_run_take(1, CHUNK_SPAN);
	if (span == CHUNK_NONE)
		return false;
	chunk_table[span].class = (uint8_t)class;
	sanitizer_poison(arena_at(chunk_ref(span)), CHUNK_BYTES);
	uint32_t units = class_bytes(class) / ARENA_UNIT;
	m->fresh = chunk_ref(span);
	m->fresh_end = m->fresh + CHUNK_BYTES / ARENA_UNIT / units * units;
	return true;
}

// --- caches

static void cache_end(void *argument)
{
	struct cache *cache = argument;
	own = NULL;
	for (uint32_t class = 0; class < CLASSES && arena_base != NULL; ++class) {
		struct magazine *m = &cache->magazine[class];
		uint32_t units = class_bytes(class) / ARENA_UNIT;
		for (; m->fresh < m->fresh_end; m->fresh += units) {
			link_set(m->fresh, m->free_list);
			m->free_list = m->fresh;
			++m->free_count;
		}
		magazine_flush(m, class, 0);
	}
	pthread_mutex_lock(&caches_lock);
	live_ended += atomic_load_explicit(&cache->live, memory_order_relaxed);
	*(cache->prev != NULL ? &cache->prev->next : &caches) = cache->next;
	if (cache->next != NULL)
		cache->next->prev = cache->prev;
	pthread_mutex_unlock(&caches_lock);
	free(cache);
}

static void cache_key_make(void)
{
	pthread_key_create(&cache_key, cache_end);
}

static struct cache *cache_own(void)
{
	if (own != NULL)
		return own;
	struct cache *cache = calloc(1, sizeof(*cache));
	if (cache == NULL)
		return NULL;
	pthread_once(&cache_once, cache_key_make);
	pthread_setspecific(cache_key, cache);
	pthread_mutex_lock(&caches_lock);
	cache->next = caches;
	if (caches != NULL)
		caches->prev = cache;
	caches = cache;
	pthread_mutex_unlock(&caches_lock);
	own = cache;
	return cache;
}

static void cache_count(struct cache *cache, int64_t bytes)
{
	// Only its own thread writes; arena_usage() reads.
	int64_t live = atomic_load_explicit(&cache->live, memory_order_relaxed);
	atomic_store_explicit(&cache->live, live + bytes, memory_order_relaxed);
}

void arena_thread_end(void)
{
	if (own == NULL)
		return;
	pthread_setspecific(cache_key, NULL);
	cache_end(own);
}

// --- the face

int arena_open(size_t reserve, char why[static 256])
{
	if (reserve < 4 * (size_t)CHUNK_BYTES || reserve > ARENA_DEFAULT_RESERVE)
		return ERR_RANGE;
	int error = chunk_open(reserve, why);
	if (error != 0)
		return error;
	for (uint32_t class = 0; class < CLASSES; ++class) {
		pthread_mutex_init(&shelves[class].lock, NULL);
		shelves[class].partial = CHUNK_NONE;
	}
	return 0;
}

void arena_close(void)
{
	pthread_mutex_lock(&caches_lock);
	for (struct cache *cache = caches; cache != NULL; cache = cache->next) {
		memset(cache->magazine, 0, sizeof(cache->magazine));
		atomic_store_explicit(&cache->live, 0, memory_order_relaxed);
	}
	live_ended = 0;
	pthread_mutex_unlock(&caches_lock);
	chunk_close();
}

static arena_ref large_alloc(size_t bytes)
{
	uint32_t first = chunk_run_take(large_chunks(bytes), CHUNK_LARGE);
	return first == CHUNK_NONE ? 0 : chunk_ref(first);
}

static arena_ref small_alloc(struct cache *cache, uint32_t class)
{
	struct magazine *m = &cache->magazine[class];
	if (m->free_count == 0 && m->fresh >= m->fresh_end && !magazine_fill(m, class))
		return 0;
	arena_ref block;
	if (m->free_count > 0) {
		block = m->free_list;
		m->free_list = link_get(block);
		--m->free_count;
	} else {
		block = m->fresh;
		m->fresh += class_bytes(class) / ARENA_UNIT;
	}
	return block;
}

arena_ref arena_alloc(size_t bytes, size_t *account)
{
	struct cache *cache = cache_own();
	if (cache == NULL || bytes == 0 || bytes > (1u << 30))
		return 0;
	arena_ref block = bytes <= SPAN_MAX ? small_alloc(cache, class_of(bytes)) : large_alloc(bytes);
	if (block == 0)
		return 0;
	size_t cost = arena_cost(bytes);
	cache_count(cache, (int64_t)cost);
	if (account != NULL)
		*account += cost;
	sanitizer_unpoison(arena_at(block), bytes);
	return block;
}

void arena_free(arena_ref block, size_t bytes, size_t *account)
{
	size_t cost = arena_cost(bytes);
	struct cache *cache = cache_own();
	if (account != NULL)
		*account -= cost;
	if (cache == NULL)
		return; // no memory even for a cache: the block is lost, not the process
	cache_count(cache, -(int64_t)cost);
	sanitizer_poison(arena_at(block), cost);
	if (bytes > SPAN_MAX) {
		chunk_run_give(chunk_of(block));
		return;
	}
	uint32_t class = class_of(bytes);
	struct magazine *m = &cache->magazine[class];
	link_set(block, m->free_list);
	m->free_list = block;
	if (++m->free_count > magazine_size(class))
		magazine_flush(m, class, magazine_size(class) / 2);
}

bool arena_resize(arena_ref block, size_t bytes, size_t new_bytes)
{
	size_t cost = arena_cost(bytes);
	if (arena_cost(new_bytes) != cost)
		return false;
	sanitizer_poison(arena_at(block), cost);
	sanitizer_unpoison(arena_at(block), new_bytes);
	return true;
}

void arena_usage(struct arena_usage *usage)
{
	pthread_mutex_lock(&caches_lock);
	int64_t live = live_ended;
	for (struct cache *cache = caches; cache != NULL; cache = cache->next)
		live += atomic_load_explicit(&cache->live, memory_order_relaxed);
	pthread_mutex_unlock(&caches_lock);
	usage->live = (size_t)live;
	usage->committed = chunk_committed();
	usage->reserved = chunk_reserved();
}
