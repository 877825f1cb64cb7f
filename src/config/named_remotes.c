// SPDX-License-Identifier: GPL-3.0-or-later
// Lists of servers: primaries, also-notify, and what `server` says of them.
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "base/address.h"
#include "config/named.h"
#include "config/scalar.h"

#define MAX_DEPTH 16
#define MAX_REMOTES 1000u

// What holds for the elements of a list unless they say otherwise.
struct head {
	uint16_t port;
	struct sockaddr_storage source[2];
	const struct config_key *key;
	const struct config_tls *tls;
	bool has_key;
};

static bool read_port(struct named *n, const struct named_statement *s,
                      const struct named_value *value, uint16_t *port)
{
	uint64_t number;
	if (!value || value->kind == NAMED_BLOCK || !scalar_number(value->text, 65535, &number) || !number) {
		builder_error(n->builder, named_where(s, value ? value : s->first), "'port' wants a number of 1 to 65535");
		return false;
	}
	*port = (uint16_t)number;
	return true;
}

// [port N] [source A|*] [source-v6 A|*], up to the block.
static bool read_head(struct named *n, const struct named_statement *s,
                      const struct named_value *v, struct head *head)
{
	for (; v && v->kind != NAMED_BLOCK; v = v->next) {
		const struct named_value *word = v;
		v = v->next;
		bool is_v6 = named_is(word, "source-v6");
		if (named_is(word, "port")) {
			if (!read_port(n, s, v, &head->port))
				return false;
		} else if ((is_v6 || named_is(word, "source")) && v && v->kind != NAMED_BLOCK) {
			struct sockaddr_storage address;
			memset(&address, 0, sizeof address);
			if (!named_is(v, "*") && (!scalar_address(v->text, 0, &address) ||
			                          address.ss_family != (is_v6 ? AF_INET6 : AF_INET))) {
				builder_error(n->builder, named_where(s, v), "'%s' wants an %s address or *, not '%s'",
				              word->text, is_v6 ? "IPv6" : "IPv4", v->text);
				return false;
			}
			head->source[is_v6] = address;
		} else if (!named_is(word, "dscp") || !v) {
			builder_error(n->builder, named_where(s, word), "unexpected '%s' between '%s' and '{'",
			              word->kind == NAMED_NOT ? "!" : word->text, s->first->text);
			return false;
		}
		if (!v)
			return false;
	}
	return true;
}

// What a server statement says of an address without a key of its own.
static bool ask_peer(struct named *n, struct config_remote *remote, const struct named_statement *s)
{
	char text[80];
	const struct config_peer *peer =
		config_peer_find(n->builder->config, (const struct sockaddr *)&remote->address);
	if (!peer)
		return true;
	if (peer->bogus) {
		builder_warn(n->builder, named_where(s, s->first), "%s is left out: its server statement says bogus",
		             address_to_text((const struct sockaddr *)&remote->address, text));
		return false;
	}
	if (!remote->key)
		remote->key = peer->key;
	remote->axfr_only = peer->request_ixfr == 0;
	return true;
}

static void add_remote(struct named *n, const struct named_statement *s, const struct head *head,
                       const struct sockaddr_storage *address)
{
	if (n->found_count >= MAX_REMOTES) {
		if (n->found_count++ == MAX_REMOTES)
			builder_error(n->builder, named_where(s, s->first), "more than %u servers in one list", MAX_REMOTES);
		return;
	}
	n->found = builder_grow(n->builder, n->found, n->found_count + 1, &n->found_room, sizeof *n->found);
	struct config_remote *remote = &n->found[n->found_count];
	memset(remote, 0, sizeof *remote);
	remote->address = *address;
	remote->source = head->source[address->ss_family == AF_INET6];
	remote->key = head->key;
	remote->tls = head->tls;
	if (builder_can_reach(n->builder, remote, named_where(s, s->first)) && ask_peer(n, remote, s))
		n->found_count++;
}

static void add_block(struct named *n, const struct named_value *block, struct head head, unsigned depth);

static void add_named(struct named *n, const struct named_statement *s, struct head head, unsigned depth)
{
	struct config_where where = named_where(s, s->first);
	struct named_list *list = named_list_find(n->remotes, s->first->text);
	if (!list) {
		builder_error(n->builder, where, "'%s' is neither an address nor the name of a list of primaries",
		              s->first->text);
		return;
	}
	if (list->is_open || depth > MAX_DEPTH) {
		builder_error(n->builder, where, "the list \"%s\" holds itself", list->name);
		return;
	}
	if (!read_head(n, list->statement, list->statement->first->next->next, &head))
		return;
	list->is_open = true;
	add_block(n, named_block_of(n, list->statement), head, depth + 1);
	list->is_open = false;
}

static bool read_key(struct named *n, const struct named_statement *s,
                     const struct named_value *value, struct head *head)
{
	if (!value || value->kind == NAMED_BLOCK)
		return false;
	struct config_key *key = builder_key(n->builder, value->text, named_where(s, value));
	if (!key)
		return true;
	if (!key->is_defined)
		builder_error(n->builder, named_where(s, value), "there is no key \"%s\"", value->text);
	head->key = key;
	return true;
}

static bool read_tls(struct named *n, const struct named_statement *s,
                     const struct named_value *value, struct head *head)
{
	if (!value || value->kind == NAMED_BLOCK)
		return false;
	if (named_is(value, "none")) {
		head->tls = NULL;
		return true;
	}
	struct config_tls *tls = builder_tls(n->builder, value->text, named_where(s, value));
	if (!tls->is_defined && strcasecmp(value->text, "ephemeral") != 0)
		builder_error(n->builder, named_where(s, value), "there is no tls \"%s\"", value->text);
	head->tls = tls;
	if (head->port == 53)
		head->port = 853; // RFC 9103
	return true;
}

// ( name | ip [port N] ) [key K] [tls T]
static void add_element(struct named *n, const struct named_statement *s, struct head head, unsigned depth)
{
	struct sockaddr_storage address;
	const struct named_value *first = s->first;
	uint16_t port = 0;
	if (first->kind == NAMED_BLOCK || first->kind == NAMED_NOT) {
		builder_error(n->builder, named_where(s, first), "an address or the name of a list is wanted here");
		return;
	}
	for (const struct named_value *v = first->next; v; v = v->next) {
		const struct named_value *word = v;
		v = v->next;
		bool good = true;
		if (named_is(word, "port")) {
			if (!read_port(n, s, v, &port))
				return;
		} else if (named_is(word, "key"))
			good = read_key(n, s, v, &head);
		else if (named_is(word, "tls"))
			good = read_tls(n, s, v, &head);
		else if (!named_is(word, "dscp")) {
			builder_error(n->builder, named_where(s, word), "missing ';' before '%s'",
			              word->kind == NAMED_BLOCK ? "{" : word->kind == NAMED_NOT ? "!" : word->text);
			return;
		}
		if (!good || !v) {
			builder_error(n->builder, named_where(s, word), "'%s' wants a value", word->text);
			return;
		}
	}
	if (port)
		head.port = port;
	if (scalar_address(first->text, head.port, &address))
		add_remote(n, s, &head, &address);
	else
		add_named(n, s, head, depth);
}

static void add_block(struct named *n, const struct named_value *block, struct head head, unsigned depth)
{
	for (const struct named_statement *e = block ? block->block : NULL; e; e = e->next)
		add_element(n, e, head, depth);
}

const struct config_remotes *named_remotes(struct named *n, const struct named_statement *s,
                                           const struct sockaddr_storage source[2])
{
	struct head head = {.port = 53, .source = {source[0], source[1]}};
	const struct named_value *block = named_block_of(n, s);
	n->found_count = 0;
	if (block && read_head(n, s, s->first->next, &head))
		add_block(n, block, head, 0);
	if (n->found_count > MAX_REMOTES)
		n->found_count = MAX_REMOTES;
	return builder_remotes(n->builder, n->found, n->found_count);
}

static void peer_word(struct named *n, struct config_peer *peer, const struct named_statement *s)
{
	static const char *const known[] = {
		"keys", "request-ixfr", "provide-ixfr", "bogus", "transfer-format", "transfers",
		"transfer-source", "transfer-source-v6", "notify-source", "notify-source-v6",
		"query-source", "query-source-v6", "edns", "edns-udp-size", "edns-version", "max-udp-size",
		"padding", "request-expire", "request-nsid", "request-zoneversion", "send-cookie",
		"require-cookie", "tcp-keepalive", "tcp-only", "support-ixfr", "request-sit",
		"request-ixfr-max-diffs", NULL,
	};
	const char *word = s->first->text;
	const struct named_value *value = s->first->next;
	struct config_where where = named_where(s, s->first);
	bool flag = false, is_flag = value && value->kind != NAMED_BLOCK && scalar_bool(value->text, &flag);
	if (named_is(s->first, "keys")) {
		struct head head = {0};
		if (value && value->kind == NAMED_BLOCK)
			value = value->block ? value->block->first : NULL;
		if (!read_key(n, s, value, &head))
			builder_error(n->builder, where, "'keys' wants a key");
		peer->key = head.key;
	} else if (named_is(s->first, "transfer-format") && named_is(value, "many-answers")) {
		return; // always so
	} else if (named_is(s->first, "bogus") || named_is(s->first, "request-ixfr") ||
	           named_is(s->first, "provide-ixfr")) {
		if (!is_flag)
			builder_error(n->builder, where, "'%s' wants yes or no", word);
		else if (named_is(s->first, "bogus"))
			peer->bogus = flag;
		else
			*(named_is(s->first, "request-ixfr") ? &peer->request_ixfr : &peer->provide_ixfr) = flag;
	} else {
		for (size_t i = 0; known[i]; i++)
			if (named_is(s->first, known[i])) {
				builder_warn(n->builder, where, "'%s' has no effect in server { … }", word);
				return;
			}
		const char *near = builder_nearest(word, known);
		builder_error(n->builder, where, "'%s' is not known in server { … }%s%s%s", word,
		              near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	}
}

void named_read_server(struct named *n, const struct named_statement *s)
{
	const struct named_value *prefix = s->first->next, *block = named_block_of(n, s);
	struct config_peer peer = {.request_ixfr = -1, .provide_ixfr = -1};
	uint8_t mask[16];
	if (!block)
		return;
	if (prefix->kind == NAMED_BLOCK || prefix->next != block ||
	    !scalar_prefix(prefix->text, &peer.family, peer.prefix, &peer.prefix_length)) {
		builder_error(n->builder, named_where(s, prefix), "'server' wants an address or a prefix");
		return;
	}
	scalar_mask(peer.prefix_length, mask);
	scalar_clear_host(peer.prefix, mask);
	peer.where = named_where(s, s->first);
	for (const struct named_statement *e = block->block; e; e = e->next)
		peer_word(n, &peer, e);
	*builder_peer(n->builder) = peer;
}
