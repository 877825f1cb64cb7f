// SPDX-License-Identifier: GPL-3.0-or-later
// The outer grammar of zone files (RFC 1035, 5.1): where a record ends, and
// its words. For what the scanner leaves to us; the usual line never gets here.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The record at `text`: its bytes to and with the newline that ends it, by
// parentheses, quotes, comments and escapes. 0 where it does not end.
size_t line_length(const char *text, size_t length) __attribute__((pure));

// Bytes up to the last place where the text, which begins with a record, may
// be cut between two records. 0 where there is none.
size_t line_last_cut(const char *text, size_t length) __attribute__((pure));

// Bytes of blank lines and comment lines that stand before the next record.
size_t line_skip_blank(const char *text, size_t length) __attribute__((pure));

struct line_word {
	const char *text; // without quotes
	size_t length;    // 0 in text-less words: an empty quoted string
	bool quoted;
};

struct line_cursor {
	const char *at;
	const char *end;
	unsigned depth; // of parentheses before `at`
};

// The next word of a record; false at its end.
bool line_next(struct line_cursor *cursor, struct line_word *word);

// Equal without regard to ASCII case; `with` is in upper case.
bool line_is(const struct line_word *word, const char *with) __attribute__((pure));

// A decimal number without sign of at most `max`.
bool line_number(const struct line_word *word, uint32_t max, uint32_t *number);

// A name as records write it: "@", relative to the origin, or absolute.
// Returns its length or ERR_FORMAT.
int line_name(const struct line_word *word, const uint8_t *origin, uint8_t *name);

// The parts of a record before its rdata.
struct line_head {
	bool has_owner;
	struct line_word owner;
	struct line_word class; // text NULL where none is written
	struct line_word type;
	struct line_cursor rdata; // behind the type
};

// Takes a record apart. False where it has no type.
bool line_head(const char *text, size_t length, struct line_head *head);
