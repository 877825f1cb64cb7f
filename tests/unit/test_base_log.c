// SPDX-License-Identifier: GPL-3.0-or-later
// What the log promises: one line an event, escaped, cut, bounded.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/log_record.h"

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

// How many more than a burst a rate may let through since then: the machine may
// have let us wait meanwhile.
static uint64_t since(uint64_t began_ms, unsigned per_second)
{
	return (clock_boot_ms() + 1 - began_ms) * per_second / 1000 + 1;
}

static void a_limit_lets_a_burst_through_and_counts_the_rest(void **state)
{
	(void)state;
	struct log_limit limit = { 10, 5, 0 };
	uint64_t suppressed = 99, refused = 0, began = clock_boot_ms();
	unsigned allowed = 0;
	for (int i = 0; i < 1000; i++) {
		bool allows = log_limit_allows(&limit, NULL);
		allowed += allows;
		refused = allows ? 0 : refused + 1; // since the last that was allowed
	}
	assert_in_range(allowed, 5, 5 + since(began, 10));
	usleep(150 * 1000);
	assert_true(log_limit_allows(&limit, &suppressed));
	assert_int_equal(suppressed, refused);
	usleep(150 * 1000);
	assert_true(log_limit_allows(&limit, &suppressed));
	assert_int_equal(suppressed, 0); // told once
}

static void a_flood_is_bounded_and_counted(void **state)
{
	uint64_t began = clock_boot_ms();
	(void)state;
	capture_begin();
	for (int i = 0; i < 50000; i++)
		log_line(LEVEL_INFO, NULL, "flood");
	usleep(20 * 1000);
	log_line(LEVEL_INFO, NULL, "after");
	const char *text = capture_end();
	// Of what the tests before left; each gap in it may be told of in one more.
	assert_in_range(count_lines(text), 500, 2 * (2000 + since(began, 500)));
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

// --- events

static void an_event(void)
{
	log_event(LEVEL_INFO, "transfer-in", "example.com",
	          LOG_FIELDS(log_text("primary", "192.0.2.1@53"), log_text("key", NULL), log_number("serial", 7),
	                     log_text("reason", "it said \"no\\\""), log_number_if(false, "old_serial", 3)),
	          "transfer from %s failed", "192.0.2.1@53");
}

static void an_event_as_text_is_its_sentence(void **state)
{
	(void)state;
	capture_begin();
	an_event();
	assert_string_equal(capture_end() + 24, " info: example.com: transfer from 192.0.2.1@53 failed\n");
}

static void an_event_as_logfmt_has_keys_and_values(void **state)
{
	(void)state;
	log_set_format(LOG_AS_LOGFMT);
	capture_begin();
	an_event();
	const char *text = capture_end();
	log_set_format(LOG_AS_TEXT);
	assert_memory_equal(text, "time=", 5);
	assert_string_equal(text + 5 + 24, " level=info zone=example.com event=transfer-in "
	                    "msg=\"transfer from 192.0.2.1@53 failed\" primary=192.0.2.1@53 serial=7 "
	                    "reason=\"it said \\\"no\\\\\\\"\"\n");
}

static void an_event_as_json_is_an_object(void **state)
{
	(void)state;
	log_set_format(LOG_AS_JSON);
	capture_begin();
	an_event();
	log_line(LEVEL_ERROR, "/var/lib/x", "a\nb \xff \xc3\xa9 \xc2\x9b" "31m");
	const char *text = capture_end();
	log_set_format(LOG_AS_TEXT);
	assert_memory_equal(text, "{\"time\":\"", 9);
	const char *second = strchr(text, '\n') + 1;
	assert_memory_equal(text + 9 + 24, "\",\"level\":\"info\",\"zone\":\"example.com\",\"event\":\"transfer-in\","
	                    "\"message\":\"transfer from 192.0.2.1@53 failed\",\"primary\":\"192.0.2.1@53\",\"serial\":7,"
	                    "\"reason\":\"it said \\\"no\\\\\\\"\"}\n", (size_t)(second - text) - 9 - 24);
	assert_string_equal(second + 9 + 24, "\",\"level\":\"error\",\"file\":\"/var/lib/x\","
	                    "\"message\":\"a\\\\x0ab \\\\xff \xc3\xa9 \\\\xc2\\\\x9b31m\"}\n");
}

// Whatever is too long, a line ends as its form wants, within a pipe's bounds.
static void what_is_too_long_is_still_well_formed(void **state)
{
	(void)state;
	static char long_text[6000];
	char line[LOG_LINE_MOST];
	struct log_field fields[21] = { 0 };
	const struct log_record record = { .level = LEVEL_INFO, .event = "e", .subject = long_text, .fields = fields,
	                                   .message = long_text };
	static const char *const fillings[] = { "x", "\"", "\\", "\x01", "\xc3\xa9", "\xf0\x9f\x98\x80" };
	for (size_t f = 0; f < sizeof(fillings) / sizeof(fillings[0]); f++) {
		size_t piece = strlen(fillings[f]);
		for (size_t length = 0; length + piece < sizeof(long_text) - 1; length += f == 0 ? 1 : piece) {
			memcpy(long_text + length, fillings[f], piece);
			long_text[length + piece] = '\0';
			if (length % 7 != 0 && length > 20)
				continue;
			for (size_t i = 0; i < 20; i++)
				fields[i] = log_text("field", long_text);
			size_t n = log_render(LOG_AS_JSON, &record, line);
			assert_in_range(n, 1, LOG_LINE_MOST);
			assert_memory_equal(line + n - 2, "}\n", 2);
			assert_true(line[n - 3] == '"');
			n = log_render(LOG_AS_LOGFMT, &record, line);
			assert_in_range(n, 1, LOG_LINE_MOST);
			n = log_render_journal(&record, line);
			assert_in_range(n, 1, LOG_LINE_MOST);
			assert_int_equal(line[n - 1], '\n');
			n = log_render_syslog(LOG_AS_JSON, 3, &record, line);
			assert_in_range(n, 1, LOG_LINE_MOST);
			assert_int_equal(line[n - 1], '}');
		}
	}
}

// --- sockets

static int listen_at(char path[static 64])
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	snprintf(path, 64, "/tmp/test_base_log.%d", (int)getpid());
	unlink(path);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void the_journal_gets_fields(void **state)
{
	(void)state;
	char path[64], text[LOG_LINE_MOST + 1];
	int fd = listen_at(path);
	log_set_sockets(path, NULL);
	log_open(LOG_TO_JOURNAL);
	an_event();
	log_open(LOG_TO_STDERR);
	ssize_t n = recv(fd, text, sizeof(text) - 1, 0);
	assert_true(n > 0);
	text[n] = '\0';
	assert_string_equal(text, "PRIORITY=6\nSYSLOG_IDENTIFIER=understudy\n"
	                    "MESSAGE=example.com: transfer from 192.0.2.1@53 failed\nZONE=example.com\nEVENT=transfer-in\n"
	                    "PRIMARY=192.0.2.1@53\nSERIAL=7\nREASON=it said \"no\\\"\n");
	unlink(path);
	close(fd);
}

static void syslog_gets_a_sentence(void **state)
{
	(void)state;
	char path[64], text[LOG_LINE_MOST + 1], wanted[200];
	int fd = listen_at(path);
	log_set_sockets(NULL, path);
	log_set_facility(16); // local0
	log_open(LOG_TO_SYSLOG);
	an_event();
	log_open(LOG_TO_STDERR);
	ssize_t n = recv(fd, text, sizeof(text) - 1, 0);
	assert_true(n > 0);
	text[n] = '\0';
	snprintf(wanted, sizeof(wanted), " understudy[%d]: example.com: transfer from 192.0.2.1@53 failed", (int)getpid());
	assert_memory_equal(text, "<134>", 5);
	assert_string_equal(text + 5 + strlen("Nov 22 21:00:00"), wanted);
	unlink(path);
	close(fd);
}

static void a_journal_that_does_not_read_holds_nobody_up(void **state)
{
	(void)state;
	char path[64], text[LOG_LINE_MOST + 1];
	int fd = listen_at(path), size = 4096;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	log_set_sockets(path, NULL);
	log_open(LOG_TO_JOURNAL);
	for (int i = 0; i < 900; i++)
		log_line(LEVEL_ERROR, NULL, "line %d", i);
	unsigned read = 0;
	while (recv(fd, text, sizeof(text), 0) > 0)
		read++;
	assert_in_range(read, 1, 899);
	log_line(LEVEL_ERROR, NULL, "and on it goes");
	log_open(LOG_TO_STDERR);
	ssize_t n = recv(fd, text, sizeof(text) - 1, 0);
	assert_true(n > 0);
	text[n] = '\0';
	assert_non_null(strstr(text, " lines were lost here: nobody read the log\nEVENT=log-lost\nCOUNT="));
	n = recv(fd, text, sizeof(text) - 1, 0);
	assert_true(n > 0);
	unlink(path);
	close(fd);
}

static void without_a_journal_standard_error_has_it(void **state)
{
	(void)state;
	log_set_sockets("/nowhere/at/all", NULL);
	log_open(LOG_TO_JOURNAL);
	capture_begin();
	log_line(LEVEL_ERROR, NULL, "heard");
	assert_string_equal(capture_end() + 24, " error: heard\n");
	log_open(LOG_TO_STDERR);
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
	uint64_t ms = clock_boot_ms(), ns = clock_boot_ns(), later = clock_boot_ms();
	assert_in_range(ns / 1000000, ms, later);
	int64_t s = clock_wall_s(), wall_ns = clock_wall_ns(), later_s = clock_wall_s();
	assert_in_range((uint64_t)(wall_ns / 1000000000), (uint64_t)s, (uint64_t)later_s);
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
		cmocka_unit_test(an_event_as_text_is_its_sentence),
		cmocka_unit_test(an_event_as_logfmt_has_keys_and_values),
		cmocka_unit_test(an_event_as_json_is_an_object),
		cmocka_unit_test(what_is_too_long_is_still_well_formed),
		cmocka_unit_test(the_journal_gets_fields),
		cmocka_unit_test(syslog_gets_a_sentence),
		cmocka_unit_test(without_a_journal_standard_error_has_it),
		cmocka_unit_test(a_journal_that_does_not_read_holds_nobody_up),
		cmocka_unit_test(every_code_has_a_text),
		cmocka_unit_test(clocks_agree_with_each_other),
		cmocka_unit_test(a_flood_is_bounded_and_counted), // last: it drains the log
	};
	log_open(LOG_TO_STDERR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
