// SPDX-License-Identifier: GPL-3.0-or-later
// Turns to ask a primary for a serial: bounded for each primary, handed out in
// the order of asking, and none of one primary's keeps another's waiting.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/hash.h"
#include "replicate/room.h"

static struct replicate room;
static struct poll_turn turn[3 * POLL_TURNS];
static struct poll_turn *order[3 * POLL_TURNS];
static unsigned served;

static struct primary *primary_at(uint8_t last)
{
	struct endpoint endpoint = { .family = AF_INET, .port = 53, .bytes = { 192, 0, 2, last } };

	return primary_get(&room, &endpoint);
}

static void on_ready(struct poll_turn *ready)
{
	order[served++] = ready;
}

// Each is over as soon as it began.
static void on_ready_and_over(struct poll_turn *ready)
{
	on_ready(ready);
	poll_turn_give(&room, ready);
}

static void take(struct primary *primary, unsigned from, unsigned count)
{
	for (unsigned i = from; i < from + count; i++) {
		turn[i].ready = on_ready;
		poll_turn_take(&room, primary, &turn[i]);
	}
}

static int fresh(void **state)
{
	(void)state;
	hash_seed_fixed(1);
	room = (struct replicate){ 0 };
	for (size_t i = 0; i < sizeof turn / sizeof turn[0]; i++)
		turn[i] = (struct poll_turn){ 0 };
	served = 0;
	return 0;
}

static int clear(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof turn / sizeof turn[0]; i++)
		poll_turn_give(&room, &turn[i]);
	assert_int_equal(room.primaries.turns_awaited, 0);
	assert_false(poll_turns_run(&room, 1000));
	for (unsigned i = 0; i < PRIMARY_BUCKETS; i++)
		for (struct primary *p = room.primaries.bucket[i]; p != NULL; p = p->next)
			assert_int_equal(p->turns.taken, 0);
	primary_free_all(&room);
	return 0;
}

static void so_many_and_the_others_in_their_order(void **state)
{
	(void)state;
	take(primary_at(1), 0, POLL_TURNS + 3);
	assert_int_equal(served, POLL_TURNS);
	assert_int_equal(room.primaries.turns_awaited, 3);
	assert_false(poll_turns_run(&room, 1000));
	poll_turn_give(&room, &turn[5]);
	poll_turn_give(&room, &turn[6]);
	// Whoever comes now has to wait behind them.
	take(primary_at(1), POLL_TURNS + 3, 1);
	assert_int_equal(served, POLL_TURNS);
	assert_false(poll_turns_run(&room, 1000));
	assert_int_equal(served, POLL_TURNS + 2);
	assert_ptr_equal(order[POLL_TURNS], &turn[POLL_TURNS]);
	assert_ptr_equal(order[POLL_TURNS + 1], &turn[POLL_TURNS + 1]);
}

static void a_primary_that_says_nothing_holds_up_only_its_own(void **state)
{
	(void)state;
	take(primary_at(1), 0, POLL_TURNS + 50);
	take(primary_at(2), POLL_TURNS + 50, POLL_TURNS);
	assert_int_equal(served, 2 * POLL_TURNS);
	assert_int_equal(room.primaries.turns_awaited, 50);
}

static void primaries_take_turns(void **state)
{
	unsigned second = POLL_TURNS + 4;

	(void)state;
	take(primary_at(1), 0, POLL_TURNS + 4);
	take(primary_at(2), second, POLL_TURNS + 4);
	for (unsigned i = 0; i < 3; i++) {
		poll_turn_give(&room, &turn[i]);
		poll_turn_give(&room, &turn[second + i]);
	}
	served = 0;
	assert_true(poll_turns_run(&room, 4));
	assert_int_equal(served, 4);
	assert_ptr_equal(order[0], &turn[POLL_TURNS]);
	assert_ptr_equal(order[1], &turn[second + POLL_TURNS]);
	assert_ptr_equal(order[2], &turn[POLL_TURNS + 1]);
	assert_ptr_equal(order[3], &turn[second + POLL_TURNS + 1]);
	assert_false(poll_turns_run(&room, 1000));
	assert_int_equal(served, 6);
}

static void one_that_waits_may_go(void **state)
{
	(void)state;
	take(primary_at(1), 0, POLL_TURNS + 3);
	poll_turn_give(&room, &turn[POLL_TURNS + 1]);
	poll_turn_give(&room, &turn[0]);
	poll_turn_give(&room, &turn[1]);
	poll_turn_give(&room, &turn[POLL_TURNS]);
	poll_turn_give(&room, &turn[POLL_TURNS + 2]);
	assert_false(poll_turns_run(&room, 1000)); // nobody is left
	assert_int_equal(served, POLL_TURNS);
	take(primary_at(1), POLL_TURNS, 1);
	assert_int_equal(served, POLL_TURNS + 1);
}

static void those_that_end_at_once_let_all_the_others_in(void **state)
{
	(void)state;
	take(primary_at(1), 0, POLL_TURNS);
	for (unsigned i = POLL_TURNS; i < 2 * POLL_TURNS; i++) {
		turn[i].ready = on_ready_and_over;
		poll_turn_take(&room, primary_at(1), &turn[i]);
	}
	poll_turn_give(&room, &turn[0]);
	assert_true(poll_turns_run(&room, 10));
	assert_false(poll_turns_run(&room, 1000));
	assert_int_equal(served, 2 * POLL_TURNS);
}

static void none_is_handed_out_while_too_many_attempts_run(void **state)
{
	(void)state;
	take(primary_at(1), 0, POLL_TURNS + 1);
	poll_turn_give(&room, &turn[0]);
	room.attempts.running = ATTEMPTS_MAX;
	assert_false(poll_turns_run(&room, 1000));
	assert_int_equal(served, POLL_TURNS);
	room.attempts.running--;
	assert_false(poll_turns_run(&room, 1000));
	assert_int_equal(served, POLL_TURNS + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(so_many_and_the_others_in_their_order, fresh, clear),
		cmocka_unit_test_setup_teardown(a_primary_that_says_nothing_holds_up_only_its_own, fresh, clear),
		cmocka_unit_test_setup_teardown(primaries_take_turns, fresh, clear),
		cmocka_unit_test_setup_teardown(one_that_waits_may_go, fresh, clear),
		cmocka_unit_test_setup_teardown(those_that_end_at_once_let_all_the_others_in, fresh, clear),
		cmocka_unit_test_setup_teardown(none_is_handed_out_while_too_many_attempts_run, fresh, clear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
