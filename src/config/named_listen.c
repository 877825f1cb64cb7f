// SPDX-License-Identifier: GPL-3.0-or-later
// listen-on: an access list, held against the addresses of this host.
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "config/named.h"
#include "config/scalar.h"

static void wildcard(uint16_t family, uint16_t port, struct sockaddr_storage *address)
{
	memset(address, 0, sizeof *address);
	scalar_address(family == AF_INET ? "0.0.0.0" : "::", port, address);
}

static bool is_listed(const struct named *n, const struct sockaddr_storage *address)
{
	const struct config_server *server = &n->builder->config->server;
	for (uint32_t i = 0; i < server->listen_count; i++)
		if (memcmp(&server->listen[i].address, address, sizeof *address) == 0)
			return true;
	return false;
}

// A plain address is listened on even where the host does not have it now.
static bool plain_address(const struct acl_entry *entry, uint16_t port,
                          struct sockaddr_storage *address)
{
	uint8_t full[16];
	memset(full, 0xff, sizeof full);
	size_t length = entry->family == AF_INET ? 4 : 16;
	if (entry->what != ACL_MASKED || entry->refuses || memcmp(entry->high, full, length) != 0)
		return false;
	wildcard(entry->family, port, address);
	size_t at = entry->family == AF_INET ? offsetof(struct sockaddr_in, sin_addr)
	                                     : offsetof(struct sockaddr_in6, sin6_addr);
	memcpy((uint8_t *)address + at, entry->low, length);
	return true;
}

static uint32_t listen_on_list(struct named *n, const struct acl *acl, uint16_t family,
                               uint16_t port, struct config_where where)
{
	uint32_t host_count, before = n->builder->config->server.listen_count, plain = 0;
	struct sockaddr_storage address;
	for (uint32_t i = 0; i < acl->count; i++) {
		if (!plain_address(&acl->entry[i], port, &address))
			continue;
		plain++;
		if (address.ss_family != family)
			builder_error(n->builder, where, "'listen-on%s' holds an %s address; listen-on%s takes it",
			              family == AF_INET ? "" : "-v6", family == AF_INET ? "IPv6" : "IPv4",
			              family == AF_INET ? "-v6" : "");
		else
			builder_listen(n->builder, &address, where);
	}
	if (plain == acl->count)
		return plain;
	const struct host_address *host = builder_host(n->builder, &host_count);
	for (uint32_t i = 0; i < host_count; i++) {
		address = host[i].address;
		scalar_set_port(&address, port);
		if (address.ss_family == family && !is_listed(n, &address) &&
		    acl_allows(acl, (const struct sockaddr *)&address, NULL))
			builder_listen(n->builder, &address, where);
	}
	return n->builder->config->server.listen_count - before;
}

// listen-on [port N] [proxy S] [tls T] [http H] AML
static void listen_on(struct named *n, struct named_statement *s)
{
	struct config_where where = named_where(s, s->first);
	uint16_t family = strcasecmp(s->first->text, "listen-on") == 0 ? AF_INET : AF_INET6;
	const char *refused = NULL;
	uint64_t port = n->port;
	for (const struct named_value *v = s->first->next; v && v->kind != NAMED_BLOCK; v = v->next) {
		const struct named_value *word = v;
		v = v->next;
		if (!v || v->kind == NAMED_BLOCK || v->kind == NAMED_NOT) {
			builder_error(n->builder, named_where(s, word), "'%s' wants a value", word->text);
			return;
		}
		if (named_is(word, "port")) {
			if (!scalar_number(v->text, 65535, &port) || !port) {
				builder_error(n->builder, named_where(s, v), "'%s' is not a port", v->text);
				return;
			}
		} else if (named_is(word, "tls") || named_is(word, "http") || named_is(word, "proxy")) {
			if (!(named_is(word, "tls") && named_is(v, "none")))
				refused = word->text;
		} else if (!named_is(word, "dscp")) {
			builder_error(n->builder, named_where(s, word), "unexpected '%s' in '%s'; known are port, proxy, tls, http",
			              word->text, s->first->text);
			return;
		}
	}
	const struct acl *acl = named_acl(n, s);
	if (!acl)
		return;
	if (refused) {
		builder_warn(n->builder, where, "'%s … %s' has no effect: listening with %s is not implemented yet",
		             s->first->text, refused, refused);
		return;
	}
	if (acl == &acl_any) {
		struct sockaddr_storage address;
		wildcard(family, (uint16_t)port, &address);
		builder_listen(n->builder, &address, where);
	} else if (acl != &acl_none && listen_on_list(n, acl, family, (uint16_t)port, where) == 0) {
		builder_warn(n->builder, where, "'%s' matches no address of this machine", s->first->text);
	}
}

void named_build_listeners(struct named *n)
{
	bool said[2] = {false, false};
	for (struct named_statement *s = n->listens.first; s; s = s->next) {
		said[strcasecmp(s->first->text, "listen-on") != 0] = true;
		listen_on(n, s);
	}
	for (unsigned i = 0; i < 2; i++) {
		struct sockaddr_storage address;
		if (said[i])
			continue;
		wildcard(i == 0 ? AF_INET : AF_INET6, n->port, &address);
		builder_listen(n->builder, &address, (struct config_where){.file = UINT32_MAX})->is_default = true;
	}
}
