// SPDX-License-Identifier: GPL-3.0-or-later
#include "audit/resolve.h"

#include <stdio.h>
#include <string.h>

#include "base/address.h"

#define DEPTH_MOST 6    // look-ups for the sake of look-ups
#define STEPS_MOST 48   // referrals and aliases of one look-up
#define ALIASES_MOST 8
#define LABELS_MOST 20  // of a name whose parent is sought

struct known_name {
	struct known_name *next;
	const uint8_t *name;
	uint16_t type;
	struct lookup lookup;
};

bool address_list_has(const struct address_list *list, const struct sockaddr_storage *address)
{
	for (uint32_t i = 0; i < list->count; i++)
		if (address_equal((const struct sockaddr *)&list->at[i], (const struct sockaddr *)address))
			return true;
	return false;
}

void address_list_add(struct address_list *list, const struct sockaddr_storage *address)
{
	if (list->count < ADDRESSES_MOST && !address_list_has(list, address))
		list->at[list->count++] = *address;
}

static bool record_to_address(const struct reply_record *record, uint16_t port,
                              struct sockaddr_storage *address)
{
	memset(address, 0, sizeof *address);
	if (record->type == TYPE_A && record->length == 4) {
		struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };
		memcpy(&in.sin_addr, record->rdata, 4);
		memcpy(address, &in, sizeof in);
		return true;
	}
	if (record->type == TYPE_AAAA && record->length == 16) {
		struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
		memcpy(&in6.sin6_addr, record->rdata, 16);
		memcpy(address, &in6, sizeof in6);
		return true;
	}
	return false;
}

void address_list_take(struct address_list *list, const struct reply *reply,
                       enum message_section section, const uint8_t *name, uint16_t port)
{
	struct sockaddr_storage address;
	for (uint32_t i = 0; reply != NULL && i < reply->count; i++) {
		const struct reply_record *record = &reply->records[i];
		if (record->section == section && (record->type == TYPE_A || record->type == TYPE_AAAA) &&
		    name_equal(record->owner, name) && record_to_address(record, port, &address))
			address_list_add(list, &address);
	}
}

void resolver_init(struct resolver *resolver, struct asker *asker, struct pool *pool, uint16_t port,
                   const struct address_list *roots)
{
	static const uint8_t root[1] = { 0 };
	*resolver = (struct resolver){ .asker = asker, .pool = pool, .port = port };
	resolver->zones = pool_new(pool, sizeof *resolver->zones);
	resolver->zones->zone = root;
	resolver->zones->addresses = *roots;
	resolver->zones->is_resolved = true;
}

static const char *explain(struct resolver *resolver, const char *before, const uint8_t *name,
                           const char *after)
{
	char name_text[NAME_MAX_TEXT], text[NAME_MAX_TEXT + 160];
	snprintf(text, sizeof text, "%s %s%s", before, name_to_text(name, name_text), after);
	return pool_text(resolver->pool, text, strlen(text));
}

static void fail(struct lookup *lookup, enum lookup_state state, const char *why)
{
	lookup->state = state;
	lookup->why = why;
}

// One step: asks the closest zone known. True where the look-up is over.
static bool step(struct resolver *resolver, uint16_t type, struct lookup *lookup, unsigned *aliases)
{
	const char *why;
	struct zone_servers *zone = zone_closest(resolver, lookup->name);
	const struct reply *reply = zone_ask(resolver, zone, lookup->name, type, &why);
	if (reply == NULL) {
		fail(lookup, LOOKUP_FAILED, why);
		return true;
	}
	if (reply_find(reply, SECTION_ANSWER, lookup->name, type, NULL) != NULL) {
		lookup->state = LOOKUP_FOUND;
		lookup->reply = reply;
		return true;
	}
	const struct reply_record *alias = reply_find(reply, SECTION_ANSWER, lookup->name, TYPE_CNAME, NULL);
	if (alias != NULL) {
		lookup->is_alias = true;
		lookup->name = alias->rdata;
		if (++*aliases <= ALIASES_MOST)
			return false;
		fail(lookup, LOOKUP_LOOP, explain(resolver, "too many aliases, the last to", alias->rdata, ""));
		return true;
	}
	if (reply->rcode == RCODE_NXDOMAIN) {
		lookup->state = LOOKUP_NO_NAME;
		return true;
	}
	if (zone_learn(resolver, zone, reply, SECTION_AUTHORITY, lookup->name) != NULL)
		return false;
	lookup->state = LOOKUP_NO_DATA;
	return true;
}

static void walk(struct resolver *resolver, uint16_t type, struct lookup *lookup)
{
	unsigned aliases = 0;
	for (unsigned steps = 0; steps < STEPS_MOST; steps++)
		if (step(resolver, type, lookup, &aliases))
			return;
	fail(lookup, LOOKUP_LOOP, explain(resolver, "too many referrals on the way to", lookup->name, ""));
}

static bool is_pending(const struct resolver *resolver, const uint8_t *name)
{
	for (const struct pending_name *p = resolver->pending; p != NULL; p = p->outer)
		if (name_equal(p->name, name))
			return true;
	return false;
}

static const struct known_name *recall(const struct resolver *resolver, const uint8_t *name, uint16_t type)
{
	for (const struct known_name *k = resolver->names; k != NULL; k = k->next)
		if (k->type == type && name_equal(k->name, name))
			return k;
	return NULL;
}

static void remember(struct resolver *resolver, const uint8_t *name, uint16_t type,
                     const struct lookup *lookup)
{
	struct known_name *known = pool_new(resolver->pool, sizeof *known);
	*known = (struct known_name){ resolver->names, name, type, *lookup };
	resolver->names = known;
}

void resolver_look_up(struct resolver *resolver, const uint8_t *name, uint16_t type, struct lookup *lookup)
{
	const struct known_name *known = recall(resolver, name, type);
	*lookup = (struct lookup){ .state = LOOKUP_FAILED, .name = name };
	if (known != NULL) {
		*lookup = known->lookup;
		return;
	}
	if (is_pending(resolver, name)) {
		fail(lookup, LOOKUP_LOOP, explain(resolver, "the way to", name,
		     " leads through itself: its servers lie in zones that need each other to be found"));
		return;
	}
	if (resolver->depth >= DEPTH_MOST) {
		fail(lookup, LOOKUP_LOOP, explain(resolver, "too many zones must be looked up to find", name, ""));
		return;
	}
	struct pending_name pending = { resolver->pending, name };
	resolver->pending = &pending;
	resolver->depth++;
	walk(resolver, type, lookup);
	resolver->depth--;
	resolver->pending = pending.outer;
	// A loop seen from within another look-up is no fact about this name.
	if (resolver->pending == NULL || lookup->state != LOOKUP_LOOP)
		remember(resolver, name, type, lookup);
}

void resolver_addresses(struct resolver *resolver, const uint8_t *name, struct address_list *list,
                        struct lookup *lookup)
{
	struct lookup other;
	resolver_look_up(resolver, name, TYPE_A, lookup);
	if (lookup->state == LOOKUP_FOUND)
		address_list_take(list, lookup->reply, SECTION_ANSWER, lookup->name, resolver->port);
	if (lookup->state != LOOKUP_FOUND && lookup->state != LOOKUP_NO_DATA)
		return;
	resolver_look_up(resolver, name, TYPE_AAAA, &other);
	if (other.state == LOOKUP_FOUND) {
		address_list_take(list, other.reply, SECTION_ANSWER, other.name, resolver->port);
		*lookup = other;
	}
}

struct zone_servers *resolver_parent(struct resolver *resolver, const uint8_t *name, const char **why)
{
	unsigned labels = name_label_count(name);
	struct zone_servers *zone = zone_closest(resolver, name_skip(name, labels));
	*why = NULL;
	if (labels > LABELS_MOST) {
		*why = "the name has too many labels";
		return NULL;
	}
	for (unsigned skip = labels; skip-- > 1;) {
		const uint8_t *ancestor = name_skip(name, skip);
		const struct reply *reply = zone_ask(resolver, zone, ancestor, TYPE_NS, why);
		if (reply == NULL)
			return NULL;
		struct zone_servers *below = zone_learn(resolver, zone, reply, SECTION_AUTHORITY, ancestor);
		if (below == NULL && reply_is_authoritative(reply)) // served by the same servers
			below = zone_learn(resolver, zone, reply, SECTION_ANSWER, ancestor);
		if (below != NULL)
			zone = below;
		else if (reply->rcode == RCODE_NXDOMAIN)
			break;
	}
	*why = NULL;
	return zone;
}
