// SPDX-License-Identifier: GPL-3.0-or-later
// Address match lists, compiled.
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "config/named.h"
#include "config/scalar.h"
#include "dns/name.h"

#define MAX_DEPTH 16 // lists in lists

static const struct acl *compile(struct named *n, const struct named_statement *s,
                                 const struct named_value *block, const char *name,
                                 bool needs_tls, unsigned depth);

struct named_list *named_list_find(struct named_list *lists, const char *name)
{
	for (; lists; lists = lists->next)
		if (strcasecmp(lists->name, name) == 0)
			return lists;
	return NULL;
}

void named_list_add(struct named *n, struct named_list **lists, const char *what,
                    const struct named_statement *s)
{
	const struct named_value *name = s->first->next;
	if (!name || name->kind == NAMED_BLOCK || name->kind == NAMED_NOT) {
		builder_error(n->builder, named_where(s, s->first), "'%s' wants a name", s->first->text);
		return;
	}
	struct named_list *same = named_list_find(*lists, name->text);
	if (same) {
		builder_error(n->builder, named_where(s, name), "%s \"%s\" is defined twice, first at %s", what,
		              name->text, builder_place(n->builder, named_where(same->statement, same->statement->first)));
		return;
	}
	if (!named_block_of(n, s))
		return;
	struct named_list *list = pool_new(&n->builder->scratch, sizeof *list);
	list->name = name->text;
	list->statement = s;
	list->next = *lists;
	*lists = list;
}

// localhost: this machine's addresses; localnets: the networks they are in.
static const struct acl *host_list(struct named *n, bool is_nets)
{
	const struct acl **kept = is_nets ? &n->localnets : &n->localhost;
	uint32_t count;
	if (*kept)
		return *kept;
	const struct host_address *host = builder_host(n->builder, &count);
	struct acl_entry *entries = pool_new(&n->builder->scratch, (count + 1) * sizeof *entries);
	for (uint32_t i = 0; i < count; i++) {
		struct acl_entry *entry = &entries[i];
		uint8_t length = scalar_address_bytes(&host[i].address, entry->low);
		entry->what = ACL_MASKED;
		entry->family = host[i].address.ss_family;
		scalar_mask(is_nets ? host[i].prefix_length : (uint8_t)(length * 8), entry->high);
		scalar_clear_host(entry->low, entry->high);
	}
	return *kept = builder_acl(n->builder, ACL_FIRST, is_nets ? "localnets" : "localhost", entries, count);
}

static const char *nearest_list(struct named *n, const struct named_list *lists, const char *name)
{
	size_t count = 0;
	if (builder_has_said_enough(n->builder))
		return NULL;
	for (const struct named_list *l = lists; l; l = l->next)
		count++;
	const char **names = pool_alloc(&n->work, (count + 1) * sizeof *names, 8);
	count = 0;
	for (const struct named_list *l = lists; l; l = l->next)
		names[count++] = l->name;
	names[count] = NULL;
	return builder_nearest(name, names);
}

static const struct acl *named_one(struct named *n, const struct named_statement *s,
                                   const struct named_value *value, unsigned depth)
{
	struct config_where where = named_where(s, value);
	struct named_list *list = named_list_find(n->acls, value->text);
	if (!list) {
		const char *near = nearest_list(n, n->acls, value->text);
		builder_error(n->builder, where, "'%s' is neither an address nor the name of an acl%s%s%s",
		              value->text, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
		return NULL;
	}
	if (list->is_open || depth > MAX_DEPTH) {
		builder_error(n->builder, where, list->is_open ? "acl \"%s\" holds itself" : "acl \"%s\": lists are nested too deep",
		              list->name);
		return NULL;
	}
	if (!list->acl) {
		list->is_open = true;
		list->acl = compile(n, list->statement, named_block_of(n, list->statement),
		                    pool_text(&n->builder->pool, list->name, strlen(list->name)), false, depth + 1);
		list->is_open = false;
	}
	return list->acl ? list->acl : &acl_none; // its fault is told where it stands
}

static bool list_entry(struct acl_entry *entry, const struct acl *acl)
{
	entry->what = ACL_LIST;
	entry->list = acl;
	return acl != NULL;
}

// key K
static bool key_entry(struct named *n, const struct named_statement *s,
                      const struct named_value **value, struct acl_entry *entry)
{
	const struct named_value *name = (*value)->next;
	if (!name || name->kind == NAMED_BLOCK || name->kind == NAMED_NOT) {
		builder_error(n->builder, named_where(s, *value), "'key' wants the name of a key");
		return false;
	}
	*value = name;
	struct config_key *key = builder_key(n->builder, name->text, named_where(s, name));
	if (!key)
		return false;
	if (!key->is_defined)
		builder_error(n->builder, named_where(s, name), "there is no key \"%s\"", name->text);
	entry->what = ACL_EVERYWHERE;
	entry->signed_how = ACL_SIGNED_BY;
	entry->key_name = key->tsig.name;
	return true;
}

static bool prefix_entry(struct named *n, const struct named_statement *s,
                         const struct named_value *value, struct acl_entry *entry)
{
	uint8_t bits;
	char text[80];
	if (!scalar_prefix(value->text, &entry->family, entry->low, &bits))
		return false;
	entry->what = ACL_MASKED;
	scalar_mask(bits, entry->high);
	// A host's address with a short mask: named refuses it, people mean the net.
	if (scalar_clear_host(entry->low, entry->high))
		builder_warn(n->builder, named_where(s, value), "%s is read as %s", value->text,
		             acl_entry_to_text(entry, text, sizeof text));
	return true;
}

static bool compile_entry(struct named *n, const struct named_statement *s, bool needs_tls,
                          struct acl_entry *entry, unsigned depth)
{
	const struct named_value *value = s->first;
	memset(entry, 0, sizeof *entry);
	bool is_not = value->kind == NAMED_NOT, good;
	if (is_not)
		value = value->next;
	if (!value || value->kind == NAMED_NOT) {
		builder_error(n->builder, named_where(s, s->first), "'!' wants something to refuse");
		return false;
	}
	if (value->kind == NAMED_BLOCK)
		good = list_entry(entry, compile(n, s, value, NULL, false, depth + 1));
	else if (named_is(value, "key") && value->next)
		good = key_entry(n, s, &value, entry);
	else if (named_is(value, "any"))
		good = true; // ACL_EVERYWHERE
	else if (named_is(value, "none"))
		is_not = !is_not, good = true;
	else if (named_is(value, "localhost") || named_is(value, "localnets"))
		good = list_entry(entry, host_list(n, named_is(value, "localnets")));
	else if (named_is(value, "geoip") || named_is(value, "ecs")) {
		builder_error(n->builder, named_where(s, value), "'%s' in an access list is not implemented", value->text);
		return false;
	} else
		good = prefix_entry(n, s, value, entry) || list_entry(entry, named_one(n, s, value, depth));
	entry->refuses = is_not;
	entry->needs_tls = needs_tls;
	if (good && value->next) {
		const struct named_value *next = value->next;
		builder_error(n->builder, named_where(s, next), "missing ';' before '%s'",
		              next->kind == NAMED_BLOCK ? "{" : next->kind == NAMED_NOT ? "!" : next->text);
		return false;
	}
	return good;
}

static const struct acl *compile(struct named *n, const struct named_statement *s,
                                 const struct named_value *block, const char *name,
                                 bool needs_tls, unsigned depth)
{
	uint32_t room = 0, count = 0, faults = 0;
	if (!block)
		return NULL;
	if (depth > MAX_DEPTH) {
		builder_error(n->builder, named_where(s, block), "lists are nested more than %d deep", MAX_DEPTH);
		return NULL;
	}
	for (const struct named_statement *e = block->block; e; e = e->next)
		room++;
	struct acl_entry *entries = pool_alloc(&n->work, (room + 1) * sizeof *entries, 8);
	for (const struct named_statement *e = block->block; e; e = e->next) {
		if (compile_entry(n, e, needs_tls, &entries[count], depth))
			count++;
		else
			faults++;
	}
	if (faults)
		return NULL;
	if (count == 1 && entries[0].what == ACL_EVERYWHERE && !entries[0].signed_how && !needs_tls)
		return entries[0].refuses ? &acl_none : &acl_any;
	if (count == 0)
		return &acl_none;
	return builder_acl(n->builder, ACL_FIRST, name, entries, count);
}

const struct acl *named_acl(struct named *n, struct named_statement *s)
{
	const struct named_value *block = named_block_of(n, s), *v = s->first->next, *port = NULL;
	bool needs_tls = false;
	if (!block)
		return NULL;
	if (s->compiled)
		return s->compiled;
	bool is_listen = strncasecmp(s->first->text, "listen-on", 9) == 0; // listen.c read its head
	for (; !is_listen && v != block; v = v->next) {
		const struct named_value *word = v;
		if ((!named_is(word, "port") && !named_is(word, "transport")) || (v = v->next) == block) {
			builder_error(n->builder, named_where(s, word), "unexpected '%s' between '%s' and '{'",
			              word->kind == NAMED_NOT ? "!" : word->text, s->first->text);
			return NULL;
		}
		if (named_is(word, "port"))
			port = v;
		else if (named_is(v, "tls"))
			needs_tls = true;
		else if (!named_is(v, "tcp")) {
			builder_error(n->builder, named_where(s, v), "'transport' wants tcp or tls, not '%s'",
			              v->kind == NAMED_NOT ? "!" : v->text);
			return NULL;
		}
	}
	// Without the port the list would let in more than it says.
	if (port && !needs_tls) {
		builder_error(n->builder, named_where(s, port), "'%s port %s' is not implemented: a list holds for all ports "
		              "that are listened on; leave the port out or write { none; }", s->first->text,
		              port->kind == NAMED_NOT ? "!" : port->text);
		return NULL;
	}
	if (needs_tls)
		builder_warn(n->builder, named_where(s, s->first), "'%s' over TLS is not implemented yet: "
		             "nobody is let in by this list", s->first->text);
	const struct acl *acl = compile(n, s, block, NULL, needs_tls, 0);
	s->compiled = acl;
	return acl;
}

void named_check_lists(struct named *n)
{
	for (struct named_list *l = n->acls; l; l = l->next)
		if (!l->acl) {
			l->is_open = true;
			l->acl = compile(n, l->statement, named_block_of(n, l->statement),
			                 pool_text(&n->builder->pool, l->name, strlen(l->name)), false, 0);
			l->is_open = false;
		}
}
