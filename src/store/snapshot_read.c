// SPDX-License-Identifier: GPL-3.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "dns/name.h"
#include "dns/wire.h"
#include "store/bytes.h"
#include "store/snapshot.h"
#include "store/snapshot_layout.h"

#define BLOCK_MAX ((size_t)1 << 30)

struct reader {
	struct snapshot_source *source;
	const uint8_t *origin;
	size_t origin_length;
	struct zone_draft *draft;
	uint64_t records;
	char *why;
};

static int fail(struct reader *r, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));

static int fail(struct reader *r, int error, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(r->why, 256, format, arguments);
	va_end(arguments);
	return error;
}

// Has so many bytes ready at source->at.
static int need(struct reader *r, size_t bytes)
{
	struct snapshot_source *source = r->source;
	if (source->ready >= bytes)
		return 0;
	if (source->window != NULL) {
		int error = file_window_need(source->window, bytes);
		if (error == ERR_IO)
			return fail(r, error, "the snapshot cannot be read: %s", strerror(errno));
		if (error != 0)
			return fail(r, error, "the snapshot cannot be read: %s", error_text(error));
		source->at = (const uint8_t *)file_window_at(source->window);
		source->ready = file_window_ready(source->window);
	}
	return source->ready >= bytes ? 0 : fail(r, ERR_CORRUPT, "the snapshot is cut short");
}

static void take(struct reader *r, size_t bytes)
{
	r->source->at += bytes;
	r->source->ready -= bytes;
	if (r->source->window != NULL)
		r->source->window->start += bytes;
}

static bool sum_is(const uint8_t *stored, XXH128_hash_t sum)
{
	XXH128_canonical_t canonical;
	XXH128_canonicalFromHash(&canonical, sum);
	return memcmp(stored, &canonical, SUM_BYTES) == 0;
}

static int read_header(struct reader *r, uint64_t *records)
{
	int error = need(r, HEADER_ORIGIN);
	if (error != 0)
		return error;
	const uint8_t *header = r->source->at;
	if (memcmp(header, SNAPSHOT_MAGIC, 8) != 0)
		return fail(r, ERR_CORRUPT, "the snapshot does not begin as one");
	uint64_t version = le_get(header + HEADER_VERSION, 2);
	if (version != SNAPSHOT_VERSION)
		return fail(r, ERR_UNSUPPORTED, "the snapshot is of format %u, which this release does not know",
		            (unsigned)version);
	size_t length = le_get(header + HEADER_LENGTH, 2);
	size_t origin_length = header[HEADER_ORIGIN_LENGTH];
	if (length != HEADER_ORIGIN + origin_length + SUM_BYTES)
		return fail(r, ERR_CORRUPT, "the snapshot's header is damaged");
	error = need(r, length);
	if (error != 0)
		return error;
	header = r->source->at;
	if (!sum_is(header + length - SUM_BYTES, XXH3_128bits(header, length - SUM_BYTES)))
		return fail(r, ERR_CORRUPT, "the snapshot's header fails its checksum");
	if (origin_length != r->origin_length || memcmp(header + HEADER_ORIGIN, r->origin, origin_length) != 0)
		return fail(r, ERR_CORRUPT, "the snapshot is of another zone");
	*records = le_get(header + HEADER_RECORDS, 8);
	take(r, length);
	return 0;
}

// Adds the records of one set.
static int read_records(struct reader *r, const uint8_t *owner, const uint8_t *at, const uint8_t *end)
{
	while (at < end) {
		if (end - at < RECORD_RDATA)
			return fail(r, ERR_CORRUPT, "the snapshot holds a malformed record");
		uint16_t length = wire_get16(at + RECORD_RDLENGTH);
		if (end - at < RECORD_RDATA + length)
			return fail(r, ERR_CORRUPT, "the snapshot holds a malformed record");
		int error = zone_draft_add(r->draft, owner, wire_get16(at + 2), wire_get32(at + RECORD_TTL),
		                           at + RECORD_RDATA, length, NULL);
		if (error != 0)
			return fail(r, error == ERR_MEMORY ? error : ERR_CORRUPT,
			            "a record of the snapshot cannot be taken: %s", error_text(error));
		r->records++;
		at += RECORD_RDATA + length;
	}
	return 0;
}

// Reads the sets of a block whose sum is right.
static int read_content(struct reader *r, const uint8_t *at, const uint8_t *end)
{
	uint8_t owner[2 * NAME_MAX_WIRE];
	bool has_owner = false;
	while (at < end) {
		size_t labels = *at++;
		if (labels != OWNER_SAME) {
			if (labels + r->origin_length > NAME_MAX_WIRE || (size_t)(end - at) < labels)
				return fail(r, ERR_CORRUPT, "the snapshot holds a malformed name");
			memcpy(owner, at, labels);
			memcpy(owner + labels, r->origin, r->origin_length);
			if (name_check(owner, labels + r->origin_length) != (int)(labels + r->origin_length))
				return fail(r, ERR_CORRUPT, "the snapshot holds a malformed name");
			at += labels;
			has_owner = true;
		}
		if (!has_owner || end - at < 4)
			return fail(r, ERR_CORRUPT, "the snapshot holds a malformed set");
		size_t length = le_get(at, 4);
		at += 4;
		if ((size_t)(end - at) < length)
			return fail(r, ERR_CORRUPT, "the snapshot holds a malformed set");
		int error = read_records(r, owner, at, at + length);
		if (error != 0)
			return error;
		at += length;
	}
	return 0;
}

// Reads one block; *ended where it is the last.
static int read_block(struct reader *r, uint32_t number, bool *ended)
{
	int error = need(r, BLOCK_HEAD);
	if (error != 0)
		return error;
	size_t length = le_get(r->source->at + BLOCK_LENGTH, 4);
	uint32_t stored = (uint32_t)le_get(r->source->at + BLOCK_NUMBER, 4);
	if ((stored & ~BLOCK_END) != number || length > BLOCK_MAX)
		return fail(r, ERR_CORRUPT, "block %u of the snapshot is damaged", number);
	error = need(r, BLOCK_HEAD + length);
	if (error != 0)
		return error;
	const uint8_t *block = r->source->at;
	if (!sum_is(block + BLOCK_SUM, snapshot_block_sum(block, (uint32_t)length)))
		return fail(r, ERR_CORRUPT, "block %u of the snapshot fails its checksum", number);
	*ended = (stored & BLOCK_END) != 0;
	if (!*ended)
		error = read_content(r, block + BLOCK_HEAD, block + BLOCK_HEAD + length);
	else if (length != 8 || le_get(block + BLOCK_HEAD, 8) != r->records)
		error = fail(r, ERR_CORRUPT, "the snapshot does not hold as many records as it says");
	take(r, BLOCK_HEAD + length);
	return error;
}

static int read_all(struct reader *r)
{
	uint64_t records = 0;
	bool ended = false;
	int error = read_header(r, &records);
	for (uint32_t number = 0; error == 0 && !ended; number++)
		error = read_block(r, number, &ended);
	if (error == 0 && r->records != records)
		return fail(r, ERR_CORRUPT, "the snapshot does not hold as many records as it says");
	return error;
}

int snapshot_read_into(struct snapshot_source *source, const uint8_t *origin, struct zone_draft *draft,
                       char why[static 256])
{
	struct reader r = {
		.source = source, .origin = origin, .origin_length = name_length(origin), .draft = draft, .why = why,
	};
	return read_all(&r);
}

int snapshot_read(struct snapshot_source *source, const uint8_t *origin, struct zone_line *line,
                  const struct zone_version **version, char why[static 256])
{
	struct zone_draft *draft;
	int error = zone_draft_new(line, &draft);
	if (error != 0) {
		snprintf(why, 256, "%s", error_text(error));
		return error;
	}
	error = snapshot_read_into(source, origin, draft, why);
	if (error == 0) {
		error = zone_draft_seal(draft, version);
		if (error == 0)
			return 0;
		error = error == ERR_MEMORY ? error : ERR_CORRUPT;
		snprintf(why, 256, "the snapshot is no sound zone: %s", error_text(error));
	}
	zone_draft_abandon(draft);
	return error;
}
