// SPDX-License-Identifier: GPL-3.0-or-later
// A batch on its way through the zones' memory. Each stage asks the processor for
// what the next one touches, and while it comes the other requests have their turn.
#include "answer/answer.h"

#include "answer/stages.h"
#include "base/bytes.h"
#include "base/hash.h"
#include "dns/lower.h"
#include "dns/types.h"
#include "dns/wire.h"

static inline bool looks_into_zone(const struct answer *answer)
{
	return answer->version != NULL && !answer->settled;
}

static void find(struct answer *answer)
{
	zone_find_on(answer->version, &answer->qname, &answer->way, &answer->find);
	answer->closer = NULL;
	zone_prefetch_set(answer->find.node);
}

// Goes on from the hash of an ancestor, whose name begins at `end`, to that of
// the name, which is in lower case. False: no label begins there.
static bool hash_below(const uint8_t *name, size_t end, uint64_t *hash)
{
	uint8_t places[NAME_MAX_LABELS + 1];
	unsigned count = 0;
	size_t at = 0;
	if (end == (size_t)name[0] + 1) { // a label more, as nearly all have
		*hash = hash_label(*hash, name + 1, name[0]);
		return true;
	}
	for (; at < end; at += (size_t)name[at] + 1)
		places[count++] = (uint8_t)at;
	for (; at == end && count > 0; count--)
		*hash = hash_label(*hash, name + places[count - 1] + 1, name[places[count - 1]]);
	return at == end;
}

bool glue_name(const struct qname *name, unsigned cut_labels, const uint8_t *record,
               uint8_t target[static NAME_MAX_WIRE], size_t *length, uint64_t *hash)
{
	size_t cut_at = name->offset[cut_labels], cut_length = name->length - cut_at;
	*length = wire_get16(record + RECORD_RDLENGTH);
	*hash = name->hash[cut_labels];
	if (*length < cut_length || *length > NAME_MAX_WIRE)
		return false;
	lower_copy(target, record + RECORD_RDATA, *length);
	return bytes_equal(target + *length - cut_length, name->wire + cut_at, cut_length) &&
	       hash_below(target, *length - cut_length, hash);
}

// Whether the name in a record of type NS is a label and the cut, stored in lower
// case, and not the question's own: compressed it is then that label and a pointer
// to the cut. *hash gets its hash.
static inline bool is_plain(const struct qname *q, unsigned cut, const uint8_t *record, uint64_t *hash)
{
	const uint8_t *name = record + RECORD_RDATA;
	size_t cut_at = q->offset[cut], cut_length = q->length - cut_at, label = name[0];
	if (label + 1 + cut_length != wire_get16(record + RECORD_RDLENGTH) || !lower_is(name + 1, label) ||
	    !bytes_equal(name + 1 + label, q->wire + cut_at, cut_length))
		return false;
	if (cut < q->label_count) {
		const uint8_t *asked = q->wire + q->offset[cut + 1];
		if (asked[0] == label && bytes_equal(asked + 1, name + 1, label))
			return false;
	}
	*hash = hash_label(q->hash[cut], name + 1, label);
	return true;
}

static const void *prefetch_glue(const struct answer *answer, const uint8_t *record, uint64_t *hash)
{
	uint8_t target[NAME_MAX_WIRE];
	size_t length;
	bool below = glue_name(&answer->qname, answer->find.labels, record, target, &length, hash);
	return below ? zone_prefetch_hash(answer->version, *hash) : NULL;
}

// The addresses that a referral will need.
static void gather(struct answer *answer)
{
	struct rrset ns;
	if (!zone_node_rrset(answer->find.node, TYPE_NS, &ns) ||
	    !ns.targets_in_zone || ns.count > ANSWER_GLUE_MOST)
		return;
	const uint8_t *record = ns.wire;
	bool plain = true;
	for (unsigned n = 0; n < ns.count; n++, record = record_next(record)) {
		struct answer_glue *glue = &answer->glue[n];
		if (is_plain(&answer->qname, answer->find.labels, record, &glue->hash)) {
			glue->bucket = zone_prefetch_hash(answer->version, glue->hash);
		} else {
			glue->bucket = prefetch_glue(answer, record, &glue->hash);
			plain = false;
		}
	}
	answer->glue_plain = plain;
	answer->glue_count = (uint8_t)ns.count;
}

// Not where there are lists to be asked first: who is refused costs no hash.
static inline bool needs_closer(const struct answer *answer)
{
	const struct zone_find *found = &answer->find;
	return answer->edns.dnssec_ok && found->match == ZONE_ABSENT && found->wildcard == NULL &&
	       zone_denial(answer->version) == ZONE_NSEC3 &&
	       atomic_load_explicit(&answer->zone->allow_query, memory_order_relaxed) == NULL;
}

// The NSEC3 that an absent name's proof will need beside those of the apex.
static void look_for_closer(struct answer *answer)
{
	struct nsec3_parameters parameters;
	uint8_t hash[NSEC3_HASH_LENGTH];
	bool exact;
	if (!zone_nsec3_parameters(answer->version, &parameters) || parameters.iterations > NSEC3_MAX_ITERATIONS)
		return;
	zone_nsec3_hash(&parameters, answer->qname.wire + answer->qname.offset[answer->find.labels + 1], hash);
	answer->closer = zone_nsec3_find(answer->version, hash, &exact);
	if (answer->closer != NULL)
		zone_prefetch_nsec3(answer->closer);
}

static void gather_more(const struct answer *answer)
{
	for (unsigned n = 0; n < answer->glue_count; n++)
		if (answer->glue[n].bucket != NULL)
			zone_prefetch_in_bucket(answer->glue[n].bucket, answer->glue[n].hash);
}

void answer_prepare(const struct zone_table *zones, const struct answer_request *requests, struct answer *answers,
                    unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		answer_parse(zones, &requests[i], &answers[i]);
	for (unsigned i = 0; i < count; i++)
		answer_locate(zones, &answers[i]);
	for (unsigned i = 0; i < count; i++)
		if (looks_into_zone(&answers[i]))
			zone_prefetch_bucket(answers[i].version, &answers[i].qname, &answers[i].way);
	for (unsigned i = 0; i < count; i++)
		if (looks_into_zone(&answers[i]))
			zone_prefetch_node(answers[i].version, &answers[i].qname, &answers[i].way);
	for (unsigned i = 0; i < count; i++)
		if (looks_into_zone(&answers[i]))
			find(&answers[i]);
	for (unsigned i = 0; i < count; i++)
		if (looks_into_zone(&answers[i])) {
			if (answers[i].find.match == ZONE_CUT)
				gather(&answers[i]);
			else if (needs_closer(&answers[i]))
				look_for_closer(&answers[i]);
		}
	for (unsigned i = 0; i < count; i++)
		gather_more(&answers[i]);
}
