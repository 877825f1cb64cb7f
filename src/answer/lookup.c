// SPDX-License-Identifier: GPL-3.0-or-later
// From a name to what is said about it (RFC 1034, 4.3.2): data, a wildcard's
// data, an alias that leads on, a referral, or that there is nothing.
#include "answer/reply.h"

#include <string.h>

// Goes on with `target`, where it lies in the zone and was not here before.
// Out of the zone there may be another that is served too; as BIND and Knot do,
// finding it is left to the resolver, who would not believe us.
static bool follow(struct reply *r, const uint8_t *target, struct qname *next)
{
	uint8_t name[NAME_MAX_WIRE];
	if (r->truncated || r->chain >= CHAIN_MAX || !name_is_within(target, zone_origin(r->version)))
		return false;
	r->chain_hash[r->chain++] = r->name->hash[r->name->label_count];
	name_lower(name, target);
	qname_init(next, name);
	r->name = next;
	r->name_at = r->target_at;
	for (unsigned i = 0; i < r->chain; i++)
		if (r->chain_hash[i] == next->hash[next->label_count])
			return false;
	return true;
}

static void note_wildcard(struct reply *r, const struct zone_find *find)
{
	if (!r->prove || find->match != ZONE_ABSENT)
		return;
	r->wildcard[r->wildcards].labels = find->labels;
	memcpy(r->wildcard[r->wildcards].name, r->name->wire, r->name->length);
	r->wildcards++;
}

void reply_end_answer(struct reply *r)
{
	const struct qname *name = r->name;
	r->section = SECTION_AUTHORITY;
	for (unsigned i = 0; i < r->wildcards && !r->truncated; i++) {
		struct zone_find find = { .match = ZONE_ABSENT, .labels = r->wildcard[i].labels };
		struct qname expanded;
		qname_init(&expanded, r->wildcard[i].name);
		r->name = &expanded;
		reply_prove(r, &find, PROOF_WILDCARD);
	}
	r->wildcards = 0;
	r->name = name;
}

static bool from_cname(struct reply *r, const struct zone_node *node, const struct zone_find *find,
                       const struct rrset *set, struct qname *next)
{
	struct rrset signatures;
	const struct rrset *signed_by = reply_signatures(r, node, TYPE_CNAME, &signatures);
	if (!reply_require(r, owner_of_name(r), set, signed_by, TTL_AS_STORED))
		return false;
	note_wildcard(r, find);
	return follow(r, set->wire + RECORD_RDATA, next);
}

// RFC 6672, 3.2. A chain may come through the same DNAME again; its set is
// written once.
static bool put_dname(struct reply *r, const struct zone_find *find)
{
	for (unsigned i = 0; i < r->dnames; i++)
		if (r->dname[i] == find->node)
			return true;
	r->dname[r->dnames++] = find->node;
	return reply_require_type(r, owner_of_suffix(r, find->labels), find->node, TYPE_DNAME);
}

static bool from_dname(struct reply *r, const struct zone_find *find, struct qname *next)
{
	uint8_t target[NAME_MAX_WIRE];
	struct rrset set;
	if (!zone_node_rrset(find->node, TYPE_DNAME, &set) || !put_dname(r, find))
		return false;
	const uint8_t *to = set.wire + RECORD_RDATA;
	size_t kept = r->name->offset[find->labels], length = name_length(to);
	if (kept + length > NAME_MAX_WIRE) {
		r->rcode = RCODE_YXDOMAIN;
		return false;
	}
	memcpy(target, r->name->wire, kept);
	memcpy(target + kept, to, length);
	if (!reply_require_cname(r, owner_of_name(r), set.ttl, target))
		return false;
	bool asked_for = r->answer->type == TYPE_CNAME || r->answer->type == TYPE_ANY;
	return !asked_for && follow(r, target, next);
}

// What the node has of the type. False where it has nothing.
static bool put_data(struct reply *r, const struct zone_node *node, uint16_t type, struct rrset *set)
{
	struct rrset signatures;
	set->count = 0;
	if (type == TYPE_ANY)
		return reply_any(r, node);
	if (type == TYPE_RRSIG)
		return reply_all_signatures(r, node);
	if (!zone_node_rrset(node, type, set))
		return false;
	reply_require(r, owner_of_name(r), set, reply_signatures(r, node, type, &signatures), TTL_AS_STORED);
	return true;
}

// RRSIG and NSEC stand beside an alias (RFC 4035, 2.5), so a question for them is
// about the alias, as BIND and Knot see it too.
static bool is_aliased(uint16_t type)
{
	return type != TYPE_RRSIG && type != TYPE_NSEC;
}

static bool from_node(struct reply *r, const struct zone_node *node, const struct zone_find *find,
                      struct qname *next)
{
	struct rrset set;
	if (put_data(r, node, r->answer->type, &set)) {
		note_wildcard(r, find);
		if (r->wildcards > 0)
			reply_end_answer(r);
		if (!r->identity->minimal_responses)
			reply_targets(r, &set);
		return false;
	}
	if (is_aliased(r->answer->type) && zone_node_rrset(node, TYPE_CNAME, &set))
		return from_cname(r, node, find, &set, next);
	reply_no_type(r, find);
	return false;
}

// One name. True where `next` has another to look up.
static bool look_up(struct reply *r, const struct zone_find *find, struct qname *next)
{
	switch (find->match) {
	case ZONE_EXACT:
		return from_node(r, find->node, find, next);
	case ZONE_CUT:
		// The DS stands at the cut and is the parent's (RFC 4035, 3.1.4.1).
		if (r->answer->type == TYPE_DS && find->labels == r->name->label_count)
			return from_node(r, find->node, find, next);
		reply_refer(r, find);
		return false;
	case ZONE_DNAME:
		return from_dname(r, find, next);
	case ZONE_ABSENT:
		if (find->wildcard != NULL)
			return from_node(r, find->wildcard, find, next);
		reply_no_name(r, find);
		return false;
	}
	return false;
}

void reply_from_zone(struct reply *r)
{
	struct qname next;
	r->authoritative = true;
	if (look_up(r, &r->answer->find, &next)) {
		struct zone_find find;
		do
			zone_find(r->version, r->name, &find);
		while (look_up(r, &find, &next));
	}
	if (r->wildcards > 0)
		reply_end_answer(r);
}
