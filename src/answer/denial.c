// SPDX-License-Identifier: GPL-3.0-or-later
// What the two ways of proving denial share.
#include "answer/reply.h"

#include <string.h>

void reply_prove(struct reply *r, const struct zone_find *find, enum proof proof)
{
	if (zone_denial(r->version) == ZONE_NSEC3)
		reply_prove_nsec3(r, find, proof);
	else
		reply_prove_nsec(r, find, proof);
}

bool reply_proof_is_new(struct reply *r, const struct zone_node *node)
{
	for (unsigned i = 0; i < r->proofs; i++)
		if (r->proof[i] == node)
			return false;
	if (r->proofs < PROOFS_MAX)
		r->proof[r->proofs++] = node;
	return true;
}

// It fits: the name has at least one more label, of two octets or more.
void reply_wildcard_name(const struct reply *r, unsigned labels, struct qname *wildcard)
{
	uint8_t name[NAME_MAX_WIRE] = { 1, '*' };
	const uint8_t *encloser = r->name->wire + r->name->offset[labels];
	memcpy(name + 2, encloser, name_length(encloser));
	qname_init(wildcard, name);
}
