// SPDX-License-Identifier: GPL-3.0-or-later
// How an event looks. Everything is rendered into a line of fixed length:
// values are cut first, then fields are left out, so that what there is always
// ends as its form wants.
#include "base/log_record.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"

#define FIELD_MOST 600u   // of a field's value, rendered
#define SUBJECT_MOST 1100u // a name of 255 bytes, each of them escaped
#define FIELD_LEAST 80u   // with less room than this, what follows is left out
#define TAIL 4u           // what ends a line in any form

enum quoting { PLAIN, LOGFMT, JSON };

struct line {
	char *bytes;
	size_t length, room; // room: less what the end of the line needs
};

static const int priorities[] = { // as syslog(3) numbers them
	[LEVEL_ERROR] = 3, [LEVEL_WARNING] = 4, [LEVEL_NOTICE] = 5, [LEVEL_INFO] = 6, [LEVEL_DEBUG] = 7,
};

static void put(struct line *line, const char *text)
{
	size_t length = strlen(text);
	if (length > line->room - line->length)
		length = line->room - line->length;
	memcpy(line->bytes + line->length, text, length);
	line->length += length;
}

// How many bytes stand there as one character that may be shown; 0 for what is
// none. Control characters could forge lines or drive a terminal.
static size_t character(const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	if (at[0] < 0x20 || at[0] == 0x7f || (at[0] == 0xc2 && at[1] < 0xa0))
		return 0;
	return utf8_length(text);
}

// One character or escaped byte of *from into `to`; its length.
static size_t take(const char **from, enum quoting quoting, char to[static 8])
{
	const char *at = *from;
	size_t length = character(at);
	if (length == 0) {
		*from += 1;
		return (size_t)snprintf(to, 8, quoting == PLAIN ? "\\x%02x" : "\\\\x%02x", (unsigned char)at[0]);
	}
	size_t quote = quoting != PLAIN && (at[0] == '"' || at[0] == '\\');
	to[0] = '\\';
	memcpy(to + quote, at, length);
	*from += length;
	return quote + length;
}

// Text of at most so many bytes, with "..." where it was cut.
static void put_text(struct line *line, const char *text, enum quoting quoting, size_t most)
{
	size_t start = line->length, cut_at = start;
	if (most > line->room - start)
		most = line->room - start;
	while (*text != '\0') {
		char piece[8];
		size_t length = take(&text, quoting, piece);
		if (line->length - start + length > most) {
			line->length = cut_at;
			put(line, most >= 3 ? "..." : "");
			return;
		}
		memcpy(line->bytes + line->length, piece, length);
		line->length += length;
		if (line->length - start + 3 <= most)
			cut_at = line->length;
	}
}

static void put_time(struct line *line)
{
	char text[40];
	int64_t ns = clock_wall_ns();
	time_t seconds = (time_t)(ns / 1000000000);
	struct tm tm;
	gmtime_r(&seconds, &tm);
	size_t n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + n, sizeof(text) - n, ".%03dZ", (int)(ns / 1000000 % 1000));
	put(line, text);
}

// A zone, unless it is the path of a file.
static const char *subject_name(const char *subject)
{
	return subject[0] == '/' ? "file" : "zone";
}

// --- text

static void put_sentence(struct line *line, const struct log_record *record)
{
	size_t start = line->length;
	if (record->subject != NULL) {
		put_text(line, record->subject, PLAIN, SUBJECT_MOST);
		put(line, ": ");
	}
	put_text(line, record->message, PLAIN, LOG_MESSAGE_MOST - (line->length - start));
}

static void render_text(struct line *line, const struct log_record *record)
{
	put_time(line);
	put(line, " ");
	put(line, log_level_name(record->level));
	put(line, ": ");
	put_sentence(line, record);
}

// --- logfmt and JSON: a key and a value, again and again

static bool wants_quotes(const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:/@+,";
	return text[0] == '\0' || text[strspn(text, plain)] != '\0';
}

static void put_key(struct line *line, enum quoting quoting, const char *name)
{
	bool is_first = line->length == 0;
	if (quoting == JSON) {
		put(line, is_first ? "{\"" : ",\"");
		put(line, name);
		put(line, "\":");
	} else {
		put(line, is_first ? "" : " ");
		put(line, name);
		put(line, "=");
	}
}

// The quote at the end always has its place: it is kept free of the value.
static void put_pair(struct line *line, enum quoting quoting, const char *name, const char *text, size_t most)
{
	put_key(line, quoting, name);
	if (quoting == LOGFMT && !wants_quotes(text)) {
		put_text(line, text, quoting, most);
		return;
	}
	put(line, "\"");
	line->room--;
	put_text(line, text, quoting, most);
	line->room++;
	put(line, "\"");
}

static void put_field(struct line *line, enum quoting quoting, const struct log_field *field)
{
	char number[24];
	if (field->kind == LOG_KIND_TEXT) {
		put_pair(line, quoting, field->name, field->text, FIELD_MOST);
	} else if (field->kind == LOG_KIND_NUMBER) {
		snprintf(number, sizeof(number), "%" PRIu64, field->number);
		put_key(line, quoting, field->name);
		put(line, number);
	}
}

static void render_pairs(struct line *line, enum quoting quoting, const struct log_record *record)
{
	put_key(line, quoting, "time");
	put(line, quoting == JSON ? "\"" : "");
	put_time(line);
	put(line, quoting == JSON ? "\"" : "");
	put_pair(line, quoting, "level", log_level_name(record->level), FIELD_MOST);
	if (record->subject != NULL)
		put_pair(line, quoting, subject_name(record->subject), record->subject, SUBJECT_MOST);
	if (record->event != NULL)
		put_pair(line, quoting, "event", record->event, FIELD_MOST);
	put_pair(line, quoting, quoting == JSON ? "message" : "msg", record->message, LOG_MESSAGE_MOST);
	for (const struct log_field *f = record->fields; f != NULL && f->kind != LOG_KIND_END; f++)
		if (line->room - line->length >= FIELD_LEAST)
			put_field(line, quoting, f);
	if (quoting == JSON) {
		line->room++;
		put(line, "}");
	}
}

static struct line line_begin(char *bytes)
{
	return (struct line){ .bytes = bytes, .room = LOG_LINE_MOST - TAIL };
}

size_t log_render(enum log_format format, const struct log_record *record, char bytes[static LOG_LINE_MOST])
{
	struct line line = line_begin(bytes);
	if (format == LOG_AS_TEXT)
		render_text(&line, record);
	else
		render_pairs(&line, format == LOG_AS_JSON ? JSON : LOGFMT, record);
	bytes[line.length++] = '\n';
	return line.length;
}

// --- syslog: as syslog(3) writes to its socket

size_t log_render_syslog(enum log_format format, int facility, const struct log_record *record,
                         char bytes[static LOG_LINE_MOST])
{
	char head[80], stamp[32];
	time_t now = (time_t)clock_wall_s();
	struct tm tm;
	localtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%b %e %T", &tm);
	int n = snprintf(head, sizeof(head), "<%d>%s understudy[%d]: ", facility * 8 + priorities[record->level], stamp,
	                 (int)getpid());
	memcpy(bytes, head, (size_t)n);
	struct line line = line_begin(bytes + n);
	line.room -= (size_t)n;
	if (format == LOG_AS_TEXT)
		put_sentence(&line, record);
	else
		render_pairs(&line, format == LOG_AS_JSON ? JSON : LOGFMT, record);
	return (size_t)n + line.length;
}

// --- the journal: NAME=value and a newline, for each field

static void put_journal_name(struct line *line, const char *name)
{
	char upper[40];
	size_t i = 0;
	for (; name[i] != '\0' && i < sizeof(upper) - 2; i++)
		upper[i] = (char)toupper((unsigned char)name[i]);
	upper[i] = '=';
	upper[i + 1] = '\0';
	put(line, upper);
}

static void put_journal(struct line *line, const char *name, const char *text, size_t most)
{
	if (line->room - line->length < FIELD_LEAST)
		return;
	put_journal_name(line, name);
	line->room--;
	put_text(line, text, PLAIN, most);
	line->room++;
	put(line, "\n");
}

size_t log_render_journal(const struct log_record *record, char bytes[static LOG_LINE_MOST])
{
	struct line line = line_begin(bytes);
	char number[24];
	snprintf(number, sizeof(number), "%d", priorities[record->level]);
	put_journal(&line, "priority", number, FIELD_MOST);
	put_journal(&line, "syslog_identifier", "understudy", FIELD_MOST);
	put(&line, "MESSAGE=");
	put_sentence(&line, record);
	put(&line, "\n");
	if (record->subject != NULL)
		put_journal(&line, subject_name(record->subject), record->subject, SUBJECT_MOST);
	if (record->event != NULL)
		put_journal(&line, "event", record->event, FIELD_MOST);
	for (const struct log_field *f = record->fields; f != NULL && f->kind != LOG_KIND_END; f++) {
		if (f->kind == LOG_KIND_NONE)
			continue;
		snprintf(number, sizeof(number), "%" PRIu64, f->number);
		put_journal(&line, f->name, f->kind == LOG_KIND_TEXT ? f->text : number, FIELD_MOST);
	}
	return line.length;
}
