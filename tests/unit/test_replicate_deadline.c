// SPDX-License-Identifier: GPL-3.0-or-later
// The queue of deadlines: entries fire in the order of their times, move
// freely, and never fail once they have joined.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "replicate/deadline.h"

struct event {
	struct deadline deadline;
	unsigned number;
};

static unsigned fired[64];
static unsigned fired_count;

static void note(struct deadline *deadline, uint64_t now)
{
	struct event *event = (struct event *)((char *)deadline - offsetof(struct event, deadline));

	(void)now;
	fired[fired_count++ % 64] = event->number;
}

static void fires_in_the_order_of_time(void **state)
{
	struct deadline_queue queue = { 0 };
	struct event events[5];
	const uint64_t times[5] = { 50, 10, 40, 20, 30 };

	(void)state;
	fired_count = 0;
	for (unsigned i = 0; i < 5; i++) {
		events[i].number = i;
		assert_int_equal(deadline_join(&queue, &events[i].deadline, note), 0);
		deadline_set(&queue, &events[i].deadline, times[i]);
	}
	assert_int_equal(deadline_next(&queue), 10);
	assert_int_equal(deadline_run(&queue, 35, 100), 3);
	assert_int_equal(fired[0], 1);
	assert_int_equal(fired[1], 3);
	assert_int_equal(fired[2], 4);
	assert_int_equal(deadline_next(&queue), 40);
	assert_int_equal(deadline_run(&queue, 1000, 1), 1); // no more than asked for
	assert_int_equal(deadline_run(&queue, 1000, 100), 1);
	assert_true(deadline_next(&queue) == DEADLINE_NEVER);
	deadline_queue_free(&queue);
}

static void moves_and_stops(void **state)
{
	struct deadline_queue queue = { 0 };
	struct event a = { .number = 1 }, b = { .number = 2 };

	(void)state;
	fired_count = 0;
	assert_int_equal(deadline_join(&queue, &a.deadline, note), 0);
	assert_int_equal(deadline_join(&queue, &b.deadline, note), 0);
	deadline_set(&queue, &a.deadline, 10);
	deadline_set(&queue, &b.deadline, 20);
	deadline_set(&queue, &a.deadline, 30);
	assert_int_equal(deadline_next(&queue), 20);
	deadline_set(&queue, &b.deadline, DEADLINE_NEVER);
	assert_int_equal(deadline_next(&queue), 30);
	deadline_leave(&queue, &a.deadline);
	deadline_leave(&queue, &a.deadline); // a second time is fine
	assert_true(deadline_next(&queue) == DEADLINE_NEVER);
	assert_int_equal(deadline_run(&queue, 100, 100), 0);
	deadline_queue_free(&queue);
}

// Against a plain search, over random moves of many entries.
static void agrees_with_a_plain_search(void **state)
{
	enum { COUNT = 500 };
	static struct event events[COUNT];
	struct deadline_queue queue = { 0 };

	(void)state;
	srand(1);
	for (unsigned i = 0; i < COUNT; i++)
		assert_int_equal(deadline_join(&queue, &events[i].deadline, note), 0);
	for (unsigned round = 0; round < 20000; round++) {
		struct deadline *one = &events[rand() % COUNT].deadline;
		uint64_t earliest = DEADLINE_NEVER;
		deadline_set(&queue, one, rand() % 4 == 0 ? DEADLINE_NEVER : (uint64_t)(rand() % 1000));
		if (round % 50 != 0)
			continue;
		for (unsigned i = 0; i < COUNT; i++)
			if (events[i].deadline.at < earliest)
				earliest = events[i].deadline.at;
		assert_true(deadline_next(&queue) == earliest);
	}
	deadline_queue_free(&queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fires_in_the_order_of_time),
		cmocka_unit_test(moves_and_stops),
		cmocka_unit_test(agrees_with_a_plain_search),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
