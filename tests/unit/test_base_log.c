// SPDX-License-Identifier: GPL-3.0-or-later
// What the log promises: one line an event, escaped, cut, bounded.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"

static char captured[4 << 20];
static int saved_stderr, file;

static void capture_begin(void)
{
	char path[] = "/tmp/test_base_log.XXXXXX";
	file = mkstemp(path);
	assert_true(file >= 0);
	unlink(path);
	saved_stderr = dup(STDERR_FILENO);
	dup2(file, STDERR_FILENO);
}

static const char *capture_end(void)
{
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	ssize_t n = pread(file, captured, sizeof(captured) - 1, 0);
	close(file);
	assert_true(n >= 0);
	captured[n] = '\0';
	return captured;
}

static unsigned count_lines(const char *text)
{
	unsigned lines = 0;
	for (; *text != '\0'; text++)
		lines += *text == '\n';
	return lines;
}

static void a_line_has_time_level_subject_and_message(void **state)
{
	(void)state;
	capture_begin();
	log_line(LEVEL_WARNING, "example.com", "transfer from %s failed", "192.0.2.1");
	const char *text = capture_end();
	assert_int_equal(count_lines(text), 1);
	// 2026-01-01T00:00:00.000Z
	assert_true(text[4] == '-' && text[10] == 'T' && text[19] == '.' && text[23] == 'Z');
	assert_string_equal(text + 24, " warning: example.com: transfer from 192.0.2.1 failed\n");
}

static void a_line_without_subject_is_the_message_alone(void **state)
{
	(void)state;
	capture_begin();
	log_line(LEVEL_ERROR, NULL, "out of files");
	assert_string_equal(capture_end() + 24, " error: out of files\n");
}

static void control_bytes_cannot_forge_a_line(void **state)
{
	(void)state;
	capture_begin();
	log_line(LEVEL_INFO, "a\nb", "x\x1b[31m\ry\x7f\tz");
	assert_string_equal(capture_end() + 24,
	                    " info: a\\x0ab: x\\x1b[31m\\x0dy\\x7f\\x09z\n");
}

static void a_long_message_is_cut(void **state)
{
	(void)state;
	static char message[5000];
	memset(message, 'x', sizeof(message) - 1);
	capture_begin();
	log_line(LEVEL_INFO, "zone", "%s", message);
	const char *text = capture_end();
	assert_int_equal(count_lines(text), 1);
	assert_int_equal(strlen(text), 24 + strlen(" info: ") + 2000 + 1);
	assert_string_equal(text + strlen(text) - 4, "...\n");
}

static void what_is_below_the_level_is_not_written(void **state)
{
	(void)state;
	assert_int_equal(log_get_level(), LEVEL_INFO);
	capture_begin();
	log_line(LEVEL_DEBUG, NULL, "hidden");
	log_set_level(LEVEL_DEBUG);
	log_line(LEVEL_DEBUG, NULL, "shown");
	log_set_level(LEVEL_ERROR);
	log_line(LEVEL_WARNING, NULL, "hidden");
	log_set_level(LEVEL_INFO);
	assert_string_equal(capture_end() + 24, " debug: shown\n");
}

static void errno_survives_a_line(void **state)
{
	(void)state;
	capture_begin();
	errno = ENOSPC;
	log_line(LEVEL_INFO, NULL, "no room");
	assert_int_equal(errno, ENOSPC);
	capture_end();
}

static void a_limit_lets_a_burst_through_and_counts_the_rest(void **state)
{
	(void)state;
	struct log_limit limit = { 10, 5, 0 };
	uint64_t suppressed = 99;
	unsigned allowed = 0;
	for (int i = 0; i < 1000; i++)
		allowed += log_limit_allows(&limit, NULL);
	assert_in_range(allowed, 5, 7);
	usleep(150 * 1000);
	assert_true(log_limit_allows(&limit, &suppressed));
	assert_in_range(suppressed, 993, 995);
	usleep(150 * 1000);
	assert_true(log_limit_allows(&limit, &suppressed));
	assert_int_equal(suppressed, 0); // told once
}

static void a_flood_is_bounded_and_counted(void **state)
{
	(void)state;
	capture_begin();
	for (int i = 0; i < 50000; i++)
		log_line(LEVEL_INFO, NULL, "flood");
	usleep(20 * 1000);
	log_line(LEVEL_INFO, NULL, "after");
	const char *text = capture_end();
	assert_in_range(count_lines(text), 1500, 4000);
	assert_non_null(strstr(text, "lines were left out here"));
	assert_non_null(strstr(text, "after"));
}

static void a_pipe_that_nobody_reads_holds_nobody_up(void **state)
{
	(void)state;
	static char text[1 << 20];
	int pipes[2], before = dup(STDERR_FILENO);
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	assert_true(fcntl(pipes[1], F_SETPIPE_SZ, 16384) > 0);
	dup2(pipes[1], STDERR_FILENO);
	for (int i = 0; i < 200; i++)
		log_line(LEVEL_ERROR, NULL, "line %d, with enough behind it to fill a page of a pipe some time", i);
	ssize_t length = read(pipes[0], text, sizeof(text)); // the reader is back
	log_line(LEVEL_ERROR, NULL, "and on it goes");
	dup2(before, STDERR_FILENO);
	close(pipes[1]);
	assert_true(length > 0);
	assert_memory_equal(text + length - 1, "\n", 1); // whole lines
	ssize_t more = read(pipes[0], text, sizeof(text) - 1);
	assert_true(more > 0);
	text[more] = '\0';
	assert_non_null(strstr(text, " lines were lost here: nobody read the log\n"));
	assert_non_null(strstr(text, "and on it goes\n"));
	close(pipes[0]);
	close(before);
}

static void every_code_has_a_text(void **state)
{
	(void)state;
	for (int code = ERR_TIME; code <= ERR_OK; code++) {
		assert_non_null(error_text(code));
		assert_string_not_equal(error_text(code), "unknown error");
	}
	assert_string_equal(error_text(ERR_MEMORY), "out of memory");
	assert_string_equal(error_text(-1000), "unknown error");
	assert_string_equal(error_text(7), "unknown error");
}

static void clocks_agree_with_each_other(void **state)
{
	(void)state;
	uint64_t ms = clock_boot_ms(), ns = clock_boot_ns();
	assert_in_range(ns / 1000000, ms, ms + 1000);
	int64_t s = clock_wall_s();
	assert_in_range((uint64_t)(clock_wall_ns() / 1000000000), (uint64_t)s, (uint64_t)s + 1);
	assert_true(clock_boot_ns() >= ns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_has_time_level_subject_and_message),
		cmocka_unit_test(a_line_without_subject_is_the_message_alone),
		cmocka_unit_test(control_bytes_cannot_forge_a_line),
		cmocka_unit_test(a_long_message_is_cut),
		cmocka_unit_test(what_is_below_the_level_is_not_written),
		cmocka_unit_test(errno_survives_a_line),
		cmocka_unit_test(a_limit_lets_a_burst_through_and_counts_the_rest),
		cmocka_unit_test(a_pipe_that_nobody_reads_holds_nobody_up),
		cmocka_unit_test(every_code_has_a_text),
		cmocka_unit_test(clocks_agree_with_each_other),
		cmocka_unit_test(a_flood_is_bounded_and_counted), // last: it drains the log
	};
	log_open(LOG_TO_STDERR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
