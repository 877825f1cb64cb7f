// SPDX-License-Identifier: GPL-3.0-or-later
// Whose serials of a zone are watched: the primaries, those that are notified
// by name, those that monitor-servers names, and the name servers of the zone as
// far as their addresses are in zones served here.
#include <netinet/in.h>
#include <string.h>

#include "dns/types.h"
#include "replicate/monitor.h"
#include "replicate/notify_out.h"
#include "replicate/replica.h"
#include "replicate/room.h"

struct gathering {
	struct replica *replica;
	const struct config_policy *policy;
	struct monitor_candidate *list;
	unsigned count;
};

// The same address twice is one server, with the first part and any name.
static struct monitor_candidate *add(struct gathering *g, const struct endpoint *endpoint, enum server_part part)
{
	struct monitor_candidate *one;

	for (unsigned i = 0; i < g->count; i++)
		if (endpoint_equal(&g->list[i].endpoint, endpoint))
			return &g->list[i];
	if (g->count == ZONE_SERVERS_MAX)
		return NULL;
	one = &g->list[g->count++];
	memset(one, 0, sizeof *one);
	one->endpoint = *endpoint;
	one->part = part;
	one->is_self = notify_is_own(&g->replica->room->notify_out, endpoint);
	return one;
}

static void add_remotes(struct gathering *g, const struct config_remotes *remotes, enum server_part part)
{
	for (uint32_t i = 0; i < remotes->count; i++) {
		const struct config_remote *remote = &remotes->remote[i];
		struct endpoint endpoint;
		unsigned before = g->count;

		endpoint_from(&endpoint, (const struct sockaddr *)&remote->address);
		struct monitor_candidate *one = add(g, &endpoint, part);
		if (one == NULL || g->count == before)
			continue;
		one->key = remote->key;
		if (remote->source.ss_family == endpoint.family)
			endpoint_from(&one->source, (const struct sockaddr *)&remote->source);
	}
}

static void add_address(struct gathering *g, const uint8_t *name, struct endpoint *endpoint)
{
	bool is_primary = g->replica->role == CONFIG_PRIMARY && g->policy->notify != CONFIG_NOTIFY_NO
	                  && g->policy->notify != CONFIG_NOTIFY_EXPLICIT;
	const struct sockaddr_storage *source = endpoint->family == AF_INET ? &g->policy->notify_source4
	                                                                    : &g->policy->notify_source6;
	const struct config_peer *peer;
	struct sockaddr_storage address;
	struct monitor_candidate *one;
	unsigned before = g->count;

	endpoint_to(endpoint, &address);
	peer = config_peer_find(room_config(g->replica->room), (const struct sockaddr *)&address);
	if (peer != NULL && peer->bogus)
		return;
	one = add(g, endpoint, is_primary ? SERVER_RECEIVER : SERVER_SIBLING);
	if (one == NULL)
		return;
	if (one->name == NULL)
		one->name = name;
	if (g->count == before)
		return;
	one->key = peer != NULL ? peer->key : NULL;
	one->is_unusable = !endpoint_is_of_one_host(endpoint);
	if (source->ss_family == endpoint->family)
		endpoint_from(&one->source, (const struct sockaddr *)source);
}

static bool add_addresses(struct gathering *g, const uint8_t *name, const struct zone_node *node, uint16_t type)
{
	struct endpoint endpoint = { .family = type == TYPE_A ? AF_INET : AF_INET6, .port = 53 };
	size_t size = type == TYPE_A ? 4 : 16;
	struct rrset set;
	const uint8_t *record;

	if (!zone_node_rrset(node, type, &set))
		return false;
	record = set.wire;
	for (unsigned i = 0; i < set.count; i++, record = record_next(record)) {
		if (wire_get16(record + RECORD_RDLENGTH) != size)
			continue;
		memcpy(endpoint.bytes, record + RECORD_RDATA, size);
		add_address(g, name, &endpoint);
	}
	return true;
}

static void add_name(struct gathering *g, const uint8_t *name)
{
	struct qname q;
	const struct zone_slot *slot;
	const struct zone_version *version;
	const struct zone_node *node = NULL;
	struct monitor_candidate *one;
	bool has_address = false;

	qname_init(&q, name);
	slot = zone_table_find(g->replica->room->table, &q, false);
	version = slot != NULL ? atomic_load_explicit(&slot->version, memory_order_relaxed) : NULL;
	if (version != NULL)
		node = zone_node_at(version, &q);
	if (node != NULL) {
		has_address = add_addresses(g, name, node, TYPE_A);
		has_address = add_addresses(g, name, node, TYPE_AAAA) || has_address;
	}
	if (has_address || g->count == ZONE_SERVERS_MAX)
		return;
	one = &g->list[g->count++];
	memset(one, 0, sizeof *one);
	one->part = SERVER_SIBLING;
	one->name = name;
}

static void add_name_servers(struct gathering *g)
{
	const struct zone_version *version = replica_version(g->replica);
	struct rrset ns;
	const uint8_t *record;

	if (version == NULL || !zone_node_rrset(zone_apex(version), TYPE_NS, &ns))
		return;
	record = ns.wire;
	for (unsigned i = 0; i < ns.count && g->count < ZONE_SERVERS_MAX; i++, record = record_next(record))
		add_name(g, record + RECORD_RDATA);
}

unsigned monitor_candidates(struct replica *replica, struct monitor_candidate list[static ZONE_SERVERS_MAX])
{
	const struct config_policy *policy = replica_zone(replica)->policy;
	struct gathering g = { .replica = replica, .policy = policy, .list = list };

	add_remotes(&g, policy->primaries, SERVER_PRIMARY);
	if (policy->monitor == CONFIG_MONITOR_NO)
		return g.count;
	add_remotes(&g, policy->also_notify, SERVER_RECEIVER);
	add_remotes(&g, policy->monitor_servers, SERVER_SIBLING);
	if (policy->monitor == CONFIG_MONITOR_YES)
		add_name_servers(&g);
	return g.count;
}
