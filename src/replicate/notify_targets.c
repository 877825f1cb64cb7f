// SPDX-License-Identifier: GPL-3.0-or-later
// Whom a zone's NOTIFY goes to.
#include <stdio.h>
#include <string.h>

#include "dns/types.h"
#include "replicate/notify_out.h"
#include "replicate/replica.h"
#include "replicate/room.h"

struct gathering {
	struct replica *replica;
	const struct config_policy *policy;
	struct notify_recipient *recipients;
	unsigned count;
	char *missing;
};

static bool is_known(const struct gathering *g, const struct endpoint *endpoint)
{
	for (unsigned i = 0; i < g->count; i++)
		if (endpoint_equal(&g->recipients[i].endpoint, endpoint))
			return true;
	return false;
}

bool notify_is_own(const struct notify_out *out, const struct endpoint *endpoint)
{
	for (unsigned i = 0; i < out->own_count; i++)
		if (endpoint_equal(&out->own[i], endpoint))
			return true;
	return false;
}

static void add(struct gathering *g, const struct endpoint *endpoint, const struct sockaddr_storage *source,
                const struct config_key *key)
{
	struct notify_recipient *recipient;

	if (g->count == RECIPIENTS_MAX || is_known(g, endpoint))
		return;
	recipient = &g->recipients[g->count++];
	memset(recipient, 0, sizeof *recipient);
	recipient->endpoint = *endpoint;
	if (source->ss_family == endpoint->family)
		endpoint_from(&recipient->source, (const struct sockaddr *)source);
	recipient->key = key;
}

static void add_addresses(struct gathering *g, const struct zone_node *node, uint16_t type)
{
	struct endpoint endpoint = { .family = type == TYPE_A ? AF_INET : AF_INET6, .port = 53 };
	size_t size = type == TYPE_A ? 4 : 16;
	const struct sockaddr_storage *source = type == TYPE_A ? &g->policy->notify_source4 : &g->policy->notify_source6;
	const struct config_peer *peer;
	struct sockaddr_storage address;
	struct rrset set;
	const uint8_t *record;

	if (!zone_node_rrset(node, type, &set))
		return;
	record = set.wire;
	for (unsigned i = 0; i < set.count; i++, record = record_next(record)) {
		if (wire_get16(record + RECORD_RDLENGTH) != size)
			continue;
		memcpy(endpoint.bytes, record + RECORD_RDATA, size);
		if (!endpoint_is_of_one_host(&endpoint) || notify_is_own(&g->replica->room->notify_out, &endpoint))
			continue;
		endpoint_to(&endpoint, &address);
		peer = config_peer_find(room_config(g->replica->room), (const struct sockaddr *)&address);
		if (peer == NULL || !peer->bogus)
			add(g, &endpoint, source, peer != NULL ? peer->key : NULL);
	}
}

static void add_name(struct gathering *g, const uint8_t *target)
{
	struct qname q;
	const struct zone_slot *slot;
	const struct zone_version *version;
	const struct zone_node *node = NULL;
	char name[NAME_MAX_TEXT];
	struct rrset set;
	size_t length;

	qname_init(&q, target);
	slot = zone_table_find(g->replica->room->table, &q, false);
	version = slot != NULL ? atomic_load_explicit(&slot->version, memory_order_relaxed) : NULL;
	if (version != NULL)
		node = zone_node_at(version, &q);
	if (node != NULL && (zone_node_rrset(node, TYPE_A, &set) || zone_node_rrset(node, TYPE_AAAA, &set))) {
		add_addresses(g, node, TYPE_A);
		add_addresses(g, node, TYPE_AAAA);
		return;
	}
	length = strlen(g->missing);
	snprintf(g->missing + length, 256 - length, "%s%s", length > 0 ? ", " : "", name_to_text(target, name));
}

static void add_name_servers(struct gathering *g)
{
	const struct zone_version *version = replica_version(g->replica);
	struct rrset soa, ns;
	const uint8_t *record;

	if (version == NULL || !zone_node_rrset(zone_apex(version), TYPE_NS, &ns))
		return;
	zone_soa(version, &soa);
	record = ns.wire;
	for (unsigned i = 0; i < ns.count; i++, record = record_next(record)) {
		// The SOA's MNAME is the primary: it knows (RFC 1996, 2.1).
		if (!name_equal(record + RECORD_RDATA, soa.wire + RECORD_RDATA))
			add_name(g, record + RECORD_RDATA);
	}
}

unsigned notify_recipients(struct replica *replica, struct notify_recipient recipients[static RECIPIENTS_MAX],
                           char missing[static 256])
{
	const struct config_policy *policy = replica_zone(replica)->policy;
	struct gathering g = { .replica = replica, .policy = policy, .recipients = recipients, .missing = missing };
	struct endpoint endpoint;

	missing[0] = '\0';
	if (policy->notify == CONFIG_NOTIFY_NO)
		return 0;
	for (uint32_t i = 0; i < policy->also_notify->count; i++) {
		const struct config_remote *remote = &policy->also_notify->remote[i];
		endpoint_from(&endpoint, (const struct sockaddr *)&remote->address);
		add(&g, &endpoint, &remote->source, remote->key);
	}
	if (policy->notify == CONFIG_NOTIFY_YES
	    || (policy->notify == CONFIG_NOTIFY_PRIMARY_ONLY && replica->role == CONFIG_PRIMARY))
		add_name_servers(&g);
	return g.count;
}
