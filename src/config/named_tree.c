// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/named_tree.h"

#include <string.h>
#include <strings.h>

#define MAX_DEPTH 32

enum token_kind { TOKEN_WORD, TOKEN_STRING, TOKEN_SIGN, TOKEN_END };

struct token {
	enum token_kind kind;
	char sign;               // { } ; !
	const char *start;
	size_t length;
	uint32_t line, column;
	bool has_escape;
};

void named_reader_init(struct named_reader *reader, struct builder *builder, uint32_t source)
{
	const struct source *s = &builder->sources[source];
	*reader = (struct named_reader){
		.builder = builder, .pool = &builder->scratch, .source = source,
		.at = s->text, .end = s->text + s->length, .line = 1, .line_start = s->text,
	};
	if (s->length >= 3 && memcmp(s->text, "\xef\xbb\xbf", 3) == 0)
		reader->at += 3; // byte order mark
}

struct config_where named_where(const struct named_statement *statement,
                                const struct named_value *value)
{
	return (struct config_where){statement->file, value->line, value->column};
}

bool named_is(const struct named_value *value, const char *word)
{
	return value && value->kind != NAMED_BLOCK && value->kind != NAMED_NOT &&
	       strcasecmp(value->text, word) == 0;
}

static uint32_t column_of(const struct named_reader *r, const char *at)
{
	return (uint32_t)(at - r->line_start) + 1;
}

__attribute__((format(printf, 4, 5)))
static void fault(struct named_reader *r, uint32_t line, uint32_t column, const char *format, ...)
{
	char text[600];
	va_list arguments;
	r->had_fault = true;
	if (r->is_silent)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	builder_error(r->builder, (struct config_where){r->source, line, column}, "%s", text);
}

static void skip_line(struct named_reader *r)
{
	const char *end = memchr(r->at, '\n', (size_t)(r->end - r->at));
	r->at = end ? end : r->end;
}

static void newline(struct named_reader *r)
{
	r->line++;
	r->line_start = r->at;
}

static void skip_long_comment(struct named_reader *r)
{
	uint32_t line = r->line, column = column_of(r, r->at);
	for (r->at += 2; r->at < r->end; ) {
		if (r->end - r->at >= 2 && r->at[0] == '*' && r->at[1] == '/') {
			r->at += 2;
			return;
		}
		if (*r->at++ == '\n')
			newline(r);
	}
	fault(r, line, column, "this comment has no '*/'");
}

static bool is_comment(const struct named_reader *r)
{
	return *r->at == '#' ||
	       (*r->at == '/' && r->end - r->at >= 2 && (r->at[1] == '/' || r->at[1] == '*'));
}

static void skip_blank(struct named_reader *r)
{
	while (r->at < r->end) {
		char c = *r->at;
		if (c == '\n') {
			r->at++;
			newline(r);
		} else if (c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v') {
			r->at++;
		} else if (!is_comment(r)) {
			return;
		} else if (r->at[0] == '/' && r->at[1] == '*') {
			skip_long_comment(r);
		} else {
			skip_line(r);
		}
	}
}

static bool ends_word(const struct named_reader *r)
{
	unsigned char c = (unsigned char)*r->at;
	return c <= ' ' || c == '{' || c == '}' || c == ';' || c == '"' || c == '!' ||
	       ((c == '/' || c == '#') && is_comment(r));
}

// Strings may run over lines: trust anchors do.
static void lex_string(struct named_reader *r, struct token *token)
{
	token->kind = TOKEN_STRING;
	token->start = ++r->at;
	for (; r->at < r->end && *r->at != '"'; r->at++) {
		if (*r->at == '\\' && r->end - r->at >= 2) {
			token->has_escape = true;
			r->at++;
		}
		if (*r->at == '\n') {
			r->line++;
			r->line_start = r->at + 1;
		}
	}
	token->length = (size_t)(r->at - token->start);
	if (r->at < r->end)
		r->at++;
	else {
		fault(r, token->line, token->column, "this string has no closing '\"'");
		r->ended_in_block = true; // what is open stays so
	}
}

static struct token lex(struct named_reader *r)
{
	skip_blank(r);
	struct token token = {.kind = TOKEN_END, .line = r->line,
	                      .column = column_of(r, r->at), .start = r->at};
	if (r->at >= r->end)
		return token;
	char c = *r->at;
	if (c == '{' || c == '}' || c == ';' || c == '!') {
		token.kind = TOKEN_SIGN;
		token.sign = c;
		r->at++;
		return token;
	}
	if (c == '"') {
		lex_string(r, &token);
		return token;
	}
	token.kind = TOKEN_WORD;
	if ((unsigned char)c < ' ') {
		fault(r, token.line, token.column, "a control byte (0x%02x) stands here", (unsigned char)c);
		r->at++;
	}
	while (r->at < r->end && !ends_word(r))
		r->at++;
	token.length = (size_t)(r->at - token.start);
	return token;
}

bool named_next_is(struct named_reader *r, const char *word)
{
	struct named_reader saved = *r;
	r->is_silent = true;
	struct token token = lex(r);
	*r = saved;
	return token.kind == TOKEN_WORD && token.length == strlen(word) &&
	       strncasecmp(token.start, word, token.length) == 0;
}

static const char *token_text(struct named_reader *r, const struct token *token)
{
	char *text = pool_text(r->pool, token->start, token->length);
	size_t kept = 0;
	if (memchr(text, '\0', token->length))
		fault(r, token->line, token->column, "a zero byte stands in this word");
	if (!token->has_escape)
		return text;
	for (size_t i = 0; i < token->length; i++) {
		if (text[i] == '\\' && (text[i + 1] == '"' || text[i + 1] == '\\'))
			i++;
		text[kept++] = text[i];
	}
	text[kept] = '\0';
	return text;
}

static struct named_value *new_value(struct named_reader *r, const struct token *token)
{
	struct named_value *value = pool_new(r->pool, sizeof *value);
	value->line = token->line;
	value->column = token->column;
	value->text = "";
	if (token->kind == TOKEN_SIGN) {
		value->kind = token->sign == '!' ? NAMED_NOT : NAMED_BLOCK;
	} else {
		value->kind = token->kind == TOKEN_WORD ? NAMED_WORD : NAMED_STRING;
		value->text = token_text(r, token);
	}
	return value;
}

// The few words that go on with a statement behind a block; before any other
// a ';' is missing.
static bool goes_on_after_block(struct named_reader *r)
{
	static const char *const words[] = {
		"keys", "allow", "read-only", "zone-directory", "in-memory", "min-update-interval",
		"except-from", "break-dnssec", "max-policy-ttl", "min-ns-dots", "nsip-wait-recurse",
		"nsdname-wait-recurse", "qname-wait-recurse", "recursive-only", "nsip-enable",
		"nsdname-enable", "add-soa", "dnsrps-enable", "dnsrps-options", "default-primaries",
		"default-masters", "transport", "perm",
	};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (named_next_is(r, words[i]))
			return true;
	return false;
}

static struct named_statement *read_block(struct named_reader *r, struct named_value *block,
                                          const struct named_value *owner, unsigned depth);

// Reads the values of a statement that begins with `token`, to its ';'.
static struct named_statement *read_statement(struct named_reader *r, struct token token,
                                              unsigned depth, const char *opener, bool *opens)
{
	struct named_statement *statement = pool_new(r->pool, sizeof *statement);
	struct named_value **link = &statement->first, *last = NULL;
	statement->file = r->source;
	for (;; token = lex(r)) {
		if (token.kind == TOKEN_SIGN && token.sign == ';')
			return statement;
		if (token.kind == TOKEN_END || (token.kind == TOKEN_SIGN && token.sign == '}')) {
			if (token.kind == TOKEN_END && !r->had_fault)
				fault(r, token.line, token.column, "the file ends inside a statement: missing ';' after '%s'",
				      last && last->kind != NAMED_BLOCK ? last->text : "}");
			else if (token.kind != TOKEN_END)
				fault(r, token.line, token.column, "missing ';' before '}'");
			r->at = token.start; // the block's end is still to be read
			return statement;
		}
		last = *link = new_value(r, &token);
		link = &last->next;
		if (last->kind != NAMED_BLOCK)
			continue;
		if (opener && named_is(statement->first, opener)) {
			*opens = true;
			return statement;
		}
		last->block = read_block(r, last, statement->first, depth + 1);
		const char *after = r->at;
		uint32_t line = r->line, column = column_of(r, after);
		if (r->is_cut)
			return statement;
		skip_blank(r);
		if (r->at < r->end && *r->at != ';' && *r->at != '{' && !goes_on_after_block(r)) {
			fault(r, line, column, "missing ';' after '}'");
			return statement;
		}
	}
}

// A zone inside a zone: the '}' before it is missing.
static bool begins_next_zone(const struct token *token, const struct named_value *owner, unsigned depth)
{
	return depth == 1 && token->kind == TOKEN_WORD && token->length == 4 &&
	       strncasecmp(token->start, "zone", 4) == 0 && (named_is(owner, "zone") || named_is(owner, "options"));
}

static struct named_statement *read_block(struct named_reader *r, struct named_value *block,
                                          const struct named_value *owner, unsigned depth)
{
	struct named_statement *first = NULL, **link = &first;
	for (;;) {
		struct token token = lex(r);
		if (token.kind == TOKEN_SIGN && token.sign == '}') {
			block->end_line = token.line;
			block->end_column = token.column;
			return first;
		}
		if (token.kind == TOKEN_END) {
			// Of many the innermost is the likely one.
			if (!r->ended_in_block)
				fault(r, block->line, block->column, "this '{' has no '}'");
			r->ended_in_block = true;
			return first;
		}
		if (token.kind == TOKEN_SIGN && token.sign == ';')
			continue;
		if (begins_next_zone(&token, owner, depth)) {
			fault(r, token.line, token.column, "missing '};' before this zone: the '{' of line %u is still open",
			      block->line);
			r->at = token.start;
			r->is_cut = true;
			return first;
		}
		if (depth > MAX_DEPTH) {
			fault(r, token.line, token.column, "blocks are nested more than %d deep", MAX_DEPTH);
			r->at = r->end;
			r->ended_in_block = true;
			return first;
		}
		*link = read_statement(r, token, depth, NULL, NULL);
		link = &(*link)->next;
	}
}

enum named_result named_read(struct named_reader *r, const char *opener,
                             struct named_statement **statement)
{
	bool opens = false;
	r->had_fault = r->is_cut = false;
	for (;;) {
		struct token token = lex(r);
		if (token.kind == TOKEN_END)
			return NAMED_END;
		if (token.kind == TOKEN_SIGN && token.sign == '}')
			return NAMED_CLOSES;
		if (token.kind == TOKEN_SIGN && token.sign == ';')
			continue;
		*statement = read_statement(r, token, 0, opener, &opens);
		if ((*statement)->first)
			return opens ? NAMED_OPENS : NAMED_STATEMENT;
	}
}

void named_read_closing(struct named_reader *r)
{
	const char *after = r->at;
	uint32_t line = r->line, column = column_of(r, after);
	skip_blank(r);
	if (r->at < r->end && *r->at == ';')
		r->at++;
	else
		fault(r, line, column, "missing ';' after '}'");
}
