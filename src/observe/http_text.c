// SPDX-License-Identifier: GPL-3.0-or-later
#include "observe/http_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define ROOM_FIRST 4096

static bool make_room(struct text *text, size_t length)
{
	if (text->failed)
		return false;
	if (text->room - text->length >= length)
		return true;
	size_t room = text->room == 0 ? ROOM_FIRST : text->room;
	while (room - text->length < length)
		room *= 2;
	char *bytes = realloc(text->bytes, room);
	if (bytes == NULL) {
		text->failed = true;
		return false;
	}
	text->bytes = bytes;
	text->room = room;
	return true;
}

void text_free(struct text *text)
{
	free(text->bytes);
	*text = (struct text){ 0 };
}

void text_put_bytes(struct text *text, const char *bytes, size_t length)
{
	if (length == 0 || !make_room(text, length))
		return;
	memcpy(text->bytes + text->length, bytes, length);
	text->length += length;
}

void text_put(struct text *text, const char *string)
{
	text_put_bytes(text, string, strlen(string));
}

void text_put_number(struct text *text, int64_t number)
{
	char digits[24];
	size_t at = sizeof(digits);
	uint64_t left = number < 0 ? (uint64_t)0 - (uint64_t)number : (uint64_t)number;
	do {
		digits[--at] = (char)('0' + left % 10);
		left /= 10;
	} while (left != 0);
	if (number < 0)
		digits[--at] = '-';
	text_put_bytes(text, digits + at, sizeof(digits) - at);
}

void text_format(struct text *text, const char *format, ...)
{
	char line[1024];
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= sizeof(line))
		text->failed = true;
	else
		text_put_bytes(text, line, (size_t)length);
}

static void put_characters(struct text *text, const char *from)
{
	while (*from != '\0') {
		size_t length = utf8_length(from);
		if (length > 0)
			text_put_bytes(text, from, length);
		else
			text_put(text, "\xef\xbf\xbd"); // U+FFFD
		from += length > 0 ? length : 1;
	}
}

json_t *text_json(const char *string)
{
	struct text text = { 0 };
	if (string == NULL || string[0] == '\0')
		return json_null();
	json_t *json = json_string(string);
	if (json == NULL) {
		put_characters(&text, string);
		json = text.failed ? NULL : json_stringn(text.bytes, text.length);
		text_free(&text);
	}
	return json != NULL ? json : json_null();
}

static int put_part(const char *bytes, size_t length, void *context)
{
	struct text *text = context;
	text_put_bytes(text, bytes, length);
	return text->failed ? -1 : 0;
}

void text_put_json(struct text *text, json_t *value)
{
	if (value == NULL)
		text_put(text, "null");
	else if (json_dump_callback(value, put_part, text, JSON_COMPACT | JSON_ENCODE_ANY) != 0)
		text->failed = true;
	json_decref(value);
}
