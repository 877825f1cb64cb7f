// SPDX-License-Identifier: GPL-3.0-or-later
// What the zone above says of the domain.
#include <string.h>

#include "audit/facts.h"

static struct zone_servers *given_parent(struct facts *facts)
{
	const struct audit_addresses *given = &facts->options->parents;
	struct zone_servers *parent = pool_new(facts->pool, sizeof *parent);
	parent->zone = name_skip(facts->domain, 1);
	parent->is_resolved = true;
	for (uint32_t i = 0; i < given->count; i++)
		address_list_add(&parent->addresses, &given->at[i]);
	return parent;
}

// Servers without glue are looked up, all of them: each is to be asked.
static void complete(struct facts *facts, struct zone_servers *parent)
{
	struct lookup lookup;
	for (uint32_t i = 0; i < parent->name_count && parent->addresses.count < ADDRESSES_MOST / 2; i++)
		resolver_addresses(&facts->resolver, parent->names[i], &parent->addresses, &lookup);
}

static struct ask *ask_all(struct facts *facts, uint16_t type)
{
	const struct address_list *to = &facts->parent->addresses;
	struct ask *asks = pool_new(facts->pool, to->count * sizeof *asks);
	for (uint32_t i = 0; i < to->count; i++)
		asks[i] = (struct ask){ .server = to->at[i], .name = facts->domain, .type = type,
		                        .flags = ASK_DNSSEC };
	asker_run(&facts->asker, asks, to->count);
	return asks;
}

static void take_referral(struct facts *facts, const struct reply *reply)
{
	const struct reply_record *ns = NULL;
	while ((ns = reply_find(reply, SECTION_AUTHORITY, facts->domain, TYPE_NS, ns)) != NULL) {
		struct target *target = facts_add_target(facts, ns->rdata);
		if (target == NULL)
			continue;
		target->at_parent = true;
		address_list_take(&target->glue, reply, SECTION_ADDITIONAL, ns->rdata, facts->options->port);
	}
	facts->is_delegated = true;
}

static void take_answer(struct facts *facts, const struct reply *reply)
{
	if (reply->rcode != RCODE_NOERROR && reply->rcode != RCODE_NXDOMAIN)
		return;
	facts->parent_answered = true;
	if (reply_is_authoritative(reply)) {
		if (reply_find(reply, SECTION_ANSWER, facts->domain, TYPE_NS, NULL) != NULL)
			facts->parent_serves = true;
		else
			facts->is_unknown |= reply->rcode == RCODE_NXDOMAIN;
	} else if (reply_find(reply, SECTION_AUTHORITY, facts->domain, TYPE_NS, NULL) != NULL) {
		take_referral(facts, reply);
	}
}

void gather_parent(struct facts *facts)
{
	if (facts->options->no_parent || facts->domain[0] == 0)
		return;
	if (facts->options->parents.count > 0) {
		facts->parent = given_parent(facts);
	} else {
		facts->parent = resolver_parent(&facts->resolver, facts->domain, &facts->parent_why);
		if (facts->parent == NULL)
			return;
		complete(facts, facts->parent);
	}
	facts->parent_ns = ask_all(facts, TYPE_NS);
	facts->parent_ds = ask_all(facts, TYPE_DS);
	for (uint32_t i = 0; i < facts->parent->addresses.count; i++)
		if (facts->parent_ns[i].reply != NULL)
			take_answer(facts, facts->parent_ns[i].reply);
}
