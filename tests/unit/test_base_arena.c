// SPDX-License-Identifier: GPL-3.0-or-later
// The arena: blocks keep apart, the accounting is exact, memory goes back.
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/error.h"

static int setup(void **state)
{
	char why[256] = "";
	(void)state;
	return arena_open(ARENA_DEFAULT_RESERVE, why);
}

static int teardown(void **state)
{
	(void)state;
	arena_close();
	return 0;
}

static size_t live(void)
{
	struct arena_usage usage;
	arena_usage(&usage);
	return usage.live;
}

static void blocks_of_a_power_of_two_are_aligned_to_it(void **state)
{
	(void)state;
	for (size_t bytes = 8; bytes <= 4096; bytes *= 2) {
		arena_ref a = arena_alloc(bytes, NULL), b = arena_alloc(bytes, NULL);
		assert_int_not_equal(a, 0);
		assert_int_equal((uintptr_t)arena_at(a) % bytes, 0);
		assert_int_equal((uintptr_t)arena_at(b) % bytes, 0);
		assert_int_equal(arena_ref_of(arena_at(a)), a);
		arena_free(a, bytes, NULL);
		arena_free(b, bytes, NULL);
	}
	assert_int_equal(live(), 0);
}

static void the_account_has_what_a_block_really_takes(void **state)
{
	static const size_t sizes[] = { 1, 8, 9, 29, 1024, 1025, 8192, 8193, 160000, 5000000 };
	size_t account = 0;
	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); ++i) {
		arena_ref block = arena_alloc(sizes[i], &account);
		assert_int_not_equal(block, 0);
		memset(arena_at(block), 0xa5, sizes[i]);
		assert_true(account >= sizes[i]);
		assert_int_equal(account, arena_cost(sizes[i]));
		assert_int_equal(account, live());
		arena_free(block, sizes[i], &account);
		assert_int_equal(account, 0);
	}
	assert_int_equal(arena_cost(29), 32);
	assert_int_equal(live(), 0);
}

static void a_block_grows_in_place_as_far_as_its_class_reaches(void **state)
{
	(void)state;
	arena_ref block = arena_alloc(25, NULL);
	assert_true(arena_resize(block, 25, 32));
	assert_false(arena_resize(block, 32, 33));
	assert_true(arena_resize(block, 32, 26));
	arena_free(block, 26, NULL);
	assert_int_equal(live(), 0);
}

#define BLOCKS 20000

static void random_blocks_do_not_overlap(void **state)
{
	static arena_ref ref[BLOCKS];
	static uint32_t size[BLOCKS];
	(void)state;
	srandom(7);
	for (int round = 0; round < 200000; ++round) {
		uint32_t i = (uint32_t)random() % BLOCKS;
		if (ref[i] != 0) {
			const uint8_t *p = arena_at(ref[i]);
			assert_true(p[0] == (uint8_t)i && p[size[i] - 1] == (uint8_t)i);
			arena_free(ref[i], size[i], NULL);
			ref[i] = 0;
			continue;
		}
		size[i] = (uint32_t)random() % (random() % 100 == 0 ? 100000 : 700) + 1;
		ref[i] = arena_alloc(size[i], NULL);
		assert_int_not_equal(ref[i], 0);
		memset(arena_at(ref[i]), (uint8_t)i, size[i]);
	}
	for (uint32_t i = 0; i < BLOCKS; ++i)
		if (ref[i] != 0)
			arena_free(ref[i], size[i], NULL);
	assert_int_equal(live(), 0);
}

static void empty_spans_go_back(void **state)
{
	enum { COUNT = 500000 };
	arena_ref *ref = malloc(COUNT * sizeof(*ref));
	struct arena_usage usage;
	(void)state;
	for (size_t i = 0; i < COUNT; ++i)
		ref[i] = arena_alloc(64, NULL);
	arena_usage(&usage);
	assert_int_equal(usage.live, COUNT * 64);
	assert_true(usage.committed < COUNT * 64 + (1u << 20));
	for (size_t i = 0; i < COUNT; ++i)
		arena_free(ref[i], 64, NULL);
	arena_usage(&usage);
	assert_int_equal(usage.live, 0);
	assert_true(usage.committed < (4u << 20));
	free(ref);
}

static void *other_thread(void *argument)
{
	arena_ref *ref = argument;
	for (int i = 0; i < 1000; ++i)
		arena_free(ref[i], 40, NULL);
	for (int i = 0; i < 1000; ++i)
		ref[i] = arena_alloc(48, NULL);
	arena_thread_end();
	return NULL;
}

static void any_thread_frees_what_another_took(void **state)
{
	arena_ref ref[1000];
	pthread_t thread;
	(void)state;
	for (int i = 0; i < 1000; ++i)
		ref[i] = arena_alloc(40, NULL);
	assert_int_equal(pthread_create(&thread, NULL, other_thread, ref), 0);
	pthread_join(thread, NULL);
	assert_int_equal(live(), 48000);
	for (int i = 0; i < 1000; ++i)
		arena_free(ref[i], 48, NULL);
	assert_int_equal(live(), 0);
}

static void a_full_reservation_gives_no_block(void **state)
{
	char why[256] = "";
	(void)state;
	assert_int_equal(arena_open(1 << 20, why), 0);
	arena_ref ref[64];
	int n = 0;
	while (n < 64 && (ref[n] = arena_alloc(16000, NULL)) != 0)
		++n;
	assert_in_range(n, 30, 63);
	while (n-- > 0)
		arena_free(ref[n], 16000, NULL);
	arena_ref all = arena_alloc(900000, NULL);
	assert_int_not_equal(all, 0);
	arena_free(all, 900000, NULL);
	assert_int_equal(live(), 0);
	arena_close();
}

static void a_limit_on_address_space_is_named(void **state)
{
	char why[256] = "";
	struct rlimit was, low;
	(void)state;
	assert_int_equal(getrlimit(RLIMIT_AS, &was), 0);
	low = was;
	low.rlim_cur = 4ull << 30;
	if (setrlimit(RLIMIT_AS, &low) != 0)
		skip();
	int error = arena_open(ARENA_DEFAULT_RESERVE, why);
	setrlimit(RLIMIT_AS, &was);
	assert_int_equal(error, ERR_MEMORY);
	assert_non_null(strstr(why, "4096 MiB"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(blocks_of_a_power_of_two_are_aligned_to_it, setup, teardown),
		cmocka_unit_test_setup_teardown(the_account_has_what_a_block_really_takes, setup, teardown),
		cmocka_unit_test_setup_teardown(a_block_grows_in_place_as_far_as_its_class_reaches, setup, teardown),
		cmocka_unit_test_setup_teardown(random_blocks_do_not_overlap, setup, teardown),
		cmocka_unit_test_setup_teardown(empty_spans_go_back, setup, teardown),
		cmocka_unit_test_setup_teardown(any_thread_frees_what_another_took, setup, teardown),
		cmocka_unit_test(a_full_reservation_gives_no_block),
		cmocka_unit_test(a_limit_on_address_space_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
