// SPDX-License-Identifier: GPL-3.0-or-later
// The table of zones: the deepest zone is found, and workers may look while
// zones come, go and change.
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/epoch.h"
#include "base/error.h"
#include "base/hash.h"
#include "dns/types.h"
#include "zone/draft.h"
#include "zone/table.h"

static struct zone_table *table;

static int setup(void **state)
{
	char why[256];
	(void)state;
	hash_seed_fixed(9);
	if (arena_open(ARENA_DEFAULT_RESERVE, why) != 0)
		return -1;
	return zone_table_new(&table);
}

static int teardown(void **state)
{
	struct arena_usage usage;
	(void)state;
	zone_table_free(table);
	epoch_barrier();
	arena_usage(&usage);
	arena_close();
	return usage.live != 0;
}

static const uint8_t *name(const char *text)
{
	static _Thread_local uint8_t wire[NAME_MAX_WIRE];
	assert_true(name_from_text(text, wire) > 0);
	return wire;
}

static struct zone_slot *add(const char *text)
{
	struct zone_slot *slot;
	assert_int_equal(zone_table_add(table, name(text), &slot), 0);
	return slot;
}

static struct zone_slot *find(const char *text, bool above)
{
	struct qname q;
	qname_init(&q, name(text));
	zone_table_prefetch(table, &q);
	return zone_table_find(table, &q, above);
}

static void free_slot(void *slot)
{
	zone_slot_free(slot);
}

static void take_out(struct zone_slot *slot)
{
	assert_true(zone_table_remove(table, slot));
	epoch_retire(free_slot, slot);
}

// Jobs that are under way for the zone may go on to name it by its slot.
static void a_slot_that_was_taken_out_is_the_callers(void **state)
{
	struct zone_slot *slot = add("example.com");
	(void)state;
	assert_true(zone_table_remove(table, slot));
	epoch_barrier();
	assert_ptr_equal(find("www.example.com", false), NULL);
	assert_true(name_equal(slot->origin, name("example.com")));
	struct zone_slot *again = add("example.com");
	assert_ptr_not_equal(again, slot);
	zone_slot_free(slot);
	assert_ptr_equal(find("www.example.com", false), again);
}

static void the_deepest_zone_is_found(void **state)
{
	struct zone_slot *com = add("com"), *example = add("Example.com"), *deep = add("a.b.example.com"), *again;
	(void)state;
	assert_ptr_equal(find("www.EXAMPLE.com", false), example);
	assert_ptr_equal(find("example.com", false), example);
	assert_ptr_equal(find("example.com", true), com);
	assert_ptr_equal(find("b.example.com", false), example);
	assert_ptr_equal(find("x.y.a.b.example.com", false), deep);
	assert_ptr_equal(find("a.b.example.com", true), example);
	assert_ptr_equal(find("org", false), NULL);
	assert_ptr_equal(find("com", true), NULL);
	assert_int_equal(zone_table_add(table, name("EXAMPLE.com"), &again), ERR_EXISTS);
	assert_int_equal(zone_table_count(table), 3);
	take_out(example);
	assert_ptr_equal(find("www.example.com", false), com);
	assert_ptr_equal(zone_table_get(table, name("example.com")), NULL);
	struct zone_slot *root = add(".");
	assert_ptr_equal(find("org", false), root);
	assert_ptr_equal(find("com", true), root);
	assert_ptr_equal(find(".", true), NULL);
}

static void count_slot(void *context, struct zone_slot *slot)
{
	assert_int_equal(atomic_load(&slot->state), ZONE_STATE_EMPTY);
	++*(size_t *)context;
}

static void many_zones(void **state)
{
	enum { COUNT = 20000 };
	static struct zone_slot *slots[COUNT];
	char text[32];
	size_t seen = 0;
	(void)state;
	for (unsigned i = 0; i < COUNT; ++i) {
		snprintf(text, sizeof(text), "zone%u.test", i);
		slots[i] = add(text);
	}
	for (unsigned i = 0; i < COUNT; i += 2)
		take_out(slots[i]);
	for (unsigned i = 0; i < COUNT; ++i) {
		snprintf(text, sizeof(text), "www.zone%u.test", i);
		assert_ptr_equal(find(text, false), i % 2 == 0 ? NULL : slots[i]);
	}
	zone_table_each(table, count_slot, &seen);
	assert_int_equal(seen, COUNT / 2);
}

// --- readers and a writer at once

enum { ZONES = 40, HOSTS = 60 };
static atomic_bool stop;

static const struct zone_version *version_make(struct zone_line *line, const struct zone_version *base, uint32_t serial)
{
	uint8_t soa[32] = { 0 }, owner[NAME_MAX_WIRE], address[4];
	struct zone_draft *d;
	const struct zone_version *v;
	const uint8_t *origin = base != NULL ? zone_origin(base) : NULL;
	char text[32];
	if (base == NULL) {
		assert_int_equal(zone_draft_new(line, &d), 0);
	} else {
		struct rrset old;
		assert_int_equal(zone_draft_from(line, base, &d), 0);
		zone_soa(base, &old);
		assert_int_equal(zone_draft_remove(d, origin, TYPE_SOA, old.wire + RECORD_RDATA, 22), 0);
	}
	origin = name("reader.test");
	memcpy(owner, origin, name_length(origin));
	soa[5] = (uint8_t)serial;
	soa[4] = (uint8_t)(serial >> 8);
	assert_int_equal(zone_draft_add(d, owner, TYPE_SOA, 60, soa, 22, NULL), 0);
	assert_int_equal(zone_draft_add(d, owner, TYPE_NS, 60, owner, (uint16_t)name_length(owner), NULL), 0);
	for (uint32_t h = 0; h < HOSTS; ++h) {
		if (base != NULL && (h + serial) % 5 != 0)
			continue;
		snprintf(text, sizeof(text), "h%u.reader.test", h);
		memcpy(owner, name(text), sizeof(owner));
		memcpy(address, &serial, 4);
		assert_int_equal(zone_draft_add(d, owner, TYPE_A, 60, address, 4, NULL), 0);
	}
	assert_int_equal(zone_draft_seal(d, &v), 0);
	return v;
}

static void *worker(void *unused)
{
	(void)unused;
	uint32_t found = 0;
	const struct zone_version *held = NULL;
	epoch_register();
	for (unsigned i = 0; !atomic_load(&stop); ++i) {
		for (unsigned n = 0; n < 64; ++n) {
			char text[40];
			struct qname q;
			struct zone_find f;
			struct rrset set;
			snprintf(text, sizeof(text), "h%u.reader.test", n % HOSTS);
			qname_init(&q, name(text));
			struct zone_slot *slot = zone_table_find(table, &q, false);
			const struct zone_version *v = slot == NULL ? NULL : atomic_load_explicit(&slot->version, memory_order_acquire);
			if (v == NULL)
				continue;
			struct zone_way way;
			zone_prefetch_index(v, &q, &way);
			zone_prefetch_bucket(v, &q, &way);
			zone_prefetch_node(v, &q, &way);
			zone_find_on(v, &q, &way, &f);
			if (f.match == ZONE_EXACT && zone_node_rrset(f.node, TYPE_A, &set))
				found += set.wire[RECORD_RDATA];
			if (n == 0 && i % 50 == 0) {
				zone_release(held);
				held = zone_hold(v);
			}
		}
		epoch_quiescent();
	}
	epoch_unregister();
	zone_release(held);
	return (void *)(uintptr_t)(found & 1);
}

static void workers_read_while_zones_change(void **state)
{
	pthread_t threads[2];
	struct zone_line *line;
	struct zone_slot *slot = add("reader.test"), *others[ZONES] = { NULL };
	char text[32];
	(void)state;
	assert_int_equal(zone_line_new(name("reader.test"), &line), 0);
	atomic_store(&stop, false);
	for (int i = 0; i < 2; ++i)
		assert_int_equal(pthread_create(&threads[i], NULL, worker, NULL), 0);
	const struct zone_version *v = version_make(line, NULL, 1);
	zone_slot_publish(slot, zone_hold(v));
	for (uint32_t serial = 2; serial < 1500; ++serial) {
		const struct zone_version *next = version_make(line, v, serial);
		zone_slot_publish(slot, zone_hold(next));
		zone_release(v);
		v = next;
		unsigned other = serial % ZONES;
		snprintf(text, sizeof(text), "other%u.test", other);
		if (others[other] == NULL) {
			others[other] = add(text);
		} else {
			take_out(others[other]);
			others[other] = NULL;
		}
	}
	zone_release(v);
	atomic_store(&stop, true);
	for (int i = 0; i < 2; ++i)
		pthread_join(threads[i], NULL);
	zone_line_release(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_deepest_zone_is_found, setup, teardown),
		cmocka_unit_test_setup_teardown(a_slot_that_was_taken_out_is_the_callers, setup, teardown),
		cmocka_unit_test_setup_teardown(many_zones, setup, teardown),
		cmocka_unit_test_setup_teardown(workers_read_while_zones_change, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
