// SPDX-License-Identifier: GPL-3.0-or-later
// nsd.conf from end to end.
#include "config/nsd.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "config/scalar.h"

struct pool *nsd_pool(struct nsd *n)
{
	return n->section == NSD_ZONE ? &n->work : &n->builder->scratch;
}

void *nsd_append(struct nsd *n, struct nsd_vector *vector, size_t each)
{
	if (vector->count == vector->room) {
		uint32_t room = vector->count ? vector->count * 2 : 2;
		uint8_t *data = pool_alloc(nsd_pool(n), room * each, 16);
		if (vector->count)
			memcpy(data, vector->data, vector->count * each);
		vector->data = data;
		vector->room = room;
	}
	return memset(vector->data + vector->count++ * each, 0, each);
}

static void refuse_value(struct nsd *n, const struct nsd_statement *s, const char *wanted)
{
	builder_error(n->builder, s->value[0].where, "'%s:' wants %s, not '%s'", s->word, wanted,
	              s->value[0].text);
}

static void set_value(struct nsd *n, const struct nsd_word *word, uint8_t *base,
                      const struct nsd_statement *s)
{
	const char *text = s->value[0].text, *kept;
	uint64_t number;
	uint32_t small;
	bool flag;
	switch (word->action) {
	case NSD_SET_BOOL:
	case NSD_SERVER_BOOL:
		if (!scalar_bool(text, &flag))
			refuse_value(n, s, "yes or no");
		else
			memcpy(base + word->offset, &flag, sizeof flag);
		break;
	case NSD_SET_SIZE:
		if (!scalar_size(text, &number))
			refuse_value(n, s, "a size in bytes (k, m or g behind it)");
		else
			memcpy(base + word->offset, &number, sizeof number);
		break;
	case NSD_SET_SECONDS:
		if (!scalar_seconds(text, &small))
			refuse_value(n, s, "a time in seconds");
		else
			memcpy(base + word->offset, &small, sizeof small);
		break;
	case NSD_SET_NUMBER:
	case NSD_SERVER_NUMBER:
		if (!scalar_number(text, UINT32_MAX, &number))
			refuse_value(n, s, "a number");
		else {
			small = (uint32_t)number;
			memcpy(base + word->offset, &small, sizeof small);
		}
		break;
	default: // texts and paths; "" is none
		kept = *text ? intern_add(&n->builder->intern, 100, text, strlen(text) + 1) : NULL;
		memcpy(base + word->offset, &kept, sizeof kept);
	}
}

void nsd_ignore(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s)
{
	uint32_t i = (uint32_t)(word - nsd_words);
	if (n->ignored[i].count++ == 0)
		n->ignored[i].where = s->where;
}

static void warn_ignored(struct nsd *n)
{
	for (uint32_t i = 0; i < nsd_word_count; i++) {
		uint32_t count = n->ignored[i].count;
		if (count == 1)
			builder_warn(n->builder, n->ignored[i].where, "'%s:' has no effect: %s", nsd_words[i].name,
			             nsd_words[i].meaning);
		else if (count)
			builder_warn(n->builder, n->ignored[i].where, "'%s:' has no effect: %s (it stands at %u more place%s)",
			             nsd_words[i].name, nsd_words[i].meaning, count - 1, count == 2 ? "" : "s");
	}
}

static void finish_key(struct nsd *n)
{
	if (!n->name.text) {
		builder_error(n->builder, n->section_where, "this key has no name");
		return;
	}
	struct config_key *key = builder_key(n->builder, n->name.text, n->name.where);
	if (!key)
		return;
	if (!n->secret.text) {
		builder_error(n->builder, n->section_where, "key \"%s\" has no secret", n->name.text);
		key->is_defined = true; // said once
		return;
	}
	builder_define_key(n->builder, key, n->name.where, n->algorithm.text ? n->algorithm.text : "hmac-sha256",
	                   n->algorithm.text ? n->algorithm.where : n->name.where, n->secret.text, n->secret.where);
}

static void finish_tls(struct nsd *n)
{
	if (!n->name.text) {
		builder_error(n->builder, n->section_where, "this tls-auth has no name");
		return;
	}
	struct config_tls *tls = builder_tls(n->builder, n->name.text, n->name.where);
	if (tls->is_defined)
		builder_error(n->builder, n->name.where, "tls-auth \"%s\" is defined twice, first at %s", tls->name,
		              builder_place(n->builder, tls->where));
	n->tls.name = tls->name;
	n->tls.where = n->section_where;
	n->tls.is_defined = true;
	*tls = n->tls;
}

static void finish_section(struct nsd *n)
{
	switch (n->section) {
	case NSD_ZONE:
		nsd_finish_zone(n);
		break;
	case NSD_PATTERN:
		nsd_finish_pattern(n);
		break;
	case NSD_KEY:
		finish_key(n);
		break;
	case NSD_TLS:
		finish_tls(n);
		break;
	default:
		break;
	}
	n->section = NSD_NOWHERE;
	pool_reset(&n->work);
}

static void open_section(struct nsd *n, enum nsd_section section, struct config_where where)
{
	n->section = section;
	n->section_where = where;
	n->name = n->algorithm = n->secret = (struct nsd_value){0};
	n->tls = (struct config_tls){0};
	if (section == NSD_ZONE || section == NSD_PATTERN)
		nsd_begin_settings(n);
}

static bool is_affinity(const char *word)
{
	unsigned number;
	int length = 0;
	return sscanf(word, "server-%u-cpu-affinity%n", &number, &length) == 1 && length && !word[length];
}

static void refuse_word(struct nsd *n, const struct nsd_statement *s)
{
	const struct nsd_word *elsewhere = nsd_word_find(n, s->word, ~0u);
	unsigned bit = 1;
	if (n->section == NSD_SERVER && is_affinity(s->word)) {
		nsd_ignore(n, nsd_word_find(n, "cpu-affinity", NSD_SERVER), s);
		return;
	}
	while (elsewhere && !(elsewhere->sections & bit))
		bit <<= 1;
	if (elsewhere && n->section == NSD_NOWHERE)
		builder_error(n->builder, s->where, "'%s:' stands before any section; it belongs in %s", s->word,
		              nsd_section_name(bit));
	else if (elsewhere)
		builder_error(n->builder, s->where, "'%s:' does not belong in %s but in %s", s->word,
		              nsd_section_name(n->section), nsd_section_name(bit));
	else
		builder_error(n->builder, s->where, "'%s:' is not known in %s%s", s->word, nsd_section_name(n->section),
		              nsd_word_suggest(n, s->word, n->section ? n->section : ~0u));
}

// The word's values are as many as it takes, or it was reported.
static bool check_count(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s)
{
	if (s->count == 0) {
		builder_error(n->builder, s->where, "'%s:' wants a value", s->word);
		return false;
	}
	if (s->count > word->most || s->extra.text) {
		const struct nsd_value *value = s->count > word->most ? &s->value[word->most] : &s->extra;
		const char *colon = strchr(value->text, ':');
		if (colon && nsd_word_find(n, pool_text(&n->builder->scratch, value->text, (size_t)(colon - value->text)), ~0u))
			builder_error(n->builder, value->where, "'%s': write a blank behind '%.*s:'", value->text,
			              (int)(colon - value->text), value->text);
		else
			builder_error(n->builder, value->where, "unexpected '%s' after '%s:'", value->text, s->word);
		return word->most == 1; // the first value is good, so that one fault gives one message
	}
	return true;
}

// Whether a value is another than the default: what holds anyway may be written.
static bool is_said(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s)
{
	struct config_policy plain, said;
	builder_default_policy(n->builder, &plain);
	memcpy(&said, &plain, sizeof said);
	set_value(n, word, (uint8_t *)&said, s);
	return memcmp(&said, &plain, sizeof said) != 0;
}

static void apply_word(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s)
{
	// What server: says of zones holds for those behind it.
	struct config_policy *policy = n->section == NSD_SERVER || n->section == NSD_VERIFY
		? &n->defaults : &n->settings.policy;
	if (word->action == NSD_IGNORED) {
		nsd_ignore(n, word, s);
		return;
	}
	if (!check_count(n, word, s))
		return;
	if (policy == &n->defaults && n->has_zone && (word->sections & NSD_ZONE))
		builder_warn(n->builder, s->where, "'%s:' stands behind zones or patterns that it does not reach; "
		             "move it before the first", s->word);
	if (word->action == NSD_HANDLED) {
		word->handler(n, word, s);
		return;
	}
	bool is_server = word->action >= NSD_SERVER_BOOL;
	uint32_t errors = n->builder->report->errors;
	set_value(n, word, is_server ? (uint8_t *)&n->builder->config->server : (uint8_t *)policy, s);
	if (word->meaning && n->builder->report->errors == errors && (is_server || is_said(n, word, s)))
		nsd_ignore(n, word, s);
}

void nsd_apply(struct nsd *n, const struct nsd_statement *s)
{
	const struct nsd_word *word = n->section ? nsd_word_find(n, s->word, n->section) : NULL;
	if (!word) {
		refuse_word(n, s);
		return;
	}
	if (n->section == NSD_PATTERN)
		*(struct nsd_statement *)nsd_append(n, &n->statements, sizeof *s) = *s;
	if (n->section == NSD_ZONE && word->action != NSD_IGNORED && strcasecmp(s->word, "name") != 0 &&
	    strcasecmp(s->word, "zonefile") != 0 && strcasecmp(s->word, "include-pattern") != 0)
		n->is_touched = true;
	apply_word(n, word, s);
}

static void read_source(void *context, uint32_t source)
{
	struct nsd *n = context;
	struct nsd_reader reader;
	struct nsd_statement s;
	nsd_reader_init(&reader, n->builder, &n->work, source);
	for (;;) {
		reader.pool = nsd_pool(n);
		if (!nsd_read(&reader, &s))
			return;
		if (strcasecmp(s.word, "include") == 0) {
			if (s.count == 1)
				source_include(n->builder, pool_text(&n->builder->scratch, s.value[0].text, strlen(s.value[0].text)),
				               NULL, s.value[0].where, read_source, n);
			else
				builder_error(n->builder, s.where, "'include:' wants the name of one file");
			continue;
		}
		const struct nsd_word *word = nsd_word_find(n, s.word, ~0u);
		if (!word || word->action != NSD_OPENS) {
			nsd_apply(n, &s);
			continue;
		}
		if (s.count)
			builder_error(n->builder, s.value[0].where, "unexpected '%s': '%s:' begins a section and takes no value",
			              s.value[0].text, s.word);
		finish_section(n);
		open_section(n, (enum nsd_section)word->offset, s.where);
	}
}

static void defaults(struct nsd *n)
{
	struct config_server *server = &n->builder->config->server;
	char host[256] = "";
	builder_default_policy(n->builder, &n->defaults);
	n->defaults.notify = CONFIG_NOTIFY_EXPLICIT; // NSD notifies whom notify: names
	server->transfers_in = 128;                  // xfrd-tcp-max
	server->tcp_clients = 100;
	server->tcp_timeout = 120;
	gethostname(host, sizeof host - 1);
	n->identity = pool_text(&n->builder->pool, host, strlen(host));
	n->port = 53;
	n->do_ip4 = n->do_ip6 = true;
	// As where Debian puts nsd.conf.
	n->zonesdir = builder_own_folder(n->builder);
	n->work.escape = &n->builder->escape;
}

void nsd_read_config(struct builder *b)
{
	struct nsd *n = pool_new(&b->scratch, sizeof *n);
	n->builder = b;
	b->nsd = n;
	nsd_words_init(n);
	defaults(n);
	read_source(n, 0);
	finish_section(n);
	nsd_finish_verify(n);
	nsd_finish_server(n);
	warn_ignored(n);
}

void nsd_free(struct nsd *n)
{
	pool_free(&n->work);
}
