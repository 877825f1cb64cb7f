// SPDX-License-Identifier: GPL-3.0-or-later
// Versions while others read: one thread drafts, seals, publishes and drops;
// workers look names up in what is published, holders keep old versions and
// walk them long after. Each version must be, to every one of them, exactly
// what the model says that its serial is. Meant for the thread sanitizer.
//
// ZONE_PROPERTY_OPERATIONS sets how many records change in all.
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/epoch.h"
#include "base/hash.h"
#include "dns/types.h"
#include "zone/draft.h"
#include "zone/table.h"

#define NAMES 300u
#define WORKERS 2u
#define HOLDERS 2u
#define CHANGES_MOST 8u // records a draft changes

// By serial: what each name has, 0 nothing, else the last byte of its address.
// A row is filled before its version is published and never changed after.
struct row {
	uint8_t value[NAMES];
};
static struct row *model;
static uint8_t owner[NAMES][NAME_MAX_WIRE];
static const uint8_t origin[] = "\7example\4test";

static struct zone_slot *slot;
static atomic_bool stop;
static atomic_uint wrong;
static _Atomic uint64_t looked, walked;

static uint32_t dice(uint64_t *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(*state >> 33);
}

static void names_make(void)
{
	char text[64];
	for (unsigned i = 0; i < NAMES; ++i) {
		// A third lies below another name, so that empty non-terminals come and go.
		snprintf(text, sizeof(text), i % 3 == 0 ? "a.n%u.example.test" : "n%u.example.test", i);
		assert_true(name_from_text(text, owner[i]) > 0);
	}
}

// --- those who read

static void look(const struct zone_version *version, unsigned number)
{
	struct qname q;
	struct zone_find find;
	struct rrset set;
	uint8_t expected = model[zone_serial(version)].value[number];
	qname_init(&q, owner[number]);
	zone_find(version, &q, &find);
	bool found = find.match == ZONE_EXACT && zone_node_rrset(find.node, TYPE_A, &set);
	if (found != (expected != 0) || (found && (set.count != 1 || set.wire[RECORD_RDATA + 3] != expected)))
		atomic_fetch_add(&wrong, 1);
}

static void *worker(void *seed)
{
	uint64_t state = (uintptr_t)seed;
	epoch_register();
	while (!atomic_load(&stop)) {
		const struct zone_version *version = atomic_load_explicit(&slot->version, memory_order_acquire);
		for (int i = 0; i < 32; ++i)
			look(version, dice(&state) % NAMES);
		epoch_quiescent();
		atomic_fetch_add_explicit(&looked, 32, memory_order_relaxed);
	}
	epoch_unregister();
	arena_thread_end();
	return NULL;
}

// Every record of the version stands in the model, and there are as many.
static void walk(const struct zone_version *version)
{
	struct zone_cursor cursor;
	struct rrset set;
	struct qname q;
	const struct row *row = &model[zone_serial(version)];
	unsigned records = 0, expected = 2; // SOA and NS
	for (unsigned i = 0; i < NAMES; ++i)
		expected += row->value[i] != 0;
	zone_cursor_start(&cursor, version);
	while (zone_cursor_next(&cursor, &set)) {
		records += set.count;
		qname_init(&q, cursor.owner);
		if (zone_node_at(version, &q) == NULL)
			atomic_fetch_add(&wrong, 1);
	}
	for (unsigned i = 0; i < NAMES; ++i)
		look(version, i);
	if (records != expected)
		atomic_fetch_add(&wrong, 1);
}

static void *holder(void *seed)
{
	const struct zone_version *held[6] = { NULL };
	uint64_t state = (uintptr_t)seed;
	epoch_register();
	while (!atomic_load(&stop)) {
		unsigned place = dice(&state) % 6;
		if (held[place] == NULL) {
			held[place] = zone_hold(atomic_load_explicit(&slot->version, memory_order_acquire));
			epoch_quiescent();
			continue;
		}
		epoch_offline(); // the count alone keeps it
		walk(held[place]);
		atomic_fetch_add_explicit(&walked, 1, memory_order_relaxed);
		zone_release(held[place]);
		held[place] = NULL;
		epoch_online();
	}
	epoch_offline();
	for (unsigned i = 0; i < 6; ++i) {
		if (held[i] != NULL) {
			walk(held[i]);
			zone_release(held[i]);
		}
	}
	epoch_online();
	epoch_unregister();
	arena_thread_end();
	return NULL;
}

// --- the one that writes

static void set_serial(struct zone_draft *draft, uint32_t serial, const uint32_t *before)
{
	uint8_t rdata[2 + 20] = { 0 }; // MNAME and RNAME are the root
	if (before != NULL) {
		memcpy(rdata + 2, &(uint32_t){ __builtin_bswap32(*before) }, 4);
		assert_int_equal(zone_draft_remove(draft, origin, TYPE_SOA, rdata, sizeof(rdata)), 0);
	}
	memcpy(rdata + 2, &(uint32_t){ __builtin_bswap32(serial) }, 4);
	assert_int_equal(zone_draft_add(draft, origin, TYPE_SOA, 60, rdata, sizeof(rdata), NULL), 0);
}

static void change(struct zone_draft *draft, struct row *row, uint64_t *state)
{
	unsigned i = dice(state) % NAMES;
	uint8_t address[4] = { 192, 0, 2, row->value[i] };
	if (row->value[i] != 0)
		assert_int_equal(zone_draft_remove(draft, owner[i], TYPE_A, address, 4), 0);
	row->value[i] = dice(state) % 3 == 0 ? 0 : (uint8_t)(1 + dice(state) % 250);
	address[3] = row->value[i];
	if (row->value[i] != 0)
		assert_int_equal(zone_draft_add(draft, owner[i], TYPE_A, 60, address, 4, NULL), 0);
}

static const struct zone_version *first_version(struct zone_line *line)
{
	struct zone_draft *draft;
	const struct zone_version *version;
	assert_int_equal(zone_draft_new(line, &draft), 0);
	set_serial(draft, 0, NULL);
	assert_int_equal(zone_draft_add(draft, origin, TYPE_NS, 60, origin, sizeof(origin), NULL), 0);
	assert_int_equal(zone_draft_seal(draft, &version), 0);
	return version;
}

// Some drafts are thrown away. Returns how many records changed.
static unsigned next_version(struct zone_line *line, const struct zone_version **newest, uint32_t serial, uint64_t *state)
{
	struct zone_draft *draft;
	const struct zone_version *version;
	const struct zone_version *base = *newest;
	uint32_t before = zone_serial(base);
	unsigned changes = 1 + dice(state) % CHANGES_MOST;
	assert_int_equal(zone_draft_from(line, base, &draft), 0);
	model[serial] = model[before];
	for (unsigned i = 0; i < changes; ++i)
		change(draft, &model[serial], state);
	if (dice(state) % 10 == 0) {
		zone_draft_abandon(draft);
		return changes;
	}
	set_serial(draft, serial, &before);
	assert_int_equal(zone_draft_seal(draft, &version), 0);
	zone_hold(version); // one for the slot, one for the next draft
	zone_slot_publish(slot, version);
	zone_release(base);
	*newest = version;
	return changes;
}

// A machine may run the writer to its end before it runs any reader: between
// the changes it waits until each kind has read once more.
static void let_others_read(void)
{
	uint64_t looked_before = atomic_load(&looked), walked_before = atomic_load(&walked);
	while (atomic_load(&looked) == looked_before || atomic_load(&walked) == walked_before)
		sched_yield();
}

static void versions_change_under_readers(void **unused)
{
	const char *text = getenv("ZONE_PROPERTY_OPERATIONS");
	unsigned operations = (unsigned)(text != NULL ? strtoul(text, NULL, 10) : 10000), done = 0;
	struct zone_table *table;
	struct zone_line *line;
	struct arena_usage usage;
	pthread_t threads[WORKERS + HOLDERS];
	uint64_t state = 20240611;
	uint32_t serial = 0;
	char why[256];
	(void)unused;
	hash_seed_fixed(5);
	names_make();
	model = calloc(operations + 2, sizeof(*model));
	assert_non_null(model);
	assert_int_equal(arena_open(ARENA_DEFAULT_RESERVE, why), 0);
	assert_int_equal(zone_table_new(&table), 0);
	assert_int_equal(zone_line_new(origin, &line), 0);
	assert_int_equal(zone_table_add(table, origin, &slot), 0);
	const struct zone_version *newest = first_version(line);
	zone_hold(newest);
	zone_slot_publish(slot, newest);
	for (unsigned i = 0; i < WORKERS + HOLDERS; ++i)
		assert_int_equal(pthread_create(&threads[i], NULL, i < WORKERS ? worker : holder, (void *)(uintptr_t)(i + 1)), 0);
	for (unsigned tenth = 1; tenth <= 10; ++tenth) {
		while (done < operations * (uint64_t)tenth / 10)
			done += next_version(line, &newest, ++serial, &state);
		let_others_read();
	}
	atomic_store(&stop, true);
	for (unsigned i = 0; i < WORKERS + HOLDERS; ++i)
		pthread_join(threads[i], NULL);
	zone_release(newest);
	zone_line_release(line);
	zone_table_free(table);
	epoch_barrier();
	arena_usage(&usage);
	assert_int_equal(atomic_load(&wrong), 0);
	assert_int_equal(usage.live, 0);
	assert_true(atomic_load(&looked) > 0 && atomic_load(&walked) > 0);
	printf("%u records changed in %u drafts; %llu names looked up, %llu old versions walked meanwhile\n", done, serial,
	       (unsigned long long)looked, (unsigned long long)walked);
	arena_close();
	free(model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions_change_under_readers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
