// SPDX-License-Identifier: GPL-3.0-or-later
// kill -9 at random moments: every version whose commit was called durable is
// there when the store is opened again, whole, or a later one is. Versions are
// committed as deltas and as snapshots, in turn and at random; what a zone holds
// at a serial can be told from the serial alone.
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "store_chain.h"

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

#define HOSTS 4000

// Whether a host is there at a serial: at each serial one group of five comes,
// and one goes that came 40 before.
static bool has_host(unsigned zone, uint32_t serial, unsigned host)
{
	unsigned always = zone % 3 == 0 ? 3000 : 5;
	unsigned groups = serial < 40 ? serial : 40;
	if (host < always)
		return true;
	unsigned group = (host - always) / 5;
	for (unsigned back = 0; back < groups; back++)
		if ((serial - back) % 100 == group)
			return true;
	return false;
}

static unsigned first_of_group(unsigned zone, uint32_t serial)
{
	return (zone % 3 == 0 ? 3000 : 5) + serial % 100 * 5;
}

static const char *name_of(unsigned zone)
{
	static char name[32];
	snprintf(name, sizeof name, "zone%u.example", zone);
	return name;
}

// The zone at a serial, made from nothing.
static void make_zone(struct store_chain *chain, unsigned zone, uint32_t serial)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	fprintf(out, "$TTL 60\n@ SOA ns hm %u 7200 900 1209600 300\n@ NS ns\n", serial);
	for (unsigned i = 0; i < HOSTS; i++)
		if (has_host(zone, serial, i))
			fprintf(out, "host%u A 10.%u.%u.%u\n", i, i >> 16 & 255, i >> 8 & 255, i & 255);
	fclose(out);
	chain->delta = NULL;
	zone_case_begin(&chain->c, name_of(zone));
	chain->c.error = zone_file_parse(text, length, "made", zone_case_name(name_of(zone)), chain->c.draft,
	                                 &chain->c.result);
	zone_case_seal(&chain->c);
	assert_non_null(chain->c.version);
	free(text);
}

static void go_on(struct store_chain *chain, unsigned zone, uint32_t serial)
{
	const struct zone_version *before = chain->c.version;
	const uint8_t *origin = zone_origin(before);
	struct zone_draft *draft;
	struct delta_writer *writer;
	unsigned came = first_of_group(zone, serial);
	if (zone_draft_from(chain->c.line, before, &draft) != 0 || delta_writer_new(draft, 0, &writer) != 0)
		_exit(4);
	for (unsigned i = 0; i < 5; i++) {
		store_chain_host(draft, origin, came + i, true);
		if (serial > 40)
			store_chain_host(draft, origin, first_of_group(zone, serial - 40) + i, false);
	}
	store_chain_set_serial(draft, origin, serial);
	if (zone_draft_seal(draft, &chain->c.version) != 0)
		_exit(5);
	delta_release(chain->delta);
	if (delta_writer_finish(writer, before, chain->c.version, &chain->delta) != 0)
		_exit(6);
	zone_release(before);
}

// The child: commits version after version until it is killed. Where the store
// has a version already, it goes on from there.
static void commit_for_ever(struct told *told, const uint32_t *from, unsigned seed)
{
	static const struct store_keep keep = { 0, 10 };
	struct store *store;
	struct store_state s;
	struct store_chain chains[ZONES];
	char why[256];
	uint32_t serial[ZONES];
	if (store_open(store_case_path("crash"), &store, why) != 0 || store_start(store) != 0)
		_exit(1);
	store_case_state(&s);
	memcpy(serial, from, sizeof serial);
	for (unsigned i = 0; i < ZONES; i++) {
		if (serial[i] == 0)
			serial[i] = 1;
		make_zone(&chains[i], i, serial[i]);
	}
	for (unsigned i = 0;; i = (unsigned)rand_r(&seed) % ZONES) {
		struct store_chain *chain = &chains[i];
		struct pending_commit *commit = malloc(sizeof *commit);
		go_on(chain, i, ++serial[i]);
		*commit = (struct pending_commit){ told, i, serial[i] };
		s.confirmed = serial[i];
		struct delta *delta = rand_r(&seed) % 8 == 0 ? NULL : chain->delta;
		if (store_commit(store, chain->c.version, delta, &keep, &s, is_durable, commit) != 0)
			_exit(2);
		store_put_state(store, zone_origin(chain->c.version), &s);
		if (rand_r(&seed) % 4 == 0)
			usleep((unsigned)rand_r(&seed) % 3000);
	}
}

static void holds_what_it_did(unsigned zone, const struct zone_version *version)
{
	struct store_chain wanted;
	make_zone(&wanted, zone, zone_serial(version));
	char *text = zone_case_text(wanted.c.version);
	zone_case_holds(version, text);
	free(text);
	store_chain_end(&wanted);
}

struct last_step {
	unsigned count;
	uint32_t to;
};

static int see_step(void *context, const struct store_step *step)
{
	struct last_step *last = context;
	if (last->count++ > 0)
		assert_int_equal(step->from, last->to);
	last->to = step->to;
	return 0;
}

// Until the child was told of as many more durable versions; not once it has ended.
static void await_progress(pid_t child, const struct told *told, unsigned versions)
{
	uint64_t before = 0, now;
	siginfo_t ended = { 0 };
	for (unsigned i = 0; i < ZONES; i++)
		before += told->durable[i];
	do {
		usleep(200);
		now = 0;
		for (unsigned i = 0; i < ZONES; i++)
			now += told->durable[i];
		assert_int_equal(waitid(P_PID, (id_t)child, &ended, WEXITED | WNOHANG | WNOWAIT), 0);
	} while (now < before + versions && ended.si_pid == 0);
}

// Opens what the child left and checks each zone. *serial gets what was found.
static void check(const struct told *told, uint32_t *serial, unsigned *steps)
{
	struct store *store = store_case_open("crash");
	for (unsigned i = 0; i < ZONES; i++) {
		struct zone_line *line;
		const struct zone_version *version;
		struct store_state s;
		struct last_step last = { 0 };
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
		holds_what_it_did(i, version);
		assert_int_equal(store_get_state(store, zone_origin(version), &s), 0);
		assert_int_equal(s.serial, serial[i]);
		assert_true(s.confirmed >= serial[i]);
		assert_int_equal(store_history_each(store, zone_origin(version), see_step, &last), 0);
		assert_true(last.count == 0 || last.to == serial[i]);
		*steps += last.count;
		zone_release(version);
		zone_line_release(line);
	}
	store_close(store);
}

static void test_kill_at_random_moments(void **state)
{
	uint32_t serial[ZONES] = { 0 };
	unsigned seed = 20240101, steps = 0;
	unsigned rounds = getenv("UNDERSTUDY_SOAK") != NULL ? 200 : 30;
	struct told *told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	(void)state;
	assert_true(told != MAP_FAILED);
	for (unsigned round = 0; round < rounds; round++) {
		int status;
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			char why[256];
			arena_close();
			if (arena_open(ARENA_DEFAULT_RESERVE, why) != 0)
				_exit(3);
			commit_for_ever(told, serial, seed);
		}
		// Most get somewhere, however slow the disk; some end while they begin.
		if (rand_r(&seed) % 4 != 0)
			await_progress(child, told, (unsigned)rand_r(&seed) % 80);
		usleep((unsigned)rand_r(&seed) % 30000);
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		assert_false(told->failed);
		check(told, serial, &steps);
	}
	for (unsigned i = 0; i < ZONES; i++)
		assert_true(serial[i] > rounds / 4); // the rounds did get somewhere
	assert_true(steps > rounds);
	print_message("%u rounds: %u versions of zone 0, %u of zone 1, %u steps of journals\n", rounds, serial[0],
	              serial[1], steps);
	munmap(told, sizeof *told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kill_at_random_moments),
	};
	return cmocka_run_group_tests(tests, store_case_open_all, store_case_close_all);
}
