// SPDX-License-Identifier: GPL-3.0-or-later
// The command line of `serve`: what it accepts, and that each mistake is told
// with what to do.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "cli/serve_options.h"

#define ARGUMENTS_MOST 20

static int read_words(const char *const *words, struct serve_options *o)
{
	static char copies[ARGUMENTS_MOST][64]; // getopt_long() may reorder, and they are kept
	char *argv[ARGUMENTS_MOST + 1];
	int argc = 0;
	for (; argc < ARGUMENTS_MOST && words[argc] != NULL; argc++)
		argv[argc] = strncpy(copies[argc], words[argc], sizeof(copies[argc]) - 1);
	argv[argc] = NULL;
	return serve_options_read(&cli_serve, argc, argv, o);
}

#define READ(o, ...) read_words((const char *const[]){ "serve", __VA_ARGS__, NULL }, o)

static void a_configuration_is_enough(void **state)
{
	struct serve_options o;
	(void)state;
	assert_int_equal(READ(&o, "-c", "named.conf"), 0);
	assert_string_equal(o.daemon.config_path, "named.conf");
	assert_int_equal(o.daemon.overrides.listen_count, 0);
	assert_false(o.daemon.level_given);
	serve_options_free(&o);
}

static void overrides_may_be_repeated(void **state)
{
	struct serve_options o;
	(void)state;
	assert_int_equal(READ(&o, "-c", "nsd.conf", "--listen", "127.0.0.1@5300", "--listen=::1@5300",
	                      "--state-dir", "/s", "--workers", "3", "--user", "dns", "-v"), 0);
	assert_int_equal(o.daemon.overrides.listen_count, 2);
	assert_string_equal(o.daemon.overrides.listen[0], "127.0.0.1@5300");
	assert_string_equal(o.daemon.overrides.listen[1], "::1@5300");
	assert_string_equal(o.daemon.overrides.state_dir, "/s");
	assert_string_equal(o.daemon.overrides.user, "dns");
	assert_int_equal(o.daemon.overrides.workers, 3);
	assert_true(o.daemon.level_given);
	assert_int_equal(o.daemon.level, LEVEL_DEBUG);
	serve_options_free(&o);
}

static void zones_may_be_named_instead(void **state)
{
	struct serve_options o;
	(void)state;
	assert_int_equal(READ(&o, "--secondary", "example.com", "--secondary", "example.net",
	                      "--primary", "192.0.2.1@53", "--key", "k:hmac-sha256:/f",
	                      "--log-level", "warning"), 0);
	assert_null(o.daemon.config_path);
	assert_int_equal(o.daemon.arguments.secondary_count, 2);
	assert_string_equal(o.daemon.arguments.secondaries[1], "example.net");
	assert_int_equal(o.daemon.arguments.primary_count, 1);
	assert_string_equal(o.daemon.arguments.key, "k:hmac-sha256:/f");
	assert_int_equal(o.daemon.level, LEVEL_WARNING);
	serve_options_free(&o);
}

static void mistakes_are_refused(void **state)
{
	static const char *const lines[][5] = {
		{ NULL },                                       // nothing to serve
		{ "-c" },                                       // no value
		{ "named.conf" },                               // -c forgotten
		{ "--secondary", "example.com" },               // from whom?
		{ "--primary", "192.0.2.1" },                   // which zone?
		{ "-c", "f", "--primary", "192.0.2.1" },        // both ways
		{ "-c", "f", "--workers", "0" },
		{ "-c", "f", "--workers", "many" },
		{ "-c", "f", "--log-level", "loud" },
		{ "-c", "f", "--daemonise" },
		{ "-c", "f", "-x" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct serve_options o;
		const char *words[7] = { "serve" };
		memcpy(words + 1, lines[i], sizeof(lines[i]));
		assert_int_equal(read_words(words, &o), EXIT_USAGE);
		serve_options_free(&o);
	}
}

static void verbs_are_found_by_name(void **state)
{
	(void)state;
	assert_ptr_equal(cli_find("check-config"), &cli_check_config);
	assert_null(cli_find("chek-config"));
	for (const struct cli_verb *const *verb = cli_verbs; *verb != NULL; verb++) {
		assert_ptr_equal(cli_find((*verb)->name), *verb);
		assert_non_null(strstr((*verb)->usage, (*verb)->name));
	}
}

static void unknown_verbs_are_usage_errors(void **state)
{
	char *nothing[] = { (char[]){ "understudy" }, NULL };
	char *wrong[] = { (char[]){ "understudy" }, (char[]){ "serv" }, NULL };
	(void)state;
	assert_int_equal(cli_run(1, nothing), EXIT_USAGE);
	assert_int_equal(cli_run(2, wrong), EXIT_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_configuration_is_enough),
		cmocka_unit_test(overrides_may_be_repeated),
		cmocka_unit_test(zones_may_be_named_instead),
		cmocka_unit_test(mistakes_are_refused),
		cmocka_unit_test(verbs_are_found_by_name),
		cmocka_unit_test(unknown_verbs_are_usage_errors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
