// SPDX-License-Identifier: GPL-3.0-or-later
#include "answer/reply.h"

#include <string.h>

#include "base/bytes.h"

#define UDP_WITHOUT_EDNS 512 // RFC 1035, 2.3.4
#define OPT_EMPTY 11
#define OPTION_HEAD 4

// Types whose names may be compressed when sent (RFC 3597, 4) and are: those
// of RFC 1035 that are in use.
static bool has_compressible_names(uint16_t type)
{
	const uint32_t types = 1u << TYPE_NS | 1u << TYPE_CNAME | 1u << TYPE_SOA |
	                       1u << TYPE_PTR | 1u << TYPE_MX;
	return type < 32 && ((types >> type) & 1) != 0;
}

// --- opening and closing

static size_t size_limit(const struct answer *answer, const struct answer_identity *identity,
                         const struct answer_request *request)
{
	size_t size = MESSAGE_MAX;
	if (answer->over_udp) {
		size_t own = identity->udp_size != 0 ? identity->udp_size : EDNS_OWN_SIZE;
		size_t theirs = answer->edns.present ? answer->edns.udp_size : UDP_WITHOUT_EDNS;
		size = theirs < own ? theirs : own;
		if (size < UDP_WITHOUT_EDNS)
			size = UDP_WITHOUT_EDNS;
	}
	if (size > request->reply_room)
		size = request->reply_room;
	return size > (size_t)request->reserve + MESSAGE_HEADER ? size - request->reserve : MESSAGE_HEADER;
}

static bool sends_nsid(const struct reply *r)
{
	return r->answer->edns.nsid && r->identity->nsid != NULL;
}

static bool sends_keepalive(const struct reply *r)
{
	return r->answer->edns.keepalive && !r->answer->over_udp && r->identity->keepalive != 0;
}

// RFC 7314, 3: asked of a zone's SOA.
static bool sends_expire(const struct reply *r)
{
	const struct answer *answer = r->answer;
	return __builtin_expect(answer->edns.expire, 0) && r->request->now != 0 && answer->type == TYPE_SOA &&
	       r->version != NULL && name_equal(answer->qname.wire, zone_origin(r->version));
}

static uint16_t opt_size(const struct reply *r)
{
	size_t size = OPT_EMPTY;
	if (!r->answer->edns.present)
		return 0;
	if (sends_nsid(r))
		size += OPTION_HEAD + r->identity->nsid_length;
	if (sends_keepalive(r))
		size += OPTION_HEAD + 2;
	if (sends_expire(r))
		size += OPTION_HEAD + 4;
	return (uint16_t)size;
}

void reply_open(struct reply *r, struct answer *answer, const struct answer_identity *identity,
                const struct answer_request *request)
{
	r->answer = answer;
	r->request = request;
	r->identity = identity;
	r->version = answer->version;
	r->section = SECTION_ANSWER;
	r->authoritative = false;
	r->truncated = false;
	r->incomplete = false;
	r->has_names = false;
	r->sign = answer->edns.dnssec_ok;
	r->prove = r->sign && r->version != NULL && zone_denial(r->version) != ZONE_UNSIGNED;
	r->rcode = RCODE_NOERROR;
	r->ede = EDE_NONE;
	r->ede_text = NULL;
	r->name = &answer->qname;
	r->name_at = MESSAGE_HEADER;
	r->target_at = 0;
	r->common = r->version != NULL ? (uint8_t)zone_origin_labels(r->version) : 0;
	r->places = 0;
	r->chain = r->dnames = r->wildcards = r->proofs = r->targets = 0;
	memset(r->count, 0, sizeof(r->count));

	wire_writer_init(&r->w, request->reply, size_limit(answer, identity, request));
	r->w.at += MESSAGE_HEADER;
	if (answer->question == 0)
		r->name_at = 0;
	else if (wire_writer_room(&r->w) >= answer->question) {
		bytes_copy(r->w.at, request->bytes + MESSAGE_HEADER, answer->question);
		r->w.at += answer->question;
		r->count[SECTION_QUESTION] = 1;
	} else {
		r->truncated = true; // the TSIG leaves no room for the question (RFC 8945, 5.3)
	}
	r->opt_room = opt_size(r);
	if (r->opt_room > wire_writer_room(&r->w))
		r->opt_room = 0;
	r->w.end -= r->opt_room;
}

static void write_opt(struct reply *r)
{
	const struct answer *answer = r->answer;
	struct edns_writer e;
	if (r->opt_room == 0)
		return;
	r->w.end += r->opt_room;
	r->w.full = false;
	uint16_t own = r->identity->udp_size != 0 ? r->identity->udp_size : EDNS_OWN_SIZE;
	edns_write_begin(&e, &r->w, own, (uint8_t)(r->rcode >> 4), answer->edns.dnssec_ok);
	if (sends_nsid(r))
		edns_write_option(&e, EDNS_NSID, r->identity->nsid, r->identity->nsid_length);
	if (sends_keepalive(r)) {
		uint8_t timeout[2];
		wire_put16(timeout, r->identity->keepalive);
		edns_write_option(&e, EDNS_KEEPALIVE, timeout, sizeof(timeout));
	}
	if (sends_expire(r) && r->rcode == RCODE_NOERROR) {
		uint8_t expire[4];
		wire_put32(expire, zone_slot_expire(r->answer->zone, r->version, r->request->now));
		edns_write_option(&e, EDNS_EXPIRE, expire, sizeof(expire));
	}
	if (r->ede != EDE_NONE)
		edns_write_error(&e, (uint16_t)r->ede, r->ede_text);
	edns_write_end(&e);
	r->count[SECTION_ADDITIONAL]++;
}

static void write_header(const struct reply *r)
{
	const uint8_t *asked = r->request->bytes;
	uint8_t *header = r->w.start;
	// Opcode and RD come back as they were (RFC 1035, 4.1.1); CD does not
	// (RFC 4035, 3.1.6).
	uint16_t flags = FLAG_QR | (message_flags(asked) & (0x7800u | FLAG_RD)) | (r->rcode & 15u);
	// A NOTIFY's answer is the request with QR set (RFC 1996, 4.7).
	if (r->answer->opcode == OPCODE_NOTIFY && r->rcode == RCODE_NOERROR)
		flags |= message_flags(asked) & FLAG_AA;
	if (r->authoritative)
		flags |= FLAG_AA;
	if (r->truncated)
		flags |= FLAG_TC;
	memcpy(header, asked, 2);
	wire_put16(header + 2, flags);
	for (unsigned i = 0; i < 4; i++)
		wire_put16(header + 4 + 2 * i, r->count[i]);
}

// Whether nothing but the bytes behind the ID told the reply.
static bool is_reusable(const struct reply *r)
{
	const struct answer *answer = r->answer;
	return answer->zone != NULL && !answer->settled && answer->over_udp && !r->truncated &&
	       !r->incomplete && !answer->edns.expire && r->request->key_name == NULL &&
	       atomic_load_explicit(&answer->zone->allow_query, memory_order_relaxed) == NULL;
}

void reply_close(struct reply *r)
{
	struct answer *answer = r->answer;
	write_opt(r);
	write_header(r);
	answer->length = wire_writer_length(&r->w);
	answer->rcode = r->rcode;
	answer->truncated = r->truncated;
	answer->reusable = is_reusable(r);
}

// --- owners

struct owner owner_of_name(const struct reply *r)
{
	return (struct owner){ r->name->wire, r->name_at, 0 };
}

struct owner owner_of_suffix(const struct reply *r, unsigned labels)
{
	size_t offset = r->name->offset[labels];
	// Only the question's own name stands in the message in full.
	bool whole = r->name == &r->answer->qname && labels > 0;
	return (struct owner){ r->name->wire + offset, (uint16_t)(whole ? MESSAGE_HEADER + offset : 0), 0 };
}

struct owner owner_of_apex(const struct reply *r)
{
	const uint8_t *apex = zone_origin(r->version);
	const struct qname *question = &r->answer->qname;
	// The question lies in the zone, so it ends in the apex's name.
	size_t offset = question->length - zone_origin_length(r->version);
	return (struct owner){ apex, (uint16_t)(apex[0] != 0 ? MESSAGE_HEADER + offset : 0), 0 };
}

struct owner owner_below_apex(const struct reply *r, const uint8_t *name)
{
	const struct qname *question = &r->answer->qname;
	unsigned labels = zone_origin_labels(r->version);
	uint16_t apex = owner_of_apex(r).at;
	// The question may be for that very name, and an alias may have named it.
	if (r->chain > 0 || (question->label_count > labels && question->wire[question->offset[labels + 1]] == name[0]))
		apex = 0;
	return (struct owner){ name, 0, apex };
}

// --- records

static void need_names(struct reply *r)
{
	if (r->has_names)
		return;
	bool asked = r->count[SECTION_QUESTION] != 0;
	names_start(&r->names, asked ? &r->answer->qname : NULL, asked ? r->common : 0);
	r->has_names = true;
}

// Returns where the owner may be pointed to from now on, or 0.
static uint16_t put_owner(struct reply *r, struct owner owner)
{
	if (owner.at == 0) {
		need_names(r);
		return names_write(&r->names, &r->w, owner.name);
	}
	wire_write16(&r->w, (uint16_t)(0xc000u | owner.at));
	return owner.at;
}

static void put_name(struct reply *r, const uint8_t *name)
{
	need_names(r);
	r->target_at = names_write(&r->names, &r->w, name);
	if (r->places < TARGETS_MAX)
		r->place[r->places++] = r->target_at;
}

// The rdata of a type with names: bytes, names, bytes.
static void put_rdata_with_names(struct reply *r, uint16_t type, const uint8_t *rdata, size_t length)
{
	const uint8_t *end = rdata + length;
	uint8_t *size = wire_write_room(&r->w, 2);
	if (type == TYPE_SOA) {
		put_name(r, rdata);
		rdata += name_length(rdata);
		put_name(r, rdata);
		wire_write_bytes(&r->w, end - 20, 20); // RFC 1035, 3.3.13: five numbers
	} else {
		if (type == TYPE_MX) {
			wire_write_bytes(&r->w, rdata, 2);
			rdata += 2;
		}
		put_name(r, rdata);
	}
	if (!r->w.full)
		wire_put16(size, (uint16_t)(r->w.at - size - 2));
}

static uint16_t put_set_with_names(struct reply *r, struct owner owner, const struct rrset *set, uint32_t most_ttl)
{
	const uint8_t *record = set->wire;
	r->places = 0;
	for (unsigned n = 0; n < set->count && !r->w.full; n++, record = record_next(record)) {
		uint32_t ttl = wire_get32(record + RECORD_TTL);
		uint16_t at = put_owner(r, owner);
		uint8_t *head = wire_write_room(&r->w, 8);
		if (head == NULL)
			break;
		bytes_copy(head, record + 2, 4); // type and class
		wire_put32(head + 4, ttl < most_ttl ? ttl : most_ttl);
		put_rdata_with_names(r, set->type, record + RECORD_RDATA, wire_get16(record + RECORD_RDLENGTH));
		owner.at = at;
	}
	return owner.at;
}

// Stored records have a pointer for an owner: so have these, to another place
// or with another TTL.
static void adapt_records(uint8_t *record, unsigned count, uint16_t at, uint32_t most_ttl)
{
	for (; count > 0; count--, record += RECORD_RDATA + wire_get16(record + RECORD_RDLENGTH)) {
		wire_put16(record, (uint16_t)(0xc000u | at));
		if (wire_get32(record + RECORD_TTL) > most_ttl)
			wire_put32(record + RECORD_TTL, most_ttl);
	}
}

static uint16_t put_plain_set(struct reply *r, struct owner owner, const struct rrset *set, uint32_t most_ttl)
{
	const uint8_t *record = set->wire, *end = set->wire + set->length;
	unsigned left = set->count;
	while (owner.at == 0 && left > 0) {
		const uint8_t *next = record_next(record);
		owner.at = put_owner(r, owner);
		uint8_t *to = wire_write_room(&r->w, (size_t)(next - record) - 2);
		if (to == NULL)
			return 0;
		bytes_copy(to, record + 2, (size_t)(next - record) - 2);
		if (wire_get32(to + RECORD_TTL - 2) > most_ttl)
			wire_put32(to + RECORD_TTL - 2, most_ttl);
		record = next;
		left--;
	}
	uint8_t *to = wire_write_room(&r->w, (size_t)(end - record));
	if (to == NULL || left == 0)
		return owner.at;
	bytes_copy(to, record, (size_t)(end - record));
	// The stored form is that of a reply whose question is the owner.
	if (owner.at != MESSAGE_HEADER || most_ttl != TTL_AS_STORED)
		adapt_records(to, left, owner.at, most_ttl);
	return owner.at;
}

// Each of these returns where the owner may be pointed to from now on, or 0.
static inline uint16_t put_set(struct reply *r, struct owner owner, const struct rrset *set, uint32_t most_ttl)
{
	return has_compressible_names(set->type) ? put_set_with_names(r, owner, set, most_ttl)
	                                         : put_plain_set(r, owner, set, most_ttl);
}

// Where the owner can be pointed to and no name is compressed, records go as they
// are stored. False, with nothing written, where they do not fit.
static inline bool add_as_stored(struct reply *r, uint16_t at, const struct rrset *set,
                                 const struct rrset *signatures, uint32_t most_ttl)
{
	uint8_t *to = r->w.at;
	unsigned count = set->count;
	size_t length = set->length, more = signatures != NULL ? signatures->length : 0;
	if (length + more > wire_writer_room(&r->w))
		return false;
	bytes_copy(to, set->wire, length);
	if (signatures != NULL) {
		bytes_copy(to + length, signatures->wire, more);
		count += signatures->count;
	}
	// The stored form is that of a reply whose question is the owner.
	if (at != MESSAGE_HEADER || most_ttl != TTL_AS_STORED)
		adapt_records(to, count, at, most_ttl);
	r->w.at = to + length + more;
	r->count[r->section] = (uint16_t)(r->count[r->section] + count);
	return true;
}

// The same for one record whose owner is a label before what stands in the message.
// False too where it cannot be done so.
static bool add_below(struct reply *r, struct owner owner, const struct rrset *set, const struct rrset *signatures)
{
	size_t label = (size_t)owner.name[0] + 1, more = signatures != NULL ? signatures->length : 0;
	size_t at = wire_writer_length(&r->w);
	uint8_t *to = r->w.at;
	if (set->count != 1 || label + set->length + more > wire_writer_room(&r->w) || at > NAMES_FARTHEST)
		return false;
	bytes_copy(to, owner.name, label);
	bytes_copy(to + label, set->wire, set->length);
	wire_put16(to + label, (uint16_t)(0xc000u | owner.parent));
	r->w.at = to + label + set->length;
	r->count[r->section]++;
	return signatures == NULL || add_as_stored(r, (uint16_t)at, signatures, NULL, TTL_AS_STORED);
}

bool reply_add(struct reply *r, struct owner owner, const struct rrset *set,
               const struct rrset *signatures, uint32_t most_ttl)
{
	uint8_t *mark = r->w.at;
	bool had_names = r->has_names;
	unsigned names = had_names ? r->names.count : 0;
	if (r->truncated)
		return false;
	if (owner.at != 0 && !has_compressible_names(set->type))
		return add_as_stored(r, owner.at, set, signatures, most_ttl);
	if (owner.parent != 0 && most_ttl == TTL_AS_STORED && add_below(r, owner, set, signatures))
		return true;
	owner.at = put_set(r, owner, set, most_ttl);
	if (signatures != NULL)
		put_set(r, owner, signatures, most_ttl);
	if (r->w.full) {
		r->w.at = mark;
		r->w.full = false;
		r->has_names = had_names;
		if (had_names)
			names_rewind(&r->names, names);
		return false;
	}
	r->count[r->section] = (uint16_t)(r->count[r->section] + set->count +
	                                  (signatures != NULL ? signatures->count : 0));
	return true;
}

bool reply_require(struct reply *r, struct owner owner, const struct rrset *set,
                   const struct rrset *signatures, uint32_t most_ttl)
{
	if (reply_add(r, owner, set, signatures, most_ttl))
		return true;
	r->truncated = true;
	return false;
}

const struct rrset *reply_signatures(const struct reply *r, const struct zone_node *node,
                                     uint16_t type, struct rrset *room)
{
	return r->sign && zone_node_rrsig(node, type, room) ? room : NULL;
}

bool reply_require_type(struct reply *r, struct owner owner, const struct zone_node *node,
                        uint16_t type)
{
	struct rrset set, signatures;
	return zone_node_rrset(node, type, &set) &&
	       reply_require(r, owner, &set, reply_signatures(r, node, type, &signatures), TTL_AS_STORED);
}

bool reply_require_cname(struct reply *r, struct owner owner, uint32_t ttl, const uint8_t *target)
{
	uint8_t record[RECORD_RDATA + NAME_MAX_WIRE] = { 0 };
	size_t length = name_length(target);
	wire_put16(record + 2, TYPE_CNAME);
	wire_put16(record + 4, CLASS_IN);
	wire_put32(record + RECORD_TTL, ttl);
	wire_put16(record + RECORD_RDLENGTH, (uint16_t)length);
	memcpy(record + RECORD_RDATA, target, length);
	struct rrset set = { record, (uint32_t)(RECORD_RDATA + length), ttl, 1, TYPE_CNAME, false };
	return reply_require(r, owner, &set, NULL, TTL_AS_STORED);
}
