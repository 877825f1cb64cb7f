// SPDX-License-Identifier: GPL-3.0-or-later
// Reading a configuration while each allocation in turn fails: the reload ends
// with "out of memory", the process goes on, nothing is lost.
#include <unistd.h>

#include "base/error.h"
#include "config_case.h"

static unsigned fail_at, asked; // 0: never

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static bool fails(void)
{
	return fail_at && ++asked == fail_at;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return fails() ? NULL : __real_realloc(old, size);
}

static void read_with_each_failing(const char *path)
{
	unsigned refused = 0;
	for (unsigned n = 1; n < 10000; n++) {
		struct config_report report = {0};
		struct config *config;
		fail_at = n;
		asked = 0;
		int result = config_read_file(path, NULL, &report, &config);
		bool was_reached = asked >= n;
		fail_at = 0;
		config_report_free(&report);
		if (result == 0) {
			assert_non_null(config);
			config_release(config);
			if (!was_reached) {
				print_message("%s: %u allocations, %u of them fatal\n", path, n - 1, refused);
				assert_true(refused > 5);
				return;
			}
		} else {
			assert_null(config);
			assert_true(result == ERR_MEMORY || result == ERR_FORMAT);
			refused++;
		}
	}
	fail_msg("%s: no end", path);
}

static void named_conf(void **state)
{
	(void)state;
	read_with_each_failing("named-everything.conf");
	read_with_each_failing("debian-bind.conf");
}

static void nsd_conf(void **state)
{
	(void)state;
	read_with_each_failing("nsd-everything.conf");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(named_conf),
		cmocka_unit_test(nsd_conf),
	};
	if (chdir(CONFIG_FIXTURES) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
