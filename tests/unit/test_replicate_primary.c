// SPDX-License-Identifier: GPL-3.0-or-later
// Primaries: health that is known across zones, and slots for transfers that
// one busy or dead primary cannot keep from the others.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/hash.h"
#include "replicate/room.h"

static struct config config;
static struct replicate room;
static struct slot_wait *order[32];
static unsigned served;

static struct endpoint at(uint8_t last)
{
	return (struct endpoint){ .family = AF_INET, .port = 53, .bytes = { 192, 0, 2, last } };
}

static struct primary *primary_at(uint8_t last)
{
	struct endpoint endpoint = at(last);

	return primary_get(&room, &endpoint);
}

static void on_ready(struct slot_wait *wait)
{
	order[served++] = wait;
}

static int fresh(void **state)
{
	(void)state;
	hash_seed_fixed(1);
	config = (struct config){ .server = { .transfers_in = 3, .transfers_per_ns = 2 } };
	room = (struct replicate){ .config = &config };
	served = 0;
	return 0;
}

static int clear(void **state)
{
	(void)state;
	primary_free_all(&room);
	return 0;
}

static void one_lost_answer_is_no_reason_to_stop(void **state)
{
	struct primary *primary = primary_at(1);

	(void)state;
	assert_true(primary_may_ask(primary, 0));
	primary_silent(primary, 0, 60000, 0);
	assert_true(primary_may_ask(primary, 0));
	primary_silent(primary, 0, 60000, 0);
	assert_false(primary_may_ask(primary, 1999)); // 1, 2, 4 … seconds
	assert_true(primary_may_ask(primary, 2000));
}

static void while_one_zone_asks_a_silent_primary_the_others_do_not(void **state)
{
	struct primary *primary = primary_at(1);

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		primary_silent(primary, 0, 60000, 0);
	assert_true(primary_may_ask(primary, 10000));
	primary_asking(primary);
	assert_false(primary_may_ask(primary, 10000));
	primary_answered(primary);
	assert_true(primary_may_ask(primary, 10000));
}

static void the_backoff_is_bounded_and_ends_at_a_sign_of_life(void **state)
{
	struct primary *primary = primary_at(1);

	(void)state;
	for (unsigned i = 0; i < 50; i++)
		primary_silent(primary, 1000, 60000, 0);
	assert_int_equal(primary->retry_at, 31000);
	primary_silent(primary, 1000, 5000, 0); // no longer than the zone's own RETRY
	assert_int_equal(primary->retry_at, 6000);
	primary_stirred(primary);
	assert_true(primary_may_ask(primary, 1000));
}

static void slots_are_bounded_for_each_and_for_all(void **state)
{
	struct primary *a = primary_at(1), *b = primary_at(2);
	struct slot_wait waits[6] = { 0 };

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		waits[i].ready = on_ready;
		primary_slot_take(&room, i < 4 ? a : b, &waits[i]);
	}
	// Two of a (transfers-per-ns), one of b (transfers-in).
	assert_int_equal(served, 3);
	assert_ptr_equal(order[2], &waits[4]);
	assert_false(primary_slots_run(&room, 10));
	primary_slot_give(&room, &waits[4]);
	primary_slots_run(&room, 10);
	assert_int_equal(served, 4);
	assert_ptr_equal(order[3], &waits[5]); // a has its two already
	primary_slot_give(&room, &waits[0]);
	primary_slots_run(&room, 10);
	assert_int_equal(served, 5);
	assert_ptr_equal(order[4], &waits[2]);
	// One that waits may go; what is left is served.
	primary_slot_give(&room, &waits[3]);
	for (unsigned i = 0; i < 6; i++)
		primary_slot_give(&room, &waits[i]);
	assert_int_equal(room.primaries.transfers, 0);
	assert_null(room.primaries.waiting);
}

static void those_that_wait_are_served_in_turn_over_the_primaries(void **state)
{
	struct slot_wait waits[9] = { 0 };
	unsigned of_b = 0;

	(void)state;
	config.server.transfers_in = 1;
	// Eight for a, and last of all one for b.
	for (unsigned i = 0; i < 9; i++) {
		waits[i].ready = on_ready;
		primary_slot_take(&room, primary_at(i < 8 ? 1 : 2), &waits[i]);
	}
	for (unsigned i = 0; i < 9; i++) {
		primary_slots_run(&room, 10);
		assert_int_equal(served, i + 1);
		if (order[i] == &waits[8])
			of_b = i;
		primary_slot_give(&room, order[i]);
	}
	assert_in_range(of_b, 1, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_lost_answer_is_no_reason_to_stop, fresh, clear),
		cmocka_unit_test_setup_teardown(while_one_zone_asks_a_silent_primary_the_others_do_not, fresh, clear),
		cmocka_unit_test_setup_teardown(the_backoff_is_bounded_and_ends_at_a_sign_of_life, fresh, clear),
		cmocka_unit_test_setup_teardown(slots_are_bounded_for_each_and_for_all, fresh, clear),
		cmocka_unit_test_setup_teardown(those_that_wait_are_served_in_turn_over_the_primaries, fresh, clear),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
