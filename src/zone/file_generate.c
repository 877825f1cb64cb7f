// SPDX-License-Identifier: GPL-3.0-or-later
// $GENERATE, BIND's way to write many like records:
//   $GENERATE start-stop[/step] owner [ttl] [class] type rdata
// where $ stands for the number, ${offset,width,base} for the number moved and
// laid out (d, o, x, X; n, N: hex digits backwards with dots, as ip6.arpa
// wants them), and \$ or $$ for a dollar.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "zone/file_line.h"
#include "zone/file_reader.h"

#define NUMBER_MAX 0x7fffffff
#define WIDTH_MAX 128
#define CHUNK ((size_t)64 << 10)
// A template becomes at most WIDTH_MAX bytes a dollar; more than that is junk.
#define TEMPLATE_MAX 4096

struct range {
	int64_t start, stop, step;
};

struct output {
	char *text;
	size_t length, room;
	bool full;
};

static void put(struct output *out, const char *bytes, size_t length)
{
	if (out->room - out->length < length) {
		out->full = true;
		return;
	}
	memcpy(out->text + out->length, bytes, length);
	out->length += length;
}

static bool read_range(const struct line_word *word, struct range *range)
{
	char text[48];
	int end = 0;
	if (word->length == 0 || word->length >= sizeof text)
		return false;
	memcpy(text, word->text, word->length);
	text[word->length] = '\0';
	range->step = 1;
	unsigned start, stop, step;
	if (strspn(text, "0123456789-/") != word->length)
		return false;
	if (sscanf(text, "%10u-%10u/%10u%n", &start, &stop, &step, &end) == 3 && text[end] == '\0')
		range->step = step;
	else if (sscanf(text, "%10u-%10u%n", &start, &stop, &end) != 2 || text[end] != '\0')
		return false;
	range->start = start;
	range->stop = stop;
	return start <= stop && stop <= NUMBER_MAX && range->step >= 1 && range->step <= NUMBER_MAX;
}

// Hex digits from the lowest up, a dot between each two. The width counts
// digits and dots.
static void put_nibbles(struct output *out, uint32_t value, unsigned width, bool upper)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	do {
		put(out, digits + (value & 15), 1);
		value >>= 4;
		width -= width > 0;
		if (value != 0 || width > 0) {
			put(out, ".", 1);
			width -= width > 0;
		}
	} while (value != 0 || width > 0);
}

static bool put_number(struct output *out, int64_t value, unsigned width, char base)
{
	char text[WIDTH_MAX + 16];
	int length;
	if (value < INT32_MIN || value > INT32_MAX)
		return false;
	int number = (int)value;
	switch (base) {
	case 'd': length = snprintf(text, sizeof text, "%0*d", (int)width, number); break;
	case 'o': length = snprintf(text, sizeof text, "%0*o", (int)width, (unsigned)number); break;
	case 'x': length = snprintf(text, sizeof text, "%0*x", (int)width, (unsigned)number); break;
	case 'X': length = snprintf(text, sizeof text, "%0*X", (int)width, (unsigned)number); break;
	case 'n':
	case 'N': put_nibbles(out, (uint32_t)number, width, base == 'N'); return true;
	default: return false;
	}
	put(out, text, (size_t)length);
	return true;
}

// "{offset[,width[,base]]}" at `at`. Returns the bytes it takes, 0 if malformed.
static size_t read_modifier(const char *at, const char *end, int64_t *offset, unsigned *width, char *base)
{
	char text[48];
	int number, taken = 0;
	const char *close = memchr(at, '}', (size_t)(end - at));
	if (close == NULL || (size_t)(close - at) >= sizeof text)
		return 0;
	size_t length = (size_t)(close - at) - 1;
	memcpy(text, at + 1, length);
	text[length] = '\0';
	*width = 0;
	*base = 'd';
	bool good = (sscanf(text, "%10d%n", &number, &taken) == 1 && text[taken] == '\0') ||
	            (sscanf(text, "%10d,%3u%n", &number, width, &taken) == 2 && text[taken] == '\0') ||
	            (sscanf(text, "%10d,%3u,%c%n", &number, width, base, &taken) == 3 && text[taken] == '\0');
	*offset = number;
	return good && *width <= WIDTH_MAX ? length + 2 : 0;
}

// Writes a template with the number in place of its dollars.
static bool expand(struct output *out, const char *at, size_t length, int64_t value)
{
	const char *end = at + length;
	while (at < end) {
		if (*at == '\\' && at + 1 < end) {
			put(out, at, 2);
			at += 2;
		} else if (*at != '$') {
			put(out, at++, 1);
		} else if (at + 1 < end && at[1] == '$') {
			put(out, "\\$", 2);
			at += 2;
		} else if (at + 1 < end && at[1] == '{') {
			int64_t offset;
			unsigned width;
			char base;
			size_t taken = read_modifier(at + 1, end, &offset, &width, &base);
			if (taken == 0 || !put_number(out, value + offset, width, base))
				return false;
			at += 1 + taken;
		} else {
			put_number(out, value, 0, 'd');
			at++;
		}
	}
	return true;
}

struct template {
	struct line_word owner;
	const char *rest; // ttl, class, type, rdata
	size_t rest_length;
	struct line_word quoted; // rdata that is one quoted word: BIND takes the quotes off
};

static bool read_template(struct line_cursor *cursor, struct template *template)
{
	struct line_head head;
	struct line_word word;
	if (!line_next(cursor, &template->owner))
		return false;
	const char *start = cursor->at;
	const char *comment = cursor->at;
	while (line_next(cursor, &word))
		comment = cursor->at;
	template->rest = start;
	template->rest_length = (size_t)(comment - start);
	if (cursor->depth != 0 || !line_head(start, template->rest_length, &head) || start == comment)
		return false;
	struct line_cursor rdata = head.rdata;
	template->quoted.text = NULL;
	if (line_next(&rdata, &word) && word.quoted) {
		const char *before = word.text - 1;
		if (!line_next(&rdata, &(struct line_word){ 0 })) {
			template->quoted = word;
			template->rest_length = (size_t)(before - start);
		}
	}
	return template->rest_length + template->owner.length <= TEMPLATE_MAX;
}

static bool expand_record(struct output *out, const struct template *template, int64_t value)
{
	bool good = expand(out, template->owner.text, template->owner.length, value) &&
	            expand(out, template->rest, template->rest_length, value);
	if (good && template->quoted.text != NULL)
		good = expand(out, template->quoted.text, template->quoted.length, value);
	put(out, "\n", 1);
	return good;
}

int reader_generate(struct zone_reader *reader, const struct reader_place *place, const struct reader_stop *stop,
                    struct line_cursor *cursor)
{
	struct line_word word;
	struct range range;
	struct template template;
	struct reader_place inner = { place->file, stop->line, true };

	if (!line_next(cursor, &word) || !read_range(&word, &range))
		return reader_fail(reader, place, stop->line, ERR_FORMAT,
		                   "$GENERATE wants a range start-stop or start-stop/step first");
	if ((range.stop - range.start) / range.step >= READER_GENERATE_MAX)
		return reader_fail(reader, place, stop->line, ERR_LIMIT,
		                   "$GENERATE makes more than %u records; divide it", READER_GENERATE_MAX);
	if (!read_template(cursor, &template))
		return reader_fail(reader, place, stop->line, ERR_FORMAT,
		                   "$GENERATE wants an owner, a type and data behind its range, on one line");
	struct output out = { malloc(CHUNK), 0, CHUNK, false };
	if (out.text == NULL)
		return reader_fail(reader, place, stop->line, ERR_MEMORY, "out of memory");
	int error = 0;
	int64_t value = range.start;
	while (error == 0 && value <= range.stop) {
		size_t before = out.length;
		if (!expand_record(&out, &template, value)) {
			error = reader_fail(reader, place, stop->line, ERR_FORMAT,
			                    "$GENERATE wants its dollars as $ or ${offset,width,base}, base d, o, x, X, n or N");
		} else if (!out.full) {
			value += range.step;
		} else if (before == 0) {
			error = reader_fail(reader, place, stop->line, ERR_LIMIT, "$GENERATE makes a record of over 64 KiB");
		}
		if (error == 0 && (out.full || value > range.stop)) {
			error = reader_block(reader, &inner, out.text, out.full ? before : out.length);
			out.length = 0;
			out.full = false;
		}
	}
	free(out.text);
	return error;
}
