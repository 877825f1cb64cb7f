// SPDX-License-Identifier: GPL-3.0-or-later
// The store as others use it: what was committed is there after a restart,
// what was forgotten is not, and two servers do not share a directory.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/hash.h"
#include "store_case.h"

static void commit(struct store *store, const struct zone_case *c, struct store_wait *wait)
{
	struct store_state s;
	store_case_state(&s);
	assert_int_equal(store_commit(store, c->version, NULL, NULL, &s, store_case_done, wait), 0);
}

static void test_directory(void **state)
{
	struct stat st;
	struct store *store, *second = NULL;
	char why[256], wanted[256];
	(void)state;
	store = store_case_open("directory");
	assert_int_equal(stat(store_case_path("directory"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(store_open(store_case_path("directory"), &second, why), ERR_BUSY);
	snprintf(wanted, sizeof wanted, "%s is in use by process %ld; stop that, or give this one another state directory",
	         store_case_path("directory"), (long)getpid());
	assert_string_equal(why, wanted);
	store_close(store);
	store = store_case_open("directory"); // the lock went with it
	store_close(store);

	assert_int_equal(store_open(store_case_path("none/such"), &store, why), ERR_IO);
	assert_non_null(strstr(why, "none/such cannot be made: No such file or directory"));
	close(open(store_case_path("file"), O_CREAT | O_WRONLY, 0600));
	assert_int_equal(store_open(store_case_path("file"), &store, why), ERR_IO);
	assert_non_null(strstr(why, "file cannot be made: Not a directory"));
}

// A small zone in a row, a large one in a file.
static void test_commit_and_load(void **state)
{
	struct zone_case small, large;
	struct store_wait wait = STORE_WAIT;
	struct store_state s;
	char why[256];
	(void)state;
	store_case_zone(&small, "small.example", 1, 5);
	store_case_zone(&large, "large.example", 2, 20000);
	struct store *store = store_case_open("commit");
	assert_int_equal(store_case_load_fails(store, "small.example", why), ERR_NOT_FOUND);
	store_case_state(&s);
	assert_int_equal(store_commit(store, small.version, NULL, NULL, &s, NULL, NULL), ERR_STATE);
	assert_int_equal(store_start(store), 0);
	commit(store, &small, &wait);
	commit(store, &large, &wait);
	store_case_await(&wait, 2);
	assert_int_equal(wait.error, 0);
	assert_int_equal(store_case_snapshots("commit"), 1);
	store_close(store);

	store = store_case_open("commit");
	assert_int_equal(store_case_zones(store), 2);
	store_case_has(store, small.version);
	store_case_has(store, large.version);
	assert_int_equal(store_get_state(store, zone_case_name("LARGE.example"), &s), 0);
	assert_int_equal(s.serial, 2);
	assert_true(s.has_version);
	assert_int_equal(s.expires_at, 1700600000);
	assert_in_range(store_latest_time(store), clock_wall_s() - 60, clock_wall_s());
	store_close(store);
	zone_case_end(&small);
	zone_case_end(&large);
}

// The same zone, large then small then large: the newest counts, and the files
// of the others are gone.
static void test_order_and_files(void **state)
{
	struct zone_case versions[3];
	struct store_wait wait = STORE_WAIT;
	(void)state;
	store_case_zone(&versions[0], "zone.example", 1, 20000);
	store_case_zone(&versions[1], "zone.example", 2, 5);
	store_case_zone(&versions[2], "zone.example", 3, 15000);
	struct store *store = store_case_open("order");
	assert_int_equal(store_start(store), 0);
	for (unsigned i = 0; i < 3; i++)
		commit(store, &versions[i], &wait);
	store_case_await(&wait, 3);
	assert_int_equal(wait.error, 0);
	store_close(store);
	store = store_case_open("order");
	store_case_has(store, versions[2].version);
	assert_int_equal(store_case_snapshots("order"), 1);
	assert_int_equal(store_start(store), 0);
	commit(store, &versions[1], &wait);
	store_case_await(&wait, 4);
	store_close(store);
	assert_int_equal(store_case_snapshots("order"), 0);
	for (unsigned i = 0; i < 3; i++)
		zone_case_end(&versions[i]);
}

static void test_forget(void **state)
{
	struct zone_case small, large;
	struct store_wait wait = STORE_WAIT;
	struct store_state s;
	char why[256];
	(void)state;
	store_case_zone(&small, "small.example", 1, 5);
	store_case_zone(&large, "large.example", 2, 20000);
	struct store *store = store_case_open("forget");
	assert_int_equal(store_start(store), 0);
	commit(store, &small, &wait);
	commit(store, &large, &wait);
	assert_int_equal(store_forget(store, zone_case_name("small.example")), 0);
	assert_int_equal(store_forget(store, zone_case_name("large.example")), 0);
	assert_int_equal(store_forget(store, zone_case_name("never.example")), 0);
	store_close(store);
	store = store_case_open("forget");
	assert_int_equal(store_case_zones(store), 0);
	assert_int_equal(store_case_load_fails(store, "small.example", why), ERR_NOT_FOUND);
	assert_int_equal(store_case_load_fails(store, "large.example", why), ERR_NOT_FOUND);
	assert_int_equal(store_get_state(store, zone_case_name("small.example"), &s), ERR_NOT_FOUND);
	assert_int_equal(store_case_snapshots("forget"), 0);
	store_close(store);
	zone_case_end(&small);
	zone_case_end(&large);
}

// States alone: batched, the last one wins, and written on close.
static void test_states(void **state)
{
	struct zone_case c;
	struct store_wait wait = STORE_WAIT;
	struct store_state s;
	char name[64];
	(void)state;
	store_case_zone(&c, "zone7.example", 77, 5);
	struct store *store = store_case_open("states");
	assert_int_equal(store_start(store), 0);
	uint64_t began = clock_boot_ms();
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 500; i++) {
			snprintf(name, sizeof name, "zone%u.example", i);
			store_case_state(&s);
			s.refresh_at = 1000 * round + i;
			assert_int_equal(store_put_state(store, zone_case_name(name), &s), 0);
		}
	}
	// A commit is newer than what waits for its zone.
	store_case_state(&s);
	s.refresh_at = 5;
	assert_int_equal(store_commit(store, c.version, NULL, NULL, &s, store_case_done, &wait), 0);
	store_case_await(&wait, 1);
	assert_int_equal(store_get_state(store, zone_case_name("zone7.example"), &s), 0);
	assert_int_equal(s.refresh_at, 5);
	// The others wait for a second to pass, and are then stored by themselves.
	int error = store_get_state(store, zone_case_name("zone8.example"), &s);
	assert_true(error == ERR_NOT_FOUND || clock_boot_ms() - began >= 1000);
	do {
		usleep(10000);
		error = store_get_state(store, zone_case_name("zone8.example"), &s);
		assert_true(error == 0 || error == ERR_NOT_FOUND);
	} while ((error != 0 || s.refresh_at != 2008) && clock_boot_ms() - began < 60000);
	assert_int_equal(error, 0);
	assert_int_equal(s.refresh_at, 2008);
	assert_false(s.has_version);
	s.refresh_at = 9;
	assert_int_equal(store_put_state(store, zone_case_name("ZONE8.example"), &s), 0);
	store_close(store);

	store = store_case_open("states");
	assert_int_equal(store_case_zones(store), 500);
	assert_int_equal(store_get_state(store, zone_case_name("zone8.example"), &s), 0);
	assert_int_equal(s.refresh_at, 9);
	assert_int_equal(store_get_state(store, zone_case_name("zone7.example"), &s), 0);
	assert_int_equal(s.refresh_at, 5);
	assert_int_equal(s.serial, 77);
	store_case_has(store, c.version);
	store_close(store);
	zone_case_end(&c);
}

// A snapshot that is damaged, gone or left over.
static void test_damaged_files(void **state)
{
	struct zone_case c;
	struct store_wait wait = STORE_WAIT;
	char why[256], path[200];
	(void)state;
	store_case_zone(&c, "zone.example", 1, 20000);
	struct store *store = store_case_open("damaged");
	assert_int_equal(store_start(store), 0);
	commit(store, &c, &wait);
	store_close(store);

	snprintf(path, sizeof path, "%s/snapshots/%016x", store_case_path("damaged"), 1);
	int fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	uint8_t byte;
	assert_int_equal(pread(fd, &byte, 1, 300000), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, 300000), 1);
	store = store_case_open("damaged");
	assert_int_equal(store_case_load_fails(store, "zone.example", why), ERR_CORRUPT);
	assert_non_null(strstr(why, "fails its checksum"));
	store_close(store);

	assert_int_equal(ftruncate(fd, 300000), 0);
	close(fd);
	store = store_case_open("damaged");
	assert_int_equal(store_case_load_fails(store, "zone.example", why), ERR_CORRUPT);
	assert_non_null(strstr(why, "is not as long as it was written"));
	store_close(store);

	unlink(path);
	snprintf(path, sizeof path, "%s/snapshots/%016x", store_case_path("damaged"), 0x77);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	snprintf(path, sizeof path, "%s/snapshots/%016x.tmp", store_case_path("damaged"), 0x78);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	store = store_case_open("damaged");
	assert_int_equal(store_case_snapshots("damaged"), 0);
	assert_int_equal(store_case_load_fails(store, "zone.example", why), ERR_CORRUPT);
	assert_non_null(strstr(why, "is missing"));
	store_close(store);
	zone_case_end(&c);
}

static void test_database_that_is_none(void **state)
{
	struct store *store;
	char why[256], path[200];
	(void)state;
	store_close(store_case_open("none"));
	snprintf(path, sizeof path, "%s/store.mdb", store_case_path("none"));
	FILE *file = fopen(path, "w");
	for (int i = 0; i < 1000; i++)
		fputs("this is no database\n", file);
	fclose(file);
	assert_int_equal(store_open(store_case_path("none"), &store, why), ERR_CORRUPT);
	assert_non_null(strstr(why, "store.mdb: the store cannot be opened: "));
}

// A file-size limit stands for a full disk: large and small zones fail with a
// reason, nothing of them is stored, and what was there before still is.
static int commit_under_limit(const char *name)
{
	struct zone_case before, large;
	struct store_wait wait = STORE_WAIT;
	struct rlimit limit = { 400 << 10, RLIM_INFINITY };
	store_case_zone(&before, "before.example", 1, 5);
	store_case_zone(&large, "large.example", 2, 30000);
	struct store *store = store_case_open(name);
	assert_int_equal(store_start(store), 0);
	commit(store, &before, &wait);
	store_case_await(&wait, 1);
	assert_int_equal(wait.error, 0);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	commit(store, &large, &wait);
	store_case_await(&wait, 2);
	assert_int_equal(wait.error, ERR_IO);
	assert_non_null(strstr(wait.why, "File too large"));
	assert_int_equal(store_case_snapshots(name), 0);
	limit.rlim_cur = RLIM_INFINITY;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	wait.error = 0;
	commit(store, &large, &wait);
	store_case_await(&wait, 3);
	assert_int_equal(wait.error, 0);
	store_close(store);
	store = store_case_open(name);
	store_case_has(store, before.version);
	store_case_has(store, large.version);
	store_close(store);
	zone_case_end(&before);
	zone_case_end(&large);
	return 0;
}

static void test_full_disk(void **state)
{
	(void)state;
	commit_under_limit("full");
}

// Threads that commit at once, and readers beside each other at start.
#define THREADS 4
#define ZONES 50

struct worker {
	struct store *store;
	struct store_wait *wait;
	unsigned number;
};

static void *commit_many(void *context)
{
	struct worker *worker = context;
	struct store_state s;
	char name[64];
	store_case_state(&s);
	for (unsigned i = 0; i < ZONES; i++) {
		struct zone_line *line;
		struct zone_draft *draft;
		struct zone_file_result result;
		const struct zone_version *version;
		uint8_t origin[NAME_MAX_WIRE];
		snprintf(name, sizeof name, "z%u.t%u.example", i, worker->number);
		name_from_text(name, origin);
		zone_line_new(origin, &line);
		zone_draft_new(line, &draft);
		zone_file_parse(ZONE_HEAD, strlen(ZONE_HEAD), name, origin, draft, &result);
		zone_draft_seal(draft, &version);
		store_commit(worker->store, version, NULL, NULL, &s, store_case_done, worker->wait);
		zone_release(version);
		zone_line_release(line);
	}
	arena_thread_end();
	return NULL;
}

static void *load_many(void *context)
{
	struct worker *worker = context;
	char name[64], why[256];
	size_t loaded = 0;
	for (unsigned i = 0; i < ZONES; i++) {
		struct zone_line *line;
		const struct zone_version *version;
		uint8_t origin[NAME_MAX_WIRE];
		snprintf(name, sizeof name, "z%u.t%u.example", i, worker->number);
		name_from_text(name, origin);
		zone_line_new(origin, &line);
		if (store_load(worker->store, origin, line, &version, why) == 0) {
			loaded++;
			zone_release(version);
		}
		zone_line_release(line);
	}
	arena_thread_end();
	return loaded == ZONES ? NULL : context;
}

static void test_threads(void **state)
{
	pthread_t threads[THREADS];
	struct worker workers[THREADS];
	struct store_wait wait = STORE_WAIT;
	(void)state;
	struct store *store = store_case_open("threads");
	assert_int_equal(store_start(store), 0);
	for (unsigned i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ store, &wait, i };
		pthread_create(&threads[i], NULL, commit_many, &workers[i]);
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	store_case_await(&wait, THREADS * ZONES);
	assert_int_equal(wait.error, 0);
	store_close(store);

	store = store_case_open("threads");
	assert_int_equal(store_case_zones(store), THREADS * ZONES);
	for (unsigned i = 0; i < THREADS; i++) {
		workers[i].store = store;
		pthread_create(&threads[i], NULL, load_many, &workers[i]);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		void *failed;
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	store_close(store);
}

// The next process hashes names as this one did: what it reads in the order of
// the hashes is in order.
static void test_key_of_names_is_kept(void **state)
{
	uint8_t first[HASH_NAMES_KEY], other[HASH_NAMES_KEY], own[HASH_NAMES_KEY];
	(void)state;
	hash_names_key(own);
	struct store *store = store_case_open("key");
	store_take_names_key(store);
	hash_names_key(first);
	assert_memory_equal(first, own, sizeof own);
	store_close(store);

	hash_seed_fixed(99);
	hash_names_key(other);
	assert_memory_not_equal(other, first, sizeof first);
	store = store_case_open("key");
	store_take_names_key(store);
	hash_names_key(other);
	assert_memory_equal(other, first, sizeof first);
	store_close(store);
}

// Where damage left zeros, names would not be told apart by their hashes.
static void test_key_of_zeros_is_replaced(void **state)
{
	uint8_t zeros[HASH_NAMES_KEY] = { 0 }, own[HASH_NAMES_KEY], taken[HASH_NAMES_KEY];
	(void)state;
	struct store *store = store_case_open("zeros");
	hash_take_names_key(zeros);
	store_take_names_key(store);
	store_close(store);

	for (unsigned seed = 7; seed < 9; seed++) {
		hash_seed_fixed(seed);
		if (seed == 7)
			hash_names_key(own);
		store = store_case_open("zeros");
		store_take_names_key(store);
		hash_names_key(taken);
		assert_memory_equal(taken, own, sizeof own);
		store_close(store);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_directory),
		cmocka_unit_test(test_commit_and_load),
		cmocka_unit_test(test_order_and_files),
		cmocka_unit_test(test_forget),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_damaged_files),
		cmocka_unit_test(test_database_that_is_none),
		cmocka_unit_test(test_full_disk),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_key_of_names_is_kept),
		cmocka_unit_test(test_key_of_zeros_is_replaced),
	};
	return cmocka_run_group_tests(tests, store_case_open_all, store_case_close_all);
}
