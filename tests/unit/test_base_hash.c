// SPDX-License-Identifier: GPL-3.0-or-later
// The hash of names: keyed, built label by label, and spread evenly.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"

static uint64_t two_labels(const char *left, const char *right)
{
	uint64_t parent = hash_label(hash_root(), (const uint8_t *)right, strlen(right));
	return hash_label(parent, (const uint8_t *)left, strlen(left));
}

static void the_key_decides(void **state)
{
	(void)state;
	hash_seed_fixed(1);
	uint64_t first = two_labels("www", "example");
	hash_seed_fixed(2);
	assert_int_not_equal(two_labels("www", "example"), first);
	hash_seed_fixed(1);
	assert_int_equal(two_labels("www", "example"), first);
	hash_seed_randomly();
	assert_int_not_equal(two_labels("www", "example"), first);
}

// What was written in the order of the hashes is in order for the next process
// too; what strangers choose beside names is not hashed as it was.
static void the_key_of_names_can_be_kept(void **state)
{
	uint8_t key[HASH_NAMES_KEY];
	(void)state;
	hash_seed_fixed(1);
	uint64_t name = two_labels("www", "example"), bytes = hash_bytes("www", 3);
	hash_names_key(key);
	hash_seed_fixed(2);
	uint64_t others = hash_bytes("www", 3);
	hash_take_names_key(key);
	assert_int_equal(two_labels("www", "example"), name);
	assert_int_equal(hash_bytes("www", 3), others);
	assert_int_not_equal(others, bytes);
}

static void labels_and_their_borders_count(void **state)
{
	(void)state;
	hash_seed_fixed(3);
	assert_int_not_equal(two_labels("ab", "c"), two_labels("a", "bc"));
	assert_int_not_equal(two_labels("a", "b"), two_labels("b", "a"));
	uint8_t zero[64] = { 0 };
	for (size_t n = 1; n < 63; ++n)
		assert_int_not_equal(hash_label(hash_root(), zero, n), hash_label(hash_root(), zero, n + 1));
}

// Every bit of the hash is used: the upper by the index's radix tree, the lower
// by buckets and tags.
static void each_end_of_the_hash_is_even(void **state)
{
	enum { NAMES = 1 << 18, CELLS = 1 << 12 };
	static uint32_t upper[CELLS], lower[CELLS];
	char label[16];
	(void)state;
	hash_seed_fixed(4);
	for (int i = 0; i < NAMES; ++i) {
		int n = snprintf(label, sizeof(label), "h%d", i);
		uint64_t hash = hash_label(hash_root(), (const uint8_t *)label, (size_t)n);
		++upper[hash >> 52];
		++lower[hash & (CELLS - 1)];
	}
	for (int i = 0; i < CELLS; ++i) {
		assert_in_range(upper[i], 64 - 8 * 6, 64 + 8 * 7);
		assert_in_range(lower[i], 64 - 8 * 6, 64 + 8 * 7);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_key_decides),
		cmocka_unit_test(the_key_of_names_can_be_kept),
		cmocka_unit_test(labels_and_their_borders_count),
		cmocka_unit_test(each_end_of_the_hash_is_even),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
