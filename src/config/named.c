// SPDX-License-Identifier: GPL-3.0-or-later
// named.conf from end to end: the two passes.
#include "config/named.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void queue_add(struct named_queue *queue, struct named_statement *s)
{
	*queue->link = s;
	queue->link = &s->next;
}

static void remember_zone(struct named *n, const struct named_reader *before)
{
	n->places = builder_grow(n->builder, n->places, n->place_count + 1, &n->place_room, sizeof *n->places);
	n->places[n->place_count++] = (struct named_place){
		before->at, before->line_start, before->source, before->line, n->in_view,
	};
}

static void first_pass(void *context, uint32_t source);

static void read_options(struct named *n, struct named_statement *s)
{
	if (n->options.first)
		builder_error(n->builder, named_where(s, s->first), "'options' stands twice, first at %s",
		              builder_place(n->builder, named_where(n->options.first, n->options.first->first)));
	else if (named_block_of(n, s)) {
		queue_add(&n->options, s);
		// Includes behind the options stand under their directory.
		for (const struct named_statement *e = named_block_of(n, s)->block; e; e = e->next)
			if (named_is(e->first, "directory") && e->first->next && e->first->next->kind != NAMED_BLOCK)
				n->include_directory = e->first->next->text;
	}
}

static void refuse_top(struct named *n, const struct named_statement *s)
{
	struct config_where where = named_where(s, s->first);
	const char *text = s->first->text;
	const struct named_word *word = named_word_find_in(n, text, ~0u);
	if (s->first->kind == NAMED_BLOCK || s->first->kind == NAMED_NOT)
		builder_error(n->builder, where, "a statement is wanted here, not '%s'",
		              s->first->kind == NAMED_BLOCK ? "{" : "!");
	else if (!word)
		builder_error(n->builder, where, "'%s' is not known%s", text,
		              named_word_suggest(n, text, NAMED_TOP));
	else if ((word->contexts & (NAMED_ZONE | NAMED_OPTIONS)) == (NAMED_ZONE | NAMED_OPTIONS))
		builder_error(n->builder, where, "'%s' does not stand alone: put it into the zone { … } that it is about, "
		              "or into options { … } for all zones", text);
	else
		builder_error(n->builder, where, "'%s' does not stand alone: it belongs in %s", text,
		              named_context_name(word->contexts));
}

static void top_statement(struct named *n, struct named_statement *s)
{
	const char *text = s->first->text;
	const struct named_value *value = s->first->next;
	if (strcasecmp(text, "options") == 0)
		read_options(n, s);
	else if (strcasecmp(text, "key") == 0)
		named_read_key(n, s);
	else if (strcasecmp(text, "acl") == 0)
		named_list_add(n, &n->acls, "acl", s);
	else if (strcasecmp(text, "primaries") == 0 || strcasecmp(text, "masters") == 0 ||
	         strcasecmp(text, "remote-servers") == 0)
		named_list_add(n, &n->remotes, "the list", s);
	else if (strcasecmp(text, "template") == 0)
		named_list_add(n, &n->templates, "template", s);
	else if (strcasecmp(text, "logging") == 0)
		named_keep_logging(n, s);
	else if (strcasecmp(text, "tls") == 0)
		named_read_tls(n, s);
	else if (strcasecmp(text, "server") == 0)
		queue_add(&n->servers, s);
	else if (strcasecmp(text, "include") == 0) {
		if ((value = named_single(n, s)))
			source_include(n->builder, value->text, n->include_directory, named_where(s, value), first_pass, n);
	} else {
		const struct named_word *word = named_word_find_in(n, text, NAMED_TOP);
		if (word && word->action == NAMED_IGNORED)
			named_ignore(n, word, s, "the top level");
		else
			refuse_top(n, s);
	}
}

static void view_statement(struct named *n, struct named_statement *s)
{
	if (n->is_second_view)
		return;
	const struct named_word *top = named_word_find_in(n, s->first->text, NAMED_TOP | NAMED_VIEW);
	bool is_top = top && (top->contexts & NAMED_TOP);
	if (is_top && (top->contexts & NAMED_VIEW || named_is(s->first, "include")))
		top_statement(n, s);
	else
		queue_add(&n->view, s);
}

static void open_view(struct named *n, struct named_statement *s, bool is_nested)
{
	const struct named_value *name = s->first->next;
	if (is_nested)
		builder_error(n->builder, named_where(s, s->first), "a view inside a view");
	else if (n->view_head)
		builder_error(n->builder, named_where(s, s->first),
		              "views are not implemented: one view that matches any is read as no view, this is a second one");
	else if (!name || name->kind == NAMED_BLOCK)
		builder_error(n->builder, named_where(s, s->first), "'view' wants a name");
	n->is_second_view = n->view_head != NULL;
	if (!n->view_head)
		n->view_head = s;
}

// Reads the statements of a file, or of a view in it.
static void read_level(struct named *n, struct named_reader *reader, bool is_view)
{
	struct named_statement *s;
	for (;;) {
		struct named_reader before = *reader;
		bool is_zone = named_next_is(reader, "zone");
		reader->pool = is_zone ? &n->work : &n->builder->scratch;
		enum named_result result = named_read(reader, "view", &s);
		if (result == NAMED_END && is_view && !reader->ended_in_block)
			builder_error(n->builder, named_where(n->view_head, n->view_head->first), "this view has no '}'");
		if (result == NAMED_END || (result == NAMED_CLOSES && is_view))
			return;
		if (result == NAMED_CLOSES) {
			builder_error(n->builder, (struct config_where){reader->source, reader->line,
			              (uint32_t)(reader->at - reader->line_start)}, "a '}' too many");
		} else if (result == NAMED_OPENS) {
			open_view(n, s, n->in_view);
			bool outer = n->in_view;
			if (outer)
				return;
			n->in_view = true;
			read_level(n, reader, true);
			n->in_view = outer;
			named_read_closing(reader);
		} else if (is_zone) {
			if (!reader->had_fault && !(n->in_view && n->is_second_view))
				remember_zone(n, &before);
			pool_reset(&n->work);
		} else if (n->in_view) {
			view_statement(n, s);
		} else {
			top_statement(n, s);
		}
	}
}

static void first_pass(void *context, uint32_t source)
{
	struct named *n = context;
	struct named_reader reader;
	named_reader_init(&reader, n->builder, source);
	read_level(n, &reader, false);
}

// Zones that say nothing of their own take both from the options; their place
// is that of the block where none of the two stands in it, but in an include.
static void note_bounds(const struct named_statement *options, const struct named_statement *first,
                        const char *least_word, const char *most_word, uint32_t least, uint32_t most,
                        struct shared_bounds *bounds)
{
	*bounds = (struct shared_bounds){.where = named_where(options, options->first), .least = least, .most = most};
	for (const struct named_statement *s = first; s; s = s->next)
		if (named_is(s->first, least_word) || named_is(s->first, most_word))
			bounds->where = named_where(s, s->first);
}

static void note_all_bounds(struct named *n, const struct config_policy *policy)
{
	const struct named_statement *options = n->options.first;
	if (!options)
		return;
	const struct named_statement *first = named_block_of(n, options)->block;
	note_bounds(options, first, "min-refresh-time", "max-refresh-time", policy->min_refresh, policy->max_refresh,
	            &n->builder->refresh);
	note_bounds(options, first, "min-retry-time", "max-retry-time", policy->min_retry, policy->max_retry,
	            &n->builder->retry);
}

static void apply_options(struct named *n, struct named_scope *scope)
{
	struct config_server *server = &n->builder->config->server;
	scope->context = NAMED_OPTIONS;
	scope->generation = ++n->generation;
	if (n->options.first)
		named_apply(n, scope, named_block_of(n, n->options.first)->block);
	note_all_bounds(n, &scope->policy);
	// All that speak to the server must find the same one, wherever they are
	// started: a state-dir does not hang on the working directory.
	if (server->state_dir && !server->directory)
		server->state_dir = builder_path(n->builder, builder_own_folder(n->builder), server->state_dir);
	n->directory = server->directory ? server->directory : builder_working_directory(n->builder);
	server->directory = builder_path(n->builder, builder_working_directory(n->builder), n->directory);
	n->directory = server->directory;
	if (server->state_dir)
		server->state_dir = builder_path(n->builder, n->directory, server->state_dir);
	if (server->log_file)
		server->log_file = builder_path(n->builder, n->directory, server->log_file);
	if (server->pid_file)
		server->pid_file = builder_path(n->builder, n->directory, server->pid_file);
	named_apply_logging(n);
}

static void apply_view(struct named *n, struct named_scope *scope)
{
	if (!n->view_head)
		return;
	struct config_where where = named_where(n->view_head, n->view_head->first);
	const char *name = n->view_head->first->next ? n->view_head->first->next->text : "";
	scope->context = NAMED_VIEW;
	scope->generation = ++n->generation;
	named_apply(n, scope, n->view.first);
	const struct acl *clients = scope->match_clients ? named_acl(n, scope->match_clients) : &acl_any;
	if (clients != &acl_any || scope->match_destinations || scope->match_recursive)
		builder_error(n->builder, where, "view \"%s\" does not match everyone: views are not implemented", name);
	else if (n->has_top_zone)
		builder_error(n->builder, where, "zones stand both in view \"%s\" and outside of it: views are not implemented", name);
	else
		builder_warn(n->builder, where, "views are not implemented: the zones of view \"%s\", which matches any, "
		             "are read as if there were no view", name);
}

static void second_pass(struct named *n, const struct named_scope *around)
{
	for (uint32_t i = 0; i < n->place_count; i++) {
		const struct named_place *place = &n->places[i];
		struct named_reader reader;
		struct named_statement *s;
		named_reader_init(&reader, n->builder, place->source);
		reader.at = place->at;
		reader.line = place->line;
		reader.line_start = place->line_start;
		reader.pool = &n->work;
		reader.is_silent = true;
		if (named_read(&reader, NULL, &s) == NAMED_STATEMENT)
			named_read_zone(n, around, s);
		pool_reset(&n->work);
	}
}

static void defaults(struct named *n, struct named_scope *scope)
{
	builder_default_policy(n->builder, &scope->policy);
	scope->policy.min_refresh = 300; // as BIND
	scope->policy.min_retry = 500;
	scope->policy.min_rate_bytes = 10240;
	scope->policy.min_rate_seconds = 300;
	n->port = 53;
	n->options.link = &n->options.first;
	n->servers.link = &n->servers.first;
	n->view.link = &n->view.first;
	n->listens.link = &n->listens.first;
	n->work.escape = &n->builder->escape;
}

void named_read_config(struct builder *b)
{
	// In scratch, so that builder_end() finds what a jump leaves behind.
	struct named *n = pool_new(&b->scratch, sizeof *n);
	struct named_scope *scope = pool_new(&b->scratch, sizeof *scope);
	n->builder = b;
	b->named = n;
	named_words_init(n);
	defaults(n, scope);
	first_pass(n, 0);
	for (uint32_t i = 0; i < n->place_count; i++)
		n->has_top_zone = n->has_top_zone || !n->places[i].in_view;
	apply_options(n, scope);
	for (const struct named_statement *s = n->servers.first; s; s = s->next)
		named_read_server(n, s);
	apply_view(n, scope);
	named_build_listeners(n);
	second_pass(n, scope);
	named_check_lists(n);
	if (n->without_transfer)
		builder_warn(b, n->first_without_transfer, "no allow-transfer holds for this zone%s: transfers of it are "
		             "refused (BIND 9.18 allowed any); say allow-transfer { … }; in the zone or in options",
		             n->without_transfer == 1 ? "" : " and others");
	named_warn_ignored(n);
}

void named_free(struct named *n)
{
	pool_free(&n->work);
	free(n->places);
	free(n->found);
}
