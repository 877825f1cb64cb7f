// SPDX-License-Identifier: GPL-3.0-or-later
// NSEC3 hashes against the examples of RFC 5155, and odd chains.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/hash.h"
#include "dns/types.h"
#include "zone/denial.h"
#include "zone/draft.h"

static int setup(void **state)
{
	char why[256];
	(void)state;
	hash_seed_fixed(5);
	return arena_open(ARENA_DEFAULT_RESERVE, why);
}

static int teardown(void **state)
{
	struct arena_usage usage;
	(void)state;
	arena_usage(&usage);
	arena_close();
	return usage.live != 0;
}

static const uint8_t *name(const char *text)
{
	static uint8_t wire[4][NAME_MAX_WIRE];
	static unsigned next;
	uint8_t *to = wire[next++ % 4];
	assert_true(name_from_text(text, to) > 0);
	return to;
}

// RFC 5155, appendix A.
static void names_hash_as_in_the_rfc(void **state)
{
	static const uint8_t salt[] = { 0xaa, 0xbb, 0xcc, 0xdd };
	static const struct { const char *name, *hash; } examples[] = {
		{ "example", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom" },
		{ "a.example", "35mthgpgcu1qg68fab165klnsnk3dpvl" },
		{ "ai.example", "gjeqe526plbf1g8mklp59enfd789njgi" },
		{ "NS1.example", "2t7b4g4vsa5smi47k61mv5bv1a22bojr" },
		{ "*.w.example", "r53bq7cc2uvmubfu5ocmm6pers9tk9en" },
		{ "2t7b4g4vsa5smi47k61mv5bv1a22bojr.example", "kohar7mbb8dc2ce8a9qvl8hon4k53uhi" },
	};
	struct nsec3_parameters p = { 1, 12, 4, salt };
	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); ++i) {
		uint8_t hash[NSEC3_HASH_LENGTH], label[NSEC3_LABEL_LENGTH + 1];
		zone_nsec3_hash(&p, name(examples[i].name), hash);
		denial_hash_to_label(hash, label);
		assert_int_equal(label[0], 32);
		assert_memory_equal(label + 1, examples[i].hash, 32);
	}
}

static struct zone_draft *draft_new(struct zone_line **line)
{
	static const uint8_t soa[22] = { 0 };
	struct zone_draft *d;
	assert_int_equal(zone_line_new(name("example"), line), 0);
	assert_int_equal(zone_draft_new(*line, &d), 0);
	assert_int_equal(zone_draft_add(d, name("example"), TYPE_SOA, 1, soa, 22, NULL), 0);
	assert_int_equal(zone_draft_add(d, name("example"), TYPE_NS, 1, soa, 1, NULL), 0);
	return d;
}

static void nsec3_add(struct zone_draft *d, const char *owner, uint16_t iterations)
{
	uint8_t rdata[27] = { 1, 1, (uint8_t)(iterations >> 8), (uint8_t)iterations, 1, 0xab, 20 };
	assert_int_equal(zone_draft_add(d, name(owner), TYPE_NSEC3, 60, rdata, sizeof(rdata), NULL), 0);
}

// RFC 5155, 7.2.8: such an owner does not exist for a query of its name.
static void an_nsec3_owner_is_no_name(void **state)
{
	struct zone_line *line;
	struct zone_draft *d = draft_new(&line);
	const struct zone_version *v;
	struct zone_find f;
	struct qname q;
	struct zone_figures figures;
	static const char owner[] = "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example";
	(void)state;
	nsec3_add(d, owner, 1);
	assert_int_equal(zone_draft_seal(d, &v), 0);
	qname_init(&q, name(owner));
	zone_find(v, &q, &f);
	assert_int_equal(f.match, ZONE_ABSENT);
	assert_int_equal(zone_denial(v), ZONE_UNSIGNED); // no NSEC3PARAM

	// With other data beside it, it is both.
	assert_int_equal(zone_draft_from(line, v, &d), 0);
	assert_int_equal(zone_draft_add(d, name(owner), TYPE_A, 60, (const uint8_t *)"abcd", 4, NULL), 0);
	assert_int_equal(zone_draft_add(d, name("example"), TYPE_NSEC3PARAM, 0, (const uint8_t *)"\1\0\0\1\1\253", 6, NULL), 0);
	zone_release(v);
	assert_int_equal(zone_draft_seal(d, &v), 0);
	zone_find(v, &q, &f);
	assert_int_equal(f.match, ZONE_EXACT);
	struct rrset set;
	assert_true(zone_node_rrset(f.node, TYPE_A, &set));
	assert_false(zone_node_rrset(f.node, TYPE_NSEC3, &set));
	assert_int_equal(zone_denial(v), ZONE_NSEC3);
	zone_figures(v, &figures);
	assert_int_equal(figures.records, 5);
	struct zone_cursor cursor;
	unsigned sets = 0;
	for (zone_cursor_start(&cursor, v); zone_cursor_next(&cursor, &set);)
		++sets;
	assert_int_equal(sets, 5);
	zone_release(v);
	zone_line_release(line);
}

// More parameter sets than there is room for chains: nothing is lost.
static void more_chains_than_anyone_has(void **state)
{
	struct zone_line *line;
	struct zone_draft *d = draft_new(&line);
	const struct zone_version *v;
	struct zone_cursor cursor;
	struct rrset set;
	unsigned found = 0;
	char owner[64];
	(void)state;
	for (uint16_t i = 0; i < 60; ++i) {
		snprintf(owner, sizeof(owner), "%032u.example", i % 40 * 7);
		nsec3_add(d, owner, i);
	}
	assert_int_equal(zone_draft_seal(d, &v), 0);
	for (zone_cursor_start(&cursor, v); zone_cursor_next(&cursor, &set);)
		found += set.type == TYPE_NSEC3 ? set.count : 0;
	assert_int_equal(found, 60);
	assert_int_equal(zone_draft_from(line, v, &d), 0);
	zone_release(v);
	for (uint16_t i = 0; i < 60; ++i) {
		uint8_t rdata[27] = { 1, 1, 0, (uint8_t)i, 1, 0xab, 20 };
		snprintf(owner, sizeof(owner), "%032u.example", i % 40 * 7);
		assert_int_equal(zone_draft_remove(d, name(owner), TYPE_NSEC3, rdata, sizeof(rdata)), 0);
	}
	assert_int_equal(zone_draft_seal(d, &v), 0);
	struct zone_figures figures;
	zone_figures(v, &figures);
	assert_int_equal(figures.records, 2);
	assert_int_equal(figures.names, 1);
	zone_release(v);
	zone_line_release(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(names_hash_as_in_the_rfc, setup, teardown),
		cmocka_unit_test_setup_teardown(an_nsec3_owner_is_no_name, setup, teardown),
		cmocka_unit_test_setup_teardown(more_chains_than_anyone_has, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
