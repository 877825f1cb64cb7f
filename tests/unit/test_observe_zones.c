// SPDX-License-Identifier: GPL-3.0-or-later
// Which zones a list has, and the one word that each gets.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "observe/zones.h"

#define NOW INT64_C(1795372800) // 2026-11-22 18:40:00 UTC

static struct replica_status zone(const char *name)
{
	struct replica_status z = {
		.role = CONFIG_SECONDARY, .phase = REPLICA_CURRENT, .has_version = true, .serial = 7,
		.confirmed = NOW - 3, .expires_at = NOW + 6 * 86400,
	};
	assert_true(name_from_text(name, z.origin) > 0);
	return z;
}

static bool wanted(const char *words, const struct replica_status *z, const char *pattern)
{
	struct zones_query query = { .pattern = pattern };
	char copy[128], name[NAME_MAX_TEXT], *rest;
	snprintf(copy, sizeof(copy), "%s", words);
	for (char *word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest))
		assert_true(zones_filter_find(word, &query.filters));
	return zones_wanted(&query, z, name_to_text(z->origin, name));
}

static void every_word_is_the_bit_that_it_says(void **state)
{
	static const struct { const char *word; unsigned bit; } expected[] = {
		{ "current", ZONES_CURRENT }, { "stale", ZONES_STALE }, { "expired", ZONES_EXPIRED }, { "empty", ZONES_EMPTY },
		{ "behind", ZONES_BEHIND }, { "held", ZONES_HELD }, { "rejected", ZONES_REJECTED },
		{ "rolled-back", ZONES_ROLLED_BACK }, { "unsaved", ZONES_UNSAVED }, { "troubled", ZONES_TROUBLED },
		{ "transferring", ZONES_TRANSFERRING }, { "bad", ZONES_BAD }, { "primary", ZONES_PRIMARY },
		{ "secondary", ZONES_SECONDARY },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		unsigned bits = 0;
		assert_true(zones_filter_find(expected[i].word, &bits));
		assert_int_equal(bits, expected[i].bit);
	}
	unsigned none = 0;
	assert_false(zones_filter_find("blue", &none));
}

static void every_order_has_its_word(void **state)
{
	static const enum zones_sort expected[] = {
		ZONES_BY_NAME, ZONES_BY_STATE, ZONES_BY_LAG, ZONES_BY_EXPIRY, ZONES_BY_SERIAL, ZONES_BY_RECORDS, ZONES_BY_BYTES,
		ZONES_BY_TRANSFER,
	};
	(void)state;
	for (unsigned i = 0; zones_sort_words[i] != NULL; i++) {
		enum zones_sort sort;
		assert_true(zones_sort_find(zones_sort_words[i], &sort));
		assert_int_equal(sort, expected[i]);
	}
}

static void of_several_states_any_one_is_enough_and_a_role_must_be_right(void **state)
{
	struct replica_status good = zone("a.test"), stale = zone("b.test"), own = zone("c.test");
	(void)state;
	stale.phase = REPLICA_STALE;
	own.role = CONFIG_PRIMARY;
	assert_true(wanted("", &good, NULL));
	assert_true(wanted("stale current", &good, NULL) && wanted("stale current", &stale, NULL));
	assert_false(wanted("stale held", &good, NULL));
	assert_true(wanted("primary", &own, NULL));
	assert_false(wanted("primary", &good, NULL));
	assert_false(wanted("primary stale", &stale, NULL));
	assert_true(wanted("bad", &stale, NULL) && !wanted("bad", &good, NULL));
}

static void a_pattern_is_a_part_or_with_a_star_the_whole(void **state)
{
	struct replica_status z = zone("www.Example.com");
	(void)state;
	assert_true(wanted("", &z, "EXAMPLE"));
	assert_true(wanted("", &z, "*.example.com"));
	assert_true(wanted("", &z, "www.exampl?.com"));
	assert_false(wanted("", &z, "example.*"));
	assert_false(wanted("", &z, "example.net"));
}

static void the_worst_is_the_word(void **state)
{
	struct replica_status z = zone("a.test");
	(void)state;
	assert_string_equal(zones_word(&z), "current");
	strcpy(z.last_error, "no answer");
	assert_string_equal(zones_word(&z), "troubled");
	z.behind_since = NOW - 10;
	assert_string_equal(zones_word(&z), "behind");
	z.unsaved = true;
	assert_string_equal(zones_word(&z), "unsaved");
	z.rolled_back = true;
	assert_string_equal(zones_word(&z), "rolled back");
	z.held = true;
	assert_string_equal(zones_word(&z), "held");
	z.phase = REPLICA_EXPIRED;
	assert_string_equal(zones_word(&z), "expired");
}

static void rows_fit_a_hundred_columns_and_long_names_have_a_line_of_their_own(void **state)
{
	struct replica_status z = zone("a-name-that-is-longer-than-its-column.example.com");
	char *text = NULL, *rest;
	size_t size = 0;
	(void)state;
	z.phase = REPLICA_CURRENT;
	z.rolled_back = true;
	z.serial = UINT32_MAX;
	z.behind_since = NOW - 5399;
	z.confirmed = NOW - 5399;
	z.expires_at = NOW + 5399;
	FILE *to = open_memstream(&text, &size);
	zones_write_head(to, false);
	zones_write_row(to, &z, NOW, false);
	fclose(to);
	assert_non_null(strstr(text, "\na-name-that-is-longer-than-its-column.example.com\n"));
	assert_non_null(strstr(text, " rolled back 4294967295 90 min  -               90 min ago in 90 min\n"));
	for (char *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
		assert_true(strlen(line) <= STATUS_COLUMNS);
	free(text);
}

static void colours_stand_around_the_state_alone(void **state)
{
	struct replica_status z = zone("a.test");
	char *text = NULL;
	size_t size = 0;
	(void)state;
	FILE *to = open_memstream(&text, &size);
	zones_write_row(to, &z, NOW, true);
	fclose(to);
	assert_non_null(strstr(text, " \033[32mcurrent\033[0m     7 "));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_word_is_the_bit_that_it_says),
		cmocka_unit_test(every_order_has_its_word),
		cmocka_unit_test(of_several_states_any_one_is_enough_and_a_role_must_be_right),
		cmocka_unit_test(a_pattern_is_a_part_or_with_a_star_the_whole),
		cmocka_unit_test(the_worst_is_the_word),
		cmocka_unit_test(rows_fit_a_hundred_columns_and_long_names_have_a_line_of_their_own),
		cmocka_unit_test(colours_stand_around_the_state_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
