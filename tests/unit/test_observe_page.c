// SPDX-License-Identifier: GPL-3.0-or-later
// What a request may say, and what becomes of a list: names, filters, orders.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "observe/http_host.h"
#include "observe/http_text.h"
#include "observe/metrics.h"
#include "observe/page_list.h"

#define NOW 1000000

static bool is_ours(const char *host)
{
	static const char *const other[] = { "dns.example.net" };
	const struct http_names names = { .own = "ns2.example.com", .other = other, .other_count = 1 };
	return http_host_is_ours(&names, host, strlen(host));
}

static void names_that_are_ours(void **state)
{
	(void)state;
	static const char *const good[] = { "127.0.0.1", "192.0.2.1:80", "[::1]", "[2001:db8::1]:8053", "localhost",
		"LocalHost:1", "localhost.", "ns2.example.com", "NS2", "ns2.example.com.:80", "dns.example.net", "ns2:" };
	static const char *const bad[] = { "", ":", ":80", "[", "[]", "[::1", "[::1]x", "[127.0.0.1]", "1.2.3", "ns2.example",
		"localhost.example.com", "xns2.example.com", "dns.example.net:80:80", "dns.example.net:x", "localhost:123456",
		"ns", "a b", "." };
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (!is_ours(good[i]))
			fail_msg("%s is ours", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (is_ours(bad[i]))
			fail_msg("%s is not ours", bad[i]);
	const struct http_names nobody = { .own = "" };
	assert_false(http_host_is_ours(&nobody, "x", 1));
	assert_false(http_host_is_ours(&nobody, "localhost\0.evil", 15));
}

static bool set(struct list_query *query, const char *name, const char *value)
{
	return list_query_set(query, name, value, strlen(value));
}

static void arguments_are_bounded(void **state)
{
	(void)state;
	struct list_query query;
	char longest[LIST_SEARCH_MOST + 2];
	list_query_init(&query);
	assert_int_equal(query.limit, 100);
	memset(longest, 'X', sizeof(longest));
	assert_true(list_query_set(&query, "search", longest, LIST_SEARCH_MOST));
	assert_int_equal(strlen(query.search), LIST_SEARCH_MOST);
	assert_int_equal(query.search[0], 'x');
	assert_false(list_query_set(&query, "search", longest, LIST_SEARCH_MOST + 1));
	assert_false(list_query_set(&query, "search", "a\0b", 3));
	assert_true(set(&query, "limit", "9999"));
	assert_int_equal(query.limit, LIST_LIMIT_MOST);
	assert_false(set(&query, "limit", ""));
	assert_false(set(&query, "limit", "-1"));
	assert_false(set(&query, "offset", "1e9"));
	assert_false(set(&query, "offset", "4294967296"));
	assert_false(set(&query, "order", "size"));
	assert_false(set(&query, "colour", "red"));
	assert_false(list_query_set(&query, "limit", NULL, 0));
}

// Four zones: fine, half the way to expiry, expired, behind.
static const struct board_zone zones[] = {
	{ .text_at = 0, .phase = REPLICA_CURRENT, .has_version = true, .life_since = NOW - 10, .expires_at = NOW + 90, .records = 5 },
	{ .text_at = 2, .phase = REPLICA_CURRENT, .has_version = true, .life_since = NOW - 60, .expires_at = NOW + 40, .records = 9 },
	{ .text_at = 5, .phase = REPLICA_EXPIRED, .has_version = true, .life_since = NOW - 500, .expires_at = NOW - 400 },
	{ .text_at = 8, .phase = REPLICA_CURRENT, .has_version = true, .life_since = NOW, .expires_at = NOW + 100,
	  .behind_since = NOW - 5, .records = 7 },
};

static void check(const struct list_query *query, const char *expected)
{
	char text[] = "a\0bb\0bc\0d";
	struct board_zone copy[4];
	memcpy(copy, zones, sizeof(zones));
	struct board_list list = { .count = 4, .zone = copy, .text = text };
	uint32_t index[LIST_LIMIT_MOST], count, matched;
	char found[8] = "";
	assert_int_equal(list_select(&list, query, NOW, index, &count, &matched), 0);
	for (uint32_t i = 0; i < count; i++)
		found[i] = (char)('0' + index[i]);
	assert_string_equal(found, expected);
}

static void lists_are_searched_filtered_and_ordered(void **state)
{
	(void)state;
	check(&(struct list_query){ .limit = 9 }, "2130"); // what needs one first
	check(&(struct list_query){ .limit = 9, .order = LIST_BY_NAME }, "0123");
	check(&(struct list_query){ .limit = 2, .offset = 1, .order = LIST_BY_NAME }, "12");
	check(&(struct list_query){ .limit = 9, .offset = 9 }, "");
	check(&(struct list_query){ .limit = 9, .order = LIST_BY_RECORDS }, "1302");
	check(&(struct list_query){ .limit = 9, .order = LIST_BY_EXPIRY }, "2103");
	check(&(struct list_query){ .limit = 9, .order = LIST_BY_LAG }, "3012");
	check(&(struct list_query){ .limit = 9, .search = "b", .order = LIST_BY_NAME }, "12");
	check(&(struct list_query){ .limit = 9, .filter = LIST_ATTENTION }, "21");
	check(&(struct list_query){ .limit = 9, .filter = LIST_BEHIND }, "3");
	check(&(struct list_query){ .limit = 9, .filter = LIST_HELD }, "");
}

static void levels_tell_how_much_a_zone_needs_its_operator(void **state)
{
	(void)state;
	struct board_zone zone = zones[0];
	assert_int_equal(board_way(&zone, NOW), 100);
	assert_int_equal(board_level(&zone, NOW), BOARD_FINE);
	assert_int_equal(board_level(&zone, NOW + 45), BOARD_TROUBLED);
	assert_int_equal(board_level(&zone, NOW + 85), BOARD_CRITICAL);
	zone.confirmed = NOW - 10000; // a version is held: only its life has been prolonged
	assert_int_equal(board_way(&zone, NOW), 100);
	zone.behind_since = NOW - 1;
	assert_int_equal(board_level(&zone, NOW), BOARD_NOTE);
	zone.behind_since = NOW - 100;
	assert_int_equal(board_level(&zone, NOW), BOARD_TROUBLED);
	zone = zones[0];
	zone.rrsig_expires = NOW + 50; // the copy would outlive its signatures
	assert_int_equal(board_level(&zone, NOW), BOARD_TROUBLED);
	zone.rrsig_expires = NOW;
	assert_int_equal(board_level(&zone, NOW), BOARD_CRITICAL);
	zone = zones[0];
	zone.is_primary = true;
	assert_int_equal(board_way(&zone, NOW + 1000), 0);
	assert_int_equal(board_level(&zone, NOW + 1000), BOARD_FINE);
}

static void labels_are_escaped(void **state)
{
	(void)state;
	struct text text = { 0 };
	metrics_put_label(&text, "a\\032b\"c\nd");
	text_put_number(&text, INT64_MIN);
	text_put_number(&text, 0);
	text_put_bytes(&text, "", 1);
	assert_false(text.failed);
	assert_string_equal(text.bytes, "a\\\\032b\\\"c\\nd-92233720368547758080");
	text_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_that_are_ours),
		cmocka_unit_test(arguments_are_bounded),
		cmocka_unit_test(lists_are_searched_filtered_and_ordered),
		cmocka_unit_test(levels_tell_how_much_a_zone_needs_its_operator),
		cmocka_unit_test(labels_are_escaped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
