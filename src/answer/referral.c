// SPDX-License-Identifier: GPL-3.0-or-later
#include "answer/reply.h"

// RFC 4035, 3.1.4: the DS where there is one, else the proof that there is none.
static void put_ds(struct reply *r, const struct zone_find *find, struct owner cut)
{
	struct rrset ds;
	if (!zone_node_rrset(find->node, TYPE_DS, &ds))
		reply_prove(r, find, PROOF_NO_DS);
	else
		reply_require_type(r, cut, find->node, TYPE_DS);
}

void reply_refer(struct reply *r, const struct zone_find *find)
{
	struct rrset ns;
	struct owner cut = owner_of_suffix(r, find->labels);
	reply_end_answer(r);
	// Its servers' names mostly end in the cut's, or at least that is soon told.
	if (r->name == &r->answer->qname && !r->has_names)
		r->common = find->labels;
	// What an alias before it said is ours to say; the cut is not.
	r->authoritative = r->chain > 0;
	if (!zone_node_rrset(find->node, TYPE_NS, &ns) ||
	    !reply_require(r, cut, &ns, NULL, TTL_AS_STORED))
		return;
	if (r->prove)
		put_ds(r, find, cut);
	if (ns.targets_in_zone && !r->truncated)
		reply_glue(r, &ns, find->labels);
}
