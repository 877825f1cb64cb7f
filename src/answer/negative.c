// SPDX-License-Identifier: GPL-3.0-or-later
// Saying that there is nothing (RFC 2308), with proof where it is wanted.
#include "answer/reply.h"

// The SOA's TTL is the lesser of its own and its minimum field (RFC 2308, 3);
// that of its signature goes with it.
static void put_soa(struct reply *r)
{
	struct rrset soa, signatures;
	zone_soa(r->version, &soa);
	const uint8_t *end = record_next(soa.wire);
	const struct rrset *signed_by = reply_signatures(r, zone_apex(r->version), TYPE_SOA, &signatures);
	reply_require(r, owner_of_apex(r), &soa, signed_by, wire_get32(end - 4));
}

static void put_negative(struct reply *r, const struct zone_find *find, enum proof proof)
{
	reply_end_answer(r);
	put_soa(r);
	if (r->prove)
		reply_prove(r, find, proof);
}

void reply_no_type(struct reply *r, const struct zone_find *find)
{
	put_negative(r, find, find->match == ZONE_ABSENT ? PROOF_WILDCARD_NO_TYPE : PROOF_NO_TYPE);
}

void reply_no_name(struct reply *r, const struct zone_find *find)
{
	r->rcode = RCODE_NXDOMAIN;
	put_negative(r, find, PROOF_NO_NAME);
}
