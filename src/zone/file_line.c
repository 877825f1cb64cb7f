// SPDX-License-Identifier: GPL-3.0-or-later
#include "zone/file_line.h"

#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "dns/name.h"

// What the next byte of a zone file means.
struct state {
	unsigned depth; // of parentheses
	bool quoted;
	bool comment;
};

// Moves over text[i]; true where it is the newline that ends a record.
static inline bool step(struct state *state, const char *text, size_t length, size_t *i)
{
	char c = text[(*i)++];
	if (c == '\n') {
		state->comment = false;
		// A quote that is open outside parentheses is an error of this
		// line, not of the rest of the file.
		if (state->depth == 0)
			state->quoted = false;
		return state->depth == 0;
	}
	if (state->comment)
		return false;
	if (c == '\\') {
		if (*i < length && text[*i] != '\n')
			(*i)++;
	} else if (c == '"') {
		state->quoted = !state->quoted;
	} else if (!state->quoted) {
		if (c == ';')
			state->comment = true;
		else if (c == '(')
			state->depth++;
		else if (c == ')' && state->depth > 0)
			state->depth--;
	}
	return false;
}

size_t line_length(const char *text, size_t length)
{
	struct state state = { 0 };
	for (size_t i = 0; i < length;)
		if (step(&state, text, length, &i))
			return i;
	return 0;
}

size_t line_last_cut(const char *text, size_t length)
{
	// Without parentheses every newline ends a record.
	if (memchr(text, '(', length) == NULL) {
		const char *last = memrchr(text, '\n', length);
		return last == NULL ? 0 : (size_t)(last - text) + 1;
	}
	struct state state = { 0 };
	size_t cut = 0;
	for (size_t i = 0; i < length;)
		if (step(&state, text, length, &i))
			cut = i;
	return cut;
}

size_t line_skip_blank(const char *text, size_t length)
{
	size_t skipped = 0;
	while (skipped < length) {
		const char *at = text + skipped;
		const char *newline = memchr(at, '\n', length - skipped);
		const char *end = newline != NULL ? newline : text + length;
		while (at < end && (*at == ' ' || *at == '\t'))
			at++;
		if (at < end && *at != ';')
			break;
		skipped = (size_t)(end - text) + (newline != NULL);
	}
	return skipped;
}

static void skip_to_word(struct line_cursor *cursor)
{
	for (; cursor->at < cursor->end; cursor->at++) {
		char c = *cursor->at;
		if (c == '(') {
			cursor->depth++;
		} else if (c == ')') {
			cursor->depth -= cursor->depth > 0;
		} else if (c == ';') {
			const char *newline = memchr(cursor->at, '\n', (size_t)(cursor->end - cursor->at));
			cursor->at = newline != NULL ? newline : cursor->end - 1;
		} else if (c != ' ' && c != '\t' && c != '\n') {
			return;
		}
	}
}

static const char *word_end(const char *at, const char *end, bool quoted)
{
	const char *stop = quoted ? "\"" : " \t\n();\"";
	size_t stops = strlen(stop);
	for (; at < end && memchr(stop, *at, stops) == NULL; at++)
		if (*at == '\\' && at + 1 < end)
			at++;
	return at;
}

bool line_next(struct line_cursor *cursor, struct line_word *word)
{
	skip_to_word(cursor);
	if (cursor->at >= cursor->end)
		return false;
	word->quoted = *cursor->at == '"';
	cursor->at += word->quoted;
	word->text = cursor->at;
	cursor->at = word_end(cursor->at, cursor->end, word->quoted);
	word->length = (size_t)(cursor->at - word->text);
	cursor->at += word->quoted && cursor->at < cursor->end;
	return true;
}

bool line_is(const struct line_word *word, const char *with)
{
	return word->text != NULL && word->length == strlen(with) &&
	       strncasecmp(word->text, with, word->length) == 0;
}

bool line_number(const struct line_word *word, uint32_t max, uint32_t *number)
{
	uint64_t value = 0;
	if (word->length == 0 || word->length > 10)
		return false;
	for (size_t i = 0; i < word->length; i++) {
		if (word->text[i] < '0' || word->text[i] > '9')
			return false;
		value = value * 10 + (uint64_t)(word->text[i] - '0');
	}
	*number = (uint32_t)value;
	return value <= max;
}

// True where the text's last dot is not escaped.
static bool is_absolute(const char *text, size_t length)
{
	size_t slashes = 0;
	if (length == 0 || text[length - 1] != '.')
		return false;
	while (slashes + 1 < length && text[length - 2 - slashes] == '\\')
		slashes++;
	return slashes % 2 == 0;
}

int line_name(const struct line_word *word, const uint8_t *origin, uint8_t *name)
{
	char text[NAME_MAX_TEXT];
	size_t origin_length = name_length(origin);
	if (line_is(word, "@")) {
		memcpy(name, origin, origin_length);
		return (int)origin_length;
	}
	if (word->length == 0 || word->length >= sizeof text)
		return ERR_FORMAT;
	memcpy(text, word->text, word->length);
	text[word->length] = '\0';
	int length = name_from_text(text, name);
	if (length < 0)
		return ERR_FORMAT;
	if (is_absolute(text, word->length))
		return length;
	if ((size_t)length - 1 + origin_length > NAME_MAX_WIRE)
		return ERR_FORMAT;
	memcpy(name + length - 1, origin, origin_length);
	return length - 1 + (int)origin_length;
}

static bool is_ttl(const struct line_word *word)
{
	if (word->length == 0 || word->text[0] < '0' || word->text[0] > '9')
		return false;
	for (size_t i = 0; i < word->length; i++)
		if (memchr("0123456789smhdwSMHDW", word->text[i], 20) == NULL)
			return false;
	return true;
}

static bool is_class(const struct line_word *word)
{
	return line_is(word, "IN") || line_is(word, "CH") || line_is(word, "HS") || line_is(word, "CHAOS") ||
	       (word->length > 5 && strncasecmp(word->text, "CLASS", 5) == 0);
}

bool line_head(const char *text, size_t length, struct line_head *head)
{
	bool ttl_seen = false;
	*head = (struct line_head){ 0 };
	struct line_cursor cursor = { text, text + length, 0 };
	head->has_owner = length > 0 && text[0] != ' ' && text[0] != '\t';
	if (head->has_owner && !line_next(&cursor, &head->owner))
		return false;
	while (line_next(&cursor, &head->type)) {
		if (!ttl_seen && is_ttl(&head->type)) {
			ttl_seen = true;
		} else if (head->class.text == NULL && is_class(&head->type)) {
			head->class = head->type;
		} else {
			head->rdata = cursor;
			return true;
		}
	}
	return false;
}
