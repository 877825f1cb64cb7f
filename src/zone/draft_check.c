// SPDX-License-Identifier: GPL-3.0-or-later
// What keeps a draft from being a zone. Faults are counted as nodes change, so
// that a check costs nothing where there are none.
#include "zone/draft_internal.h"

enum zone_fault node_fault(const struct set_part *parts, unsigned count, bool apex)
{
	bool alias = false, other = false;
	for (unsigned i = 0; i < count; ++i) {
		uint16_t type = (uint16_t)(parts[i].key >> 1);
		if (parts[i].key & 1)
			continue;
		if (type == TYPE_SOA && !apex)
			return ZONE_SOA_ELSEWHERE;
		if (type == TYPE_SOA && parts[i].count > 1)
			return ZONE_SEVERAL_SOA;
		if (type == TYPE_DNAME && parts[i].count > 1)
			return ZONE_DNAME_SEVERAL; // RFC 6672, 2.4
		if (type == TYPE_CNAME && parts[i].count > 1)
			return ZONE_CNAME_OTHER; // RFC 2181, 10.1
		alias |= type == TYPE_CNAME;
		other |= type != TYPE_CNAME && type != TYPE_NSEC && type != TYPE_KEY && type != TYPE_NXT;
	}
	return alias && other ? ZONE_CNAME_OTHER : ZONE_SOUND; // RFC 1034, 3.6.2; RFC 4035, 2.5
}

struct fault_search {
	enum zone_fault fault;
	arena_ref node;
};

static void fault_visit(void *context, arena_ref ref)
{
	struct fault_search *search = context;
	struct set_part parts[NODE_SETS_MAX];
	const struct zone_node *n = arena_at(ref);
	unsigned count = node_parts(n, parts);
	if (search->node == 0 && node_fault(parts, count, n->owner_length == 0) == search->fault)
		search->node = ref;
}

enum zone_fault zone_draft_check(const struct zone_draft *draft, uint8_t owner[static NAME_MAX_WIRE])
{
	struct set_part part;
	(void)draft_flush(draft->self); // an error stays, and stops the seal
	const struct zone_node *apex = arena_at(draft->apex);
	memcpy(owner, draft->line->origin, draft->line->origin_length);
	if (!node_find(apex, set_key(TYPE_SOA, false), &part))
		return ZONE_NO_SOA;
	if (!node_find(apex, set_key(TYPE_NS, false), &part))
		return ZONE_NO_NS;
	for (unsigned fault = ZONE_SOUND + 1; fault < FAULTS; ++fault) {
		struct fault_search search = { (enum zone_fault)fault, 0 };
		if (draft->faults[fault] == 0)
			continue;
		index_each(&draft->index, fault_visit, &search);
		if (search.node == 0)
			continue;
		const struct zone_node *n = arena_at(search.node);
		memcpy(owner, n->rest, n->owner_length);
		memcpy(owner + n->owner_length, draft->line->origin, draft->line->origin_length);
		return search.fault;
	}
	return ZONE_SOUND;
}
