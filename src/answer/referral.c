// SPDX-License-Identifier: GPL-3.0-or-later
#include "answer/reply.h"

#include "base/bytes.h"

// RFC 4035, 3.1.4: the DS where there is one, else the proof that there is none.
static void put_ds(struct reply *r, const struct zone_find *find, struct owner cut)
{
	struct rrset ds;
	if (!zone_node_rrset(find->node, TYPE_DS, &ds))
		reply_prove(r, find, PROOF_NO_DS);
	else
		reply_require_type(r, cut, find->node, TYPE_DS);
}

// The NS set where each name is a label and the cut, which stands in the question.
// False: not this case, or it might not fit, or the question itself did not.
static bool put_plain_servers(struct reply *r, struct owner cut, const struct rrset *ns)
{
	const struct answer *answer = r->answer;
	if (!answer->glue_plain || r->truncated || r->name != &answer->qname || wire_writer_room(&r->w) < ns->length)
		return false;
	const size_t cut_length = answer->qname.length + (size_t)MESSAGE_HEADER - cut.at;
	const uint8_t *record = ns->wire;
	const uint16_t pointer = (uint16_t)(0xc000u | cut.at);
	uint8_t *to = r->w.at;
	for (unsigned n = 0; n < ns->count; n++) {
		size_t length = wire_get16(record + RECORD_RDLENGTH), label = length - cut_length;
		wire_put16(to, pointer);
		bytes_copy(to + 2, record + 2, 8); // type, class, TTL
		wire_put16(to + RECORD_RDLENGTH, (uint16_t)(label + 2));
		to += RECORD_RDATA;
		r->place[n] = (uint16_t)(to - r->w.start);
		bytes_copy(to, record + RECORD_RDATA, label);
		wire_put16(to + label, pointer);
		to += label + 2;
		record += RECORD_RDATA + length;
	}
	r->w.at = to;
	r->places = ns->count;
	r->count[r->section] = (uint16_t)(r->count[r->section] + ns->count);
	return true;
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
	    !(put_plain_servers(r, cut, &ns) || reply_require(r, cut, &ns, NULL, TTL_AS_STORED)))
		return;
	if (r->prove)
		put_ds(r, find, cut);
	if (ns.targets_in_zone && !r->truncated)
		reply_glue(r, &ns, find->labels);
}
