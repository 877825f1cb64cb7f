// SPDX-License-Identifier: GPL-3.0-or-later
// The additional section: addresses of the names that an answer or a referral
// sends its reader to, as far as this zone has them.
#include "answer/reply.h"

#include "answer/stages.h"
#include "dns/lower.h"

// Whether the addresses of this name are still to be added; notes that they are.
static bool is_new_target(struct reply *r, const struct qname *target)
{
	uint64_t hash = target->hash[target->label_count];
	for (unsigned i = 0; i < r->targets; i++)
		if (r->target_hash[i] == hash)
			return false;
	if (r->targets == TARGETS_MAX) {
		r->incomplete = true;
		return false;
	}
	r->target_hash[r->targets++] = hash;
	return true;
}

// A set that does not fit is left out, and TC is not its matter: whoever needs
// it asks (RFC 2181, 9).
static void put_addresses(struct reply *r, struct owner owner, const struct zone_node *node)
{
	const uint16_t types[] = { TYPE_A, TYPE_AAAA };
	for (unsigned i = 0; i < 2; i++) {
		struct rrset set, signatures;
		if (zone_node_rrset(node, types[i], &set) &&
		    !reply_add(r, owner, &set, reply_signatures(r, node, types[i], &signatures), TTL_AS_STORED))
			r->incomplete = true;
	}
}

// Where the addresses of a name stand: at its node, at a wildcard for it, or
// below a cut. NULL where the zone has none, or `glue` forbids or demands.
enum glue { GLUE_NONE, GLUE_TOO, GLUE_ONLY };

static const struct zone_node *find_target(const struct reply *r, const struct qname *target, enum glue glue)
{
	struct zone_find find;
	zone_find(r->version, target, &find);
	if (find.match == ZONE_CUT)
		return glue == GLUE_NONE ? NULL : zone_node_at(r->version, target);
	if (glue == GLUE_ONLY)
		return NULL;
	if (find.match == ZONE_EXACT)
		return find.node;
	return find.match == ZONE_ABSENT ? find.wildcard : NULL;
}

static void put_target(struct reply *r, struct owner owner, enum glue glue)
{
	struct qname target;
	if (!name_is_within(owner.name, zone_origin(r->version)))
		return;
	qname_init(&target, owner.name);
	const struct zone_node *node = find_target(r, &target, glue);
	if (node != NULL && is_new_target(r, &target))
		put_addresses(r, (struct owner){ target.wire, owner.at, 0 }, node);
}

// Where the name in record `n` of the set written last stands in the message.
static uint16_t place_of(const struct reply *r, unsigned n)
{
	return n < r->places ? r->place[n] : 0;
}

void reply_targets(struct reply *r, const struct rrset *set)
{
	size_t skip; // octets of rdata before the name
	bool placed = set->type == TYPE_NS || set->type == TYPE_MX; // by reply_add()
	if (set->count == 0 || r->truncated)
		return;
	switch (set->type) {
	case TYPE_NS: skip = 0; break;
	case TYPE_MX: case TYPE_SVCB: case TYPE_HTTPS: skip = 2; break;
	case TYPE_SRV: skip = 6; break;
	default: return;
	}
	r->section = SECTION_ADDITIONAL;
	const uint8_t *record = set->wire;
	for (unsigned n = 0; n < set->count; n++, record = record_next(record)) {
		const uint8_t *rdata = record + RECORD_RDATA;
		struct owner target = { rdata + skip, placed ? place_of(r, n) : 0, 0 };
		// "." stands for the owner, but in alias mode for nothing (RFC 9460, 2.5).
		if (target.name[0] == 0 && skip == 2 && set->type != TYPE_MX && wire_get16(rdata) != 0)
			target = owner_of_name(r);
		put_target(r, target, set->type == TYPE_NS ? GLUE_TOO : GLUE_NONE);
	}
}

// Without the addresses below the cut nobody can go there: all of them, or TC
// (RFC 9471, 3.1).
static void require_glue(struct reply *r, struct owner owner, const struct zone_node *node)
{
	struct rrset sets[2];
	unsigned count = node != NULL ? zone_node_addresses(node, sets) : 0;
	for (unsigned i = 0; i < count; i++)
		reply_require(r, owner, &sets[i], NULL, TTL_AS_STORED);
}

// Where the name in NS record `n` lies at or below the cut. False: elsewhere.
static bool glue_below_cut(struct reply *r, const uint8_t *record, unsigned n, unsigned cut_labels)
{
	const struct answer *answer = r->answer;
	uint8_t target[NAME_MAX_WIRE];
	const void *bucket = NULL;
	uint64_t hash;
	size_t length;
	// An alias may have led to another cut than the question's.
	if (r->name == &answer->qname && n < answer->glue_count) {
		bucket = answer->glue[n].bucket;
		if (bucket == NULL)
			return false;
		hash = answer->glue[n].hash;
		length = wire_get16(record + RECORD_RDLENGTH);
		lower_copy(target, record + RECORD_RDATA, length);
	} else if (!glue_name(r->name, cut_labels, record, target, &length, &hash)) {
		return false;
	}
	require_glue(r, (struct owner){ target, place_of(r, n), 0 },
	             zone_node_below(r->version, hash, bucket, target, length));
	return true;
}

// Where the stages found all names to lie below the cut, in lower case.
static void put_plain_glue(struct reply *r, const struct rrset *ns)
{
	const struct answer_glue *glue = r->answer->glue;
	const uint8_t *record = ns->wire;
	for (unsigned n = 0; n < ns->count; n++, record = record_next(record)) {
		const uint8_t *target = record + RECORD_RDATA;
		size_t length = wire_get16(record + RECORD_RDLENGTH);
		require_glue(r, (struct owner){ target, place_of(r, n), 0 },
		             zone_node_below(r->version, glue[n].hash, glue[n].bucket, target, length));
	}
}

void reply_glue(struct reply *r, const struct rrset *ns, unsigned cut_labels)
{
	const uint8_t *cut = r->name->wire + r->name->offset[cut_labels], *record = ns->wire;
	bool others = false;
	r->section = SECTION_ADDITIONAL;
	if (r->answer->glue_plain && r->name == &r->answer->qname) {
		put_plain_glue(r, ns);
		return;
	}
	for (unsigned n = 0; n < ns->count; n++, record = record_next(record))
		if (!glue_below_cut(r, record, n, cut_labels))
			others = true;
	record = ns->wire;
	for (unsigned n = 0; others && !r->truncated && n < ns->count; n++, record = record_next(record))
		if (!name_is_within(record + RECORD_RDATA, cut))
			put_target(r, (struct owner){ record + RECORD_RDATA, place_of(r, n), 0 },
			           r->identity->minimal_responses ? GLUE_ONLY : GLUE_TOO);
}
