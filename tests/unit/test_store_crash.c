// SPDX-License-Identifier: GPL-3.0-or-later
// kill -9 at random moments: every version whose commit was called durable is
// there when the store is opened again, whole, or a later one is.
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "store_case.h"

#define ROUNDS 20
#define ZONES 6 // of which every third is large

// What the child tells, in memory that outlives it.
struct told {
	_Atomic uint32_t durable[ZONES]; // serial of the last commit called durable
	_Atomic bool failed;
};

struct pending_commit {
	struct told *told;
	unsigned zone;
	uint32_t serial;
};

static void is_durable(void *context, int error, const char *why)
{
	struct pending_commit *commit = context;
	(void)why;
	if (error != 0)
		commit->told->failed = true;
	else
		commit->told->durable[commit->zone] = commit->serial;
	free(commit);
}

static unsigned hosts_of(unsigned zone, uint32_t serial)
{
	return zone % 3 == 0 ? 3000 + serial % 50 : 5 + serial % 7;
}

static const char *name_of(unsigned zone)
{
	static char name[32];
	snprintf(name, sizeof name, "zone%u.example", zone);
	return name;
}

// The child: commits version after version until it is killed.
static void commit_for_ever(struct told *told, const uint32_t *from)
{
	struct store *store;
	struct store_state s;
	char why[256];
	uint32_t serial[ZONES];
	if (store_open(store_case_path("crash"), &store, why) != 0 || store_start(store) != 0)
		_exit(1);
	store_case_state(&s);
	memcpy(serial, from, sizeof serial);
	for (unsigned i = 0;; i = (i + 1) % ZONES) {
		struct zone_case c;
		struct pending_commit *commit = malloc(sizeof *commit);
		*commit = (struct pending_commit){ told, i, ++serial[i] };
		store_case_zone(&c, name_of(i), serial[i], hosts_of(i, serial[i]));
		s.confirmed = serial[i];
		if (store_commit(store, c.version, NULL, NULL, &s, is_durable, commit) != 0)
			_exit(2);
		store_put_state(store, zone_origin(c.version), &s);
		zone_case_end(&c);
	}
}

// Opens what the child left and checks each zone. *serial gets what was found.
static void check(const struct told *told, uint32_t *serial)
{
	struct store *store = store_case_open("crash");
	for (unsigned i = 0; i < ZONES; i++) {
		struct zone_line *line;
		const struct zone_version *version;
		struct zone_figures figures;
		struct store_state s;
		char why[256];
		assert_int_equal(zone_line_new(zone_case_name(name_of(i)), &line), 0);
		int error = store_load(store, zone_case_name(name_of(i)), line, &version, why);
		if (error == ERR_NOT_FOUND && told->durable[i] == 0) {
			zone_line_release(line);
			continue;
		}
		if (error != 0)
			fail_msg("%s: %s", name_of(i), why);
		serial[i] = zone_serial(version);
		assert_true(serial[i] >= told->durable[i]);
		zone_figures(version, &figures);
		assert_int_equal(figures.records, 2 + hosts_of(i, serial[i]));
		assert_int_equal(store_get_state(store, zone_origin(version), &s), 0);
		assert_int_equal(s.serial, serial[i]);
		assert_true(s.confirmed >= serial[i]);
		zone_release(version);
		zone_line_release(line);
	}
	store_close(store);
}

static void test_kill_at_random_moments(void **state)
{
	uint32_t serial[ZONES] = { 0 };
	unsigned seed = 20240101;
	struct told *told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	(void)state;
	assert_true(told != MAP_FAILED);
	for (int round = 0; round < ROUNDS; round++) {
		int status;
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			char why[256];
			arena_close();
			if (arena_open(ARENA_DEFAULT_RESERVE, why) != 0)
				_exit(3);
			commit_for_ever(told, serial);
		}
		usleep(5000 + (unsigned)rand_r(&seed) % 120000);
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		assert_false(told->failed);
		check(told, serial);
	}
	for (unsigned i = 0; i < ZONES; i++)
		assert_true(serial[i] > ROUNDS / 4); // the rounds did get somewhere
	munmap(told, sizeof *told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kill_at_random_moments),
	};
	return cmocka_run_group_tests(tests, store_case_open_all, store_case_close_all);
}
