// SPDX-License-Identifier: GPL-3.0-or-later
// The two persistent structures by themselves: the hash and the ordered tree.
// Entries of the hash are made-up references, their hashes are what the test
// says they are.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/hash.h"
#include "zone/index.h"
#include "zone/node.h"
#include "zone/order.h"

static uint64_t hashes[200000]; // by reference

static uint64_t hash_of(const void *context, arena_ref ref)
{
	(void)context;
	return hashes[ref];
}

static bool is(const void *key, arena_ref ref)
{
	return *(const arena_ref *)key == ref;
}

static const struct index_owner owner = { hash_of, NULL };

static int setup(void **state)
{
	char why[256];
	(void)state;
	hash_seed_fixed(1);
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

static void free_block(void *context, arena_ref ref, enum block_kind kind)
{
	(void)context;
	if (kind == BLOCK_PAGE)
		arena_free(ref, sizeof(struct page), NULL);
	else if (kind == BLOCK_RADIX)
		arena_free(ref, radix_size(((const struct radix *)arena_at(ref))->bits), NULL);
	else
		arena_free(ref, sizeof(struct leaf), NULL);
}

static void free_retired(struct strand *s)
{
	for (size_t i = 0; i < s->retired_count; ++i)
		free_block(NULL, s->retired[i].ref, (enum block_kind)s->retired[i].kind);
	s->retired_count = 0;
}

static void spread_hashes(arena_ref count)
{
	for (arena_ref i = 1; i <= count; ++i)
		hashes[i] = hash_bytes(&i, sizeof(i));
}

static void assert_has(const struct index *x, arena_ref first, arena_ref last)
{
	for (arena_ref i = first; i <= last; ++i)
		assert_int_equal(index_find(x, hashes[i], is, &i), i);
}

static void a_full_page_splits_alone(void **state)
{
	struct index x = { .root = 0 };
	struct strand s = { .birth = 1, .depth_max = INDEX_DEPTH_MAX };
	(void)state;
	spread_hashes(100000);
	size_t most = 0;
	for (arena_ref i = 1; i <= 100000; ++i) {
		size_t before = s.bytes;
		assert_int_equal(index_insert(&x, &s, &owner, hashes[i], i), 0);
		most = s.bytes - before > most && s.bytes > before ? s.bytes - before : most;
	}
	printf("most bytes taken by one insertion of 100,000: %zu; bytes an entry: %.2f\n", most,
	       (double)s.bytes / 100000);
	assert_true(most <= 2 * sizeof(struct page) + 2 * radix_size(RADIX_BITS));
	assert_int_equal(x.count, 100000);
	assert_has(&x, 1, 100000);
	arena_ref absent = 100001;
	hashes[absent] = hashes[7];
	assert_int_equal(index_find(&x, hashes[absent], is, &absent), 0);
	index_each_block(&x, 0, free_block, NULL);
	free(s.retired);
}

static void an_older_edition_stays_as_it_was(void **state)
{
	struct index old = { .root = 0 };
	struct strand s = { .birth = 1, .depth_max = INDEX_DEPTH_MAX };
	(void)state;
	spread_hashes(6000);
	for (arena_ref i = 1; i <= 5000; ++i)
		assert_int_equal(index_insert(&old, &s, &owner, hashes[i], i), 0);
	assert_int_equal(s.retired_count, 0);
	struct index x = old;
	s.birth = 2;
	for (arena_ref i = 5001; i <= 6000; ++i)
		assert_int_equal(index_insert(&x, &s, &owner, hashes[i], i), 0);
	for (arena_ref i = 1; i <= 1000; ++i)
		assert_int_equal(index_remove(&x, &s, hashes[i], i), 0);
	assert_int_equal(x.count, 5000);
	assert_has(&old, 1, 5000);
	assert_has(&x, 1001, 6000);
	for (arena_ref i = 1; i <= 1000; ++i)
		assert_int_equal(index_find(&x, hashes[i], is, &i), 0);
	index_each_block(&x, 2, free_block, NULL);
	s.retired_count = 0;
	index_each_block(&old, 0, free_block, NULL);
	free(s.retired);
}

// What an attacker who knew the key could do: the bound on the depth holds, and
// nothing is lost.
static void beyond_the_greatest_depth_pages_chain(void **state)
{
	struct index x = { .root = 0 }, next;
	struct strand s = { .birth = 1, .depth_max = 6 };
	(void)state;
	for (arena_ref i = 1; i <= 3000; ++i)
		hashes[i] = UINT64_C(0xabcd000000000000) | (i * UINT64_C(0x9e3779b97f4a7c15) >> 40);
	for (arena_ref i = 1; i <= 2500; ++i)
		assert_int_equal(index_insert(&x, &s, &owner, hashes[i], i), 0);
	assert_has(&x, 1, 2500);
	next = x;
	s.birth = 2;
	for (arena_ref i = 2501; i <= 3000; ++i)
		assert_int_equal(index_insert(&next, &s, &owner, hashes[i], i), 0);
	for (arena_ref i = 1; i <= 2000; ++i)
		assert_int_equal(index_remove(&next, &s, hashes[i], i), 0);
	assert_has(&x, 1, 2500);
	assert_has(&next, 2001, 3000);
	free_retired(&s);
	index_each_block(&next, 0, free_block, NULL);
	free(s.retired);
}

// --- the ordered tree

static arena_ref node_new(const char *label)
{
	uint8_t labels[64];
	labels[0] = (uint8_t)strlen(label);
	memcpy(labels + 1, label, labels[0]);
	struct owner o = { labels, labels[0] + 1u };
	arena_ref ref = arena_alloc(node_layout(o, 0, NULL, 0), NULL);
	node_write(arena_at(ref), o, 0, NULL, 0);
	return ref;
}

static void names_with_equal_prefixes_are_told_apart(void **state)
{
	enum { COUNT = 5000 };
	static arena_ref refs[COUNT];
	struct order o = { 0, 0 };
	struct strand s = { .birth = 1 };
	char label[32];
	bool exact;
	(void)state;
	for (unsigned i = 0; i < COUNT; ++i) {
		unsigned n = i * 7919 % COUNT;
		snprintf(label, sizeof(label), "a-long-prefix-%04u", n);
		refs[n] = node_new(label);
		assert_int_equal(order_insert(&o, &s, node_owner(arena_at(refs[n])), refs[n]), 0);
	}
	for (unsigned n = 0; n < COUNT; ++n) {
		assert_int_equal(order_find(&o, node_owner(arena_at(refs[n])), &exact), refs[n]);
		assert_true(exact);
		snprintf(label, sizeof(label), "a-long-prefix-%04u+", n);
		arena_ref between = node_new(label);
		assert_int_equal(order_find(&o, node_owner(arena_at(between)), &exact), refs[n]);
		assert_false(exact);
		arena_free(between, node_size(arena_at(between)), NULL);
	}
	uint64_t place = 0;
	for (unsigned n = 0; n < COUNT; ++n)
		assert_int_equal(order_next(&o, &place), refs[n]);
	assert_int_equal(order_next(&o, &place), 0);
	assert_int_equal(order_last(&o), refs[COUNT - 1]);
	for (unsigned i = 0; i < COUNT; ++i) {
		unsigned n = i * 6089 % COUNT;
		assert_int_equal(order_remove(&o, &s, node_owner(arena_at(refs[n]))), 0);
		arena_free(refs[n], node_size(arena_at(refs[n])), NULL);
	}
	assert_int_equal(o.root, 0);
	free(s.retired);
}

static void a_load_in_order_fills_the_pages(void **state)
{
	enum { COUNT = 42000 };
	struct order o = { 0, 0 };
	struct strand s = { .birth = 1 };
	char label[32];
	static arena_ref refs[COUNT];
	(void)state;
	for (unsigned n = 0; n < COUNT; ++n) {
		snprintf(label, sizeof(label), "h%05u", n);
		refs[n] = node_new(label);
		assert_int_equal(order_insert(&o, &s, node_owner(arena_at(refs[n])), refs[n]), 0);
	}
	assert_true(s.bytes <= (COUNT / LEAF_ENTRIES + 30) * sizeof(struct leaf));
	order_each_block(&o, 0, free_block, NULL);
	for (unsigned n = 0; n < COUNT; ++n)
		arena_free(refs[n], node_size(arena_at(refs[n])), NULL);
	free(s.retired);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_full_page_splits_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(an_older_edition_stays_as_it_was, setup, teardown),
		cmocka_unit_test_setup_teardown(beyond_the_greatest_depth_pages_chain, setup, teardown),
		cmocka_unit_test_setup_teardown(names_with_equal_prefixes_are_told_apart, setup, teardown),
		cmocka_unit_test_setup_teardown(a_load_in_order_fills_the_pages, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
