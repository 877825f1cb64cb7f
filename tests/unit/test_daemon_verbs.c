// SPDX-License-Identifier: GPL-3.0-or-later
// The control socket's verbs refuse what they do not understand in words, and
// the state directory is found the same way by all.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/epoch.h"
#include "base/error.h"
#include "daemon/place.h"
#include "daemon/protocol.h"
#include "daemon/verbs.h"

static struct server server;

static int say(const char *request, char *text, size_t room)
{
	FILE *reply = fmemopen(text, room, "w");
	assert_non_null(reply);
	int code = verbs_run(&server, request, strlen(request), reply);
	fclose(reply);
	return code;
}

static void nonsense_is_refused_in_words(void **state)
{
	char text[512];
	(void)state;
	assert_int_equal(say("status", text, sizeof(text)), EXIT_USAGE);
	assert_non_null(strstr(text, "not JSON"));
	assert_int_equal(say("{}", text, sizeof(text)), EXIT_USAGE);
	assert_int_equal(say("[1,2]", text, sizeof(text)), EXIT_USAGE);
	assert_int_equal(say("{\"verb\":7}", text, sizeof(text)), EXIT_USAGE);
	assert_int_equal(say("{\"verb\":\"explode\"}", text, sizeof(text)), EXIT_USAGE);
	assert_string_equal(text, "the server does not know the verb explode\n");
}

static void zones_are_asked_for_where_they_are_needed(void **state)
{
	char text[512];
	(void)state;
	assert_int_equal(say("{\"verb\":\"refresh\"}", text, sizeof(text)), EXIT_USAGE);
	assert_string_equal(text, "refresh: name a zone, or say --all\n");
	assert_int_equal(say("{\"verb\":\"stop\",\"zone\":\"example.com\"}", text, sizeof(text)), EXIT_USAGE);
	assert_string_equal(text, "stop: takes no zone\n");
	assert_int_equal(say("{\"verb\":\"status\",\"zone\":\"a..b\"}", text, sizeof(text)), EXIT_USAGE);
	assert_string_equal(text, "a..b: no domain name\n");
}

static void a_server_that_ends_takes_no_orders(void **state)
{
	char text[512];
	(void)state;
	server.reads_end = true;
	assert_int_equal(say("{\"verb\":\"reload\"}", text, sizeof(text)), EXIT_FAILED);
	assert_string_equal(text, "the server is ending\n");
	assert_int_equal(say("{\"verb\":\"status\"}", text, sizeof(text)), EXIT_FAILED);
	assert_int_equal(say("{\"verb\":\"version\"}", text, sizeof(text)), EXIT_GOOD);
	server.reads_end = false;
}

static void the_state_directory_is_absolute(void **state)
{
	char path[PATH_MAX], here[PATH_MAX - 8], expected[PATH_MAX];
	(void)state;
	assert_int_equal(place_state_dir("/var/lib/elsewhere", path), 0);
	assert_string_equal(path, "/var/lib/elsewhere");
	assert_non_null(getcwd(here, sizeof(here)));
	snprintf(expected, sizeof(expected), "%s/state", here);
	assert_int_equal(place_state_dir("state", path), 0);
	assert_string_equal(path, expected);
}

static void a_long_path_is_reached_through_its_directory(void **state)
{
	char path[256] = "/tmp/understudy-place-XXXXXX";
	struct sockaddr_un address;
	int directory;
	(void)state;
	assert_non_null(mkdtemp(path));
	assert_int_equal(place_socket(path, &address, &directory), 0);
	assert_int_equal(directory, -1);
	assert_non_null(strstr(address.sun_path, "/control.sock"));
	size_t base = strlen(path);
	memset(path + base, 'x', 120);
	path[base] = '/';
	path[base + 120] = '\0';
	assert_int_equal(place_socket(path, &address, &directory), ERR_IO); // it does not exist
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(place_socket(path, &address, &directory), 0);
	assert_true(directory >= 0);
	assert_int_equal(strncmp(address.sun_path, "/proc/self/fd/", 14), 0);
	close(directory);
	rmdir(path);
	path[base] = '\0';
	rmdir(path);
}

static int setup(void **state)
{
	(void)state;
	pthread_rwlock_init(&server.reading, NULL);
	epoch_register();
	epoch_offline();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	epoch_online();
	epoch_unregister();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nonsense_is_refused_in_words),
		cmocka_unit_test(zones_are_asked_for_where_they_are_needed),
		cmocka_unit_test(a_server_that_ends_takes_no_orders),
		cmocka_unit_test(the_state_directory_is_absolute),
		cmocka_unit_test(a_long_path_is_reached_through_its_directory),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
