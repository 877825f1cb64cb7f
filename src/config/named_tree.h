// SPDX-License-Identifier: GPL-3.0-or-later
// named.conf as a tree: statements of values, values that may be blocks of
// statements. What the words mean is not known here. Inside src/config only.
#pragma once

#include "config/builder.h"

enum named_kind { NAMED_WORD, NAMED_STRING, NAMED_NOT, NAMED_BLOCK };

struct named_statement;

struct named_value {
	enum named_kind kind;
	uint32_t line, column;
	const char *text;               // of a word or a string
	struct named_value *next;
	struct named_statement *block;  // first statement of a block
	uint32_t end_line, end_column;  // of a block's '}'
};

struct named_statement {
	struct named_value *first;     // never NULL
	struct named_statement *next;
	uint32_t file;
	const void *compiled;          // for the access lists that many zones inherit
};

// Reads statements out of one source.
struct named_reader {
	struct builder *builder;
	struct pool *pool;       // where the tree goes
	uint32_t source;
	const char *at, *end;
	uint32_t line;
	const char *line_start;
	bool is_silent;          // a second pass over text whose faults are reported
	bool had_fault;          // in the last statement read
	bool is_cut;             // the statement was ended by the beginning of the next
	bool ended_in_block;     // the file did, which was reported
};

enum named_result {
	NAMED_STATEMENT, // *statement is one
	NAMED_OPENS,     // as asked for: the statement's values up to a '{', which was taken
	NAMED_CLOSES,    // a '}' at this level was taken
	NAMED_END,
};

void named_reader_init(struct named_reader *reader, struct builder *builder, uint32_t source);

// The next statement at this level. Where its first word is `opener` the block
// is not read but opened: the caller goes on inside it. An ending ';' that is
// missing is reported and taken as written. Blocks deeper than 32 are refused.
enum named_result named_read(struct named_reader *reader, const char *opener,
                             struct named_statement **statement);

// After NAMED_CLOSES of an opened block: its ';'.
void named_read_closing(struct named_reader *reader);

// The first word that is ahead, without taking it: "" at an end or a sign.
// Compares without regard to case. Also leaves the reader on that word.
bool named_next_is(struct named_reader *reader, const char *word);

struct config_where named_where(const struct named_statement *statement,
                                const struct named_value *value);
bool named_is(const struct named_value *value, const char *word);
