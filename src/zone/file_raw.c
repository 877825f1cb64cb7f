// SPDX-License-Identifier: GPL-3.0-or-later
#include "zone/file_raw.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "dns/message.h"
#include "dns/types.h"
#include "dns/wire.h"

#define FORMAT_RAW 2u
#define FORMAT_MAP 3u
#define HEADER_V0 12u
#define HEADER_V1 24u
#define SET_HEADER 18u
// A set is at most 65,535 records of 64 KiB; real ones are far below this.
#define SET_MAX ((size_t)256 << 20)

struct raw_reader {
	const char *name;
	const uint8_t *origin;
	struct zone_draft *draft;
	struct zone_file_result *result;
	uint64_t offset; // of what is being read
};

static int fail(struct raw_reader *raw, int error, const char *format, ...) __attribute__((format(printf, 3, 4)));

static int fail(struct raw_reader *raw, int error, const char *format, ...)
{
	char *message = raw->result->message;
	size_t room = sizeof raw->result->message;
	va_list arguments;
	int used = snprintf(message, room, "%.255s: byte %llu: ", raw->name, (unsigned long long)raw->offset);
	va_start(arguments, format);
	if (used > 0 && (size_t)used < room)
		vsnprintf(message + used, room - (size_t)used, format, arguments);
	va_end(arguments);
	return error;
}

static int damaged(struct raw_reader *raw)
{
	return fail(raw, ERR_FORMAT, "the raw zone file is damaged; transfer the zone anew, or convert the primary's "
	            "copy with named-compilezone");
}

bool file_raw_begins(struct file_window *window)
{
	if (file_window_need(window, 4) != 0 || file_window_ready(window) < 4)
		return false;
	uint32_t format = wire_get32((const uint8_t *)file_window_at(window));
	return format == FORMAT_RAW || format == FORMAT_MAP;
}

// Reads the file's header. *length gets its bytes.
static int read_header(struct raw_reader *raw, const uint8_t *bytes, size_t available, size_t *length)
{
	if (available >= 4 && wire_get32(bytes) == FORMAT_MAP)
		return fail(raw, ERR_UNSUPPORTED, "BIND's map format depends on the build that wrote it; convert it: "
		            "named-compilezone -f map -F text -o FILE ZONE MAPFILE");
	if (available < HEADER_V0 || wire_get32(bytes) != FORMAT_RAW)
		return damaged(raw);
	uint32_t version = wire_get32(bytes + 4);
	if (version > 1)
		return fail(raw, ERR_UNSUPPORTED, "version %u of BIND's raw format is not known; convert it: "
		            "named-compilezone -f raw -F text -o FILE ZONE RAWFILE", version);
	*length = version == 0 ? HEADER_V0 : HEADER_V1;
	return available < *length ? damaged(raw) : 0;
}

static int add(struct raw_reader *raw, const uint8_t *owner, uint16_t type, uint32_t ttl, const uint8_t *rdata,
               uint16_t length)
{
	char text[NAME_MAX_TEXT];
	bool added;
	if (rdata_check(type, rdata, length) != 0)
		return damaged(raw);
	int error = zone_draft_add(raw->draft, owner, type, ttl, rdata, length, &added);
	if (error == 0) {
		raw->result->records += added;
		return 0;
	}
	name_to_text(owner, text);
	if (error == ERR_RANGE) {
		raw->result->warnings++;
		return fail(raw, 0, "%s is not in the zone; record left out", text);
	}
	if (error == ERR_LIMIT)
		return fail(raw, error, "the zone is larger than its limit allows (max-records, max-zone-size)");
	return fail(raw, error, "%s: %s", text, error_text(error));
}

// Reads one set, `length` bytes with its header.
static int read_set(struct raw_reader *raw, const uint8_t *bytes, size_t length)
{
	struct wire_reader r;
	wire_reader_init(&r, bytes, length);
	wire_read32(&r);
	uint16_t class = wire_read16(&r);
	uint16_t type = wire_read16(&r);
	wire_read16(&r); // the type covered: the rdata has it too
	uint32_t ttl = wire_read32(&r);
	uint32_t count = wire_read32(&r);
	uint16_t owner_length = wire_read16(&r);
	const uint8_t *owner = wire_read_bytes(&r, owner_length);

	if (r.failed || owner == NULL || name_check(owner, owner_length) != owner_length)
		return damaged(raw);
	if (class != CLASS_IN)
		return fail(raw, ERR_FORMAT, "class %u: only zones of class IN are served", class);
	if (type == 0 || dns_type_is_meta(type))
		return fail(raw, ERR_FORMAT, "type %u cannot stand in a zone", type);
	for (uint32_t i = 0; i < count; i++) {
		uint16_t rdata_length = wire_read16(&r);
		const uint8_t *rdata = wire_read_bytes(&r, rdata_length);
		if (r.failed || rdata == NULL)
			return damaged(raw);
		int error = add(raw, owner, type, ttl > INT32_MAX ? 0 : ttl, rdata, rdata_length);
		if (error != 0)
			return error;
	}
	return wire_reader_left(&r) == 0 ? 0 : damaged(raw);
}

static int read_error(struct raw_reader *raw, int error)
{
	return fail(raw, error, "cannot be read: %s", error_text(error));
}

int file_raw_read(struct file_window *window, const char *path, const uint8_t *origin, struct zone_draft *draft,
                  struct zone_file_result *result)
{
	struct raw_reader raw = { path, origin, draft, result, 0 };
	size_t length = 0;
	int error = file_window_need(window, HEADER_V1);
	if (error != 0)
		return read_error(&raw, error);
	error = read_header(&raw, (const uint8_t *)file_window_at(window), file_window_ready(window), &length);
	while (error == 0) {
		window->start += length;
		raw.offset += length;
		error = file_window_need(window, SET_HEADER);
		if (error != 0)
			return read_error(&raw, error);
		if (file_window_ready(window) == 0)
			return 0;
		length = file_window_ready(window) < SET_HEADER ? 0 : wire_get32((const uint8_t *)file_window_at(window));
		if (length < SET_HEADER || length > SET_MAX)
			return damaged(&raw);
		error = file_window_need(window, length);
		if (error != 0)
			return read_error(&raw, error);
		if (file_window_ready(window) < length)
			return damaged(&raw);
		error = read_set(&raw, (const uint8_t *)file_window_at(window), length);
	}
	return error;
}

int file_raw_parse(const uint8_t *bytes, size_t length, const char *name, const uint8_t *origin,
                   struct zone_draft *draft, struct zone_file_result *result)
{
	struct raw_reader raw = { name, origin, draft, result, 0 };
	size_t step = 0;
	memset(result, 0, sizeof *result);
	int error = read_header(&raw, bytes, length, &step);
	while (error == 0) {
		raw.offset += step;
		size_t left = length - (size_t)raw.offset;
		if (left == 0)
			return 0;
		step = left < SET_HEADER ? 0 : wire_get32(bytes + raw.offset);
		if (step < SET_HEADER || step > left)
			return damaged(&raw);
		error = read_set(&raw, bytes + raw.offset, step);
	}
	return error;
}
