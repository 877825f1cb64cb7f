// SPDX-License-Identifier: GPL-3.0-or-later
// Zones on the way down: who serves them, and asking those.
#include <stdio.h>
#include <string.h>

#include "audit/resolve.h"
#include "base/address.h"
#include "base/error.h"

#define AT_ONCE 3      // servers of a zone asked side by side
#define ROUNDS_MOST 4  // so many times the next ones

struct zone_servers *zone_closest(const struct resolver *resolver, const uint8_t *name)
{
	struct zone_servers *best = NULL;
	for (struct zone_servers *z = resolver->zones; z != NULL; z = z->next)
		if (name_is_within(name, z->zone) &&
		    (best == NULL || name_label_count(z->zone) > name_label_count(best->zone)))
			best = z;
	return best;
}

// The NS owner that lies deepest between zone and name; NULL: none does.
static const uint8_t *referred_zone(const struct zone_servers *zone, const struct reply *reply,
                                    enum message_section section, const uint8_t *name)
{
	const struct reply_record *ns = reply_find(reply, section, NULL, TYPE_NS, NULL);
	for (; ns != NULL; ns = reply_find(reply, section, NULL, TYPE_NS, ns))
		if (name_is_within(ns->owner, zone->zone) && !name_equal(ns->owner, zone->zone) &&
		    name_is_within(name, ns->owner))
			return ns->owner;
	return NULL;
}

struct zone_servers *zone_learn(struct resolver *resolver, const struct zone_servers *zone,
                                const struct reply *reply, enum message_section section,
                                const uint8_t *name)
{
	const uint8_t *owner = referred_zone(zone, reply, section, name);
	if (owner == NULL)
		return NULL;
	struct zone_servers *made = pool_new(resolver->pool, sizeof *made);
	made->zone = owner;
	const struct reply_record *ns = reply_find(reply, section, owner, TYPE_NS, NULL);
	for (; ns != NULL && made->name_count < ZONE_NAMES_MOST;
	     ns = reply_find(reply, section, owner, TYPE_NS, ns)) {
		made->names[made->name_count++] = ns->rdata;
		// Glue from outside the zone that refers would be anybody's word.
		if (name_is_within(ns->rdata, zone->zone))
			address_list_take(&made->addresses, reply, SECTION_ADDITIONAL, ns->rdata, resolver->port);
	}
	made->next = resolver->zones;
	resolver->zones = made;
	return made;
}

// Looks up servers that came without an address, until one has some.
static void find_servers(struct resolver *resolver, struct zone_servers *zone, const char **why)
{
	struct lookup lookup;
	for (uint32_t i = 0; i < zone->name_count && zone->addresses.count == 0; i++) {
		// A server below the zone it serves is found by its glue or not at all.
		if (name_is_within(zone->names[i], zone->zone))
			continue;
		resolver_addresses(resolver, zone->names[i], &zone->addresses, &lookup);
		if (lookup.state != LOOKUP_FOUND && lookup.why != NULL)
			*why = lookup.why;
	}
	zone->is_resolved = true;
}

static bool is_useful(const struct zone_servers *zone, const struct ask *ask)
{
	const struct reply *reply = ask->reply;
	if (reply == NULL || (reply->rcode != RCODE_NOERROR && reply->rcode != RCODE_NXDOMAIN))
		return false;
	return reply_is_authoritative(reply) ||
	       referred_zone(zone, reply, SECTION_AUTHORITY, ask->name) != NULL;
}

static const char *complain(struct resolver *resolver, const struct zone_servers *zone,
                            const struct ask *ask)
{
	char zone_text[NAME_MAX_TEXT], address[ADDRESS_TEXT], rcode[DNS_TYPE_TEXT], text[NAME_MAX_TEXT + 256];
	const char *what = "is not authoritative";
	if (ask->reply == NULL)
		what = ask_failure(ask);
	else if (ask->reply->rcode != RCODE_NOERROR)
		what = dns_rcode_to_text(ask->reply->rcode, rcode);
	snprintf(text, sizeof text, "no server of %s gave an answer (%s: %s)", name_to_text(zone->zone, zone_text),
	         address_to_text((const struct sockaddr *)&ask->server, address), what);
	return pool_text(resolver->pool, text, strlen(text));
}

const struct reply *zone_ask(struct resolver *resolver, struct zone_servers *zone, const uint8_t *name,
                             uint16_t type, const char **why)
{
	struct ask asks[AT_ONCE];
	uint32_t begun = 0;
	bool is_heard = false;
	*why = zone->silent;
	if (zone->silent != NULL)
		return NULL;
	if (zone->addresses.count == 0 && !zone->is_resolved)
		find_servers(resolver, zone, why);
	if (zone->addresses.count == 0) {
		char zone_text[NAME_MAX_TEXT], text[NAME_MAX_TEXT + 64];
		snprintf(text, sizeof text, "no server of %s has an address", name_to_text(zone->zone, zone_text));
		if (*why == NULL)
			*why = pool_text(resolver->pool, text, strlen(text));
		return NULL;
	}
	for (unsigned round = 0; round < ROUNDS_MOST && begun < zone->addresses.count; round++) {
		uint32_t count = 0;
		for (; count < AT_ONCE && begun < zone->addresses.count; count++)
			asks[count] = (struct ask){ .server = zone->addresses.at[begun++], .name = name, .type = type };
		asker_run(resolver->asker, asks, count);
		for (uint32_t i = 0; i < count; i++) {
			if (is_useful(zone, &asks[i]))
				return asks[i].reply;
			is_heard |= asks[i].reply != NULL;
		}
		*why = complain(resolver, zone, &asks[0]);
	}
	if (!is_heard)
		zone->silent = *why;
	return NULL;
}
