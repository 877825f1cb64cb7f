// SPDX-License-Identifier: GPL-3.0-or-later
// The operator's own program: what it is given, and what its end means.
#include "zone_case.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/child.h"
#include "guard/verifier.h"

static char folder[] = "/tmp/verifier-XXXXXX";
static struct zone_case zone;

static int open_all(void **state)
{
	assert_non_null(mkdtemp(folder));
	signal(SIGPIPE, SIG_IGN);
	if (zone_case_open(state) != 0)
		return -1;
	zone_case_parse(&zone, ZONE_HEAD "www 60 A 192.0.2.1\n");
	return zone.error;
}

static int close_all(void **state)
{
	char command[64];
	zone_case_end(&zone);
	snprintf(command, sizeof command, "rm -rf %s", folder);
	assert_int_equal(system(command), 0);
	return zone_case_close(state);
}

// A script under that name in the folder; its path.
static const char *script(const char *name, const char *text)
{
	static char path[128];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	fprintf(file, "#!/bin/sh\n%s\n", text);
	fclose(file);
	assert_int_equal(chmod(path, 0755), 0);
	return path;
}

static const char *contents(const char *name)
{
	static char text[4096];
	char path[128];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return "";
	text[fread(text, 1, sizeof text - 1, file)] = '\0';
	fclose(file);
	return text;
}

static struct guard_verdict verdict;

static int run(const char *command, uint32_t timeout)
{
	struct verifier verifier = { .command = command, .timeout = timeout };
	return verifier_run(zone.version, &verifier, &verdict);
}

static void holds(const char *command, uint32_t timeout, const char *wanted)
{
	char text[256];
	assert_int_equal(run(command, timeout), ERR_HELD);
	assert_string_equal(verdict.check, "verifier");
	snprintf(text, sizeof text, "the verifier %.60s %s", command, wanted);
	assert_string_equal(verdict.text, text);
}

static void test_it_gets_the_zone_and_says_yes(void **state)
{
	char command[256];
	(void)state;
	snprintf(command, sizeof command, "%s '%s/a b'", script("keep", "cat > \"$1\"; env | grep VERIFY_ | sort > \"$1.env\""),
	         folder);
	assert_int_equal(run(command, 60), 0);
	assert_null(verdict.check);
	const char *text = contents("a b");
	assert_true(strncmp(text, "; example.com. serial 1,", 24) == 0);
	assert_non_null(strstr(text, "\nwww.example.com. 60 IN A 192.0.2.1\n"));
	assert_string_equal(contents("a b.env"), "VERIFY_ZONE=example.com\nVERIFY_ZONE_ON_STDIN=yes\n");
}

static void test_what_it_says_last_is_told(void **state)
{
	(void)state;
	holds(script("no", "cat >/dev/null; echo looking; echo 'the MX went' >&2; exit 3"), 60,
	      "said no, with exit code 3: \"the MX went\"");
	holds(script("mute", "exit 1"), 60, "said no, with exit code 1");
}

static void test_a_crash_is_a_no(void **state)
{
	(void)state;
	holds(script("crash", "kill -SEGV $$"), 60, "was ended by signal 11 (Segmentation fault)");
}

static void test_what_cannot_be_started_is_a_no(void **state)
{
	(void)state;
	holds("/nonexistent/verifier", 60, "cannot be started: No such file or directory");
	holds("'unended", 60, "is no command: a quote does not end");
}

// A named pipe in the folder, open for reading; its path. Whoever writes to it
// can be awaited: reading ends when the last of them has.
static int pipe_named(const char *name, char path[static 128])
{
	snprintf(path, 128, "%s/%s", folder, name);
	assert_int_equal(mkfifo(path, 0600), 0);
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void test_it_is_killed_with_its_children_when_time_is_up(void **state)
{
	char path[128], text[256], byte;
	(void)state;
	int alive = pipe_named("alive", path);
	snprintf(text, sizeof text, "exec 7>%s; echo thinking; sleep 1000 & wait", path);
	uint64_t before = clock_boot_ms();
	holds(script("slow", text), 3, "gave no verdict within 3 s and was killed: \"thinking\"");
	assert_true(clock_boot_ms() - before >= 3000);
	// The sleeper holds it open too, and sleeps for longer than a test may take.
	assert_int_equal(fcntl(alive, F_SETFL, 0), 0);
	assert_int_equal(read(alive, &byte, 1), 0);
	close(alive);
}

// It would sleep for longer than a test may take, and there is no limit.
static void test_it_can_be_cancelled(void **state)
{
	atomic_bool cancelled = true;
	struct verifier verifier = { .command = script("sleeper", "sleep 1000"), .cancelled = &cancelled };
	(void)state;
	assert_int_equal(verifier_run(zone.version, &verifier, &verdict), ERR_CLOSED);
}

static void test_it_need_not_read_the_zone(void **state)
{
	struct zone_case small = zone;
	size_t room = 4 << 20, at = 0;
	char *text = malloc(room);
	(void)state;
	at += (size_t)sprintf(text, ZONE_HEAD);
	for (unsigned i = 0; i < 60000; i++)
		at += (size_t)sprintf(text + at, "host%u 60 A 192.0.2.1\n", i);
	zone_case_parse(&zone, text);
	assert_int_equal(run("/bin/true", 60), 0);
	holds("/bin/false", 60, "said no, with exit code 1");
	holds(script("closes", "exec <&-; sleep 0.3; exit 4"), 60, "said no, with exit code 4");
	// Nor may it print it all at the same time without either waiting for the other.
	log_set_level(LEVEL_ERROR);
	assert_int_equal(run("/bin/cat", 60), 0);
	log_set_level(LEVEL_INFO);
	zone_case_end(&zone);
	zone = small;
	free(text);
}

// Whoever stays behind in the background holds nobody up.
static void test_only_its_own_end_counts(void **state)
{
	char path[128], text[256];
	(void)state;
	int alive = pipe_named("behind", path);
	snprintf(text, sizeof text, "exec 7>%s; sleep 1000 & echo $! > %s/left; exit 0", path, folder);
	assert_int_equal(run(script("leaves", text), 60), 0);
	// It is still there.
	char byte;
	assert_int_equal(read(alive, &byte, 1), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(kill((pid_t)strtol(contents("left"), NULL, 10), SIGKILL), 0);
	close(alive);
}

static void test_it_gets_no_descriptor_and_no_signal_of_ours(void **state)
{
	int leak[2];
	char text[256];
	(void)state;
	assert_int_equal(pipe(leak), 0);
	snprintf(text, sizeof text, "ls /proc/$$/fd > %s/fds; grep SigIgn /proc/self/status > %s/ignored", folder, folder);
	assert_int_equal(run(script("looks", text), 60), 0);
	assert_null(strstr(contents("fds"), "\n3\n"));
	uint64_t ignored = strtoull(contents("ignored") + strlen("SigIgn:\t"), NULL, 16);
	assert_int_equal(ignored >> (SIGPIPE - 1) & 1, 0);
	close(leak[0]);
	close(leak[1]);
}

// Whoever started us may ignore SIGCHLD, and that is inherited. Nothing is left
// of such a program, even before it is looked for.
static void test_a_lost_exit_code_is_no_yes(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 32; i++) {
		signal(SIGCHLD, SIG_IGN);
		int error = run("false", 60);
		signal(SIGCHLD, SIG_DFL);
		assert_int_equal(error, ERR_HELD);
		assert_non_null(strstr(verdict.text, "its exit code was lost"));
	}
}

static void test_words(void **state)
{
	char **words = child_words("  check  --name \"a b\" 'c \"d' e'f g'h \"\" ");
	const char *wanted[] = { "check", "--name", "a b", "c \"d", "ef gh", "" };
	(void)state;
	assert_non_null(words);
	for (unsigned i = 0; i < 6; i++)
		assert_string_equal(words[i], wanted[i]);
	assert_null(words[6]);
	free(words);
	assert_null(child_words("  "));
	assert_null(child_words("a 'b"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_gets_the_zone_and_says_yes),
		cmocka_unit_test(test_what_it_says_last_is_told),
		cmocka_unit_test(test_a_crash_is_a_no),
		cmocka_unit_test(test_what_cannot_be_started_is_a_no),
		cmocka_unit_test(test_it_is_killed_with_its_children_when_time_is_up),
		cmocka_unit_test(test_it_can_be_cancelled),
		cmocka_unit_test(test_it_need_not_read_the_zone),
		cmocka_unit_test(test_only_its_own_end_counts),
		cmocka_unit_test(test_it_gets_no_descriptor_and_no_signal_of_ours),
		cmocka_unit_test(test_a_lost_exit_code_is_no_yes),
		cmocka_unit_test(test_words),
	};
	return cmocka_run_group_tests(tests, open_all, close_all);
}
