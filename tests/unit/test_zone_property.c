// SPDX-License-Identifier: GPL-3.0-or-later
// Random drafts against a plain list of records. After every draft each version
// alive must still say exactly what its list says, whatever was sealed,
// abandoned or dropped since; and in the end the arena must be empty. The seed
// is printed; ZONE_PROPERTY_SEED and ZONE_PROPERTY_OPERATIONS set it and the
// length.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/hash.h"
#include "dns/message.h"
#include "dns/types.h"
#include "zone/draft.h"

#define NAMES_MAX 4000
#define HASHES 80
#define RECORDS_MAX 16000
#define ALIVE_MAX 6
#define RDATA_ROOM 700

// --- the universe: names, and rdata by type and variant

static const uint8_t origin[] = "\7example\3org";
static uint8_t names[NAMES_MAX + HASHES][64]; // the last ones are NSEC3 owners
static unsigned name_count;
static uint64_t dice = 1;

static uint32_t roll(uint32_t sides)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (uint32_t)(dice >> 33) % sides;
}

static void universe_make(unsigned count)
{
	static const char *const labels[] = { "a", "b", "c", "*", "aa", "host-with-a-long-label", "\001", "\377z", "ab" };
	name_count = count;
	for (unsigned n = 0; n < count; ++n) {
		uint8_t *at = names[n];
		for (unsigned depth = n == 0 ? 0 : 1 + roll(count > 1000 ? 3 : 4); depth > 0 && at - names[n] < 30; --depth) {
			char number[12];
			snprintf(number, sizeof(number), "n%u", roll(count));
			const char *label = count > 1000 && roll(3) != 0 ? number : labels[roll(9)];
			*at++ = (uint8_t)strlen(label);
			memcpy(at, label, strlen(label));
			at += strlen(label);
		}
		memcpy(at, origin, sizeof(origin));
	}
	for (unsigned n = 0; n < HASHES; ++n) {
		uint8_t *at = names[count + n];
		*at++ = 32;
		for (unsigned i = 0; i < 32; ++i)
			*at++ = (uint8_t)"0123456789abcdefghijklmnopqrstuv"[roll(32)];
		memcpy(at, origin, sizeof(origin));
	}
}

struct record {
	uint16_t name;
	uint16_t type;
	uint16_t variant;
	uint32_t ttl;
};

static uint16_t rdata_name(uint8_t *to, const char *label, bool inside)
{
	size_t length = strlen(label);
	to[0] = (uint8_t)length;
	memcpy(to + 1, label, length);
	memcpy(to + 1 + length, inside ? origin : (const uint8_t *)"\5other\4test", inside ? sizeof(origin) : 12);
	return (uint16_t)(1 + length + (inside ? sizeof(origin) : 12));
}

static uint16_t rdata_signature(uint8_t *to, uint16_t covered, uint16_t variant)
{
	memset(to, (uint8_t)variant, 18);
	to[0] = (uint8_t)(covered >> 8);
	to[1] = (uint8_t)covered;
	memcpy(to + 18, origin, sizeof(origin));
	memset(to + 18 + sizeof(origin), 0x5a, 64);
	return (uint16_t)(18 + sizeof(origin) + 64);
}

static uint16_t rdata_make(uint16_t type, uint16_t variant, uint8_t *to)
{
	static const uint16_t covered[] = { TYPE_A, TYPE_NSEC, TYPE_TXT, TYPE_NSEC3 };
	char label[12];
	switch (type) {
	case TYPE_NS:
	case TYPE_CNAME:
	case TYPE_DNAME:
		snprintf(label, sizeof(label), "ns%u", variant / 2);
		return rdata_name(to, label, variant % 2);
	case TYPE_MX:
		to[0] = 0;
		to[1] = 10;
		return (uint16_t)(2 + rdata_name(to + 2, "mail", variant % 2));
	case TYPE_TXT: {
		uint16_t length = variant < 6 ? 10 : 600;
		memset(to, 'x', length);
		for (uint16_t at = 0; at < length; at = (uint16_t)(at + 256))
			to[at] = (uint8_t)(length - at > 256 ? 255 : length - at - 1);
		to[1] = (uint8_t)('a' + variant);
		return length;
	}
	case TYPE_SOA: {
		uint16_t n = rdata_name(to, "ns", true);
		n = (uint16_t)(n + rdata_name(to + n, "host", true));
		memset(to + n, 1, 20);
		to[n + 3] = (uint8_t)variant;
		return (uint16_t)(n + 20);
	}
	case TYPE_RRSIG:
		return rdata_signature(to, covered[variant % 4], variant / 4);
	case TYPE_NSEC:
		memcpy(to, origin, sizeof(origin));
		memcpy(to + sizeof(origin), "\0\1\2", 3);
		to[sizeof(origin) + 2] = (uint8_t)variant;
		return sizeof(origin) + 3;
	case TYPE_NSEC3:
		memcpy(to, "\1\0\0\1\1", 5);
		to[3] = (uint8_t)(variant % 3); // three chains
		to[5] = 0xab;
		to[6] = 20;
		memset(to + 7, (uint8_t)(variant / 3), 20);
		return 27;
	case TYPE_NSEC3PARAM:
		memcpy(to, "\1\0\0\1\1\253", 6);
		to[3] = (uint8_t)(variant % 3);
		return 6;
	default:
		memset(to, 0, 4);
		to[3] = (uint8_t)variant;
		memset(to + 4, 1, 12);
		return type == TYPE_AAAA ? 16 : 4;
	}
}

static struct record record_random(void)
{
	static const struct { uint16_t type, variants; } kinds[] = {
		{ TYPE_A, 60 }, { TYPE_A, 60 }, { TYPE_AAAA, 3 }, { TYPE_NS, 6 }, { TYPE_TXT, 12 }, { TYPE_MX, 2 },
		{ TYPE_RRSIG, 12 }, { TYPE_NSEC, 2 }, { TYPE_DNAME, 2 }, { TYPE_NSEC3PARAM, 3 }, { TYPE_NSEC3, 9 },
		{ TYPE_NSEC3, 9 }, { TYPE_RRSIG, 12 }, { TYPE_A, 3 }, { TYPE_CNAME, 2 },
	};
	size_t kind = roll(sizeof(kinds) / sizeof(kinds[0]));
	if (kinds[kind].type == TYPE_CNAME && roll(20) != 0)
		kind = 0;
	struct record r = { (uint16_t)roll(name_count), kinds[kind].type, (uint16_t)roll(kinds[kind].variants), 300 };
	if (r.type == TYPE_NSEC3 || (r.type == TYPE_RRSIG && r.variant % 4 == 3))
		r.name = (uint16_t)(name_count + roll(HASHES));
	if (r.type == TYPE_DNAME || (r.type == TYPE_NS && roll(3) != 0))
		r.name = (uint16_t)roll(name_count / 4 + 1);
	if (r.type == TYPE_NSEC3PARAM)
		r.name = 0;
	if (roll(10) == 0)
		r.ttl = 600;
	return r;
}

// --- the model

struct model {
	unsigned count;
	struct record record[RECORDS_MAX];
};

static bool name_is(unsigned a, unsigned b)
{
	return a == b || strcmp((const char *)names[a], (const char *)names[b]) == 0;
}

static bool same_set(const struct record *a, const struct record *b)
{
	return name_is(a->name, b->name) && a->type == b->type &&
	       (a->type != TYPE_RRSIG || a->variant % 4 == b->variant % 4);
}

static bool same_record(const struct record *a, const struct record *b)
{
	return name_is(a->name, b->name) && a->type == b->type && a->variant == b->variant;
}

static int model_find(const struct model *m, const struct record *r)
{
	for (unsigned i = 0; i < m->count; ++i)
		if (same_record(&m->record[i], r))
			return (int)i;
	return -1;
}

static bool model_add(struct model *m, const struct record *r)
{
	int at = model_find(m, r);
	if (r->type != TYPE_RRSIG)
		for (unsigned i = 0; i < m->count; ++i)
			if (same_set(&m->record[i], r))
				m->record[i].ttl = r->ttl;
	if (at >= 0) {
		m->record[at].ttl = r->ttl;
		return false;
	}
	assert_true(m->count < RECORDS_MAX);
	m->record[m->count++] = *r;
	return true;
}

static bool model_remove(struct model *m, const struct record *r)
{
	int at = model_find(m, r);
	if (at < 0)
		return false;
	m->record[at] = m->record[--m->count];
	return true;
}

static bool in_nsec3_space(const struct record *r)
{
	return r->type == TYPE_NSEC3 || (r->type == TYPE_RRSIG && r->variant % 4 == 3);
}

// --- checking a version against its model

static bool model_has_node(const struct model *m, const uint8_t *name)
{
	for (unsigned i = 0; i < m->count; ++i)
		if (!in_nsec3_space(&m->record[i]) && name_is_within(names[m->record[i].name], name))
			return true;
	return name_equal(name, origin);
}

static bool model_has_type(const struct model *m, const uint8_t *name, uint16_t type)
{
	for (unsigned i = 0; i < m->count; ++i)
		if (m->record[i].type == type && name_equal(names[m->record[i].name], name))
			return true;
	return false;
}

static enum zone_match model_match(const struct model *m, const uint8_t *name, const uint8_t **node)
{
	unsigned labels = name_label_count(name);
	for (unsigned depth = 2;; ++depth) {
		const uint8_t *at = name_skip(name, labels - depth);
		*node = at;
		if (depth > 2 && model_has_type(m, at, TYPE_NS))
			return ZONE_CUT;
		if (depth == labels)
			return ZONE_EXACT;
		if (model_has_type(m, at, TYPE_DNAME))
			return ZONE_DNAME;
		if (!model_has_node(m, name_skip(name, labels - depth - 1)))
			return ZONE_ABSENT;
	}
}

static void check_owner(const struct zone_version *v, const struct zone_node *node, const uint8_t *expected)
{
	uint8_t owner[NAME_MAX_WIRE];
	assert_non_null(node);
	assert_int_equal(zone_node_owner(v, node, owner), name_length(expected));
	assert_true(name_equal(owner, expected));
}

static void check_find(const struct zone_version *v, const struct model *m, unsigned number)
{
	struct qname q;
	struct zone_find find;
	const uint8_t *node;
	qname_init(&q, names[number]);
	zone_find(v, &q, &find);
	enum zone_match match = model_match(m, names[number], &node);
	assert_int_equal(find.match, match);
	check_owner(v, find.node, node);
	assert_int_equal(find.labels, name_label_count(node));
	uint8_t wildcard[NAME_MAX_WIRE] = { 1, '*' };
	memcpy(wildcard + 2, node, name_length(node));
	bool has_wildcard = match == ZONE_ABSENT && model_has_node(m, wildcard);
	assert_int_equal(find.wildcard != NULL, has_wildcard);
	if (has_wildcard)
		check_owner(v, find.wildcard, wildcard);
	assert_int_equal(zone_node_at(v, &q) != NULL, model_has_node(m, names[number]));
}

static void check_nsec(const struct zone_version *v, const struct model *m, unsigned number)
{
	const uint8_t *best = NULL, *last = NULL;
	struct qname q;
	bool exact;
	for (unsigned i = 0; i < m->count; ++i) {
		const uint8_t *owner = names[m->record[i].name];
		if (m->record[i].type != TYPE_NSEC)
			continue;
		if (last == NULL || name_compare(owner, last) > 0)
			last = owner;
		if (name_compare(owner, names[number]) <= 0 && (best == NULL || name_compare(owner, best) > 0))
			best = owner;
	}
	qname_init(&q, names[number]);
	const struct zone_node *node = zone_nsec_find(v, &q, &exact);
	if (last == NULL) {
		assert_null(node);
		return;
	}
	check_owner(v, node, best != NULL ? best : last);
	assert_int_equal(exact, best != NULL && name_equal(best, names[number]));
}

static int active_chain(const struct model *m)
{
	for (unsigned i = 0; i < m->count; ++i) {
		if (m->record[i].type != TYPE_NSEC3PARAM)
			continue;
		for (unsigned j = 0; j < m->count; ++j)
			if (m->record[j].type == TYPE_NSEC3 && m->record[j].variant % 3 == m->record[i].variant)
				return m->record[i].variant;
	}
	return -1;
}

static void label_to_hash(const uint8_t *owner, uint8_t hash[static NSEC3_HASH_LENGTH])
{
	memset(hash, 0, NSEC3_HASH_LENGTH);
	for (unsigned i = 0; i < 32; ++i) {
		unsigned c = owner[1 + i], digit = c <= '9' ? c - '0' : c - 'a' + 10;
		for (unsigned b = 0; b < 5; ++b)
			hash[(i * 5 + b) / 8] |= (uint8_t)((digit >> (4 - b) & 1) << (7 - (i * 5 + b) % 8));
	}
}

static void check_nsec3(const struct zone_version *v, const struct model *m)
{
	struct nsec3_parameters p;
	int wanted = active_chain(m);
	assert_int_equal(zone_nsec3_parameters(v, &p), wanted >= 0);
	if (wanted < 0) {
		bool signed_by_nsec = false;
		for (unsigned i = 0; i < m->count; ++i)
			signed_by_nsec |= m->record[i].type == TYPE_NSEC;
		assert_int_equal(zone_denial(v), signed_by_nsec ? ZONE_NSEC : ZONE_UNSIGNED);
		return;
	}
	assert_int_equal(zone_denial(v), ZONE_NSEC3);
	assert_true(p.algorithm == 1 && p.salt_length == 1 && p.salt[0] == 0xab);
	int chain = p.iterations;
	const uint8_t *sought = names[name_count + roll(HASHES)], *best = NULL, *last = NULL;
	for (unsigned i = 0; i < m->count; ++i) {
		const uint8_t *owner = names[m->record[i].name];
		if (m->record[i].type != TYPE_NSEC3 || m->record[i].variant % 3 != chain)
			continue;
		if (last == NULL || name_compare(owner, last) > 0)
			last = owner;
		if (name_compare(owner, sought) <= 0 && (best == NULL || name_compare(owner, best) > 0))
			best = owner;
	}
	uint8_t hash[NSEC3_HASH_LENGTH];
	uint8_t found[NAME_MAX_WIRE];
	bool exact;
	label_to_hash(sought, hash);
	assert_non_null(last);
	const struct zone_node *node = zone_nsec3_find(v, hash, &exact);
	assert_non_null(node);
	zone_node_owner(v, node, found);
	assert_true(name_equal(found, best != NULL ? best : last));
	assert_int_equal(exact, best == sought);
}

static int record_compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct record));
}

// Which record this is; the universe is small enough to try all variants.
static struct record record_of(const uint8_t *owner, const uint8_t *wire)
{
	static uint16_t last_name;
	uint8_t rdata[RDATA_ROOM];
	struct record r;
	memset(&r, 0, sizeof(r));
	if (!name_equal(names[last_name], owner)) {
		for (last_name = 0; !name_equal(names[last_name], owner); ++last_name)
			assert_true(last_name < name_count + HASHES - 1u);
	}
	r.name = last_name;
	r.type = wire_get16(wire + 2);
	r.ttl = wire_get32(wire + RECORD_TTL);
	uint16_t length = wire_get16(wire + RECORD_RDLENGTH);
	for (r.variant = 0; r.variant < 300; ++r.variant)
		if (rdata_make(r.type, r.variant, rdata) == length && memcmp(rdata, wire + RECORD_RDATA, length) == 0)
			return r;
	fail_msg("a record that nobody added");
	return r;
}

// Names that are equal get one number.
static uint16_t name_first(uint16_t name)
{
	static uint16_t first[NAMES_MAX + HASHES];
	static unsigned made_count;
	if (made_count != name_count) {
		made_count = name_count;
		for (unsigned i = 0; i < name_count + HASHES; ++i)
			for (first[i] = 0; !name_is(first[i], i);)
				++first[i];
	}
	return first[name];
}

static void check_content(const struct zone_version *v, const struct model *m)
{
	static struct record seen[RECORDS_MAX], expected[RECORDS_MAX];
	struct zone_cursor cursor;
	struct rrset set;
	unsigned count = 0;
	zone_cursor_start(&cursor, v);
	while (zone_cursor_next(&cursor, &set)) {
		if (count == 0)
			assert_int_equal(set.type, TYPE_SOA);
		unsigned in_set = 0;
		bool targets = false;
		for (const uint8_t *wire = set.wire; wire < set.wire + set.length; wire = record_next(wire), ++in_set) {
			assert_true(count < m->count);
			seen[count] = record_of(cursor.owner, wire);
			seen[count].name = name_first(seen[count].name);
			targets |= set.type == TYPE_NS && name_is_within(wire + RECORD_RDATA, origin);
			++count;
		}
		assert_int_equal(in_set, set.count);
		assert_int_equal(set.targets_in_zone, targets);
	}
	assert_int_equal(count, m->count);
	memset(expected, 0, count * sizeof(expected[0]));
	for (unsigned i = 0; i < count; ++i) {
		expected[i].name = name_first(m->record[i].name);
		expected[i].type = m->record[i].type;
		expected[i].variant = m->record[i].variant;
		expected[i].ttl = m->record[i].ttl;
	}
	qsort(seen, count, sizeof(seen[0]), record_compare);
	qsort(expected, count, sizeof(expected[0]), record_compare);
	assert_memory_equal(seen, expected, count * sizeof(seen[0]));
	struct zone_figures figures;
	zone_figures(v, &figures);
	assert_int_equal(figures.records, m->count);
}

struct ordered {
	uint8_t last[NAME_MAX_WIRE];
	unsigned nodes;
	unsigned records;
};

static int check_order(void *context, const uint8_t *owner, const struct zone_node *node)
{
	struct ordered *o = context;
	struct rrset set;
	uint16_t covered;
	if (o->nodes++ > 0)
		assert_true(name_compare(o->last, owner) <= 0);
	memcpy(o->last, owner, name_length(owner));
	for (unsigned i = 0; zone_node_set(node, i, &set, &covered); ++i) {
		struct rrset again;
		assert_true(covered != 0 ? zone_node_rrsig(node, covered, &again) : zone_node_rrset(node, set.type, &again));
		assert_ptr_equal(again.wire, set.wire);
		o->records += set.count;
	}
	return 0;
}

static void check_version(const struct zone_version *v, const struct model *m)
{
	struct ordered ordered = { .nodes = 0 };
	struct zone_figures figures;
	check_content(v, m);
	assert_int_equal(zone_walk_canonical(v, check_order, &ordered), 0);
	zone_figures(v, &figures);
	assert_int_equal(ordered.records, m->count);
	assert_int_equal(ordered.nodes, figures.names);
	for (int i = 0; i < 8; ++i) {
		unsigned number = roll(name_count);
		check_find(v, m, number);
		check_nsec(v, m, number);
		check_nsec3(v, m);
	}
}

// --- drafts

struct alive {
	const struct zone_version *version;
	struct model *model;
};

static struct alive alive[ALIVE_MAX];
static unsigned alive_count;
static struct model told; // what the watcher has heard

static int watch(void *context, bool added, const uint8_t *owner, uint16_t type, uint32_t ttl, const uint8_t *rdata,
                 uint16_t length)
{
	uint8_t wire[RECORD_RDATA + RDATA_ROOM] = { 0 };
	(void)context;
	wire_put16(wire + 2, type);
	wire_put32(wire + RECORD_TTL, ttl);
	wire_put16(wire + RECORD_RDLENGTH, length);
	memcpy(wire + RECORD_RDATA, rdata, length);
	struct record r = record_of(owner, wire);
	int at = model_find(&told, &r);
	if (added) {
		assert_int_equal(at, -1);
		told.record[told.count++] = r;
	} else {
		assert_true(at >= 0);
		assert_int_equal(told.record[at].ttl, ttl);
		told.record[at] = told.record[--told.count];
	}
	return 0;
}

static void told_is(const struct model *m)
{
	assert_int_equal(told.count, m->count);
	for (unsigned i = 0; i < m->count; ++i) {
		int at = model_find(&told, &m->record[i]);
		assert_true(at >= 0);
		assert_int_equal(told.record[at].ttl, m->record[i].ttl);
	}
}

static void apply(struct zone_draft *draft, struct model *m, const struct record *r, bool add)
{
	uint8_t rdata[RDATA_ROOM];
	uint16_t length = rdata_make(r->type, r->variant, rdata);
	if (add) {
		bool added, expected = model_add(m, r);
		bool asked = roll(3) != 0;
		assert_int_equal(zone_draft_add(draft, names[r->name], r->type, r->ttl, rdata, length, asked ? &added : NULL), 0);
		if (asked)
			assert_int_equal(added, expected);
	} else {
		int expected = model_remove(m, r) ? 0 : ERR_NOT_FOUND;
		assert_int_equal(zone_draft_remove(draft, names[r->name], r->type, rdata, length), expected);
	}
}

static void change_some(struct zone_draft *draft, struct model *m, unsigned count)
{
	while (count-- > 0) {
		struct record r = record_random();
		bool add = roll(100) < 55;
		if (!add && m->count > 0 && roll(3) != 0)
			r = m->record[roll(m->count)];
		if (r.type == TYPE_SOA || (r.type == TYPE_NS && r.name == 0))
			continue;
		apply(draft, m, &r, add);
	}
}

// As a transfer does: most of what was there, in some order, and something new.
static void replace_all(struct zone_draft *draft, struct model *m)
{
	static struct model old;
	unsigned drop = roll(20);
	old = *m;
	for (unsigned i = old.count; i > 1 && roll(2) == 0; --i) {
		unsigned j = roll(i);
		struct record swap = old.record[i - 1];
		old.record[i - 1] = old.record[j];
		old.record[j] = swap;
	}
	m->count = 0;
	assert_int_equal(zone_draft_replace_begin(draft), 0);
	for (unsigned i = 0; i < old.count + 10; ++i) {
		uint8_t rdata[RDATA_ROOM];
		bool again = i < old.count;
		struct record r = again ? old.record[i] : record_random();
		if (again && roll(100) < drop && r.name != 0)
			continue;
		uint16_t length = rdata_make(r.type, r.variant, rdata);
		model_add(m, &r);
		assert_int_equal(zone_draft_add(draft, names[r.name], r.type, r.ttl, rdata, length, NULL), 0);
		if (roll(50) == 0)
			assert_int_equal(zone_draft_add(draft, names[r.name], r.type, r.ttl, rdata, length, NULL), 0);
	}
	assert_int_equal(zone_draft_replace_end(draft), 0);
}

static bool model_is_sound(const struct model *m)
{
	for (unsigned i = 0; i < m->count; ++i) {
		const struct record *r = &m->record[i];
		for (unsigned j = 0; j < m->count; ++j) {
			const struct record *o = &m->record[j];
			if (i == j || (r->type != TYPE_CNAME && r->type != TYPE_DNAME) || !name_is(r->name, o->name))
				continue;
			if (r->type == o->type)
				return false;
			if (r->type == TYPE_CNAME && o->type != TYPE_NSEC && o->type != TYPE_RRSIG && o->type != TYPE_NSEC3)
				return false;
		}
	}
	return true;
}

static void drop_one(unsigned i)
{
	zone_release(alive[i].version);
	free(alive[i].model);
	alive[i] = alive[--alive_count];
}

static struct zone_draft *draft_begin(struct zone_line *line, struct model *m, bool *empty)
{
	struct zone_draft *draft;
	*empty = alive_count == 0 || roll(40) == 0;
	if (*empty) {
		struct record soa = { 0, TYPE_SOA, 1, 300 }, ns = { 0, TYPE_NS, 1, 300 };
		m->count = told.count = 0;
		assert_int_equal(zone_draft_new(line, &draft), 0);
		zone_draft_watch(draft, watch, NULL);
		apply(draft, m, &soa, true);
		apply(draft, m, &ns, true);
		change_some(draft, m, name_count / 2);
		return draft;
	}
	const struct alive *base = &alive[roll(3) != 0 ? alive_count - 1 : roll(alive_count)];
	*m = *base->model;
	told = *m;
	assert_int_equal(zone_draft_from(line, base->version, &draft), 0);
	zone_draft_watch(draft, watch, NULL);
	struct zone_draft *second;
	assert_int_equal(zone_draft_from(line, base->version, &second), ERR_BUSY);
	return draft;
}

static void one_draft(struct zone_line *line)
{
	struct model *m = malloc(sizeof(*m));
	uint8_t owner[NAME_MAX_WIRE];
	assert_non_null(m);
	bool empty;
	struct zone_draft *draft = draft_begin(line, m, &empty);
	if (!empty && roll(5) == 0)
		replace_all(draft, m);
	else
		change_some(draft, m, 1 + roll(roll(10) == 0 ? name_count : 12));
	bool sound = model_is_sound(m);
	assert_int_equal(zone_draft_check(draft, owner) == ZONE_SOUND, sound);
	told_is(m);
	if (!sound || roll(8) == 0) {
		zone_draft_abandon(draft);
		free(m);
		return;
	}
	if (alive_count == ALIVE_MAX)
		drop_one(roll(ALIVE_MAX));
	struct alive *a = &alive[alive_count++];
	a->model = m;
	assert_int_equal(zone_draft_seal(draft, &a->version), 0);
}

static void random_drafts(unsigned universe, unsigned operations)
{
	struct zone_line *line;
	struct arena_usage usage;
	char why[256];
	assert_int_equal(arena_open(ARENA_DEFAULT_RESERVE, why), 0);
	universe_make(universe);
	assert_int_equal(zone_line_new(origin, &line), 0);
	for (unsigned i = 0; i < operations; ++i) {
		one_draft(line);
		while (alive_count > 0 && roll(4) == 0)
			drop_one(roll(alive_count));
		if (universe <= 1000 || i % 16 == 0)
			for (unsigned a = 0; a < alive_count; ++a)
				check_version(alive[a].version, alive[a].model);
	}
	while (alive_count > 0)
		drop_one(roll(alive_count));
	assert_int_equal(zone_line_pinned(line), 0);
	zone_line_release(line);
	arena_usage(&usage);
	assert_int_equal(usage.live, 0);
	arena_close();
}

static unsigned operations(unsigned share)
{
	const char *text = getenv("ZONE_PROPERTY_OPERATIONS");
	return (unsigned)(text != NULL ? strtoul(text, NULL, 10) : 3000) * share / 100 + 1;
}

static void a_zone_of_few_names(void **state)
{
	(void)state;
	random_drafts(10, operations(100));
}

static void a_zone_of_a_page_or_two(void **state)
{
	(void)state;
	random_drafts(250, operations(60));
}

static void a_zone_of_many_pages(void **state)
{
	(void)state;
	random_drafts(NAMES_MAX, operations(4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_zone_of_few_names),
		cmocka_unit_test(a_zone_of_a_page_or_two),
		cmocka_unit_test(a_zone_of_many_pages),
	};
	const char *text = getenv("ZONE_PROPERTY_SEED");
	uint64_t seed = text != NULL ? strtoull(text, NULL, 10) : (uint64_t)time(NULL);
	printf("ZONE_PROPERTY_SEED=%llu\n", (unsigned long long)seed);
	dice = seed * 2654435761u + 88172645463325252ull;
	hash_seed_fixed(seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
