// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/error.h"
#include "dns/name.h"
#include "store/bytes.h"
#include "store/snapshot.h"
#include "store/snapshot_layout.h"

// One block under way. The buffer's first bytes are the block's head.
struct writer {
	struct snapshot_buffer *buffer;
	snapshot_sink *sink;
	void *context;
	uint32_t block;
	uint64_t records;
};

void snapshot_buffer_free(struct snapshot_buffer *buffer)
{
	free(buffer->bytes);
	*buffer = (struct snapshot_buffer){ 0 };
}

static int reserve(struct snapshot_buffer *buffer, size_t bytes)
{
	size_t wanted = buffer->filled + bytes;
	if (wanted <= buffer->size)
		return 0;
	size_t size = buffer->size == 0 ? 4096 : buffer->size;
	while (size < wanted)
		size *= 2;
	uint8_t *grown = realloc(buffer->bytes, size);
	if (grown == NULL)
		return ERR_MEMORY;
	buffer->bytes = grown;
	buffer->size = size;
	return 0;
}

static void seal_block(uint8_t *block, uint32_t length, uint32_t number)
{
	le_put(block + BLOCK_LENGTH, length, 4);
	le_put(block + BLOCK_NUMBER, number, 4);
	XXH128_canonicalFromHash((XXH128_canonical_t *)(void *)(block + BLOCK_SUM), snapshot_block_sum(block, length));
}

static int end_block(struct writer *w, uint32_t flags)
{
	struct snapshot_buffer *buffer = w->buffer;
	seal_block(buffer->bytes, (uint32_t)(buffer->filled - BLOCK_HEAD), w->block++ | flags);
	int error = w->sink(w->context, buffer->bytes, buffer->filled);
	buffer->filled = BLOCK_HEAD;
	return error;
}

static int write_header(struct writer *w, const struct zone_version *version, int64_t written)
{
	uint8_t header[HEADER_MAX];
	struct zone_figures figures;
	const uint8_t *origin = zone_origin(version);
	size_t origin_length = name_length(origin);
	size_t length = HEADER_ORIGIN + origin_length + SUM_BYTES;

	zone_figures(version, &figures);
	memcpy(header, SNAPSHOT_MAGIC, 8);
	le_put(header + HEADER_VERSION, SNAPSHOT_VERSION, 2);
	le_put(header + HEADER_LENGTH, length, 2);
	le_put(header + HEADER_SERIAL, zone_serial(version), 4);
	le_put(header + HEADER_RECORDS, figures.records, 8);
	le_put(header + HEADER_WRITTEN, (uint64_t)written, 8);
	header[HEADER_ORIGIN_LENGTH] = (uint8_t)origin_length;
	memcpy(header + HEADER_ORIGIN, origin, origin_length);
	XXH128_canonicalFromHash((XXH128_canonical_t *)(void *)(header + length - SUM_BYTES),
	                         XXH3_128bits(header, length - SUM_BYTES));
	return w->sink(w->context, header, length);
}

static int write_set(struct writer *w, const struct zone_cursor *cursor, size_t origin_length,
                     const struct rrset *set, bool same_owner)
{
	struct snapshot_buffer *buffer = w->buffer;
	size_t owner = same_owner ? 0 : cursor->owner_length - origin_length;
	int error = reserve(buffer, 1 + owner + 4 + set->length);
	if (error != 0)
		return error;
	uint8_t *at = buffer->bytes + buffer->filled;
	*at++ = same_owner ? OWNER_SAME : (uint8_t)owner;
	memcpy(at, cursor->owner, owner);
	at += owner;
	le_put(at, set->length, 4);
	memcpy(at + 4, set->wire, set->length);
	buffer->filled += 1 + owner + 4 + set->length;
	w->records += set->count;
	return 0;
}

static int write_content(struct writer *w, const struct zone_version *version)
{
	struct zone_cursor cursor;
	struct rrset set;
	uint8_t owner[NAME_MAX_WIRE];
	size_t owner_length = 0; // none before
	size_t origin_length = name_length(zone_origin(version));

	zone_cursor_start(&cursor, version);
	while (zone_cursor_next(&cursor, &set)) {
		bool same = cursor.owner_length == owner_length && memcmp(cursor.owner, owner, owner_length) == 0;
		int error = write_set(w, &cursor, origin_length, &set, same);
		if (error != 0)
			return error;
		owner_length = cursor.owner_length;
		memcpy(owner, cursor.owner, owner_length);
		if (w->buffer->filled >= SNAPSHOT_BLOCK) {
			error = end_block(w, 0);
			owner_length = 0;
		}
		if (error != 0)
			return error;
	}
	return w->buffer->filled > BLOCK_HEAD ? end_block(w, 0) : 0;
}

int snapshot_write(const struct zone_version *version, int64_t written, struct snapshot_buffer *buffer,
                   snapshot_sink *sink, void *context)
{
	struct writer w = { buffer, sink, context, 0, 0 };
	buffer->filled = 0;
	int error = reserve(buffer, BLOCK_HEAD + 8);
	if (error != 0)
		return error;
	buffer->filled = BLOCK_HEAD;
	error = write_header(&w, version, written);
	if (error == 0)
		error = write_content(&w, version);
	if (error != 0)
		return error;
	le_put(buffer->bytes + BLOCK_HEAD, w.records, 8);
	buffer->filled = BLOCK_HEAD + 8;
	return end_block(&w, BLOCK_END);
}
