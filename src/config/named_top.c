// SPDX-License-Identifier: GPL-3.0-or-later
// key and tls statements.
#include <string.h>
#include <strings.h>

#include "config/named.h"

// The name behind the first word and the block behind it, or false.
static bool name_and_block(struct named *n, const struct named_statement *s,
                           const struct named_value **name, const struct named_value **block)
{
	*name = s->first->next;
	if (!*name || (*name)->kind == NAMED_BLOCK || (*name)->kind == NAMED_NOT) {
		builder_error(n->builder, named_where(s, s->first), "'%s' wants a name", s->first->text);
		return false;
	}
	*block = named_block_of(n, s);
	if (*block && (*name)->next != *block) {
		named_too_much(n, s, (*name)->next);
		return false;
	}
	return *block != NULL;
}

void named_read_key(struct named *n, const struct named_statement *s)
{
	const struct named_value *name, *block, *algorithm = NULL, *secret = NULL;
	if (!name_and_block(n, s, &name, &block))
		return;
	for (const struct named_statement *e = block->block; e; e = e->next) {
		if (named_is(e->first, "algorithm"))
			algorithm = named_single(n, e);
		else if (named_is(e->first, "secret"))
			secret = named_single(n, e);
		else
			builder_error(n->builder, named_where(e, e->first),
			              "'%s' is not known in key { … }; known are algorithm and secret", e->first->text);
	}
	struct config_where where = named_where(s, name);
	if (!algorithm || !secret) {
		builder_error(n->builder, where, "key \"%s\" has no %s", name->text, algorithm ? "secret" : "algorithm");
		struct config_key *half = builder_key(n->builder, name->text, where);
		if (half)
			half->is_defined = true; // said once
		return;
	}
	struct config_key *key = builder_key(n->builder, name->text, where);
	if (key)
		builder_define_key(n->builder, key, where, algorithm->text, named_where(s, algorithm),
		                   secret->text, named_where(s, secret));
}

void named_read_tls(struct named *n, const struct named_statement *s)
{
	static const char *const known[] = {
		"cert-file", "key-file", "ca-file", "remote-hostname", "protocols", "ciphers",
		"cipher-suites", "dhparam-file", "prefer-server-ciphers", "session-tickets", NULL,
	};
	const struct named_value *name, *block;
	if (!name_and_block(n, s, &name, &block))
		return;
	struct config_tls *tls = builder_tls(n->builder, name->text, named_where(s, name));
	if (tls->is_defined)
		builder_error(n->builder, named_where(s, name), "tls \"%s\" is defined twice, first at %s", name->text,
		              builder_place(n->builder, tls->where));
	tls->is_defined = true;
	const char **fields[] = {&tls->cert_file, &tls->key_file, &tls->ca_file, &tls->remote_hostname};
	for (const struct named_statement *e = block->block; e; e = e->next) {
		size_t i = 0;
		while (known[i] && !named_is(e->first, known[i]))
			i++;
		if (!known[i])
			builder_error(n->builder, named_where(e, e->first), "'%s' is not known in tls { … }", e->first->text);
		const struct named_value *value = i < 4 ? named_single(n, e) : NULL;
		if (value)
			*fields[i] = pool_text(&n->builder->pool, value->text, strlen(value->text));
	}
}
