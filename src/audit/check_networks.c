// SPDX-License-Identifier: GPL-3.0-or-later
// Whether one fault can take all servers away.
#include <string.h>

#include "audit/checks.h"
#include "audit/networks.h"

// Those that resolvers are led to; others were only named to us.
static bool is_public(const struct facts *facts, const struct server *server)
{
	if (server->name == NULL || server->is_new)
		return false;
	for (uint32_t i = 0; i < facts->target_count; i++)
		if (name_equal(facts->targets[i].name, server->name))
			return true;
	return false;
}

static void check_number(const struct facts *facts, struct findings *findings)
{
	char name[NAME_MAX_TEXT], address[ADDRESS_TEXT];
	uint32_t addresses[2] = { 0, 0 };
	const struct server *last = NULL;
	for (uint32_t i = 0; i < facts->server_count; i++)
		if (is_public(facts, facts->servers[i])) {
			last = facts->servers[i];
			addresses[last->address.ss_family == AF_INET6]++;
		}
	if (facts->target_count == 1)
		finding_add(findings, FINDING_FEW_SERVERS, NULL, NULL, 0, "The only one is %s.",
		            name_to_text(facts->targets[0].name, name));
	else if (last != NULL && addresses[0] <= 1 && addresses[1] <= 1 && addresses[0] + addresses[1] < 2)
		finding_add(findings, FINDING_FEW_SERVERS, NULL, NULL, 0,
		            "There are %u names for name servers, and all of them are %s.", facts->target_count,
		            facts_address(facts, &last->address, address));
}

static void check_network(const struct facts *facts, sa_family_t family, struct findings *findings)
{
	char first[NETWORK_TEXT] = "", network[NETWORK_TEXT];
	uint32_t count = 0;
	for (uint32_t i = 0; i < facts->server_count; i++) {
		const struct server *server = facts->servers[i];
		if (!is_public(facts, server) || server->address.ss_family != family)
			continue;
		network_of(&server->address, network);
		if (count++ == 0)
			strcpy(first, network);
		else if (strcmp(first, network) != 0)
			return;
	}
	if (count >= 2)
		finding_add(findings, FINDING_SAME_NETWORK, NULL, NULL, 0, "%s %s addresses of name servers are in %s.",
		            count == 2 ? "Both" : "All", family == AF_INET6 ? "IPv6" : "IPv4", first);
}

static void check_origin(const struct facts *facts, struct findings *findings)
{
	uint32_t origin = 0, count = 0;
	for (uint32_t i = 0; i < facts->server_count; i++) {
		const struct server *server = facts->servers[i];
		if (!is_public(facts, server) || server->has_no_route)
			continue;
		if (server->origin == 0 || (count > 0 && server->origin != origin))
			return;
		origin = server->origin;
		count++;
	}
	if (count >= 2)
		finding_add(findings, FINDING_SAME_ORIGIN, NULL, NULL, 0, "%s addresses are announced by AS%u.",
		            count == 2 ? "Both" : "All", origin);
}

void check_networks(const struct facts *facts, struct findings *findings)
{
	check_number(facts, findings);
	check_network(facts, AF_INET, findings);
	check_network(facts, AF_INET6, findings);
	check_origin(facts, findings);
}
