// SPDX-License-Identifier: GPL-3.0-or-later
// Saying that there is nothing (RFC 2308), with proof where it is wanted.
#include "answer/reply.h"

#include "base/bytes.h"
#include "dns/lower.h"

#define SOA_NUMBERS 20u // RFC 1035, 3.3.13: five of them

static inline bool same_label(const uint8_t *a, const uint8_t *b)
{
	return a[0] == b[0] && lower_compare(a + 1, b + 1, a[0]) == 0;
}

// Whether the name is a label and the apex, within so many octets.
static inline bool is_right_below(const uint8_t *name, struct owner apex, size_t apex_length, size_t room)
{
	size_t label = (size_t)name[0] + 1;
	return label > 1 && label + apex_length <= room && bytes_equal(name + label, apex.name, apex_length);
}

// Whether both names of the SOA are a label and the apex, as nearly always, these
// labels are new to the message, and no name to come could want them. *mailbox gets
// the second.
static bool is_plain(const struct reply *r, struct owner apex, const uint8_t *rdata, size_t length,
                     const uint8_t **mailbox)
{
	const struct qname *question = &r->answer->qname;
	size_t apex_length = zone_origin_length(r->version);
	unsigned labels = zone_origin_labels(r->version);
	if (apex.at == 0 || r->has_names || (r->prove && zone_denial(r->version) == ZONE_NSEC) ||
	    !is_right_below(rdata, apex, apex_length, length))
		return false;
	size_t first = (size_t)rdata[0] + 1 + apex_length;
	*mailbox = rdata + first;
	if (first >= length || !is_right_below(*mailbox, apex, apex_length, length - first) || same_label(rdata, *mailbox))
		return false;
	if (question->label_count == labels)
		return true;
	const uint8_t *asked = question->wire + question->offset[labels + 1];
	return !same_label(asked, rdata) && !same_label(asked, *mailbox);
}

static inline uint8_t *put_label(uint8_t *to, const uint8_t *label, uint16_t parent)
{
	size_t length = (size_t)label[0] + 1;
	bytes_copy(to, label, length);
	wire_put16(to + length, (uint16_t)(0xc000u | parent));
	return to + length + 2;
}

// The SOA, for which there is room, without a search for its names. False, with
// nothing written, where that cannot be.
static bool put_plain_soa(struct reply *r, struct owner apex, const struct rrset *soa, uint32_t most_ttl)
{
	const uint8_t *rdata = soa->wire + RECORD_RDATA, *mailbox;
	size_t length = wire_get16(soa->wire + RECORD_RDLENGTH);
	if (r->truncated || !is_plain(r, apex, rdata, length, &mailbox))
		return false;
	uint8_t *record = r->w.at, *to = record + RECORD_RDATA;
	wire_put16(record, (uint16_t)(0xc000u | apex.at));
	bytes_copy(record + 2, soa->wire + 2, 4); // type and class
	wire_put32(record + RECORD_TTL, soa->ttl < most_ttl ? soa->ttl : most_ttl);
	to = put_label(to, rdata, apex.at);
	to = put_label(to, mailbox, apex.at);
	bytes_copy(to, rdata + length - SOA_NUMBERS, SOA_NUMBERS);
	to += SOA_NUMBERS;
	wire_put16(record + RECORD_RDLENGTH, (uint16_t)(to - record - RECORD_RDATA));
	r->w.at = to;
	r->count[r->section]++;
	return true;
}

// The SOA's TTL is the lesser of its own and its minimum field (RFC 2308, 3);
// that of its signature goes with it.
static void put_soa(struct reply *r)
{
	struct rrset soa, signatures;
	zone_soa(r->version, &soa);
	const uint8_t *end = record_next(soa.wire);
	const struct rrset *signed_by = reply_signatures(r, zone_apex(r->version), TYPE_SOA, &signatures);
	uint32_t most_ttl = wire_get32(end - 4);
	struct owner apex = owner_of_apex(r);
	size_t signatures_length = signed_by != NULL ? signed_by->length : 0;
	if (soa.length + signatures_length <= wire_writer_room(&r->w) && put_plain_soa(r, apex, &soa, most_ttl)) {
		if (signed_by != NULL)
			reply_require(r, apex, signed_by, NULL, most_ttl);
	} else {
		reply_require(r, apex, &soa, signed_by, most_ttl);
	}
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
