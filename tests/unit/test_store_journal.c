// SPDX-License-Identifier: GPL-3.0-or-later
// The journal: what is stored as deltas is loaded again, read for transfers and
// history, bounded, and what is damaged in it is told.
#include <lmdb.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "store_chain.h"

static const struct store_keep keep_ten = { 0, 10 };

struct told {
	unsigned count;
	size_t bytes;
	struct store_step first, last;
};

static int tell_step(void *context, const struct store_step *step)
{
	struct told *told = context;
	if (told->count == 0)
		told->first = *step;
	else
		assert_int_equal(step->from, told->last.to); // each begins where the one before ended
	assert_in_range(step->stored, clock_wall_s() - 600, clock_wall_s());
	told->last = *step;
	told->bytes += step->bytes;
	told->count++;
	return 0;
}

static struct told history_of(struct store *store, const char *origin)
{
	struct told told = { 0 };
	assert_int_equal(store_history_each(store, zone_case_name(origin), tell_step, &told), 0);
	return told;
}

// Opens the store anew and finds this version in it.
static struct store *reopen(struct store *store, const char *name, const struct zone_version *version)
{
	store_close(store);
	store = store_case_open(name);
	store_case_has(store, version);
	assert_int_equal(store_start(store), 0);
	return store;
}

static struct store *start(const char *name)
{
	struct store *store = store_case_open(name);
	assert_int_equal(store_start(store), 0);
	return store;
}

// --- the way it should be

static void test_deltas_are_loaded(void **state)
{
	struct store_chain chain;
	struct store *store = start("loaded");
	struct store_state s;
	(void)state;
	store_chain_begin(&chain, "zone.example", 1, 50);
	store_chain_store(store, &chain, NULL);
	for (uint32_t serial = 2; serial <= 8; serial++) {
		store_chain_next(&chain, serial, 100 + serial, 101 + serial, true);
		store_chain_store(store, &chain, &keep_ten);
	}
	struct store_counts counts;
	store_counts(store, &counts);
	assert_int_equal(counts.versions, 8);
	assert_int_equal(counts.snapshots, 1); // the rest as deltas
	store = reopen(store, "loaded", chain.c.version);
	assert_int_equal(store_get_state(store, zone_origin(chain.c.version), &s), 0);
	assert_int_equal(s.serial, 8);
	struct told told = history_of(store, "zone.example");
	assert_int_equal(told.count, 7);
	assert_int_equal(told.first.from, 1);
	assert_int_equal(told.last.to, 8);
	assert_int_equal(told.last.added, 1);
	assert_int_equal(told.last.removed, 0);
	// It goes on after a restart.
	store_chain_next(&chain, 9, 0, 10, false);
	store_chain_store(store, &chain, &keep_ten);
	store = reopen(store, "loaded", chain.c.version);
	assert_int_equal(history_of(store, "ZONE.example").count, 8);
	store_close(store);
	store_chain_end(&chain);
}

// What an IXFR asks for: from any serial to the newest, step by step.
static void test_steps_to_the_newest(void **state)
{
	struct store_chain chain;
	struct store *store = start("steps");
	struct delta *delta;
	(void)state;
	store_chain_begin(&chain, "zone.example", 10, 5);
	store_chain_store(store, &chain, NULL);
	const struct zone_version *old = zone_hold(chain.c.version);
	for (uint32_t serial = 11; serial <= 15; serial++) {
		store_chain_next(&chain, serial, serial, serial + 3, true);
		store_chain_store(store, &chain, &keep_ten);
	}
	struct zone_line *line;
	struct zone_draft *draft;
	const struct zone_version *copy, *reached;
	char *text = zone_case_text(old);
	struct zone_file_result result;
	assert_int_equal(zone_line_new(zone_origin(old), &line), 0);
	assert_int_equal(zone_draft_new(line, &draft), 0);
	assert_int_equal(zone_file_parse(text, strlen(text), "old", zone_origin(old), draft, &result), 0);
	assert_int_equal(zone_draft_seal(draft, &copy), 0);
	assert_int_equal(zone_draft_from(line, copy, &draft), 0);
	for (uint32_t serial = 10; serial != 15; serial = delta_to(delta), delta_release(delta)) {
		assert_int_equal(store_delta_get(store, zone_case_name("zone.EXAMPLE"), serial, &delta), 0);
		assert_int_equal(delta_apply(delta, draft), 0);
	}
	assert_int_equal(zone_draft_seal(draft, &reached), 0);
	free(text);
	text = zone_case_text(chain.c.version);
	zone_case_holds(reached, text);
	free(text);
	assert_int_equal(store_delta_get(store, zone_origin(old), 15, &delta), ERR_NOT_FOUND);
	assert_int_equal(store_delta_get(store, zone_origin(old), 9, &delta), ERR_NOT_FOUND);
	assert_int_equal(store_delta_get(store, zone_case_name("other.example"), 10, &delta), ERR_NOT_FOUND);
	assert_null(delta);
	zone_release(copy);
	zone_release(reached);
	zone_release(old);
	zone_line_release(line);
	store_close(store);
	store_chain_end(&chain);
}

// 1 → 2 → 3 → 2 → 4, as a rollback leaves it: from 2 the newest way is taken.
static void test_a_serial_met_twice(void **state)
{
	static const uint32_t serials[] = { 2, 3, 2, 4 };
	struct store_chain chain;
	struct store *store = start("twice");
	struct delta *delta;
	(void)state;
	store_chain_begin(&chain, "zone.example", 1, 5);
	store_chain_store(store, &chain, NULL);
	for (unsigned i = 0; i < 4; i++) {
		store_chain_next(&chain, serials[i], 10, 12, i % 2 == 0);
		store_chain_store(store, &chain, &keep_ten);
	}
	assert_int_equal(store_delta_get(store, zone_case_name("zone.example"), 2, &delta), 0);
	assert_int_equal(delta_to(delta), 4);
	delta_release(delta);
	store = reopen(store, "twice", chain.c.version);
	assert_int_equal(history_of(store, "zone.example").count, 4);
	store_close(store);
	store_chain_end(&chain);
}

// --- bounds

static void change_many_times(struct store *store, struct store_chain *chain, const struct store_keep *keep,
                              unsigned times, unsigned most)
{
	for (unsigned i = 0; i < times; i++) {
		uint32_t serial = zone_serial(chain->c.version) + 1;
		store_chain_next(chain, serial, 100000 + i / 2 * 4, 100000 + i / 2 * 4 + 4, i % 2 == 0);
		store_chain_store(store, chain, keep);
		assert_true(history_of(store, "zone.example").count <= most);
	}
}

static void test_small_zone_is_rewritten(void **state)
{
	static const struct store_keep keep = { 0, 5 };
	struct store_chain chain;
	struct store_counts counts;
	struct store *store = start("small");
	(void)state;
	store_chain_begin(&chain, "zone.example", 1, 5);
	store_chain_store(store, &chain, NULL);
	change_many_times(store, &chain, &keep, 200, 30);
	store_counts(store, &counts);
	assert_in_range(counts.snapshots, 5, 30); // every 4 KiB of journal or so
	assert_true(history_of(store, "zone.example").count >= 5);
	store = reopen(store, "small", chain.c.version);
	assert_int_equal(store_case_snapshots("small"), 0);
	store_close(store);
	store_chain_end(&chain);
}

// Half of a snapshot that is a file takes a while to fill; then the file is
// written behind the commits, and the one before goes.
static void test_large_zone_is_rewritten(void **state)
{
	static const struct store_keep keep = { 0, 3 };
	struct store_chain chain;
	struct store_counts counts;
	struct store *store = start("large");
	(void)state;
	store_chain_begin(&chain, "zone.example", 1, 8000);
	store_chain_store(store, &chain, NULL);
	store_counts(store, &counts);
	assert_int_equal(counts.snapshots, 1);
	for (unsigned i = 0; i < 400 && counts.snapshots < 3; i++) {
		store_chain_next(&chain, 2 + i, 300000 + i * 700, 300000 + i * 700 + 700, true);
		store_chain_store(store, &chain, &keep);
		usleep(20000);
		store_counts(store, &counts);
	}
	assert_true(counts.snapshots >= 3);
	store = reopen(store, "large", chain.c.version);
	assert_int_equal(store_case_snapshots("large"), 1);
	store_close(store);
	store_chain_end(&chain);
}

static void test_bound_in_bytes(void **state)
{
	static const struct store_keep keep = { 3000, 1000000 };
	struct store_chain chain;
	struct store_counts counts;
	struct store *store = start("bytes");
	(void)state;
	store_chain_begin(&chain, "zone.example", 1, 300);
	store_chain_store(store, &chain, NULL);
	for (unsigned i = 0; i < 100; i++) {
		store_chain_next(&chain, 2 + i, 1000 + i, 1001 + i, true);
		store_chain_store(store, &chain, &keep);
		assert_true(history_of(store, "zone.example").bytes <= 3000 + 300);
	}
	// A delta that alone is larger is not kept: the version is, whole.
	store_counts(store, &counts);
	uint64_t before = counts.snapshots;
	store_chain_next(&chain, 500, 5000, 5200, true);
	store_chain_store(store, &chain, &keep);
	store_counts(store, &counts);
	assert_int_equal(counts.snapshots, before + 1);
	assert_int_equal(history_of(store, "zone.example").count, 0);
	store = reopen(store, "bytes", chain.c.version);
	store_close(store);
	store_chain_end(&chain);
}

static void test_large_delta(void **state)
{
	struct store_chain chain;
	struct store *store = start("delta");
	(void)state;
	store_chain_begin(&chain, "zone.example", 1, 10);
	store_chain_store(store, &chain, NULL);
	store_chain_next(&chain, 2, 100, 100000, true);
	store_chain_store(store, &chain, &keep_ten);
	assert_int_equal(history_of(store, "zone.example").last.added, 99900);
	store = reopen(store, "delta", chain.c.version);
	store_chain_next(&chain, 3, 100, 90000, false);
	store_chain_store(store, &chain, &keep_ten);
	store = reopen(store, "delta", chain.c.version);
	store_close(store);
	store_chain_end(&chain);
}

// --- breaks

static void test_a_snapshot_breaks_it(void **state)
{
	struct store_chain chain;
	struct store *store = start("break");
	struct delta *delta;
	(void)state;
	store_chain_begin(&chain, "zone.example", 1, 5);
	store_chain_store(store, &chain, NULL);
	change_many_times(store, &chain, &keep_ten, 3, 10);
	store_chain_next(&chain, 100, 20, 22, true);
	struct delta *left_out = chain.delta;
	chain.delta = NULL;
	store_chain_store(store, &chain, NULL);
	chain.delta = left_out;
	assert_int_equal(history_of(store, "zone.example").count, 0);
	assert_int_equal(store_delta_get(store, zone_case_name("zone.example"), 1, &delta), ERR_NOT_FOUND);
	store_chain_next(&chain, 101, 30, 32, true);
	store_chain_store(store, &chain, &keep_ten);
	struct told told = history_of(store, "zone.example");
	assert_int_equal(told.count, 1);
	assert_int_equal(told.first.from, 100);
	store = reopen(store, "break", chain.c.version);
	store_close(store);
	store_chain_end(&chain);
}

// A delta that does not begin at what is stored: the version is stored whole.
static void test_a_delta_from_elsewhere(void **state)
{
	struct store_chain chain;
	struct store *store = start("elsewhere");
	struct store_state s;
	(void)state;
	store_case_state(&s);
	store_chain_begin(&chain, "zone.example", 1, 5);
	store_chain_next(&chain, 2, 20, 22, true);
	store_chain_store(store, &chain, &keep_ten); // nothing is stored of the zone
	store_chain_next(&chain, 3, 30, 32, true);
	store_chain_next(&chain, 4, 40, 42, true);
	store_chain_store(store, &chain, &keep_ten); // 3 never was
	store = reopen(store, "elsewhere", chain.c.version);
	assert_int_equal(history_of(store, "zone.example").count, 0);
	struct delta *delta = delta_hold(chain.delta);
	store_chain_next(&chain, 5, 50, 52, true);
	assert_int_equal(store_commit(store, chain.c.version, delta, &keep_ten, &s, NULL, NULL), ERR_RANGE);
	delta_release(delta);
	store_close(store);
	store_chain_end(&chain);
}

static void test_forgotten_with_its_journal(void **state)
{
	struct store_chain chain, other;
	struct store *store = start("forget");
	(void)state;
	store_chain_begin(&chain, "zone.example", 1, 5);
	store_chain_begin(&other, "a.zone.example", 1, 5);
	store_chain_store(store, &chain, NULL);
	store_chain_store(store, &other, NULL);
	store_chain_next(&other, 2, 10, 11, true);
	store_chain_store(store, &other, &keep_ten);
	change_many_times(store, &chain, &keep_ten, 8, 10);
	assert_int_equal(store_forget(store, zone_case_name("zone.example")), 0);
	store = reopen(store, "forget", other.c.version);
	assert_int_equal(history_of(store, "zone.example").count, 0);
	assert_int_equal(history_of(store, "a.zone.example").count, 1);
	change_many_times(store, &chain, &keep_ten, 4, 10);
	assert_int_equal(history_of(store, "zone.example").count, 3); // the first was stored whole
	store = reopen(store, "forget", chain.c.version);
	store_close(store);
	store_chain_end(&chain);
	store_chain_end(&other);
}

// --- damage

enum damage { DAMAGE_BYTE, DAMAGE_CUT, DAMAGE_MISSING };

// Does harm to the step from this serial, behind the store's back.
static void damage(const char *name, uint32_t serial, enum damage how)
{
	MDB_env *env;
	MDB_txn *txn;
	MDB_dbi journal;
	MDB_cursor *cursor;
	MDB_val key, value;
	bool found = false;
	char path[160];
	snprintf(path, sizeof path, "%s/store.mdb", store_case_path(name));
	assert_int_equal(mdb_env_create(&env), 0);
	mdb_env_set_maxdbs(env, 8);
	mdb_env_set_mapsize(env, (size_t)1 << 30);
	assert_int_equal(mdb_env_open(env, path, MDB_NOSUBDIR, 0600), 0);
	assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_dbi_open(txn, "journal", 0, &journal), 0);
	assert_int_equal(mdb_cursor_open(txn, journal, &cursor), 0);
	while (!found && mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0) {
		const uint8_t *row = value.mv_data;
		found = row[4] == (uint8_t)serial;
	}
	assert_true(found);
	uint8_t *copy = malloc(value.mv_size);
	memcpy(copy, value.mv_data, value.mv_size);
	MDB_val changed = { how == DAMAGE_CUT ? value.mv_size / 2 : value.mv_size, copy };
	copy[value.mv_size - 3] ^= 1;
	if (how == DAMAGE_MISSING)
		assert_int_equal(mdb_cursor_del(cursor, 0), 0);
	else
		assert_int_equal(mdb_cursor_put(cursor, &key, &changed, MDB_CURRENT), 0);
	mdb_cursor_close(cursor);
	assert_int_equal(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
	free(copy);
}

// What is before the damage is loaded, and it is told; what is stored next is
// stored whole, so that it is there the next time.
static void loads_what_is_before(const char *name, enum damage how)
{
	struct store_chain chain;
	struct store *store = start(name);
	const struct zone_version *before = NULL, *loaded;
	struct zone_line *line;
	char why[256];
	store_chain_begin(&chain, "zone.example", 1, 5);
	store_chain_store(store, &chain, NULL);
	for (uint32_t serial = 2; serial <= 6; serial++) {
		store_chain_next(&chain, serial, serial * 10, serial * 10 + 2, true);
		store_chain_store(store, &chain, &keep_ten);
		if (serial == 4)
			before = zone_hold(chain.c.version);
	}
	store_close(store);
	damage(name, 4, how);

	store = store_case_open(name);
	assert_int_equal(zone_line_new(zone_origin(before), &line), 0);
	assert_int_equal(store_load(store, zone_origin(before), line, &loaded, why), ERR_CORRUPT);
	assert_non_null(loaded);
	assert_non_null(strstr(why, "journal"));
	char *text = zone_case_text(before);
	zone_case_holds(loaded, text);
	free(text);
	zone_release(loaded);
	zone_line_release(line);
	assert_int_equal(store_start(store), 0);
	struct delta *delta;
	int error = store_delta_get(store, zone_origin(before), 4, &delta);
	assert_int_equal(error, ERR_CORRUPT);
	// Even a delta that seems to follow.
	store_chain_next(&chain, 7, 70, 72, true);
	store_chain_store(store, &chain, &keep_ten);
	store = reopen(store, name, chain.c.version);
	store_chain_next(&chain, 8, 80, 82, true);
	store_chain_store(store, &chain, &keep_ten);
	assert_int_equal(history_of(store, "zone.example").count, 1);
	store = reopen(store, name, chain.c.version);
	store_close(store);
	zone_release(before);
	store_chain_end(&chain);
}

static void test_damage(void **state)
{
	(void)state;
	loads_what_is_before("byte", DAMAGE_BYTE);
	loads_what_is_before("cut", DAMAGE_CUT);
	loads_what_is_before("missing", DAMAGE_MISSING);
}

// A limit on the size of files stands for a full disk: a delta fails with a
// reason, what was stored stays, and the same delta is taken when there is room.
static void test_full_disk(void **state)
{
	struct store_chain chain;
	struct store_wait wait = STORE_WAIT;
	struct rlimit limit = { 200 << 10, RLIM_INFINITY };
	struct store *store = start("full");
	(void)state;
	store_chain_begin(&chain, "zone.example", 1, 5);
	store_chain_store(store, &chain, NULL);
	const struct zone_version *before = zone_hold(chain.c.version);
	store_chain_next(&chain, 2, 100, 9000, true);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	store_chain_commit(store, &chain, &keep_ten, &wait);
	store_case_await(&wait, 1);
	assert_int_equal(wait.error, ERR_IO);
	assert_true(wait.why[0] != '\0');
	store_case_has(store, before);
	limit.rlim_cur = RLIM_INFINITY;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	wait.error = 0;
	store_chain_commit(store, &chain, &keep_ten, &wait);
	store_case_await(&wait, 2);
	assert_int_equal(wait.error, 0);
	assert_int_equal(history_of(store, "zone.example").count, 1);
	store = reopen(store, "full", chain.c.version);
	store_close(store);
	zone_release(before);
	store_chain_end(&chain);
}

// A disk of a megabyte that really fills up, where the system lets us have one:
// no commit that failed leaves anything behind, each that is called durable is
// there, and with more room all goes on.
static void test_disk_that_fills_up(void **state)
{
	struct store_chain chain;
	struct store_wait wait = STORE_WAIT;
	char *path = strdup(store_case_path("disk"));
	unsigned failed = 0;
	(void)state;
	assert_int_equal(mkdir(path, 0700), 0);
	if (mount("tmpfs", path, "tmpfs", 0, "size=1m,mode=0700") != 0) {
		free(path);
		skip();
	}
	struct store *store = start("disk");
	store_chain_begin(&chain, "zone.example", 1, 3000);
	store_chain_store(store, &chain, NULL);
	const struct zone_version *durable = zone_hold(chain.c.version);
	for (unsigned i = 0; i < 60; i++) {
		bool whole = i % 7 == 3;
		store_chain_next(&chain, 2 + i, 100000 + i * 900, 100900 + i * 900, true);
		struct delta *delta = chain.delta;
		chain.delta = whole ? NULL : delta;
		wait.error = 0;
		store_chain_commit(store, &chain, &keep_ten, &wait);
		store_case_await(&wait, i + 1);
		chain.delta = delta;
		if (wait.error == 0) {
			zone_release(durable);
			durable = zone_hold(chain.c.version);
		} else {
			assert_int_equal(wait.error, ERR_IO);
			failed++;
		}
		if (i % 5 == 0)
			store_case_has(store, durable);
	}
	assert_true(failed > 0);
	store = reopen(store, "disk", durable);
	assert_int_equal(mount("tmpfs", path, "tmpfs", MS_REMOUNT, "size=64m,mode=0700"), 0);
	store_chain_store(store, &chain, &keep_ten);
	store_chain_next(&chain, 1000, 10, 20, false);
	store_chain_store(store, &chain, &keep_ten);
	store = reopen(store, "disk", chain.c.version);
	assert_true(store_case_snapshots("disk") <= 1);
	store_close(store);
	assert_int_equal(umount(path), 0);
	free(path);
	zone_release(durable);
	store_chain_end(&chain);
}

// --- many at once

#define MANY 10000

// A commit whose end is told of, and which goes on only once it is let: whatever
// else is committed meanwhile waits behind it.
struct gate {
	sem_t reached, open;
};

static void wait_at_gate(void *context, int error, const char *why)
{
	struct gate *gate = context;
	(void)error;
	(void)why;
	sem_post(&gate->reached);
	while (sem_wait(&gate->open) != 0)
		;
}

// Zones that all change at once share the syncs.
static void test_many_zones_at_once(void **state)
{
	struct store_chain *chain = calloc(MANY, sizeof *chain), first;
	struct store_wait wait = STORE_WAIT;
	struct store_state s;
	struct gate gate;
	struct store_counts before, after;
	struct store *store = start("many");
	char name[64];
	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "zone%u.example", i);
		store_chain_begin(&chain[i], name, 1, 4);
		store_chain_commit(store, &chain[i], NULL, &wait);
		store_chain_next(&chain[i], 2, 10, 11, true);
	}
	store_case_await(&wait, MANY);
	sem_init(&gate.reached, 0, 0);
	sem_init(&gate.open, 0, 0);
	store_chain_begin(&first, "first.example", 1, 4);
	store_case_state(&s);
	assert_int_equal(store_commit(store, first.c.version, NULL, NULL, &s, wait_at_gate, &gate), 0);
	while (sem_wait(&gate.reached) != 0)
		;
	store_counts(store, &before);
	for (unsigned i = 0; i < MANY; i++)
		store_chain_commit(store, &chain[i], &keep_ten, &wait);
	uint64_t start_ns = clock_boot_ns();
	sem_post(&gate.open);
	store_case_await(&wait, 2 * MANY);
	uint64_t took_ns = clock_boot_ns() - start_ns;
	store_counts(store, &after);
	assert_int_equal(wait.error, 0);
	assert_int_equal(after.snapshots, before.snapshots); // all as deltas
	print_message("%d zones: %llu transactions, %llu ms\n", MANY,
	              (unsigned long long)(after.transactions - before.transactions),
	              (unsigned long long)(took_ns / 1000000));
	assert_true(after.transactions - before.transactions <= 20);
	store = reopen(store, "many", chain[MANY - 1].c.version);
	store_close(store);
	for (unsigned i = 0; i < MANY; i++)
		store_chain_end(&chain[i]);
	store_chain_end(&first);
	free(chain);
}

// Readers beside the writer: every step that is found is whole.
struct reader {
	struct store *store;
	_Atomic bool stop, failed;
	_Atomic unsigned found;
};

static void *read_on(void *context)
{
	struct reader *reader = context;
	uint8_t origin[NAME_MAX_WIRE];
	name_from_text("zone.example", origin);
	while (!reader->stop) {
		for (uint32_t serial = 1; serial < 300; serial++) {
			struct delta *delta;
			int error = store_delta_get(reader->store, origin, serial, &delta);
			if (error != 0 && error != ERR_NOT_FOUND) {
				reader->failed = true;
				return NULL;
			}
			reader->found += error == 0;
			delta_release(delta);
		}
	}
	return NULL;
}

static void test_reading_beside(void **state)
{
	struct store_chain chain;
	struct store *store = start("beside");
	struct reader reader = { .store = store };
	pthread_t thread;
	(void)state;
	store_chain_begin(&chain, "zone.example", 1, 5);
	store_chain_store(store, &chain, NULL);
	pthread_create(&thread, NULL, read_on, &reader);
	for (unsigned part = 0; part < 10; part++) {
		unsigned before = reader.found;
		change_many_times(store, &chain, &keep_ten, 26, 40);
		while (reader.found == before && !reader.failed)
			sched_yield();
	}
	reader.stop = true;
	pthread_join(thread, NULL);
	assert_false(reader.failed);
	store_close(store);
	store_chain_end(&chain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deltas_are_loaded),
		cmocka_unit_test(test_steps_to_the_newest),
		cmocka_unit_test(test_a_serial_met_twice),
		cmocka_unit_test(test_small_zone_is_rewritten),
		cmocka_unit_test(test_large_zone_is_rewritten),
		cmocka_unit_test(test_bound_in_bytes),
		cmocka_unit_test(test_large_delta),
		cmocka_unit_test(test_a_snapshot_breaks_it),
		cmocka_unit_test(test_a_delta_from_elsewhere),
		cmocka_unit_test(test_forgotten_with_its_journal),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_full_disk),
		cmocka_unit_test(test_disk_that_fills_up),
		cmocka_unit_test(test_reading_beside),
		cmocka_unit_test(test_many_zones_at_once),
	};
	return cmocka_run_group_tests(tests, store_case_open_all, store_case_close_all);
}
