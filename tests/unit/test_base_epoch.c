// SPDX-License-Identifier: GPL-3.0-or-later
// Grace periods: what is retired is freed only after every reader has moved on.
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/epoch.h"

struct thing {
	int value;
};

static _Atomic(struct thing *) published;
static atomic_bool stop;

static void *reader(void *unused)
{
	(void)unused;
	long sum = 0;
	epoch_register();
	while (!atomic_load(&stop)) {
		for (int i = 0; i < 64; ++i)
			sum += atomic_load_explicit(&published, memory_order_acquire)->value;
		epoch_quiescent();
	}
	epoch_offline();
	epoch_online();
	epoch_unregister();
	return (void *)(intptr_t)(sum & 1);
}

static void thing_free(void *thing)
{
	((struct thing *)thing)->value = -1;
	free(thing);
}

static struct thing *thing_new(int value)
{
	struct thing *thing = malloc(sizeof(*thing));
	assert_non_null(thing);
	thing->value = value;
	return thing;
}

static void readers_never_see_what_was_freed(void **state)
{
	pthread_t threads[2];
	(void)state;
	atomic_store(&stop, false);
	atomic_store(&published, thing_new(2));
	for (int i = 0; i < 2; ++i)
		assert_int_equal(pthread_create(&threads[i], NULL, reader, NULL), 0);
	for (int i = 0; i < 2000; ++i)
		epoch_retire(thing_free, atomic_exchange(&published, thing_new(2 * i)));
	epoch_barrier();
	atomic_store(&stop, true);
	for (int i = 0; i < 2; ++i)
		pthread_join(threads[i], NULL);
	free(atomic_load(&published));
}

static void count_up(void *counter)
{
	atomic_fetch_add((atomic_int *)counter, 1);
}

static void a_barrier_waits_for_all_that_was_retired(void **state)
{
	atomic_int counter = 0;
	(void)state;
	for (int i = 0; i < 100; ++i)
		epoch_retire(count_up, &counter);
	epoch_barrier();
	assert_int_equal(atomic_load(&counter), 100);
	epoch_barrier();
	epoch_synchronize();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readers_never_see_what_was_freed),
		cmocka_unit_test(a_barrier_waits_for_all_that_was_retired),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
