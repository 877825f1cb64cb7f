// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/lane.h"

static int order[100];
static int ran;

static void note(void *context)
{
	order[ran++] = (int)(intptr_t)context;
}

static void one_thread_keeps_the_order(void **state)
{
	struct lane *lane;
	(void)state;
	assert_int_equal(lane_start("short", 1, &lane), 0);
	for (intptr_t i = 0; i < 100; ++i)
		assert_int_equal(lane_post(lane, note, (void *)i), 0);
	lane_stop(lane);
	assert_int_equal(ran, 100);
	for (int i = 0; i < 100; ++i)
		assert_int_equal(order[i], i);
}

static atomic_int count;

static void add_one(void *context)
{
	(void)context;
	usleep(100);
	atomic_fetch_add(&count, 1);
}

static void stopping_runs_what_is_queued(void **state)
{
	struct lane *lane;
	(void)state;
	assert_int_equal(lane_start("a name that is too long", 3, &lane), 0);
	for (int i = 0; i < 200; ++i)
		assert_int_equal(lane_post(lane, add_one, NULL), 0);
	assert_true(lane_length(lane) <= 200);
	lane_stop(lane);
	assert_int_equal(atomic_load(&count), 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_thread_keeps_the_order),
		cmocka_unit_test(stopping_runs_what_is_queued),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
