// SPDX-License-Identifier: GPL-3.0-or-later
// Blocks of options: which words may stand there, once, with what values.
#include <string.h>
#include <strings.h>

#include "config/named.h"
#include "config/scalar.h"

void named_too_much(struct named *n, const struct named_statement *s,
                    const struct named_value *value)
{
	struct config_where where = named_where(s, value);
	if (value->kind == NAMED_BLOCK)
		builder_error(n->builder, where, "'%s' takes no { … } here", s->first->text);
	else if (value->kind == NAMED_WORD && value->line > s->first->line)
		builder_error(n->builder, where, "missing ';' before '%s'", value->text);
	else
		builder_error(n->builder, where, "unexpected '%s' after '%s'; missing ';'?",
		              value->kind == NAMED_NOT ? "!" : value->text, s->first->text);
}

const struct named_value *named_single(struct named *n, const struct named_statement *s)
{
	const struct named_value *value = s->first->next;
	if (!value || value->kind == NAMED_BLOCK || value->kind == NAMED_NOT) {
		builder_error(n->builder, named_where(s, value ? value : s->first),
		              "'%s' wants one value", s->first->text);
		return NULL;
	}
	if (value->next) {
		named_too_much(n, s, value->next);
		return NULL;
	}
	return value;
}

const struct named_value *named_block_of(struct named *n, const struct named_statement *s)
{
	const struct named_value *last = s->first;
	while (last->next && last->kind != NAMED_BLOCK)
		last = last->next;
	if (last->kind != NAMED_BLOCK) {
		builder_error(n->builder, named_where(s, s->first), "'%s' wants a list in { … }",
		              s->first->text);
		return NULL;
	}
	if (last->next) {
		named_too_much(n, s, last->next);
		return NULL;
	}
	return last;
}

void named_ignore(struct named *n, const struct named_word *word,
                  const struct named_statement *s, const char *context)
{
	uint32_t i = (uint32_t)(word - named_words);
	if (n->ignored[i].count++ == 0) {
		n->ignored[i].where = named_where(s, s->first);
		n->ignored[i].context = context;
	}
}

void named_warn_ignored(struct named *n)
{
	for (uint32_t i = 0; i < named_word_count; i++) {
		uint32_t count = n->ignored[i].count;
		if (count == 1)
			builder_warn(n->builder, n->ignored[i].where, "'%s' has no effect: %s",
			             named_words[i].name, named_words[i].meaning);
		else if (count)
			builder_warn(n->builder, n->ignored[i].where,
			             "'%s' has no effect: %s (it stands at %u more place%s)",
			             named_words[i].name, named_words[i].meaning, count - 1, count == 2 ? "" : "s");
	}
}

static void refuse_value(struct named *n, const struct named_statement *s,
                         const struct named_value *value, const char *wanted)
{
	builder_error(n->builder, named_where(s, value), "'%s' wants %s, not '%s'",
	              s->first->text, wanted, value->text);
}

// Checks and stores one plain value.
static void set_value(struct named *n, const struct named_word *word, uint8_t *base,
                      const struct named_statement *s)
{
	const struct named_value *value = named_single(n, s);
	uint64_t number;
	uint32_t seconds;
	bool flag;
	if (!value)
		return;
	switch (word->action) {
	case NAMED_SET_BOOL:
	case NAMED_SERVER_BOOL:
		if (scalar_bool(value->text, &flag))
			memcpy(base + word->offset, &flag, sizeof flag);
		else
			refuse_value(n, s, value, "yes or no");
		return;
	case NAMED_SET_SECONDS:
		if (scalar_seconds(value->text, &seconds))
			memcpy(base + word->offset, &seconds, sizeof seconds);
		else
			refuse_value(n, s, value, "a time in seconds");
		return;
	case NAMED_SET_MINUTES:
		if (scalar_number(value->text, UINT32_MAX / 60, &number)) {
			seconds = (uint32_t)number * 60;
			memcpy(base + word->offset, &seconds, sizeof seconds);
		} else {
			refuse_value(n, s, value, "a number of minutes");
		}
		return;
	case NAMED_SET_SIZE:
		if (scalar_size(value->text, &number))
			memcpy(base + word->offset, &number, sizeof number);
		else
			refuse_value(n, s, value, "a size in bytes (k, m or g behind it) or unlimited");
		return;
	case NAMED_SET_TEXT:
	case NAMED_SERVER_TEXT:
	case NAMED_SERVER_PATH: {
		// Interned: policies are compared by what they point to.
		const char *kept = intern_add(&n->builder->intern, 100, value->text,
		                              strlen(value->text) + 1);
		memcpy(base + word->offset, &kept, sizeof kept);
		return;
	}
	default:
		if (scalar_number(value->text, UINT32_MAX, &number)) {
			seconds = (uint32_t)number;
			memcpy(base + word->offset, &seconds, sizeof seconds);
		} else {
			refuse_value(n, s, value, "a number");
		}
	}
}

// Values that nothing comes of are told of, unless they say what holds anyway.
static void set_policy(struct named *n, const struct named_word *word, struct named_scope *scope,
                       const struct named_statement *s)
{
	uint32_t errors = n->builder->report->errors;
	set_value(n, word, (uint8_t *)&scope->policy, s);
	if (!word->meaning || n->builder->report->errors != errors)
		return;
	struct config_policy plain, said;
	builder_default_policy(n->builder, &plain);
	memcpy(&said, &plain, sizeof said);
	set_value(n, word, (uint8_t *)&said, s);
	if (memcmp(&said, &plain, sizeof said) != 0)
		named_ignore(n, word, s, named_context_name(scope->context));
}

static bool is_second(struct named *n, const struct named_scope *scope,
                      const struct named_word *word, const struct named_statement *s)
{
	uint32_t i = (uint32_t)(word - named_words);
	bool again = n->seen[i].generation == scope->generation && !word->may_repeat;
	if (again)
		builder_error(n->builder, named_where(s, s->first), "'%s' stands twice in this %s, first at %s",
		              s->first->text, named_context_name(scope->context),
		              builder_place(n->builder, (struct config_where){n->seen[i].file, n->seen[i].line, 0}));
	n->seen[i].generation = scope->generation;
	n->seen[i].file = s->file;
	n->seen[i].line = s->first->line;
	return again;
}

static void refuse_word(struct named *n, const struct named_scope *scope,
                        const struct named_statement *s)
{
	const char *word = s->first->text;
	const struct named_word *elsewhere = named_word_find_in(n, word, ~0u);
	struct config_where where = named_where(s, s->first);
	if (s->first->kind == NAMED_BLOCK || s->first->kind == NAMED_NOT)
		builder_error(n->builder, where, "a statement is wanted here, not '%s'",
		              s->first->kind == NAMED_BLOCK ? "{" : "!");
	else if (elsewhere)
		builder_error(n->builder, where, "'%s' does not belong in %s but in %s", word,
		              named_context_name(scope->context), named_context_name(elsewhere->contexts));
	else
		builder_error(n->builder, where, "'%s' is not known in %s%s", word,
		              named_context_name(scope->context),
		              named_word_suggest(n, word, scope->context));
}

void named_apply_one(struct named *n, struct named_scope *scope, const struct named_statement *s)
{
	const struct named_word *word = s->first->kind == NAMED_WORD || s->first->kind == NAMED_STRING
		? named_word_find_in(n, s->first->text, scope->context) : NULL;
	if (!word) {
		refuse_word(n, scope, s);
		return;
	}
	if (is_second(n, scope, word, s))
		return;
	switch (word->action) {
	case NAMED_IGNORED:
		named_ignore(n, word, s, named_context_name(scope->context));
		break;
	case NAMED_HANDLED:
		word->handler(n, scope, s);
		break;
	case NAMED_TOPLEVEL:
		refuse_word(n, scope, s);
		break;
	case NAMED_KEEP:
		memcpy((uint8_t *)scope + word->offset, &s, sizeof s);
		break;
	case NAMED_SERVER_BOOL:
	case NAMED_SERVER_NUMBER:
	case NAMED_SERVER_TEXT:
	case NAMED_SERVER_PATH:
		set_value(n, word, (uint8_t *)&n->builder->config->server, s);
		if (word->meaning)
			named_ignore(n, word, s, named_context_name(scope->context));
		break;
	default:
		set_policy(n, word, scope, s);
	}
}

void named_apply(struct named *n, struct named_scope *scope, const struct named_statement *first)
{
	for (const struct named_statement *s = first; s; s = s->next)
		named_apply_one(n, scope, s);
}

// Files that stand inside blocks are read once, however many zones have them.
struct named_cache {
	struct named_cache *next;
	const char *pattern;
	uint32_t by;
	struct named_queue statements;
};

static void read_include(void *context, uint32_t source)
{
	struct named *n = context;
	struct named_reader reader;
	struct named_statement *s;
	named_reader_init(&reader, n->builder, source);
	for (;;) {
		enum named_result result = named_read(&reader, NULL, &s);
		if (result == NAMED_END)
			return;
		if (result == NAMED_CLOSES) {
			builder_error(n->builder, (struct config_where){source, reader.line, 0}, "a '}' too many");
			return;
		}
		*n->includes->statements.link = s;
		n->includes->statements.link = &s->next;
	}
}

void named_include_here(struct named *n, struct named_scope *scope, const struct named_statement *s)
{
	const struct named_value *value = named_single(n, s);
	if (!value)
		return;
	for (struct named_cache *c = n->includes; c; c = c->next)
		if (c->by == s->file && strcmp(c->pattern, value->text) == 0) {
			named_apply(n, scope, c->statements.first);
			return;
		}
	struct named_cache *cache = pool_new(&n->builder->scratch, sizeof *cache);
	cache->pattern = pool_text(&n->builder->scratch, value->text, strlen(value->text));
	cache->by = s->file;
	cache->statements.link = &cache->statements.first;
	cache->next = n->includes;
	n->includes = cache;
	source_include(n->builder, cache->pattern, n->include_directory, named_where(s, value), read_include, n);
	named_apply(n, scope, cache->statements.first);
}
