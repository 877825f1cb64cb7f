// SPDX-License-Identifier: GPL-3.0-or-later
// Which zones are rolled back, kept over restarts until it is said otherwise.
#include "store_case.h"

#include "store/pin.h"

static unsigned seen_count;
static struct store_pin seen;
static uint8_t seen_origin[NAME_MAX_WIRE];

static int see(void *context, const uint8_t *origin, const struct store_pin *pin)
{
	(void)context;
	seen_count++;
	seen = *pin;
	memcpy(seen_origin, origin, name_length(origin));
	return 0;
}

static unsigned count(struct store *store)
{
	seen_count = 0;
	assert_int_equal(store_pin_each(store, see, NULL), 0);
	return seen_count;
}

static void put(struct store *store, const char *origin, const struct store_pin *pin)
{
	struct store_wait wait = STORE_WAIT;
	assert_int_equal(store_pin_put(store, zone_case_name(origin), pin, store_case_done, &wait), 0);
	store_case_await(&wait, 1);
	assert_int_equal(wait.error, 0);
}

static struct store *open_started(const char *name)
{
	struct store *store = store_case_open(name);
	assert_int_equal(store_start(store), 0);
	return store;
}

static void test_it_is_there_after_a_restart(void **state)
{
	const struct store_pin sample = { .serial = 7, .newest = 4000000000, .since = 1790000000 };
	const struct store_pin later = { .serial = 6, .newest = 4000000000, .since = 1790000001 };
	(void)state;
	struct store *store = store_case_open("restart");
	assert_int_equal(count(store), 0);
	assert_int_equal(store_pin_put(store, zone_case_name("example.com"), &sample, NULL, NULL), ERR_STATE);
	store_close(store);

	store = open_started("restart");
	put(store, "Example.COM", &sample);
	put(store, "example.org", &sample);
	put(store, "example.com", &later);
	put(store, "example.org", NULL);
	put(store, "example.net", NULL); // was not there
	store_close(store);

	store = open_started("restart");
	assert_int_equal(count(store), 1);
	assert_memory_equal(seen_origin, zone_case_name("example.com"), 13);
	assert_int_equal(seen.serial, later.serial);
	assert_int_equal(seen.newest, later.newest);
	assert_int_equal(seen.since, later.since);
	store_close(store);
}

static void test_it_goes_with_the_zone(void **state)
{
	const struct store_pin sample = { .serial = 1, .newest = 2, .since = 3 };
	(void)state;
	struct store *store = open_started("forget");
	put(store, "example.com", &sample);
	assert_int_equal(store_forget(store, zone_case_name("example.com")), 0);
	store_close(store);
	store = store_case_open("forget");
	assert_int_equal(count(store), 0);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_is_there_after_a_restart),
		cmocka_unit_test(test_it_goes_with_the_zone),
	};
	return cmocka_run_group_tests(tests, store_case_open_all, store_case_close_all);
}
