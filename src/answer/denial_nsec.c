// SPDX-License-Identifier: GPL-3.0-or-later
// Denial by NSEC (RFC 4035, 3.1.3). The chain has one record for every name,
// there or not: the one of the name itself, or the one whose span it falls in.
#include "answer/reply.h"

static void put_nsec(struct reply *r, const struct qname *name)
{
	uint8_t owner[NAME_MAX_WIRE];
	bool exact;
	const struct zone_node *node = zone_nsec_find(r->version, name, &exact);
	if (node == NULL || !reply_proof_is_new(r, node))
		return;
	zone_node_owner(r->version, node, owner);
	reply_require_type(r, owner_of(owner), node, TYPE_NSEC);
}

static void put_nsec_of_wildcard(struct reply *r, unsigned labels)
{
	struct qname wildcard;
	reply_wildcard_name(r, labels, &wildcard);
	put_nsec(r, &wildcard);
}

static void put_nsec_of_cut(struct reply *r, unsigned labels)
{
	struct qname cut;
	qname_init(&cut, r->name->wire + r->name->offset[labels]);
	put_nsec(r, &cut);
}

void reply_prove_nsec(struct reply *r, const struct zone_find *find, enum proof proof)
{
	switch (proof) {
	case PROOF_NO_DS:
		put_nsec_of_cut(r, find->labels);
		break;
	case PROOF_NO_TYPE:
	case PROOF_WILDCARD:
		put_nsec(r, r->name);
		break;
	case PROOF_NO_NAME:
	case PROOF_WILDCARD_NO_TYPE:
		put_nsec(r, r->name);
		put_nsec_of_wildcard(r, find->labels);
		break;
	}
}
