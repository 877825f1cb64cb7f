// SPDX-License-Identifier: GPL-3.0-or-later
// What a server gives to strangers that it should keep: the whole zone, recursion.
#include "audit/checks.h"

// Who fetches the zone there is no stranger; how it does is looked at elsewhere.
static bool is_source(const struct facts *facts, const struct server *server)
{
	for (uint32_t i = 0; i < facts->source_count; i++)
		if (address_equal((const struct sockaddr *)&facts->sources[i][SOURCE_SOA].server,
		                  (const struct sockaddr *)&server->address))
			return true;
	return false;
}

static void check_open(const struct facts *facts, const struct server *server, struct findings *findings)
{
	const struct ask *ask = &server->probes[PROBE_TRANSFER];
	if (facts_gives_zone(facts, ask) && !is_source(facts, server))
		finding_add(findings, FINDING_OPEN_TRANSFER, AT_SERVER(facts, server),
		            "answered AXFR from this host, unsigned, with the zone (%u records in the first message).",
		            ask->reply->count);
}

static void check_recursion(const struct facts *facts, const struct server *server, struct findings *findings)
{
	static const uint8_t root[1] = { 0 };
	const struct reply *reply = server->probes[PROBE_RECURSION].reply;
	if (reply == NULL || (reply->flags & FLAG_RA) == 0)
		return;
	// A server that serves the root itself answers for it by right.
	if (reply->rcode == RCODE_NOERROR && !reply_is_authoritative(reply) &&
	    reply_find(reply, SECTION_ANSWER, root, TYPE_NS, NULL) != NULL)
		finding_add(findings, FINDING_OPEN_RESOLVER, AT_SERVER(facts, server),
		            "looked a name up for this host that it does not serve (the NS records of the root).");
	else
		finding_add(findings, FINDING_RECURSION_OFFERED, AT_SERVER(facts, server),
		            "sets the RA flag: recursion available.");
}

void check_transfer(const struct facts *facts, struct findings *findings)
{
	for (uint32_t i = 0; i < facts->server_count; i++) {
		if (!facts->servers[i]->is_authoritative)
			continue;
		check_open(facts, facts->servers[i], findings);
		check_recursion(facts, facts->servers[i], findings);
	}
}
