// SPDX-License-Identifier: GPL-3.0-or-later
// Denial by NSEC3 (RFC 5155, 7.2).
#include "answer/reply.h"

// The most that RFC 5155, 10.3 allows for any key. Beyond it validators take no
// proof (RFC 9276 lets them stop far below), and each hash would cost us as long
// as thousands of answers: one zone must not take the others' time.

struct nsec3 {
	struct reply *r;
	struct nsec3_parameters parameters;
};

// The node that matches the hash of the name (*exact) or covers it.
static const struct zone_node *find(const struct nsec3 *chain, const uint8_t *name, bool *exact)
{
	uint8_t hash[NSEC3_HASH_LENGTH];
	zone_nsec3_hash(&chain->parameters, name, hash);
	return zone_nsec3_find(chain->r->version, hash, exact);
}

static void put(const struct nsec3 *chain, const struct zone_node *node)
{
	struct reply *r = chain->r;
	uint8_t owner[NAME_MAX_WIRE];
	if (node == NULL || !reply_proof_is_new(r, node))
		return;
	zone_node_owner(r->version, node, owner);
	reply_require_type(r, owner_below_apex(r, owner), node, TYPE_NSEC3);
}

static void put_for(const struct nsec3 *chain, const uint8_t *name)
{
	bool exact;
	put(chain, find(chain, name, &exact));
}

static const uint8_t *suffix(const struct nsec3 *chain, unsigned labels)
{
	const struct qname *name = chain->r->name;
	return name->wire + name->offset[labels];
}

static bool put_match(const struct nsec3 *chain, unsigned labels)
{
	bool exact;
	const struct zone_node *node = labels == zone_origin_labels(chain->r->version)
	                               ? zone_nsec3_at_apex(chain->r->version, false, &exact)
	                               : find(chain, suffix(chain, labels), &exact);
	if (exact)
		put(chain, node);
	return exact;
}

// Shows that the name of `labels` labels, the next closer one, is not there.
static void put_closer(const struct nsec3 *chain, unsigned labels)
{
	const struct answer *answer = chain->r->answer;
	if (answer->closer != NULL && chain->r->name == &answer->qname && labels == answer->find.labels + 1u)
		put(chain, answer->closer);
	else
		put_for(chain, suffix(chain, labels));
}

// The closest encloser proof (7.2.1), searched upward from the last `labels`
// labels of the name: with opt-out a name that is there may have no NSEC3.
// Returns the labels of the closest encloser that can be proved.
static unsigned put_encloser(const struct nsec3 *chain, unsigned labels)
{
	unsigned apex = zone_origin_labels(chain->r->version);
	while (!put_match(chain, labels) && labels > apex)
		labels--;
	put_closer(chain, labels + 1);
	return labels;
}

static void put_wildcard(const struct nsec3 *chain, unsigned labels)
{
	struct qname wildcard;
	bool exact;
	if (labels == zone_origin_labels(chain->r->version)) {
		put(chain, zone_nsec3_at_apex(chain->r->version, true, &exact));
		return;
	}
	reply_wildcard_name(chain->r, labels, &wildcard);
	put_for(chain, wildcard.wire);
}

// The name of `labels` labels is there, but not what was asked. Where it has
// no NSEC3 of its own, opt-out covers it (7.2.3, 7.2.4, 7.2.7).
static void put_no_type(const struct nsec3 *chain, unsigned labels)
{
	unsigned apex = zone_origin_labels(chain->r->version);
	if (!put_match(chain, labels) && labels > apex)
		put_encloser(chain, labels - 1);
}

void reply_prove_nsec3(struct reply *r, const struct zone_find *found, enum proof proof)
{
	struct nsec3 chain = { .r = r };
	if (!zone_nsec3_parameters(r->version, &chain.parameters) ||
	    chain.parameters.iterations > NSEC3_MAX_ITERATIONS)
		return;
	switch (proof) {
	case PROOF_NO_TYPE:
		put_no_type(&chain, r->name->label_count);
		break;
	case PROOF_NO_DS:
		put_no_type(&chain, found->labels);
		break;
	case PROOF_WILDCARD: // 7.2.6
		put_closer(&chain, found->labels + 1u);
		break;
	case PROOF_NO_NAME:          // 7.2.2
	case PROOF_WILDCARD_NO_TYPE: // 7.2.5
		put_wildcard(&chain, put_encloser(&chain, found->labels));
		break;
	}
}
