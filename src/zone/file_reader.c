// SPDX-License-Identifier: GPL-3.0-or-later
#include "zone/file_reader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "dns/message.h"
#include "dns/types.h"
#include "dns/wire.h"
#include "zone/file_line.h"
#include "zone/file_window.h"

// Stands for "no TTL written, no $TTL before". As a TTL it would be above what
// RFC 2181, 8 allows.
#define NO_TTL UINT32_MAX
#define TTL_MAX 0x7fffffffu

static void describe(struct zone_reader *reader, const struct reader_place *place, uint64_t line,
                     const char *format, va_list arguments) __attribute__((format(printf, 4, 0)));

static void describe(struct zone_reader *reader, const struct reader_place *place, uint64_t line,
                     const char *format, va_list arguments)
{
	char *message = reader->result->message;
	size_t room = sizeof reader->result->message;
	int used = snprintf(message, room, "%.255s:%llu: ", place->file, (unsigned long long)line);
	if (used > 0 && (size_t)used < room)
		vsnprintf(message + used, room - (size_t)used, format, arguments);
}

int reader_fail(struct zone_reader *reader, const struct reader_place *place, uint64_t line, int error,
                const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	describe(reader, place, line, format, arguments);
	va_end(arguments);
	return error;
}

void reader_warn(struct zone_reader *reader, const struct reader_place *place, uint64_t line,
                 const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	describe(reader, place, line, format, arguments);
	va_end(arguments);
	reader->result->warnings++;
}

// --- one record

static uint64_t current_line(const struct zone_reader *reader, const struct reader_place *place)
{
	return place->generated ? place->line : reader->scanner.line_counter;
}

// What the TTL of the scanner's record is, as RFC 1035, 5.1, RFC 2308, 4 and
// BIND have it.
static int settle_ttl(struct zone_reader *reader, const struct reader_place *place, uint16_t type, uint32_t *ttl)
{
	zs_scanner_t *scanner = &reader->scanner;
	*ttl = scanner->r_ttl;
	if (*ttl == NO_TTL) {
		if (type == TYPE_SOA && scanner->r_data_length >= 4) {
			*ttl = wire_get32(scanner->r_data + scanner->r_data_length - 4);
			*ttl = *ttl > TTL_MAX ? 0 : *ttl;
			scanner->default_ttl = *ttl;
		} else if (reader->last_ttl_known) {
			*ttl = reader->last_ttl;
		} else {
			return reader_fail(reader, place, current_line(reader, place), ERR_FORMAT,
			                   "no TTL: write one in the record, or $TTL before it");
		}
	} else if (*ttl > TTL_MAX) {
		reader_warn(reader, place, current_line(reader, place),
		            "TTL %u is above 2147483647 and taken as 0 (RFC 2181, 8)", *ttl);
		*ttl = 0;
	}
	reader->last_ttl = *ttl;
	reader->last_ttl_known = true;
	return 0;
}

static int refuse_record(struct zone_reader *reader, const struct reader_place *place, int error)
{
	char owner[NAME_MAX_TEXT];
	uint64_t line = current_line(reader, place);
	name_to_text(reader->scanner.r_owner, owner);
	if (error == ERR_RANGE) {
		reader_warn(reader, place, line, "%s is not in the zone; record left out", owner);
		return 0;
	}
	if (error == ERR_LIMIT)
		return reader_fail(reader, place, line, error,
		                   "the zone is larger than its limit allows (max-records, max-zone-size)");
	return reader_fail(reader, place, line, error, "%s: %s", owner, error_text(error));
}

// Takes the record that stands in the scanner into the draft.
static int take(struct zone_reader *reader, const struct reader_place *place, uint16_t type)
{
	zs_scanner_t *scanner = &reader->scanner;
	uint16_t length = (uint16_t)scanner->r_data_length;
	uint32_t ttl;

	int error = settle_ttl(reader, place, type, &ttl);
	if (error != 0)
		return error;
	if (scanner->r_class != CLASS_IN)
		return reader_fail(reader, place, current_line(reader, place), ERR_FORMAT,
		                   "class %u: only zones of class IN are served", scanner->r_class);
	if (type == 0 || dns_type_is_meta(type))
		return reader_fail(reader, place, current_line(reader, place), ERR_FORMAT,
		                   "type %u cannot stand in a zone", type);
	if (reader->check_rdata && rdata_check(type, scanner->r_data, length) != 0)
		return reader_fail(reader, place, current_line(reader, place), ERR_FORMAT,
		                   "the data does not fit the type of the record");
	// Not asking whether it came lets the draft fetch ahead.
	error = zone_draft_add(reader->draft, scanner->r_owner, type, ttl, scanner->r_data, length, NULL);
	return error != 0 ? refuse_record(reader, place, error) : 0;
}

// --- where the scanner stops

static uint64_t count_newlines(const char *text, size_t length)
{
	uint64_t count = 0;
	for (const char *end = text + length; (text = memchr(text, '\n', (size_t)(end - text))) != NULL; text++)
		count++;
	return count;
}

// Puts the scanner back to where a record may begin; names, origin and TTL stay.
static void reset(struct zone_reader *reader, uint64_t line)
{
	zs_scanner_t *scanner = &reader->scanner;
	scanner->cs = reader->start_state;
	scanner->top = 0;
	scanner->multiline = false;
	scanner->error.code = ZS_OK;
	scanner->error.fatal = false;
	scanner->line_counter = line;
}

static const char *advice(int code)
{
	switch (code) {
	case ZS_UNSUPPORTED_TYPE:
		return "; write it as TYPEnnn \\# length hex (RFC 3597) if it is meant";
	case ZS_BAD_PREVIOUS_OWNER:
		return "; begin the line with the owner's name";
	case ZS_BAD_NUMBER:
	case ZS_BAD_REST:
		return "; count the fields of the record";
	case ZS_RIGHT_PARENTHESIS:
		return "; there is no '(' before it";
	case ZS_DOS_NEWLINE:
		return "; a carriage return stands in the middle of a line";
	default:
		return "";
	}
}

// The start of a record, printable, for the end of a message.
static void excerpt(const struct reader_stop *stop, char text[static 64])
{
	size_t i = 0;
	for (; i < 60 && i < stop->length && stop->text[i] != '\n'; i++)
		text[i] = stop->text[i] >= ' ' && stop->text[i] < 127 ? stop->text[i] : ' ';
	memcpy(text + i, i == 60 ? "..." : "", i == 60 ? 4 : 1);
}

static int complain(struct zone_reader *reader, const struct reader_place *place, const struct reader_stop *stop,
                    const char *why)
{
	char text[64];
	struct line_head head;
	uint64_t line = place->generated ? place->line : stop->error_line;
	excerpt(stop, text);
	if (why != NULL)
		return reader_fail(reader, place, line, ERR_FORMAT, "%s, in \"%s\"", why, text);
	if (place->generated && stop->text[0] == '$')
		return reader_fail(reader, place, line, ERR_FORMAT, "$GENERATE cannot make a directive");
	if (line_head(stop->text, stop->length, &head) && head.class.text != NULL &&
	    !line_is(&head.class, "IN") && !line_is(&head.class, "CLASS1"))
		return reader_fail(reader, place, line, ERR_FORMAT,
		                   "class %.*s: only zones of class IN are served, in \"%s\"",
		                   head.class.length < 20 ? (int)head.class.length : 20, head.class.text, text);
	return reader_fail(reader, place, line, ERR_FORMAT, "%s, in \"%s\"%s", zs_strerror(stop->code), text,
	                   advice(stop->code));
}

static bool strings_fit(const uint8_t *rdata, size_t length, unsigned least, unsigned most)
{
	unsigned count = 0;
	for (size_t at = 0; at < length; at += 1u + rdata[at])
		count++;
	return count >= least && count <= most;
}

int reader_rewritten(struct zone_reader *reader, const struct reader_place *place, const struct reader_stop *stop,
                     const struct rewrite *rewrite)
{
	zs_scanner_t *scanner = &reader->scanner;
	struct reader_stop inner = *stop;
	struct reader_place at = { place->file, place->generated ? place->line : stop->line, true };

	reset(reader, at.line);
	zs_set_input_string(scanner, rewrite->text, rewrite->length);
	zs_parse_record(scanner);
	if (scanner->state != ZS_STATE_DATA) {
		inner.code = scanner->error.code;
		inner.error_line = at.line;
		return complain(reader, &at, &inner, NULL);
	}
	if (rewrite->strings_max != 0 && !strings_fit(scanner->r_data, scanner->r_data_length,
	                                              rewrite->strings_min, rewrite->strings_max))
		return complain(reader, &at, &inner, "wrong number of fields");
	return take(reader, &at, rewrite->type != 0 ? rewrite->type : scanner->r_type);
}

static int rescue(struct zone_reader *reader, const struct reader_place *place, const struct reader_stop *stop)
{
	const char *why = NULL;
	struct rewrite rewrite = { 0 };
	int error = reader_rewrite(reader->scanner.zone_origin, stop, &rewrite, &why);
	if (error == ERR_MEMORY)
		return reader_fail(reader, place, stop->line, error, "out of memory");
	if (error != 0)
		return complain(reader, place, stop, why);
	error = reader_rewritten(reader, place, stop, &rewrite);
	free(rewrite.text);
	return error;
}

static void go_on(struct zone_reader *reader, const char *next, const char *end, uint64_t line)
{
	reset(reader, line);
	zs_set_input_string(&reader->scanner, next, (size_t)(end - next));
}

// Says where the record begins that does not end before `end`.
static int unclosed(struct zone_reader *reader, const struct reader_place *place, const char *text, const char *end)
{
	const char *at = text;
	for (size_t length; (length = line_length(at, (size_t)(end - at))) > 0;)
		at += length;
	at += line_skip_blank(at, (size_t)(end - at));
	uint64_t line = place->line + (place->generated ? 0 : count_newlines(text, (size_t)(at - text)));
	return reader_fail(reader, place, line, ERR_FORMAT,
	                   "the parenthesis or quote that this record opens is never closed");
}

// The scanner, given the text, stopped somewhere in the first record behind
// `from`, whose line is `line`. Deals with that record and sets the scanner
// behind it.
static int resume(struct zone_reader *reader, const struct reader_place *place, const char *text, const char *from,
                  const char *end, uint64_t line)
{
	zs_scanner_t *scanner = &reader->scanner;
	size_t blank = line_skip_blank(from, (size_t)(end - from));
	const char *record = from + blank;
	struct reader_stop stop = {
		.text = record,
		.length = line_length(record, (size_t)(end - record)),
		.line = line + count_newlines(from, blank),
		.error_line = scanner->line_counter,
		.code = scanner->error.code,
	};
	// A line of blanks that has no owner before it means nothing.
	if (blank > 0 && stop.error_line < stop.line) {
		go_on(reader, record, end, stop.line);
		return 0;
	}
	if (stop.length == 0)
		return unclosed(reader, place, text, end);
	int error = rescue(reader, place, &stop);
	if (error == 0)
		go_on(reader, record + stop.length, end, stop.line + count_newlines(record, stop.length));
	return error;
}

// True where nothing but the closing parenthesis follows.
static bool closes(const char *at, const char *end)
{
	at += line_skip_blank(at, (size_t)(end - at));
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	return at < end && *at == ')';
}

// The scanner takes a newline for the end of a record that has all its fields,
// parentheses or not, and what follows for the next record. That is no zone
// file that others would read.
static int runs_on(struct zone_reader *reader, const struct reader_place *place)
{
	return reader_fail(reader, place, current_line(reader, place), ERR_FORMAT,
	                   "the record has all its fields here, but its ')' does not follow");
}

int reader_scan(struct zone_reader *reader, struct reader_place *place, const char *text, size_t length)
{
	zs_scanner_t *scanner = &reader->scanner;
	const char *end = text + length;
	int error = 0;

	reset(reader, place->line);
	zs_set_input_string(scanner, text, length);
	while (error == 0 && scanner->input.current != end) {
		// The newline that the scanner adds stands in its own memory.
		const char *from = scanner->input.eof ? end : scanner->input.current;
		uint64_t line = scanner->line_counter;
		zs_parse_record(scanner);
		if (scanner->state == ZS_STATE_DATA)
			error = scanner->multiline && !scanner->input.eof && !closes(scanner->input.current, end)
			                ? runs_on(reader, place)
			                : take(reader, place, scanner->r_type);
		else if (scanner->state == ZS_STATE_EOF)
			break;
		else
			error = resume(reader, place, text, from, end, line);
	}
	// The scanner ends its input with a newline of its own.
	if (!place->generated)
		place->line = scanner->line_counter - (scanner->state == ZS_STATE_EOF);
	return error;
}

// The first directive between two records of the text, or its end.
static const char *find_directive(const char *text, const char *end)
{
	const char *boundary = text; // a record begins here
	for (const char *at = text; (at = memchr(at, '$', (size_t)(end - at))) != NULL; at++) {
		if (at != text && at[-1] != '\n')
			continue;
		size_t cut = line_last_cut(boundary, (size_t)(at - boundary));
		if (boundary + cut == at)
			return at;
		// Within the parentheses of a record: go on behind it.
		boundary += cut;
		size_t record = line_length(boundary, (size_t)(end - boundary));
		boundary += record;
		if (record == 0 || boundary == end)
			break;
		at = boundary - 1;
	}
	return end;
}

int reader_block(struct zone_reader *reader, struct reader_place *place, const char *text, size_t length)
{
	const char *end = text + length;
	bool outer = reader->check_rdata;
	int error = 0;
	while (error == 0 && text < end) {
		const char *directive = place->generated ? end : find_directive(text, end);
		reader->check_rdata = memchr(text, '\\', (size_t)(end - text)) != NULL;
		if (directive > text)
			error = reader_scan(reader, place, text, (size_t)(directive - text));
		if (error != 0 || directive == end)
			break;
		struct reader_stop stop = { directive, line_length(directive, (size_t)(end - directive)),
		                            place->line, place->line, 0 };
		if (stop.length == 0)
			return reader_fail(reader, place, place->line, ERR_FORMAT, "this directive does not end");
		error = reader_directive(reader, place, &stop);
		place->line = stop.line + count_newlines(stop.text, stop.length);
		text = directive + stop.length;
	}
	reader->check_rdata = outer;
	return error;
}

// --- whole files

static void skip_mark(const char **text, size_t *length)
{
	// Editors of other systems begin a file with a byte order mark.
	if (*length >= 3 && memcmp(*text, "\xef\xbb\xbf", 3) == 0) {
		*text += 3;
		*length -= 3;
	}
}

static int window_error(struct zone_reader *reader, const struct reader_place *place, int error)
{
	if (error == ERR_IO)
		return reader_fail(reader, place, place->line, error, "cannot be read: %s", strerror(errno));
	if (error == ERR_LIMIT)
		return reader_fail(reader, place, place->line, error,
		                   "a record of more than 64 MiB begins behind this line; is a ')' missing?");
	return reader_fail(reader, place, place->line, error, "%s", error_text(error));
}

int reader_window(struct zone_reader *reader, const char *path, struct file_window *window)
{
	struct reader_place place = { path, 1, false };
	for (;;) {
		const char *text;
		size_t length;
		int error = file_window_lines(window, &text, &length);
		if (error != 0)
			return window_error(reader, &place, error);
		if (length == 0)
			return 0;
		if (place.line == 1)
			skip_mark(&text, &length);
		error = reader_block(reader, &place, text, length);
		if (error != 0)
			return error;
	}
}

int reader_open(const char *path, struct file_window *window, struct zone_file_result *result)
{
	int error = file_window_open(window, path);
	if (error != 0)
		snprintf(result->message, sizeof result->message, "%.255s: cannot be opened: %s", path,
		         error == ERR_IO ? strerror(errno) : error_text(error));
	return error;
}

int reader_text(struct zone_reader *reader, const char *name, const char *text, size_t length)
{
	struct reader_place place = { name, 1, false };
	char *copy = NULL;
	skip_mark(&text, &length);
	if (length > 0 && (text[length - 1] != '\n' || memchr(text, '\r', length) != NULL)) {
		copy = malloc(length + 1);
		if (copy == NULL)
			return reader_fail(reader, &place, 1, ERR_MEMORY, "out of memory");
		memcpy(copy, text, length);
		copy[length] = '\n';
		length = file_strip_cr(copy, length + 1);
		text = copy;
	}
	int error = length > 0 ? reader_block(reader, &place, text, length) : 0;
	free(copy);
	return error;
}
