// SPDX-License-Identifier: GPL-3.0-or-later
// Writes that fail at random: disk full, half a write, an error at the sync or
// at the rename, for the database and the snapshot files alike. Each commit is
// either called durable, and then there, or fails with a reason and leaves what
// was there; and when the disk is well again, so is the store.
//
// The system calls below stand in for the C library's, for LMDB too.
#include <dlfcn.h>
#include <errno.h>
#include <sys/uio.h>

#include "base/log.h"
#include "store_chain.h"

#define ZONES 5 // the first is large

static _Atomic unsigned one_in; // 0: nothing fails
static _Atomic unsigned injected[5];
enum call { CALL_PWRITE, CALL_WRITEV, CALL_WRITE, CALL_SYNC, CALL_RENAME };

// Other threads than the test's call too, so the dice are shared and locked.
static bool fails(enum call call)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	static unsigned seed = 7;
	if (one_in == 0)
		return false;
	pthread_mutex_lock(&mutex);
	bool now = (unsigned)rand_r(&seed) % one_in == 0;
	pthread_mutex_unlock(&mutex);
	injected[call] += now;
	return now;
}

#define REAL(name) ((__typeof__(&name))(uintptr_t)dlsym(RTLD_NEXT, #name))
#define EXPORTED __attribute__((visibility("default")))

// By its plain name, which is the one that LMDB calls; ours may be pwrite64.
EXPORTED ssize_t write_at(int fd, const void *bytes, size_t length, off_t offset) __asm__("pwrite");
EXPORTED ssize_t write_at(int fd, const void *bytes, size_t length, off_t offset)
{
	if (!fails(CALL_PWRITE))
		return REAL(pwrite)(fd, bytes, length, offset);
	if (injected[CALL_PWRITE] % 2 == 0 && length > 1)
		return REAL(pwrite)(fd, bytes, length / 2, offset);
	errno = ENOSPC;
	return -1;
}

EXPORTED ssize_t writev(int fd, const struct iovec *parts, int count)
{
	if (!fails(CALL_WRITEV))
		return REAL(writev)(fd, parts, count);
	if (injected[CALL_WRITEV] % 2 == 0)
		return REAL(write)(fd, parts[0].iov_base, parts[0].iov_len / 2);
	errno = ENOSPC;
	return -1;
}

EXPORTED ssize_t write(int fd, const void *bytes, size_t length)
{
	if (!fails(CALL_WRITE))
		return REAL(write)(fd, bytes, length);
	if (injected[CALL_WRITE] % 2 == 0 && length > 1)
		return REAL(write)(fd, bytes, length / 2);
	errno = ENOSPC;
	return -1;
}

EXPORTED int fdatasync(int fd)
{
	errno = EIO;
	return fails(CALL_SYNC) ? -1 : REAL(fdatasync)(fd);
}

EXPORTED int rename(const char *from, const char *to)
{
	errno = EIO;
	return fails(CALL_RENAME) ? -1 : REAL(rename)(from, to);
}


static void hold_durable(const struct zone_version **durable, const struct store_chain *chain)
{
	if (*durable != NULL)
		zone_release(*durable);
	*durable = zone_hold(chain->c.version);
}

static const char *name_of(unsigned zone)
{
	static char name[32];
	snprintf(name, sizeof name, "zone%u.example", zone);
	return name;
}

// One version more, as a delta or whole, tried until it is stored or given up.
static bool change(struct store *store, struct store_chain *chain, unsigned *seed)
{
	static const struct store_keep keep = { 0, 6 };
	uint32_t serial = zone_serial(chain->c.version) + 1;
	unsigned first = 100000 + serial * 30;
	store_chain_next(chain, serial, first, first + 1 + (unsigned)rand_r(seed) % 30, true);
	struct delta *delta = chain->delta;
	if (rand_r(seed) % 6 == 0)
		chain->delta = NULL;
	struct store_wait wait = STORE_WAIT;
	for (unsigned attempt = 0; attempt < 3; attempt++) {
		wait.error = 0;
		store_chain_commit(store, chain, &keep, &wait);
		store_case_await(&wait, attempt + 1);
		if (wait.error == 0)
			break;
		assert_true(wait.why[0] != '\0');
	}
	chain->delta = delta;
	return wait.error == 0;
}

static void test_random_failures(void **state)
{
	struct store_chain chains[ZONES];
	const struct zone_version *durable[ZONES] = { 0 };
	struct store_wait wait = STORE_WAIT;
	unsigned seed = 11, failed = 0, rounds = getenv("UNDERSTUDY_SOAK") != NULL ? 200 : 30;
	struct store *store = store_case_open("faults");
	(void)state;
	log_set_level(LEVEL_ERROR); // warnings are what is expected here
	assert_int_equal(store_start(store), 0);
	for (unsigned i = 0; i < ZONES; i++) {
		store_chain_begin(&chains[i], name_of(i), 1, i == 0 ? 6000 : 5);
		store_chain_commit(store, &chains[i], NULL, &wait);
		hold_durable(&durable[i], &chains[i]);
	}
	store_case_await(&wait, ZONES);
	assert_int_equal(wait.error, 0);
	for (unsigned round = 0; round < rounds; round++) {
		one_in = 3 + (unsigned)rand_r(&seed) % 30;
		for (unsigned n = 0; n < 20; n++) {
			unsigned i = (unsigned)rand_r(&seed) % ZONES;
			if (change(store, &chains[i], &seed))
				hold_durable(&durable[i], &chains[i]);
			else
				failed++;
		}
		one_in = 0;
		// Well again: every zone can be stored, and is.
		for (unsigned i = 0; i < ZONES && round % 3 == 0; i++) {
			if (!change(store, &chains[i], &seed))
				fail_msg("round %u: %s cannot be stored", round, name_of(i));
			hold_durable(&durable[i], &chains[i]);
		}
		if (round % 2 == 0) {
			store_close(store);
			store = store_case_open("faults");
			assert_int_equal(store_start(store), 0);
		}
		for (unsigned i = 0; i < ZONES; i++)
			store_case_has(store, durable[i]);
	}
	print_message("%u rounds: %u commits failed; pwrite %u, writev %u, write %u, sync %u, rename %u\n", rounds,
	              failed, injected[0], injected[1], injected[2], injected[3], injected[4]);
	assert_true(failed > 0 && injected[CALL_SYNC] > 0);
	store_close(store);
	for (unsigned i = 0; i < ZONES; i++) {
		zone_release(durable[i]);
		store_chain_end(&chains[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_failures),
	};
	return cmocka_run_group_tests(tests, store_case_open_all, store_case_close_all);
}
