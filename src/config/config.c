// SPDX-License-Identifier: GPL-3.0-or-later
// From a file, bytes or arguments to a checked model.
#include "config/config.h"

#include <ifaddrs.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "config/named.h"
#include "config/nsd.h"
#include "config/arguments.h"
#include "config/check.h"

// Where a configuration comes from: a path, bytes, or arguments.
struct origin {
	const char *path;
	const char *name, *text;
	size_t length;
	const struct config_arguments *arguments;
	const struct config_overrides *overrides;
	bool dialect_is_known;
	enum config_dialect dialect;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v';
}

// The first word behind blanks and "#" comments; NULL at the end. Only
// named.conf begins with another kind of comment.
static const char *first_word(const char *at, const char *end, size_t *length)
{
	while (at < end && (is_blank(*at) || *at == '#')) {
		if (*at == '#')
			while (at < end && *at != '\n')
				at++;
		else
			at++;
	}
	const char *start = at;
	while (at < end && !is_blank(*at) && *at != '#')
		at++;
	*length = (size_t)(at - start);
	return at > start ? start : NULL;
}

static bool is_one_of(const char *word, size_t length, const char *const *words)
{
	for (; *words; words++)
		if (strlen(*words) == length && strncasecmp(word, *words, length) == 0)
			return true;
	return false;
}

// nsd.conf begins with "word:"; so does knot.conf, whose lists begin with "-".
static bool detect(struct builder *b, const struct source *source, enum config_dialect *dialect)
{
	static const char *const knot[] = {
		"-", "listen:", "listen-tls:", "listen-quic:", "rundir:", "user:", "target:", "id:", "domain:",
		"automatic-acl:", "template:", "remotes:", NULL,
	};
	static const char *const knot_sections[] = {"acl:", "remote:", "remotes:", "template:", "log:",
		"control:", "database:", "submission:", "policy:", "mod-stats:", "statistics:", NULL};
	const char *at = source->text, *end = at + source->length;
	size_t length, next_length;
	if (source->length >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0)
		at += 3;
	const char *word = first_word(at, end, &length);
	*dialect = CONFIG_NAMED;
	if (!word || word[length - 1] != ':' || word[0] == '"' || word[0] == '{')
		return true;
	*dialect = CONFIG_NSD;
	const char *next = first_word(word + length, end, &next_length);
	if (is_one_of(word, length, knot_sections) ||
	    (next && is_one_of(next, next_length, knot) && strncasecmp(word, "include:", length) != 0)) {
		builder_error(b, (struct config_where){.file = 0},
		              "this looks like a knot.conf, which is not read yet; named.conf and nsd.conf are");
		return false;
	}
	return true;
}

static void begin(struct builder *b)
{
	b->config = pool_new(&b->pool, sizeof *b->config);
	b->config->hidden = pool_new(&b->pool, sizeof *b->config->hidden);
	b->intern.pool = &b->pool;
	atomic_init(&b->config->hidden->holders, 1);
	builder_default_server(b, &b->config->server);
}

static void read_origin(struct builder *b, const struct origin *origin)
{
	struct config *config = b->config;
	if (origin->arguments) {
		config->dialect = CONFIG_ARGUMENTS;
		arguments_read(b, origin->arguments);
		return;
	}
	int first = origin->path
		? source_open(b, origin->path, (struct config_where){0}, UINT32_MAX)
		: source_add(b, origin->name, origin->text, origin->length, UINT32_MAX);
	if (first < 0)
		return;
	config->dialect = origin->dialect;
	if (!origin->dialect_is_known && !detect(b, &b->sources[first], &config->dialect))
		return;
	if (config->dialect == CONFIG_NSD)
		nsd_read_config(b);
	else
		named_read_config(b);
}

static int compare_messages(const void *a, const void *b)
{
	const struct config_message *x = a, *y = b;
	if (x->where.file != y->where.file)
		return x->where.file < y->where.file ? -1 : 1;
	if (x->where.line != y->where.line)
		return x->where.line < y->where.line ? -1 : 1;
	if (x->where.column != y->where.column)
		return x->where.column < y->where.column ? -1 : 1;
	return x->severity != y->severity ? (x->severity < y->severity ? -1 : 1) : 0;
}

// What outlives the reader: keys and file names as arrays, the pool itself.
static void finish(struct builder *b)
{
	struct config *config = b->config;
	const struct config_key **keys =
		pool_alloc(&b->pool, (b->key_count + 1) * sizeof *keys, alignof(void *));
	for (uint32_t i = 0; i < b->key_count; i++)
		if (b->keys[i]->tsig.secret_length)
			keys[config->key_count++] = b->keys[i];
	config->keys = keys;
	config->files = pool_alloc(&b->pool, (b->source_count + 1) * sizeof *config->files, alignof(void *));
	for (uint32_t i = 0; i < b->source_count; i++)
		config->files[i] = b->sources[i].path;
	config->file_count = b->source_count;
	if (config->zone_count) {
		void *trimmed = realloc(config->zones, config->zone_count * sizeof *config->zones);
		if (trimmed)
			config->zones = trimmed;
	}
	config->hidden->pool = b->pool;
	config->bytes = b->pool.bytes + config->zone_count * sizeof *config->zones +
		(config->hidden->zone_index ? (config->hidden->zone_index_mask + 1ull) * sizeof(uint32_t) : 0);
	b->config = NULL;
	b->pool = (struct pool){0};
}

// Gives back the reader's things, and the model where it did not come about.
static void end(struct builder *b)
{
	for (uint32_t i = 0; i < b->source_count; i++) {
		explicit_bzero(b->sources[i].text, b->sources[i].length); // keys stand in it
		free(b->sources[i].text);
	}
	free(b->sources);
	free(b->pending_text);
	globfree(&b->pending_glob);
	freeifaddrs(b->pending_host);
	free(b->remotes);
	free(b->keys);
	free(b->tls);
	intern_free(&b->intern);
	if (b->named)
		named_free(b->named);
	if (b->nsd)
		nsd_free(b->nsd);
	if (b->config) {
		free(b->config->hidden ? b->config->hidden->zone_index : NULL);
		free(b->config->zones);
		free(b->config->peers);
		free(b->config->server.listen);
	}
	pool_free(&b->scratch);
	pool_free(&b->pool);
	free(b);
}

static int read_config(const struct origin *origin, struct config_report *report,
                       struct config **config)
{
	struct builder *b = calloc(1, sizeof *b);
	*config = NULL;
	if (!b)
		return ERR_MEMORY;
	b->report = report;
	b->may_open = origin->path != NULL || origin->arguments;
	b->pool.escape = b->scratch.escape = &b->escape;
	if (setjmp(b->escape) != 0) {
		end(b);
		return ERR_MEMORY;
	}
	begin(b);
	read_origin(b, origin);
	arguments_override(b, origin->overrides);
	if (report->errors == 0 || b->config->zone_count)
		check_config(b);
	if (report->count)
		qsort(report->messages, report->count, sizeof *report->messages, compare_messages);
	int result = report->errors ? ERR_FORMAT : ERR_OK;
	if (result == ERR_OK) {
		builder_keep_files(b);
		struct config *made = b->config;
		finish(b);
		*config = made;
	}
	end(b);
	return result;
}

int config_read_file(const char *path, const struct config_overrides *overrides,
                     struct config_report *report, struct config **config)
{
	struct origin origin = {.path = path, .overrides = overrides};
	return read_config(&origin, report, config);
}

int config_read_memory(const char *name, const char *text, size_t length,
                       const struct config_overrides *overrides,
                       struct config_report *report, struct config **config)
{
	struct origin origin = {.name = name, .text = text, .length = length, .overrides = overrides};
	return read_config(&origin, report, config);
}

int config_read_memory_as(enum config_dialect dialect, const char *name, const char *text,
                          size_t length, struct config_report *report, struct config **config)
{
	struct origin origin = {.name = name, .text = text, .length = length,
	                        .dialect_is_known = true, .dialect = dialect};
	return read_config(&origin, report, config);
}

int config_from_arguments(const struct config_arguments *arguments,
                          const struct config_overrides *overrides,
                          struct config_report *report, struct config **config)
{
	struct origin origin = {.arguments = arguments, .overrides = overrides};
	return read_config(&origin, report, config);
}
