// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/pool.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define CHUNK_FIRST 4096u
#define CHUNK_LARGEST (1u << 20) // larger only for a piece that is larger

struct pool_chunk {
	struct pool_chunk *next;
	size_t used, size;
	alignas(max_align_t) uint8_t data[];
};

static struct pool_chunk *add_chunk(struct pool *pool, size_t least)
{
	size_t size = pool->first ? pool->first->size * 2 : CHUNK_FIRST;
	if (size > CHUNK_LARGEST)
		size = CHUNK_LARGEST;
	if (size < least)
		size = least;
	struct pool_chunk *chunk = least > SIZE_MAX / 2 ? NULL : malloc(sizeof *chunk + size);
	if (!chunk)
		longjmp(*pool->escape, 1);
	chunk->next = pool->first;
	chunk->used = 0;
	chunk->size = size;
	pool->first = chunk;
	pool->bytes += sizeof *chunk + size;
	return chunk;
}

void *pool_alloc(struct pool *pool, size_t size, size_t align)
{
	struct pool_chunk *chunk = pool->first;
	size_t at = chunk ? (chunk->used + align - 1) & ~(align - 1) : 0;
	if (!chunk || at > chunk->size || size > chunk->size - at) {
		chunk = add_chunk(pool, size);
		at = 0;
	}
	chunk->used = at + size;
	return chunk->data + at;
}

void *pool_new(struct pool *pool, size_t size)
{
	return memset(pool_alloc(pool, size, alignof(max_align_t)), 0, size);
}

char *pool_text(struct pool *pool, const char *text, size_t length)
{
	char *copy = pool_alloc(pool, length + 1, 1);
	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

void *pool_copy(struct pool *pool, const void *data, size_t size)
{
	return memcpy(pool_alloc(pool, size, alignof(max_align_t)), data, size);
}

static void free_chunks(struct pool *pool, struct pool_chunk *chunk)
{
	while (chunk) {
		struct pool_chunk *next = chunk->next;
		pool->bytes -= sizeof *chunk + chunk->size;
		free(chunk);
		chunk = next;
	}
}

void pool_reset(struct pool *pool)
{
	if (!pool->first)
		return;
	free_chunks(pool, pool->first->next);
	pool->first->next = NULL;
	pool->first->used = 0;
}

void pool_free(struct pool *pool)
{
	free_chunks(pool, pool->first);
	pool->first = NULL;
}

static void grow(struct intern *intern)
{
	size_t room = intern->slots ? (intern->mask + 1) * 2 : 256;
	struct intern_slot *slots = calloc(room, sizeof *slots);
	if (!slots)
		longjmp(*intern->pool->escape, 1);
	for (size_t i = 0; intern->slots && i <= intern->mask; i++) {
		if (!intern->slots[i].data)
			continue;
		size_t at = intern->slots[i].hash & (room - 1);
		while (slots[at].data)
			at = (at + 1) & (room - 1);
		slots[at] = intern->slots[i];
	}
	free(intern->slots);
	intern->slots = slots;
	intern->mask = room - 1;
}

const void *intern_add(struct intern *intern, uint32_t kind, const void *data, size_t size)
{
	if (!intern->slots || intern->count * 2 > intern->mask)
		grow(intern);
	uint64_t hash = hash_bytes(data, size) + kind;
	size_t at = hash & intern->mask;
	for (; intern->slots[at].data; at = (at + 1) & intern->mask) {
		const struct intern_slot *slot = &intern->slots[at];
		if (slot->hash == hash && slot->kind == kind && slot->size == size &&
		    memcmp(slot->data, data, size) == 0)
			return slot->data;
	}
	intern->slots[at] = (struct intern_slot){
		hash, pool_copy(intern->pool, data, size), (uint32_t)size, kind};
	intern->count++;
	return intern->slots[at].data;
}

void intern_free(struct intern *intern)
{
	free(intern->slots);
	intern->slots = NULL;
	intern->count = intern->mask = 0;
}
