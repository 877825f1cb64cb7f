// SPDX-License-Identifier: GPL-3.0-or-later
// Everything that is asked, in the order in which one thing leads to the next:
// the parent, the servers it names, the servers that those name.
#include <string.h>

#include "audit/facts.h"
#include "audit/networks.h"
#include "base/clock.h"
#include "base/error.h"
#include "dns/serial.h"

#define ROUNDS_MOST 4 // servers that name servers that name servers
#define SMALL_PAYLOAD 512

static struct ask probe_of(const struct facts *facts, const struct server *server, enum probe probe)
{
	static const uint8_t root[1] = { 0 };
	static const struct {
		uint16_t type, payload;
		unsigned flags;
	} probes[PROBE_COUNT] = {
		[PROBE_SOA] = { TYPE_SOA, 0, ASK_DNSSEC },
		[PROBE_SOA_PLAIN] = { TYPE_SOA, 0, ASK_PLAIN },
		[PROBE_SOA_TCP] = { TYPE_SOA, 0, ASK_PLAIN | ASK_TCP },
		[PROBE_NS] = { TYPE_NS, 0, ASK_DNSSEC },
		[PROBE_NS_PLAIN] = { TYPE_NS, 0, ASK_PLAIN | ASK_KEEP_TRUNCATED },
		[PROBE_DNSKEY] = { TYPE_DNSKEY, 0, ASK_DNSSEC },
		[PROBE_DNSKEY_SMALL] = { TYPE_DNSKEY, SMALL_PAYLOAD, ASK_DNSSEC | ASK_KEEP_TRUNCATED },
		[PROBE_MX] = { TYPE_MX, 0, 0 },
		[PROBE_TXT] = { TYPE_TXT, 0, 0 },
		[PROBE_VERSION] = { TYPE_SOA, 0, ASK_VERSION_1 },
		[PROBE_OPTION] = { TYPE_SOA, 0, ASK_UNKNOWN_OPTION },
		[PROBE_RECURSION] = { TYPE_NS, 0, ASK_RECURSION },
		[PROBE_TRANSFER] = { TYPE_AXFR, 0, ASK_PLAIN | ASK_TCP },
	};
	unsigned flags = probes[probe].flags;
	if (probe >= PROBE_FIRST_COUNT && !server->speaks_edns)
		flags = (flags & ~(unsigned)ASK_DNSSEC) | ASK_PLAIN;
	return (struct ask){
		.server = server->address, .name = probe == PROBE_RECURSION ? root : facts->domain,
		.type = probes[probe].type, .payload = probes[probe].payload, .flags = flags,
	};
}

// What each server would be asked of all that it is due: one batch for all, so
// that a slow one does not keep the others waiting.
static void ask_servers(struct facts *facts, enum probe first, enum probe end,
                        bool (*is_due)(const struct server *server))
{
	struct ask *asks = pool_new(facts->pool, SERVERS_MOST * PROBE_COUNT * sizeof *asks);
	uint32_t count = 0;
	for (int probe = (int)first; probe < (int)end; probe++)
		for (uint32_t i = 0; i < facts->server_count; i++)
			if (is_due(facts->servers[i]))
				asks[count++] = probe_of(facts, facts->servers[i], (enum probe)probe);
	asker_run(&facts->asker, asks, count);
	count = 0;
	for (int probe = (int)first; probe < (int)end; probe++)
		for (uint32_t i = 0; i < facts->server_count; i++)
			if (is_due(facts->servers[i]))
				facts->servers[i]->probes[probe] = asks[count++];
}

static bool is_due_first(const struct server *server)
{
	return !server->is_probed;
}

// The others are for servers that have the zone.
static bool is_due_rest(const struct server *server)
{
	return !server->is_asked_all && server->is_authoritative;
}

static bool is_good(const struct ask *ask)
{
	return ask->reply != NULL && ask->reply->rcode == RCODE_NOERROR;
}

static void take_first(struct facts *facts, struct server *server)
{
	const struct ask *probes = server->probes;
	server->is_probed = true;
	server->has_no_route = ask_has_no_route(&probes[PROBE_SOA]) || ask_has_no_route(&probes[PROBE_SOA_TCP]);
	// Such as know no EDNS answer FORMERR, or nothing, to what they answer plain.
	server->speaks_edns = probes[PROBE_SOA].reply != NULL && probes[PROBE_SOA].reply->edns.present;
	for (int probe = PROBE_FIRST_COUNT; probe-- > 0;)
		if (probes[probe].reply != NULL && (server->reply == NULL || is_good(&probes[probe])))
			server->reply = probes[probe].reply;
	if (server->reply == NULL || !reply_is_authoritative(server->reply))
		return;
	const struct reply_record *soa = reply_find(server->reply, SECTION_ANSWER, facts->domain, TYPE_SOA, NULL);
	if (soa == NULL || soa_read(soa->rdata, soa->length, &server->soa) != 0)
		return;
	server->soa_record = soa;
	server->is_authoritative = true;
	if (!facts->has_serial || serial_newer(server->soa.serial, facts->newest))
		facts->newest = server->soa.serial;
	facts->has_serial = true;
}

static void ask_round(struct facts *facts)
{
	ask_servers(facts, PROBE_SOA, PROBE_FIRST_COUNT, is_due_first);
	for (uint32_t i = 0; i < facts->server_count; i++)
		if (!facts->servers[i]->is_probed)
			take_first(facts, facts->servers[i]);
	ask_servers(facts, PROBE_FIRST_COUNT, PROBE_COUNT, is_due_rest);
	for (uint32_t i = 0; i < facts->server_count; i++)
		facts->servers[i]->is_asked_all = true;
	gather_targets(facts);
}

static void add_given(struct facts *facts)
{
	// The root has no parent to name its servers.
	const struct address_list *roots = &zone_closest(&facts->resolver, facts->domain)->addresses;
	for (uint32_t i = 0; facts->domain[0] == 0 && i < roots->count; i++)
		facts_add_server(facts, NULL, &roots->at[i]);
	const struct audit_addresses *servers = &facts->options->servers, *new = &facts->options->new_addresses;
	for (uint32_t i = 0; i < servers->count; i++) {
		struct server *server = facts_add_server(facts, NULL, &servers->at[i]);
		if (server != NULL)
			server->was_given = true;
	}
	for (uint32_t i = 0; i < new->count; i++) {
		struct server *server = facts_add_server(facts, facts->options->new_name, &new->at[i]);
		if (server != NULL)
			server->is_new = true;
	}
}

// A primary, hidden or not, may have what no public server has yet.
static void take_wanted(struct facts *facts, const struct ask *ask)
{
	struct soa soa;
	const struct reply_record *r = reply_find(ask->reply, SECTION_ANSWER, facts->domain, TYPE_SOA, NULL);
	if (r == NULL || !reply_is_authoritative(ask->reply) || soa_read(r->rdata, r->length, &soa) != 0)
		return;
	if (!facts->has_serial || serial_newer(soa.serial, facts->wanted))
		facts->wanted = soa.serial;
}

static void add_source(struct facts *facts, const struct sockaddr_storage *address, const struct tsig_key *key)
{
	struct ask *source = facts->sources[facts->source_count++];
	source[SOURCE_SOA] = (struct ask){ .server = *address, .name = facts->domain, .key = key,
	                                   .type = TYPE_SOA, .flags = ASK_PLAIN };
	source[SOURCE_TRANSFER] = source[SOURCE_SOA];
	source[SOURCE_TRANSFER].type = TYPE_AXFR;
	source[SOURCE_TRANSFER].flags |= ASK_TCP;
	source[SOURCE_UNSIGNED] = source[SOURCE_TRANSFER];
	source[SOURCE_UNSIGNED].key = NULL;
}

void gather_sources(struct facts *facts)
{
	const struct config_zone *zone = facts_zone(facts);
	const struct audit_options *options = facts->options;
	uint32_t primaries = zone != NULL && zone->role == CONFIG_SECONDARY ? zone->policy->primaries->count : 0;
	facts->wanted = facts->newest;
	facts->sources = pool_new(facts->pool, (primaries + options->servers.count) * sizeof *facts->sources);
	for (uint32_t i = 0; i < primaries; i++) {
		const struct config_remote *remote = &zone->policy->primaries->remote[i];
		add_source(facts, &remote->address, remote->key == NULL ? NULL : &remote->key->tsig);
	}
	for (uint32_t i = 0; options->key != NULL && i < options->servers.count; i++)
		add_source(facts, &options->servers.at[i], options->key);
	asker_run(&facts->asker, facts->sources[0], SOURCE_ASKS * facts->source_count);
	for (uint32_t i = 0; i < facts->source_count; i++)
		take_wanted(facts, &facts->sources[i][SOURCE_SOA]);
}

void gather_origins(struct facts *facts)
{
	for (uint32_t i = 0; i < facts->server_count && !facts->options->no_origin; i++) {
		struct server *server = facts->servers[i];
		const char *reserved = network_reserved(&server->address);
		// Whoever keeps that registry need not know of inner networks.
		if (!server->has_no_route && (reserved == NULL || strcmp(reserved, "loopback") == 0))
			server->origin = network_origin(&facts->resolver, &server->address);
	}
}

void facts_gather(struct facts *facts)
{
	uint64_t began = clock_boot_ms();
	facts->now = clock_wall_s();
	gather_parent(facts);
	add_given(facts);
	gather_targets(facts);
	uint32_t known = 0;
	for (unsigned round = 0; round < ROUNDS_MOST && known < facts->server_count; round++) {
		known = facts->server_count;
		ask_round(facts);
	}
	gather_sources(facts);
	gather_origins(facts);
	facts->elapsed_ms = (uint32_t)(clock_boot_ms() - began);
}
