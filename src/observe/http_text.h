// SPDX-License-Identifier: GPL-3.0-or-later
// Text that grows: bodies of answers are made in pieces of it. Fails sticky, so
// that who writes checks once at the end.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
	char *bytes;
	size_t length, room;
	bool failed; // no memory: what was written since is lost
};

void text_free(struct text *text);

void text_put_bytes(struct text *text, const char *bytes, size_t length);
void text_put(struct text *text, const char *string);
void text_put_number(struct text *text, int64_t number);
void text_format(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

// A JSON string of what may be no UTF-8: an operator's verifier, a path, a text
// that was cut. Each byte that is no part of a character is U+FFFD. null where it
// is NULL or empty.
json_t *text_json(const char *string);

// The value, compact; releases it. "null" where it is NULL.
void text_put_json(struct text *text, json_t *value);
