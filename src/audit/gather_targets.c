// SPDX-License-Identifier: GPL-3.0-or-later
// The names that NS records point to, and their addresses.
#include "audit/facts.h"

static void learn_names(struct facts *facts, const struct server *server)
{
	const struct reply *reply = server->probes[PROBE_NS].reply;
	const struct reply_record *ns = NULL;
	if (!server->is_authoritative || reply == NULL || !reply_is_authoritative(reply))
		return;
	while ((ns = reply_find(reply, SECTION_ANSWER, facts->domain, TYPE_NS, ns)) != NULL) {
		struct target *target = facts_add_target(facts, ns->rdata);
		if (target != NULL)
			target->at_apex = true;
	}
}

static uint32_t inside_count(const struct facts *facts)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < facts->target_count; i++)
		count += facts->targets[i].is_inside;
	return count;
}

// Asks the server for the addresses of all targets within the zone, where it has
// not been asked for as many.
static void ask_addresses(struct facts *facts, struct server *server)
{
	static const uint16_t types[] = { TYPE_A, TYPE_AAAA };
	uint32_t wanted = 2 * inside_count(facts), count = 0;
	if (!server->is_authoritative || server->target_ask_count == wanted)
		return;
	struct ask *asks = pool_new(facts->pool, wanted * sizeof *asks);
	for (uint32_t i = 0; i < facts->target_count; i++)
		for (unsigned t = 0; t < 2 && facts->targets[i].is_inside; t++)
			asks[count++] = (struct ask){ .server = server->address, .name = facts->targets[i].name,
				.type = types[t], .flags = server->speaks_edns ? 0 : ASK_PLAIN };
	asker_run(&facts->asker, asks, count);
	server->target_asks = asks;
	server->target_ask_count = count;
}

// One server's word on one target's addresses of one kind.
static void take_address(struct facts *facts, struct target *target, const struct reply *reply, uint16_t type)
{
	if (reply == NULL || !reply_is_authoritative(reply))
		return; // a zone cut within the domain: the zone below has the word
	const struct reply_record *alias = reply_find(reply, SECTION_ANSWER, target->name, TYPE_CNAME, NULL);
	target->own_is_known = true;
	if (alias != NULL) {
		target->lookup.is_alias = true;
		target->lookup.name = alias->rdata;
	} else if (reply_find(reply, SECTION_ANSWER, target->name, type, NULL) != NULL) {
		target->lookup.state = LOOKUP_FOUND;
		address_list_take(&target->own, reply, SECTION_ANSWER, target->name, facts->options->port);
	} else if (target->own.count == 0) {
		target->lookup.state = reply->rcode == RCODE_NXDOMAIN ? LOOKUP_NO_NAME : LOOKUP_NO_DATA;
	}
}

static void take_addresses(struct facts *facts, const struct server *server)
{
	for (uint32_t i = 0; i < server->target_ask_count; i++) {
		const struct ask *ask = &server->target_asks[i];
		struct target *target = facts_target(facts, ask->name);
		if (target != NULL)
			take_address(facts, target, ask->reply, ask->type);
	}
}

// What a server says that has an old version is old: the newest have the word.
static void judge_inside(struct facts *facts)
{
	for (uint32_t i = 0; i < facts->target_count; i++) {
		struct target *target = &facts->targets[i];
		if (!target->is_inside)
			continue;
		target->own.count = 0;
		target->own_is_known = false;
		target->lookup = (struct lookup){ .state = LOOKUP_FAILED, .name = target->name };
	}
	for (uint32_t i = 0; i < facts->server_count; i++)
		if (facts->servers[i]->is_authoritative && facts->servers[i]->soa.serial == facts->newest)
			take_addresses(facts, facts->servers[i]);
}

// Those outside, and those inside that the zone's own servers have no word on, as
// they lie in a zone further down. The resolver remembers what it has found.
static void look_up(struct facts *facts, struct target *target)
{
	if (target->is_inside ? target->own_is_known || !facts->has_serial : target->is_looked_up)
		return;
	target->is_looked_up = true;
	resolver_addresses(&facts->resolver, target->name, &target->own, &target->lookup);
	target->own_is_known = target->lookup.state != LOOKUP_FAILED && target->lookup.state != LOOKUP_LOOP;
}

static void add_servers(struct facts *facts, const struct target *target)
{
	for (uint32_t i = 0; i < target->glue.count; i++)
		facts_add_server(facts, target->name, &target->glue.at[i]);
	for (uint32_t i = 0; i < target->own.count; i++)
		facts_add_server(facts, target->name, &target->own.at[i]);
}

void gather_targets(struct facts *facts)
{
	for (uint32_t i = 0; i < facts->server_count; i++)
		learn_names(facts, facts->servers[i]);
	for (uint32_t i = 0; i < facts->server_count; i++)
		ask_addresses(facts, facts->servers[i]);
	judge_inside(facts);
	for (uint32_t i = 0; i < facts->target_count; i++) {
		look_up(facts, &facts->targets[i]);
		add_servers(facts, &facts->targets[i]);
	}
}
