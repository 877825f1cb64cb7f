// SPDX-License-Identifier: GPL-3.0-or-later
// Drafts by example: what comes in, what the version then says, what it costs.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/hash.h"
#include "dns/name.h"
#include "dns/types.h"
#include "dns/wire.h"
#include "zone/draft.h"

static uint8_t origin[NAME_MAX_WIRE];
static struct zone_line *line;

static int setup(void **state)
{
	char why[256];
	(void)state;
	hash_seed_fixed(5);
	name_from_text("example.com", origin);
	if (arena_open(ARENA_DEFAULT_RESERVE, why) != 0)
		return -1;
	return zone_line_new(origin, &line);
}

static int teardown(void **state)
{
	struct arena_usage usage;
	(void)state;
	size_t pinned = zone_line_pinned(line);
	zone_line_release(line);
	arena_usage(&usage);
	arena_close();
	return usage.live != 0 || pinned != 0;
}

static const uint8_t *name(const char *text)
{
	static uint8_t wire[4][NAME_MAX_WIRE];
	static unsigned next;
	uint8_t *to = wire[next++ % 4];
	assert_true(name_from_text(text, to) > 0);
	return to;
}

static int add(struct zone_draft *d, const char *owner, uint16_t type, uint32_t ttl, const void *rdata, size_t length)
{
	return zone_draft_add(d, name(owner), type, ttl, rdata, (uint16_t)length, NULL);
}

static int add_a(struct zone_draft *d, const char *owner, uint32_t number)
{
	uint8_t rdata[4];
	wire_put32(rdata, number);
	return add(d, owner, TYPE_A, 300, rdata, 4);
}

static int add_ns(struct zone_draft *d, const char *owner, const char *target)
{
	const uint8_t *rdata = name(target);
	return add(d, owner, TYPE_NS, 300, rdata, name_length(rdata));
}

static void add_apex(struct zone_draft *d, uint32_t serial)
{
	uint8_t soa[64];
	size_t n = name_length(name("ns.example.com"));
	memcpy(soa, name("ns.example.com"), n);
	memcpy(soa + n, name("host.example.com"), name_length(name("host.example.com")));
	n += name_length(name("host.example.com"));
	memset(soa + n, 0, 20);
	wire_put32(soa + n, serial);
	assert_int_equal(add(d, "example.com", TYPE_SOA, 3600, soa, n + 20), 0);
	assert_int_equal(add_ns(d, "example.com", "ns.example.com"), 0);
}

static struct zone_draft *draft_new(void)
{
	struct zone_draft *d;
	assert_int_equal(zone_draft_new(line, &d), 0);
	return d;
}

static struct zone_draft *draft_from(const struct zone_version *v)
{
	struct zone_draft *d;
	assert_int_equal(zone_draft_from(line, v, &d), 0);
	return d;
}

static const struct zone_version *seal(struct zone_draft *d)
{
	const struct zone_version *v;
	assert_int_equal(zone_draft_seal(d, &v), 0);
	return v;
}

static struct zone_find find(const struct zone_version *v, const char *owner)
{
	struct qname q;
	struct zone_find f;
	qname_init(&q, name(owner));
	zone_find(v, &q, &f);
	return f;
}

// --- content

static void a_set_is_stored_as_it_goes_on_the_wire(void **state)
{
	static const uint8_t expected[] = { 0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 192, 0, 2, 1,
	                                    0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 192, 0, 2, 2 };
	struct zone_draft *d = draft_new();
	struct rrset set;
	(void)state;
	add_apex(d, 7);
	assert_int_equal(add_a(d, "WWW.Example.com", 0xc0000201), 0);
	assert_int_equal(add_a(d, "www.example.com", 0xc0000202), 0);
	assert_true(zone_draft_rrset(d, name("www.EXAMPLE.com"), TYPE_A, &set));
	const struct zone_version *v = seal(d);
	assert_int_equal(zone_serial(v), 7);
	struct zone_find f = find(v, "www.example.com");
	assert_int_equal(f.match, ZONE_EXACT);
	assert_true(zone_node_rrset(f.node, TYPE_A, &set));
	assert_int_equal(set.count, 2);
	assert_int_equal(set.ttl, 300);
	assert_int_equal(set.length, sizeof(expected));
	assert_memory_equal(set.wire, expected, sizeof(expected));
	assert_false(zone_node_rrset(f.node, TYPE_AAAA, &set));
	zone_release(v);
}

static void a_record_is_there_once_and_the_last_ttl_holds(void **state)
{
	struct zone_draft *d = draft_new();
	struct rrset set;
	bool added;
	(void)state;
	add_apex(d, 1);
	assert_int_equal(zone_draft_add(d, name("a.example.com"), TYPE_NS, 300, name("NS1.example.net"), 17, &added), 0);
	assert_true(added);
	assert_int_equal(zone_draft_add(d, name("a.example.com"), TYPE_NS, 600, name("ns1.EXAMPLE.net"), 17, &added), 0);
	assert_false(added);
	assert_true(zone_draft_rrset(d, name("a.example.com"), TYPE_NS, &set));
	assert_int_equal(set.count, 1);
	assert_int_equal(set.ttl, 600);
	assert_false(set.targets_in_zone);
	assert_int_equal(add_ns(d, "a.example.com", "ns.a.example.com"), 0);
	assert_true(zone_draft_rrset(d, name("a.example.com"), TYPE_NS, &set));
	assert_true(set.targets_in_zone);
	zone_draft_abandon(d);
}

static void a_record_outside_is_refused(void **state)
{
	struct zone_draft *d = draft_new();
	(void)state;
	assert_int_equal(add_a(d, "example.org", 1), ERR_RANGE);
	assert_int_equal(add_a(d, "com", 1), ERR_RANGE);
	assert_int_equal(add_a(d, "badexample.com", 1), ERR_RANGE);
	assert_int_equal(add(d, "a.example.com", TYPE_RRSIG, 1, "\0", 1), ERR_FORMAT);
	zone_draft_abandon(d);
}

static void bounds_stop_a_draft(void **state)
{
	struct zone_draft *d = draft_new();
	(void)state;
	add_apex(d, 1);
	zone_draft_limit(d, 4, 0);
	assert_int_equal(add_a(d, "a.example.com", 1), 0);
	assert_int_equal(add_a(d, "a.example.com", 1), 0); // nothing new
	assert_int_equal(add_a(d, "a.example.com", 2), 0);
	assert_int_equal(add_a(d, "a.example.com", 3), ERR_LIMIT);
	assert_int_equal(add_a(d, "b.example.com", 3), ERR_LIMIT);
	zone_draft_limit(d, 0, 1);
	assert_int_equal(add_a(d, "b.example.com", 3), ERR_LIMIT);
	zone_draft_abandon(d);
}

static void an_owner_holds_so_many_sets_and_no_more(void **state)
{
	struct zone_draft *d = draft_new();
	(void)state;
	add_apex(d, 1);
	for (unsigned i = 0; i < ZONE_OWNER_SETS; ++i)
		for (unsigned j = 0; j < 3; ++j)
			assert_int_equal(add(d, "many.example.com", (uint16_t)(1000 + i * 7919 % ZONE_OWNER_SETS), 300, &"abcdefgh"[j], 5), 0);
	assert_int_equal(add(d, "many.example.com", 5000, 300, "a", 1), ERR_LIMIT);
	const struct zone_version *v = seal(d);
	struct zone_find f = find(v, "many.example.com");
	struct rrset set;
	uint16_t covered;
	for (unsigned i = 0; i < ZONE_OWNER_SETS; ++i) {
		assert_true(zone_node_set(f.node, i, &set, &covered));
		assert_int_equal(set.type, 1000 + i);
		assert_int_equal(set.count, 3);
	}
	assert_false(zone_node_set(f.node, ZONE_OWNER_SETS, &set, &covered));
	zone_release(v);
}

static void signatures_stand_behind_what_they_sign(void **state)
{
	static const uint16_t expected[][2] = { { TYPE_A, 0 }, { TYPE_RRSIG, TYPE_A }, { TYPE_AAAA, 0 }, { TYPE_RRSIG, TYPE_AAAA },
	                                        { TYPE_NSEC, 0 }, { TYPE_RRSIG, TYPE_NSEC } };
	uint8_t signature[80] = { 0 };
	struct zone_draft *d = draft_new();
	(void)state;
	add_apex(d, 1);
	for (unsigned i = 6; i-- > 0;) {
		wire_put16(signature, expected[i][1]);
		bool sig = expected[i][0] == TYPE_RRSIG;
		assert_int_equal(add(d, "s.example.com", expected[i][0], 300 + i, sig ? signature : (const uint8_t *)"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
		                     sig ? 80 : 16), 0);
	}
	const struct zone_version *v = seal(d);
	struct zone_find f = find(v, "s.example.com");
	struct rrset set;
	uint16_t covered;
	for (unsigned i = 0; i < 6; ++i) {
		assert_true(zone_node_set(f.node, i, &set, &covered));
		assert_int_equal(set.type, expected[i][0]);
		assert_int_equal(covered, expected[i][1]);
		assert_int_equal(set.ttl, 300 + i);
	}
	assert_true(zone_node_rrsig(f.node, TYPE_AAAA, &set));
	assert_false(zone_node_rrsig(f.node, TYPE_TXT, &set));
	assert_false(zone_node_rrset(f.node, TYPE_RRSIG, &set));
	zone_release(v);
}

// --- names

static void empty_non_terminals_come_and_go(void **state)
{
	struct zone_draft *d = draft_new();
	(void)state;
	add_apex(d, 1);
	add_a(d, "a.b.c.example.com", 1);
	add_a(d, "*.c.example.com", 2);
	const struct zone_version *v = seal(d);
	assert_int_equal(find(v, "c.example.com").match, ZONE_EXACT);
	assert_true(zone_node_is_empty(find(v, "b.c.example.com").node));
	struct zone_find f = find(v, "x.y.c.example.com");
	assert_int_equal(f.match, ZONE_ABSENT);
	assert_int_equal(f.labels, 3);
	assert_non_null(f.wildcard);
	assert_null(find(v, "x.b.c.example.com").wildcard);

	d = draft_from(v);
	uint8_t one[4] = { 0, 0, 0, 1 }, two[4] = { 0, 0, 0, 2 };
	assert_int_equal(zone_draft_remove(d, name("a.b.c.example.com"), TYPE_A, one, 4), 0);
	assert_int_equal(zone_draft_remove(d, name("a.b.c.example.com"), TYPE_A, one, 4), ERR_NOT_FOUND);
	const struct zone_version *w = seal(d);
	assert_int_equal(find(w, "b.c.example.com").match, ZONE_ABSENT);
	assert_int_equal(find(w, "c.example.com").match, ZONE_EXACT);

	d = draft_from(w);
	assert_int_equal(zone_draft_remove(d, name("*.c.example.com"), TYPE_A, two, 4), 0);
	const struct zone_version *x = seal(d);
	assert_int_equal(find(x, "c.example.com").match, ZONE_ABSENT);
	assert_int_equal(find(x, "c.example.com").labels, 2);
	assert_int_equal(find(v, "a.b.c.example.com").match, ZONE_EXACT);
	zone_release(v);
	zone_release(x);
	zone_release(w);
}

static void cuts_and_dnames_stop_the_walk(void **state)
{
	struct zone_draft *d = draft_new();
	(void)state;
	add_apex(d, 1);
	add_ns(d, "sub.example.com", "ns.sub.example.com");
	add_a(d, "ns.sub.example.com", 1);
	add(d, "d.example.com", TYPE_DNAME, 300, name("example.net"), 13);
	add_a(d, "below.d.example.com", 1);
	const struct zone_version *v = seal(d);
	struct qname q;
	assert_int_equal(find(v, "sub.example.com").match, ZONE_CUT);
	assert_int_equal(find(v, "sub.example.com").labels, 3);
	assert_int_equal(find(v, "ns.sub.example.com").match, ZONE_CUT);
	assert_int_equal(find(v, "d.example.com").match, ZONE_EXACT);
	assert_int_equal(find(v, "below.d.example.com").match, ZONE_DNAME);
	assert_int_equal(find(v, "example.com").match, ZONE_EXACT);
	qname_init(&q, name("ns.sub.example.com"));
	assert_non_null(zone_node_at(v, &q));
	zone_release(v);
}

static void faults_are_found(void **state)
{
	uint8_t owner[NAME_MAX_WIRE];
	const struct zone_version *v;
	struct zone_draft *d = draft_new();
	(void)state;
	assert_int_equal(zone_draft_check(d, owner), ZONE_NO_SOA);
	assert_true(name_equal(owner, origin));
	assert_int_equal(zone_draft_seal(d, &v), ERR_STATE);
	add_apex(d, 1);
	assert_int_equal(zone_draft_check(d, owner), ZONE_SOUND);
	add_a(d, "c.example.com", 1);
	add(d, "c.example.com", TYPE_CNAME, 300, name("example.net"), 13);
	assert_int_equal(zone_draft_check(d, owner), ZONE_CNAME_OTHER);
	assert_true(name_equal(owner, name("c.example.com")));
	uint8_t one[4] = { 0, 0, 0, 1 };
	zone_draft_remove(d, name("c.example.com"), TYPE_A, one, 4);
	assert_int_equal(zone_draft_check(d, owner), ZONE_SOUND);
	add(d, "example.com", TYPE_SOA, 300, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 22);
	assert_int_equal(zone_draft_check(d, owner), ZONE_SEVERAL_SOA);
	zone_draft_abandon(d);
}

// --- large sets

static void a_set_of_ten_thousand_records(void **state)
{
	struct zone_draft *d = draft_new();
	struct rrset set;
	(void)state;
	add_apex(d, 1);
	for (uint32_t i = 0; i < 10000; ++i)
		assert_int_equal(add_a(d, "big.example.com", i), 0);
	assert_int_equal(add_a(d, "big.example.com", 5000), 0);
	const struct zone_version *v = seal(d);
	assert_true(zone_node_rrset(find(v, "big.example.com").node, TYPE_A, &set));
	assert_int_equal(set.count, 10000);
	assert_int_equal(set.length, 160000);

	// Copied once, then changed where it stands.
	d = draft_from(v);
	uint8_t rdata[4];
	for (uint32_t i = 0; i < 10000; i += 2) {
		wire_put32(rdata, i);
		assert_int_equal(zone_draft_remove(d, name("big.example.com"), TYPE_A, rdata, 4), 0);
	}
	const struct zone_version *w = seal(d);
	assert_true(zone_node_rrset(find(w, "big.example.com").node, TYPE_A, &set));
	assert_int_equal(set.count, 5000);
	assert_int_equal(set.wire[RECORD_RDATA + 3], 1);
	assert_true(zone_node_rrset(find(v, "big.example.com").node, TYPE_A, &set));
	assert_int_equal(set.count, 10000);
	zone_release(v);
	zone_release(w);
}

static void equal_sets_are_stored_once(void **state)
{
	enum { COUNT = 1000 };
	char owner[64];
	struct zone_draft *d = draft_new();
	struct zone_figures figures;
	const uint8_t *first = NULL;
	(void)state;
	add_apex(d, 1);
	for (unsigned i = 0; i < COUNT; ++i) {
		snprintf(owner, sizeof(owner), "delegation%u.example.com", i);
		add_ns(d, owner, "ns1.a-provider-of-names.example.net");
		add_ns(d, owner, "ns2.a-provider-of-names.example.net");
	}
	const struct zone_version *v = seal(d);
	zone_figures(v, &figures);
	assert_int_equal(figures.records, 2 * COUNT + 2);
	printf("%.1f bytes a delegation with two name servers\n", (double)figures.bytes / COUNT);
	assert_true(figures.bytes < COUNT * 50);
	for (unsigned i = 2; i < COUNT; ++i) {
		struct rrset set;
		snprintf(owner, sizeof(owner), "delegation%u.example.com", i);
		assert_true(zone_node_rrset(find(v, owner).node, TYPE_NS, &set));
		first = first != NULL ? first : set.wire;
		assert_ptr_equal(set.wire, first);
	}
	// One of them changes for itself.
	d = draft_from(v);
	add_ns(d, "delegation7.example.com", "ns3.example.com");
	const struct zone_version *w = seal(d);
	struct rrset seven, eight;
	assert_true(zone_node_rrset(find(w, "delegation7.example.com").node, TYPE_NS, &seven));
	assert_true(zone_node_rrset(find(w, "delegation8.example.com").node, TYPE_NS, &eight));
	assert_int_equal(seven.count, 3);
	assert_true(seven.targets_in_zone);
	assert_int_equal(eight.count, 2);
	zone_release(v);
	zone_release(w);
}

// --- lifetimes

static void versions_go_in_any_order(void **state)
{
	static const uint8_t orders[][4] = { { 0, 1, 2, 3 }, { 3, 2, 1, 0 }, { 1, 3, 0, 2 }, { 2, 0, 3, 1 } };
	struct arena_usage before, usage;
	(void)state;
	arena_usage(&before); // the line's own
	for (unsigned o = 0; o < 4; ++o) {
		const struct zone_version *v[4];
		for (uint32_t i = 0; i < 4; ++i) {
			struct zone_draft *d = i == 0 ? draft_new() : draft_from(v[i - 1]);
			char owner[32];
			if (i == 0)
				add_apex(d, 1);
			for (uint32_t n = 0; n < 300; ++n) {
				snprintf(owner, sizeof(owner), "h%u.example.com", n * (i + 1));
				assert_int_equal(add_a(d, owner, i * 1000 + n), 0);
			}
			v[i] = seal(d);
		}
		zone_release(zone_hold(v[0]));
		for (unsigned i = 0; i < 4; ++i)
			zone_release(v[orders[o][i]]);
		arena_usage(&usage);
		assert_int_equal(usage.live, before.live);
	}
}

static void an_abandoned_draft_leaves_nothing(void **state)
{
	struct zone_draft *d = draft_new();
	struct arena_usage before, after;
	char owner[32];
	(void)state;
	add_apex(d, 1);
	for (uint32_t n = 0; n < 2000; ++n) {
		snprintf(owner, sizeof(owner), "h%u.example.com", n);
		add_a(d, owner, n);
	}
	const struct zone_version *v = seal(d);
	arena_usage(&before);
	d = draft_from(v);
	for (uint32_t n = 0; n < 3000; ++n) {
		snprintf(owner, sizeof(owner), "h%u.example.com", n);
		add_a(d, owner, n + 7);
	}
	zone_draft_abandon(d);
	arena_usage(&after);
	assert_int_equal(after.live, before.live);
	zone_release(v);
}

static void repeated_change_in_one_draft_does_not_pile_up(void **state)
{
	struct zone_draft *d = draft_new();
	struct arena_usage before, after;
	uint8_t rdata[4] = { 0 };
	(void)state;
	add_apex(d, 1);
	add_a(d, "a.example.com", 9);
	const struct zone_version *v = seal(d);
	d = draft_from(v);
	add_a(d, "a.example.com", 0);
	add_a(d, "a.example.com", 0); // the first one waits for the next
	arena_usage(&before);
	for (unsigned i = 0; i < 10000; ++i) {
		rdata[3] = (uint8_t)(i % 200 + 10);
		assert_int_equal(zone_draft_add(d, name("a.example.com"), TYPE_A, 300, rdata, 4, NULL), 0);
		assert_int_equal(zone_draft_remove(d, name("a.example.com"), TYPE_A, rdata, 4), 0);
	}
	arena_usage(&after);
	assert_int_equal(after.live, before.live);
	zone_release(seal(d));
	zone_release(v);
}

// Two names served by one server, both lists in the same order: an AXFR of the
// same content changes nothing.
static void a_transfer_of_the_same_costs_nothing(void **state)
{
	struct zone_draft *d = draft_new();
	struct zone_draft_cost cost;
	char owner[32];
	(void)state;
	for (unsigned round = 0; round < 2; ++round) {
		const struct zone_version *v = NULL;
		if (round == 1) {
			v = seal(d);
			d = draft_from(v);
			assert_int_equal(zone_draft_replace_begin(d), 0);
		}
		add_apex(d, 1);
		for (uint32_t n = 0; n < 5000; ++n) {
			snprintf(owner, sizeof(owner), "h%u.example.com", n);
			assert_int_equal(add_a(d, owner, n), 0);
			assert_int_equal(add_ns(d, owner, "ns1.example.net"), 0);
			assert_int_equal(add_ns(d, owner, "ns2.example.net"), 0);
		}
		if (round == 1) {
			assert_int_equal(zone_draft_replace_end(d), 0);
			zone_draft_cost(d, &cost);
			assert_int_equal(cost.pages_copied + cost.nodes_copied + cost.records_added + cost.records_removed, 0);
			zone_draft_abandon(d);
			zone_release(v);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_set_is_stored_as_it_goes_on_the_wire, setup, teardown),
		cmocka_unit_test_setup_teardown(a_record_is_there_once_and_the_last_ttl_holds, setup, teardown),
		cmocka_unit_test_setup_teardown(a_record_outside_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(bounds_stop_a_draft, setup, teardown),
		cmocka_unit_test_setup_teardown(an_owner_holds_so_many_sets_and_no_more, setup, teardown),
		cmocka_unit_test_setup_teardown(signatures_stand_behind_what_they_sign, setup, teardown),
		cmocka_unit_test_setup_teardown(empty_non_terminals_come_and_go, setup, teardown),
		cmocka_unit_test_setup_teardown(cuts_and_dnames_stop_the_walk, setup, teardown),
		cmocka_unit_test_setup_teardown(faults_are_found, setup, teardown),
		cmocka_unit_test_setup_teardown(a_set_of_ten_thousand_records, setup, teardown),
		cmocka_unit_test_setup_teardown(equal_sets_are_stored_once, setup, teardown),
		cmocka_unit_test_setup_teardown(versions_go_in_any_order, setup, teardown),
		cmocka_unit_test_setup_teardown(an_abandoned_draft_leaves_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(repeated_change_in_one_draft_does_not_pile_up, setup, teardown),
		cmocka_unit_test_setup_teardown(a_transfer_of_the_same_costs_nothing, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
