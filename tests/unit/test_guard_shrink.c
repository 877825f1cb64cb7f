// SPDX-License-Identifier: GPL-3.0-or-later
// How much of a zone may go at once.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/error.h"
#include "guard/shrink.h"

static void passes(size_t before, size_t after, uint32_t percent)
{
	char why[256] = "";

	assert_int_equal(shrink_check(before, after, percent, why), 0);
	assert_string_equal(why, "");
}

static void holds(size_t before, size_t after, uint32_t percent, const char *text)
{
	char why[256];

	assert_int_equal(shrink_check(before, after, percent, why), ERR_HELD);
	assert_string_equal(why, text);
}

static void test_what_is_lost_is_told_in_numbers(void **state)
{
	(void)state;
	holds(10004, 884, 75, "9,120 of 10,004 names would go (91 %, limit 75 %)");
	holds(100, 1, 75, "99 of 100 names would go (99 %, limit 75 %)");
	holds(4294967295u, 1000000, 75, "4,293,967,295 of 4,294,967,295 names would go (99 %, limit 75 %)");
}

static void test_up_to_the_limit_may_go(void **state)
{
	(void)state;
	passes(1000, 250, 75);
	holds(1000, 249, 75, "751 of 1,000 names would go (75 %, limit 75 %)");
	passes(1000, 1000, 0);
	holds(1000, 999, 0, "1 of 1,000 names would go (0 %, limit 0 %)");
}

static void test_growth_small_zones_and_first_copies_pass(void **state)
{
	(void)state;
	passes(1000, 2000, 0);
	passes(99, 1, 0);
	passes(0, 0, 0);
	passes(0, 1000, 0);
}

static void test_100_switches_it_off(void **state)
{
	(void)state;
	passes(10000, 1, 100);
	passes(10000, 1, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_lost_is_told_in_numbers),
		cmocka_unit_test(test_up_to_the_limit_may_go),
		cmocka_unit_test(test_growth_small_zones_and_first_copies_pass),
		cmocka_unit_test(test_100_switches_it_off),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
