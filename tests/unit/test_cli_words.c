// SPDX-License-Identifier: GPL-3.0-or-later
// What a command line becomes, and that the words of other servers lead somewhere.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "cli/alias.h"
#include "cli/words.h"

// The words of a line, read; the code is 0 where it is good.
static int read_line(const struct cli_verb *verb, const char *line, struct cli_words *words)
{
	static char copy[256];
	char *argv[32], *rest;
	int argc = 0;
	snprintf(copy, sizeof(copy), "%s", line);
	for (char *word = strtok_r(copy, " ", &rest); word != NULL && argc < 31; word = strtok_r(NULL, " ", &rest))
		argv[argc++] = word;
	argv[argc] = NULL;
	return cli_words_read(verb, argc, argv, words);
}

static void refused(const struct cli_verb *verb, const char *line)
{
	struct cli_words words;
	assert_int_equal(read_line(verb, line, &words), EXIT_USAGE + 1);
	cli_words_free(&words);
}

static void several_zones_and_options_anywhere(void **state)
{
	struct cli_words words;
	(void)state;
	assert_int_equal(read_line(&cli_refresh, "refresh a.test --json b.test --wait=5 -c x.conf", &words), 0);
	assert_int_equal(words.count, 2);
	assert_string_equal(words.targets[1].zone, "b.test");
	assert_true(words.json && words.waits);
	assert_int_equal(words.wait_s, 5);
	assert_string_equal(words.config_path, "x.conf");
	cli_words_free(&words);
}

static void all_or_some_but_not_nobody(void **state)
{
	struct cli_words words;
	(void)state;
	refused(&cli_refresh, "refresh");
	refused(&cli_refresh, "refresh --all a.test");
	refused(&cli_approve, "approve --all");
	assert_int_equal(read_line(&cli_refresh, "refresh --all", &words), 0);
	assert_true(words.all && words.count == 1 && words.targets[0].zone == NULL);
	cli_words_free(&words);
	assert_int_equal(read_line(&cli_write, "write", &words), 0);
	assert_true(words.all && words.waits);
	cli_words_free(&words);
	assert_int_equal(read_line(&cli_write, "write --wait=0 a.test", &words), 0);
	assert_false(words.all || words.waits);
	cli_words_free(&words);
}

static void serials_stand_behind_their_zone(void **state)
{
	struct cli_words words;
	(void)state;
	assert_int_equal(read_line(&cli_approve, "approve a.test 5 b.test c.test 4294967295", &words), 0);
	assert_int_equal(words.count, 3);
	assert_int_equal(words.targets[0].serials, 1);
	assert_int_equal(words.targets[0].serial[0], 5);
	assert_int_equal(words.targets[1].serials, 0);
	assert_int_equal(words.targets[2].serial[0], UINT32_MAX);
	cli_words_free(&words);
	assert_int_equal(read_line(&cli_diff, "diff a.test 1 2", &words), 0);
	assert_int_equal(words.targets[0].serials, 2);
	cli_words_free(&words);
	refused(&cli_approve, "approve a.test 4294967296");
	refused(&cli_rollback, "rollback a.test");
	refused(&cli_rollback, "rollback a.test b.test");
	refused(&cli_rollback, "rollback a.test 1 2");
	refused(&cli_diff, "diff a.test 1 2 3");
}

static void own_options_go_into_the_request(void **state)
{
	struct cli_words words;
	(void)state;
	assert_int_equal(read_line(&cli_zones, "zones --stale --held --sort lag --reverse *.test", &words), 0);
	const json_t *filter = json_object_get(words.request, "filter");
	assert_int_equal(json_array_size(filter), 2);
	assert_string_equal(json_string_value(json_array_get(filter, 1)), "held");
	assert_string_equal(json_string_value(json_object_get(words.request, "sort")), "lag");
	assert_true(json_is_true(json_object_get(words.request, "reverse")));
	assert_string_equal(json_string_value(json_object_get(words.request, "pattern")), "*.test");
	cli_words_free(&words);
	refused(&cli_zones, "zones a b");
	refused(&cli_zones, "zones --sort");
	refused(&cli_stats, "stats --wait");
	refused(&cli_refresh, "refresh --wait=soon a.test");
}

static void every_alias_leads_to_a_verb_or_says_what_to_do(void **state)
{
	(void)state;
	for (const struct cli_alias *alias = cli_aliases; alias->word != NULL; alias++) {
		assert_null(cli_find(alias->word)); // or it would never be reached
		assert_ptr_equal(cli_alias_find(alias->word), alias); // and stands once
		if (alias->verb == NULL) {
			assert_true(alias->advice != NULL && strlen(alias->advice) > 10);
			continue;
		}
		const struct cli_verb *verb = cli_find(alias->verb);
		assert_non_null(verb);
		assert_true(!alias->means_all || (verb->takes & TAKES_ALL) != 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(several_zones_and_options_anywhere),
		cmocka_unit_test(all_or_some_but_not_nobody),
		cmocka_unit_test(serials_stand_behind_their_zone),
		cmocka_unit_test(own_options_go_into_the_request),
		cmocka_unit_test(every_alias_leads_to_a_verb_or_says_what_to_do),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
