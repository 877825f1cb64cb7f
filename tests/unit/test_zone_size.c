// SPDX-License-Identifier: GPL-3.0-or-later
// What zones cost: memory by the record and by the zone, a change in a large
// zone, growth without a stop. The figures are printed; the bounds are asserted.
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/epoch.h"
#include "base/hash.h"
#include "base/sanitizer.h"
#include "zone/draft.h"
#include "zone/table.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || SANITIZER_HAS(address_sanitizer)
#define SANITIZED true
#else
#define SANITIZED false
#endif

static const uint8_t origin[] = "\7example\3com";
static const uint8_t soa[] = "\2ns\7example\3com\0\4host\7example\3com\0"
	"\0\0\0\1\0\0\16\20\0\0\2\130\0\11\72\200\0\0\1\54";

static int setup(void **state)
{
	char why[256];
	(void)state;
	hash_seed_randomly();
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

static size_t live(void)
{
	struct arena_usage usage;
	arena_usage(&usage);
	return usage.live;
}

static void add_apex(struct zone_draft *d)
{
	assert_int_equal(zone_draft_add(d, origin, 6, 3600, soa, sizeof(soa) - 1, NULL), 0);
	assert_int_equal(zone_draft_add(d, origin, 2, 3600, soa, 16, NULL), 0);
}

static void add_host(struct zone_draft *d, uint32_t number)
{
	uint8_t name[64];
	uint8_t digits[10];
	for (unsigned i = 10; i-- > 4; number /= 10)
		digits[i] = (uint8_t)('0' + number % 10);
	name[0] = 10;
	memcpy(name + 1, "host", 4);
	memcpy(name + 5, digits + 4, 6);
	memcpy(name + 11, origin, sizeof(origin));
	assert_int_equal(zone_draft_add(d, name, 1, 300, digits + 4, 4, NULL), 0);
}

static void a_change_in_a_million_copies_a_handful(void **state)
{
	struct zone_line *line;
	struct zone_draft *d;
	const struct zone_version *v, *w;
	struct zone_draft_cost cost;
	struct zone_figures figures;
	(void)state;
	assert_int_equal(zone_line_new(origin, &line), 0);
	size_t of_line = live();
	assert_int_equal(zone_draft_new(line, &d), 0);
	uint64_t start = clock_boot_ns();
	add_apex(d);
	for (uint32_t i = 0; i < 1000000; ++i)
		add_host(d, i);
	assert_int_equal(zone_draft_seal(d, &v), 0);
	zone_figures(v, &figures);
	printf("1,000,000 A records: %.0f ms, %.1f MB (%.1f bytes a record)\n", (double)(clock_boot_ns() - start) / 1e6,
	       (double)figures.bytes / 1e6, (double)figures.bytes / 1e6);
	assert_int_equal(figures.bytes, live() - of_line);
	assert_true(figures.bytes < 46000000);
	size_t before = live();
	for (uint32_t i = 0; i < 100; ++i) {
		uint8_t name[64] = "\12host000000";
		uint8_t address[4] = { 10, 0, 0, (uint8_t)i };
		memcpy(name + 11, origin, sizeof(origin));
		name[10] = (uint8_t)('0' + i % 10);
		name[9] = (uint8_t)('0' + i / 10);
		assert_int_equal(zone_draft_from(line, v, &d), 0);
		assert_int_equal(zone_draft_add(d, name, 1, 300, address, 4, NULL), 0);
		zone_draft_cost(d, &cost);
		assert_int_equal(zone_draft_seal(d, &w), 0);
		// A page and its path of at most three radix nodes.
		assert_in_range(cost.pages_copied, 1, 4);
		assert_int_equal(cost.nodes_copied, 1);
		if (i == 0) {
			printf("one change: %zu pages and %zu nodes copied, %zu bytes\n", cost.pages_copied, cost.nodes_copied,
			       live() - before);
			assert_true(live() - before < 2500);
		}
		zone_release(v);
		v = w;
	}
	assert_true(live() < before + 100 * 32 + 2500);
	zone_figures(v, &figures);
	assert_int_equal(figures.records, 1000102);
	zone_release(v);
	zone_line_release(line);
}

static size_t heap(void)
{
	return mallinfo2().uordblks;
}

static void a_zone_of_eight_records_is_small(void **state)
{
	enum { ZONES = 1000 };
	struct zone_table *table;
	(void)state;
	assert_int_equal(zone_table_new(&table), 0);
	size_t arena_before = live(), heap_before = heap();
	for (uint32_t z = 0; z < ZONES; ++z) {
		static const char *const hosts[] = { "\3www", "\4mail", "\3ns1", "\3ns2", "\3ftp" };
		uint8_t zone[32] = "\13domain-0000\4test", name[64];
		struct zone_line *line;
		struct zone_draft *d;
		const struct zone_version *v;
		struct zone_slot *slot;
		for (uint32_t i = 0, n = z; i < 4; ++i, n /= 10)
			zone[11 - i] = (uint8_t)('0' + n % 10);
		assert_int_equal(zone_line_new(zone, &line), 0);
		assert_int_equal(zone_draft_new(line, &d), 0);
		assert_int_equal(zone_draft_add(d, zone, 6, 3600, soa, sizeof(soa) - 1, NULL), 0);
		assert_int_equal(zone_draft_add(d, zone, 2, 3600, soa, 16, NULL), 0);
		assert_int_equal(zone_draft_add(d, zone, 2, 3600, soa + 16, 18, NULL), 0);
		for (uint8_t h = 0; h < 5; ++h) {
			size_t n = (size_t)hosts[h][0] + 1;
			memcpy(name, hosts[h], n);
			memcpy(name + n, zone, sizeof(zone) - n);
			assert_int_equal(zone_draft_add(d, name, 1, 300, (uint8_t[]){ 192, 0, 2, h }, 4, NULL), 0);
		}
		assert_int_equal(zone_draft_seal(d, &v), 0);
		assert_int_equal(zone_table_add(table, zone, &slot), 0);
		zone_slot_publish(slot, v);
		zone_line_release(line); // the version has it
	}
	epoch_barrier(); // what the table's earlier editions left behind
	size_t arena = live() - arena_before, heap_used = heap() - heap_before;
	printf("a zone of 8 records: %.0f bytes in the arena, %.0f on the heap\n", (double)arena / ZONES,
	       (double)heap_used / ZONES);
	// 880 in all, of which other rooms need their part. Sanitizers fill the heap
	// with their own, so only the arena is held to it there.
	assert_true(arena / ZONES <= 560);
	assert_true(arena / ZONES + (heap_used < ZONES * 1000 ? heap_used / ZONES : 0) <= 880 - 200);
	zone_table_free(table);
}

// Ten million by default, a million where sanitizers make each cost many times
// as much; ZONE_GROWTH sets another number.
static void growth_never_stops_to_rebuild(void **state)
{
	const char *text = getenv("ZONE_GROWTH");
	uint32_t names = text != NULL ? (uint32_t)strtoul(text, NULL, 10) : SANITIZED ? 1000000 : 10000000;
	struct zone_line *line;
	struct zone_draft *d;
	uint64_t slowest = 0, over = 0;
	size_t most = 0;
	(void)state;
	assert_int_equal(zone_line_new(origin, &line), 0);
	assert_int_equal(zone_draft_new(line, &d), 0);
	add_apex(d);
	uint64_t before = clock_boot_ns();
	size_t bytes = live();
	for (uint32_t i = 0; i < names; ++i) {
		uint8_t name[64], address[4] = { (uint8_t)(i >> 24), (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i };
		name[0] = 8;
		for (unsigned n = 0; n < 8; ++n)
			name[1 + n] = (uint8_t)('a' + (i >> 4 * n & 15));
		memcpy(name + 9, origin, sizeof(origin));
		if (zone_draft_add(d, name, 1, 300, address, 4, NULL) != 0)
			fail_msg("no memory for %u names", i);
		uint64_t now = clock_boot_ns();
		size_t after = live();
		slowest = now - before > slowest ? now - before : slowest;
		over += now - before > 1000000;
		most = after - bytes > most ? after - bytes : most;
		before = now;
		bytes = after;
	}
	printf("%u names: %.1f bytes each; one addition took at most %zu bytes and %.0f us, %llu of them over 1 ms\n",
	       names, (double)live() / names, most, (double)slowest / 1e3, (unsigned long long)over);
	// A node, one more page, a radix node that doubles: pages split alone,
	// however large the zone is.
	assert_true(most < 2048);
	zone_draft_abandon(d);
	zone_line_release(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_zone_of_eight_records_is_small, setup, teardown),
		cmocka_unit_test_setup_teardown(a_change_in_a_million_copies_a_handful, setup, teardown),
		cmocka_unit_test_setup_teardown(growth_never_stops_to_rebuild, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
