// SPDX-License-Identifier: GPL-3.0-or-later
// $INCLUDE and $ORIGIN (RFC 1035, 5.1), bounded, and with names that may be
// relative.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "dns/name.h"
#include "zone/file_line.h"
#include "zone/file_reader.h"
#include "zone/file_window.h"

static void set_origin(struct zone_reader *reader, const uint8_t *name, size_t length)
{
	memcpy(reader->scanner.zone_origin, name, length);
	reader->scanner.zone_origin_length = (uint32_t)length;
}

static int directive_origin(struct zone_reader *reader, const struct reader_place *place,
                            const struct reader_stop *stop, struct line_cursor *cursor)
{
	struct line_word word, more;
	uint8_t name[NAME_MAX_WIRE];
	int length = line_next(cursor, &word) ? line_name(&word, reader->scanner.zone_origin, name) : ERR_FORMAT;
	if (length < 0 || line_next(cursor, &more))
		return reader_fail(reader, place, stop->line, ERR_FORMAT, "$ORIGIN wants one name");
	set_origin(reader, name, (size_t)length);
	return 0;
}

// The file of an $INCLUDE: beside the file that includes it, or, as BIND takes
// it, in the working folder. malloc'ed.
static char *include_path(const char *from, const struct line_word *word)
{
	const char *slash = strrchr(from, '/');
	size_t folder = slash != NULL && word->text[0] != '/' ? (size_t)(slash - from) + 1 : 0;
	char *path = malloc(folder + word->length + 1);
	if (path == NULL)
		return NULL;
	memcpy(path, from, folder);
	memcpy(path + folder, word->text, word->length);
	path[folder + word->length] = '\0';
	if (folder > 0 && access(path, F_OK) != 0) {
		char *other = strndup(word->text, word->length);
		if (other != NULL && access(other, F_OK) == 0) {
			free(path);
			return other;
		}
		free(other);
	}
	return path;
}

// FNV-1a: it is stored, so it must be the same in each process.
static void digest(struct zone_file_result *result, uint64_t number)
{
	if (result->includes == 0)
		result->includes = UINT64_C(0xcbf29ce484222325);
	for (unsigned i = 0; i < 8; i++)
		result->includes = (result->includes ^ (number >> 8 * i & 0xff)) * UINT64_C(0x100000001b3);
	if (result->includes == 0)
		result->includes = 1;
}

// What the file is, so that it is known when it has changed. One that changed
// just now may change again without being seen to: it is like no other.
static void note_include(struct zone_reader *reader, const char *path)
{
	struct stat file = { 0 };
	bool is_known = stat(path, &file) == 0;
	int64_t mtime_ns = (int64_t)file.st_mtim.tv_sec * 1000000000 + file.st_mtim.tv_nsec;
	int64_t now = clock_wall_ns();
	digest(reader->result, (uint64_t)mtime_ns);
	digest(reader->result, file.st_ino);
	digest(reader->result, (uint64_t)file.st_size);
	if (!is_known || now - mtime_ns < FILE_UNSETTLED_NS)
		digest(reader->result, (uint64_t)now);
}

// Reads the file; origin and owner are then what they were before.
static int include(struct zone_reader *reader, const char *path, const uint8_t *origin, size_t origin_length)
{
	zs_scanner_t *scanner = &reader->scanner;
	uint8_t old_origin[NAME_MAX_WIRE], old_owner[NAME_MAX_WIRE];
	size_t old_length = scanner->zone_origin_length;
	size_t owner_length = scanner->r_owner_length;
	bool check_rdata = reader->check_rdata;

	struct file_window window;
	note_include(reader, path);
	int error = reader_open(path, &window, reader->result);
	if (error != 0)
		return error;
	memcpy(old_origin, scanner->zone_origin, old_length);
	memcpy(old_owner, scanner->r_owner, owner_length);
	set_origin(reader, origin, origin_length);
	reader->depth++;
	error = reader_window(reader, path, &window);
	reader->depth--;
	file_window_close(&window);
	set_origin(reader, old_origin, old_length);
	memcpy(scanner->r_owner, old_owner, owner_length);
	scanner->r_owner_length = (uint32_t)owner_length;
	reader->check_rdata = check_rdata;
	return error;
}

static int directive_include(struct zone_reader *reader, const struct reader_place *place,
                             const struct reader_stop *stop, struct line_cursor *cursor)
{
	struct line_word file, word;
	uint8_t origin[NAME_MAX_WIRE];
	int length = (int)reader->scanner.zone_origin_length;
	memcpy(origin, reader->scanner.zone_origin, (size_t)length);

	if (!line_next(cursor, &file) || file.length == 0 || memchr(file.text, '\0', file.length) != NULL)
		return reader_fail(reader, place, stop->line, ERR_FORMAT, "$INCLUDE wants a file name");
	if (line_next(cursor, &word))
		length = line_name(&word, reader->scanner.zone_origin, origin);
	if (length < 0 || line_next(cursor, &word))
		return reader_fail(reader, place, stop->line, ERR_FORMAT,
		                   "$INCLUDE wants a file name and at most one origin");
	if (!reader->may_include)
		return reader_fail(reader, place, stop->line, ERR_DENIED, "$INCLUDE is not allowed here");
	if (reader->depth >= READER_INCLUDE_DEPTH)
		return reader_fail(reader, place, stop->line, ERR_LIMIT,
		                   "$INCLUDE nests deeper than %d; does a file include itself?", READER_INCLUDE_DEPTH);
	char *path = include_path(place->file, &file);
	if (path == NULL)
		return reader_fail(reader, place, stop->line, ERR_MEMORY, "out of memory");
	if (access(path, R_OK) != 0) {
		int reason = errno;
		int error = reader_fail(reader, place, stop->line, ERR_IO, "$INCLUDE %.200s: %s", path,
		                        strerror(reason));
		free(path);
		return error;
	}
	int error = include(reader, path, origin, (size_t)length);
	free(path);
	return error;
}

static int directive_ttl(struct zone_reader *reader, const struct reader_place *place, const struct reader_stop *stop)
{
	struct reader_place at = { place->file, stop->line, true };
	struct line_cursor cursor = { stop->text, stop->text + stop->length, 0 };
	struct line_word word, more;
	// One word, so that the scanner's complaint can only be about the time.
	line_next(&cursor, &word);
	if (!line_next(&cursor, &word) || line_next(&cursor, &more) ||
	    reader_scan(reader, &at, stop->text, stop->length) != 0)
		return reader_fail(reader, place, stop->line, ERR_FORMAT,
		                   "$TTL wants one number of seconds, or a time such as 1h30m");
	return 0;
}

int reader_directive(struct zone_reader *reader, const struct reader_place *place, const struct reader_stop *stop)
{
	struct line_cursor cursor = { stop->text, stop->text + stop->length, 0 };
	struct line_word word;
	if (!line_next(&cursor, &word))
		return reader_fail(reader, place, stop->line, ERR_FORMAT, "not a directive");
	if (line_is(&word, "$INCLUDE"))
		return directive_include(reader, place, stop, &cursor);
	if (line_is(&word, "$ORIGIN"))
		return directive_origin(reader, place, stop, &cursor);
	if (line_is(&word, "$GENERATE"))
		return reader_generate(reader, place, stop, &cursor);
	if (line_is(&word, "$TTL"))
		return directive_ttl(reader, place, stop);
	return reader_fail(reader, place, stop->line, ERR_FORMAT,
	                   "unknown directive %.*s; $ORIGIN, $INCLUDE, $TTL and $GENERATE are known",
	                   word.length < 40 ? (int)word.length : 40, word.text);
}
