// SPDX-License-Identifier: GPL-3.0-or-later
// What an operator reads: the table, one zone in full, and JSON.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "observe/status.h"
#include "observe/times.h"

#define NOW INT64_C(1795372800) // 2026-11-22 18:40:00 UTC

static struct replica_status secondary(const char *name)
{
	struct replica_status zone = {
		.role = CONFIG_SECONDARY, .phase = REPLICA_CURRENT, .has_version = true,
		.serial = 2026112201, .primary_serial = 2026112201, .has_primary_serial = true,
		.transferred = NOW - 12, .confirmed = NOW - 3, .refresh_at = NOW + 900, .expires_at = NOW + 6 * 86400,
		.life_since = NOW - 86400, .records = 10, .names = 4, .bytes = 880,
	};
	struct sockaddr_in *primary = (struct sockaddr_in *)&zone.primary;
	primary->sin_family = AF_INET;
	primary->sin_port = htons(53);
	inet_pton(AF_INET, "192.0.2.1", &primary->sin_addr);
	assert_true(name_from_text(name, zone.origin) > 0);
	strcpy(zone.file, "/var/lib/zones/example.com.zone");
	return zone;
}

static struct replica_status primary(const char *name)
{
	struct replica_status zone = {
		.role = CONFIG_PRIMARY, .phase = REPLICA_CURRENT, .has_version = true, .serial = 7,
		.transferred = NOW - 7200,
	};
	assert_true(name_from_text(name, zone.origin) > 0);
	return zone;
}

static char *row(const struct replica_status *zone)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);
	status_write_row(to, zone, NOW, false);
	fclose(to);
	return text;
}

static char *full(const struct replica_status *zone)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);
	const struct status_detail none = { 0 };
	status_write_zone(to, zone, &none, NOW, false);
	fclose(to);
	return text;
}

static void durations_use_the_unit_that_people_would(void **state)
{
	char text[TIMES_TEXT];
	(void)state;
	assert_string_equal(times_duration(0, text), "0 s");
	assert_string_equal(times_duration(89, text), "89 s");
	assert_string_equal(times_duration(90, text), "2 min");
	assert_string_equal(times_duration(5399, text), "90 min");
	assert_string_equal(times_duration(7200, text), "2 h");
	assert_string_equal(times_duration(172800, text), "2 d");
	assert_string_equal(times_relative(NOW + 720, NOW, text), "in 12 min");
	assert_string_equal(times_relative(NOW - 3, NOW, text), "3 s ago");
	assert_string_equal(times_relative(NOW, NOW, text), "now");
	assert_string_equal(times_relative(0, NOW, text), "never");
	assert_string_equal(times_absolute(NOW, text), "2026-11-22 18:40:00 UTC");
}

static void a_row_tells_all_that_matters(void **state)
{
	struct replica_status zone = secondary("example.com");
	(void)state;
	char *text = row(&zone);
	assert_string_equal(text, "example.com            secondary current 2026112201 192.0.2.1       "
	                          "12 s ago   in 15 min  in 6 d\n");
	free(text);
	zone = primary("example.org");
	text = row(&zone);
	assert_string_equal(text, "example.org            primary   current 7          -               "
	                          "2 h ago    -          -\n");
	free(text);
}

static void no_line_is_wider_than_promised(void **state)
{
	struct replica_status zone = secondary("a-label-of-some-length.in.a.deep.example.com");
	struct sockaddr_in6 *address = (struct sockaddr_in6 *)&zone.primary;
	(void)state;
	*address = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(5353) };
	inet_pton(AF_INET6, "2001:db8:1111:2222:3333:4444:5555:6666", &address->sin6_addr);
	zone.phase = REPLICA_EXPIRED;
	zone.unsaved = zone.file_failed = true;
	zone.behind_since = NOW - 100;
	zone.transferred = zone.refresh_at = zone.expires_at = NOW - 89 * 60;
	zone.last_error_at = NOW - 5;
	for (unsigned i = 0; i + 8 < sizeof(zone.last_error); i += 7)
		strcpy(zone.last_error + i, "reason ");
	char *text = row(&zone), *rest = text;
	unsigned lines = 0;
	for (char *line; (line = strsep(&rest, "\n")) != NULL; lines++)
		assert_true(strlen(line) <= STATUS_COLUMNS);
	assert_true(lines >= 6);
	free(text);
}

static void what_is_wrong_stands_below_the_row(void **state)
{
	struct replica_status zone = secondary("example.com");
	(void)state;
	zone.phase = REPLICA_STALE;
	zone.behind_since = NOW - 30;
	zone.primary_serial = 2026112202;
	zone.last_error_at = NOW - 60;
	strcpy(zone.last_error, "192.0.2.1: connection refused");
	char *text = row(&zone);
	assert_non_null(strstr(text, " stale "));
	assert_non_null(strstr(text, "\n  ! behind for 30 s: a primary has serial 2026112202\n"));
	assert_non_null(strstr(text, "\n  ! 60 s ago: 192.0.2.1: connection refused\n"));
	free(text);
}

static void one_zone_is_told_in_full(void **state)
{
	struct replica_status zone = secondary("example.com");
	(void)state;
	char *text = full(&zone);
	assert_string_equal(text,
		"zone            example.com\n"
		"role            secondary\n"
		"state           current\n"
		"serial          2026112201\n"
		"primary         192.0.2.1, serial 2026112201\n"
		"last transfer   12 s ago (2026-11-22 18:39:48 UTC)\n"
		"last confirmed  3 s ago (2026-11-22 18:39:57 UTC)\n"
		"next refresh    in 15 min (2026-11-22 18:55:00 UTC)\n"
		"expiry          in 6 d (2026-11-28 18:40:00 UTC)\n"
		"size            10 records, 4 names, 880 bytes\n"
		"file            /var/lib/zones/example.com.zone\n"
		"last error      none\n");
	free(text);
}

static void a_zone_file_that_cannot_be_written_is_told(void **state)
{
	struct replica_status zone = secondary("example.com");
	(void)state;
	zone.file_failed = true;
	char *text = row(&zone);
	assert_non_null(strstr(text, "  ! its zone file cannot be written, see the log\n"));
	free(text);
	text = full(&zone);
	assert_non_null(strstr(text, "example.com.zone, cannot be written, see the log\n"));
	free(text);
	json_t *json = status_zone_json(&zone, NOW);
	assert_true(json_is_true(json_object_get(json, "file_failed")));
	json_decref(json);
}

static void a_zone_without_a_copy_says_so(void **state)
{
	struct replica_status zone = { .role = CONFIG_SECONDARY, .phase = REPLICA_EMPTY };
	(void)state;
	char *text = full(&zone);
	assert_non_null(strstr(text, "zone            .\n"));
	assert_non_null(strstr(text, "state           empty\n"));
	assert_non_null(strstr(text, "serial          -\n"));
	assert_non_null(strstr(text, "primary         -\n"));
	assert_non_null(strstr(text, "last transfer   never\n"));
	free(text);
}

static void one_of_a_kind_is_not_many(void **state)
{
	struct replica_status zone = secondary("example.com");
	struct status_summary summary = { 0 };
	struct status_server server = { .version = "1", .started = NOW - 5, .counters = { .udp_queries = 1 } };
	char *text = NULL;
	size_t size = 0;
	(void)state;
	zone.records = zone.names = zone.bytes = 1;
	zone.held = true;
	zone.held_records = zone.held_names = 1;
	text = full(&zone);
	assert_non_null(strstr(text, "size            1 record, 1 name, 1 byte\n"));
	assert_non_null(strstr(text, ", 1 record, 1 name, by the check"));
	free(text);
	status_count(&summary, &zone);
	FILE *to = open_memstream(&text, &size);
	status_write_tail(to, &summary, &server, NOW);
	fclose(to);
	assert_string_equal(text, "1 zone: 1 current, 1 held; 1 query in 5 s\n");
	free(text);
}

static void the_lag_of_no_copy_is_not_known(void **state)
{
	struct replica_status zone = secondary("example.com");
	(void)state;
	json_t *json = status_zone_json(&zone, NOW);
	assert_true(json_is_integer(json_object_get(json, "lag_seconds")));
	assert_int_equal(json_integer_value(json_object_get(json, "lag_seconds")), 0);
	json_decref(json);
	zone.behind_since = NOW - 30;
	json = status_zone_json(&zone, NOW);
	assert_int_equal(json_integer_value(json_object_get(json, "lag_seconds")), 30);
	json_decref(json);
	zone.has_version = false;
	json = status_zone_json(&zone, NOW);
	assert_true(json_is_null(json_object_get(json, "lag_seconds")));
	json_decref(json);
}

// A verifier may print in any encoding, and a text may be cut inside a character:
// what is wrong must not be lost for it.
static void json_has_what_is_no_utf8(void **state)
{
	(void)state;
	struct replica_status zone = secondary("example.com");
	snprintf(zone.last_error, sizeof(zone.last_error), "%s", "verifier: \"caf\xe9 \xc3\xbc \xed\xa0\x80\xc3");
	json_t *json = status_zone_json(&zone, NOW);
	assert_string_equal(json_string_value(json_object_get(json, "last_error")),
	                    "verifier: \"caf\xef\xbf\xbd \xc3\xbc \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	json_decref(json);
}

static void json_has_every_field(void **state)
{
	struct replica_status zone = secondary("example.com");
	(void)state;
	json_t *json = status_zone_json(&zone, NOW);
	assert_string_equal(json_string_value(json_object_get(json, "zone")), "example.com");
	assert_string_equal(json_string_value(json_object_get(json, "state")), "current");
	assert_string_equal(json_string_value(json_object_get(json, "primary")), "192.0.2.1@53");
	assert_int_equal(json_integer_value(json_object_get(json, "serial")), 2026112201);
	assert_int_equal(json_integer_value(json_object_get(json, "expires_at")), NOW + 6 * 86400);
	assert_int_equal(json_integer_value(json_object_get(json, "life_since")), NOW - 86400);
	assert_true(json_is_null(json_object_get(json, "last_error")));
	assert_true(json_is_null(json_object_get(json, "held")));
	assert_true(json_is_null(json_object_get(json, "rolled_back")));
	assert_int_equal(json_object_size(json), 24);
	json_decref(json);
}

static void a_rollback_is_told_everywhere(void **state)
{
	struct replica_status zone = secondary("example.com");
	struct status_summary summary = { 0 };
	(void)state;
	zone.rolled_back = true;
	zone.newest_serial = 2026112205;
	zone.rolled_back_since = NOW - 720;
	char *text = row(&zone);
	assert_non_null(strstr(text, "\n  ! rolled back to serial 2026112201 in place of 2026112205 for 12 min, since "
	                             "2026-11-22 18:28:00\n    UTC; `understudy resume example.com` serves the newest "
	                             "again\n"));
	free(text);
	text = full(&zone);
	assert_non_null(strstr(text, "  ! rolled back to serial 2026112201"));
	free(text);
	json_t *json = status_zone_json(&zone, NOW), *rollback = json_object_get(json, "rolled_back");
	assert_int_equal(json_integer_value(json_object_get(rollback, "serial")), 2026112201);
	assert_int_equal(json_integer_value(json_object_get(rollback, "newest")), 2026112205);
	assert_int_equal(json_integer_value(json_object_get(rollback, "since")), NOW - 720);
	json_decref(json);
	status_count(&summary, &zone);
	assert_int_equal(summary.rolled_back, 1);
	assert_true(status_is_degraded(&summary));
}

static void what_is_held_is_told_everywhere(void **state)
{
	struct replica_status zone = secondary("example.com");
	struct status_summary summary = { 0 };
	(void)state;
	zone.held = true;
	zone.held_serial = 2026112202;
	zone.held_since = NOW - 180;
	zone.held_records = 900;
	zone.held_names = 884;
	strcpy(zone.held_check, "max-shrink");
	strcpy(zone.held_why, "9,120 of 10,004 names would go (91 %, limit 75 %)");

	char *text = row(&zone);
	assert_non_null(strstr(text, "\n  ! serial 2026112202 held for 3 min: 9,120 of 10,004 names would go"));
	assert_non_null(strstr(text, "approve example.com 2026112202` publishes it, reject drops it\n"));
	free(text);
	text = full(&zone);
	assert_non_null(strstr(text, "held            serial 2026112202, 900 records, 884 names, by the check max-shrink\n"));
	free(text);
	json_t *json = status_zone_json(&zone, NOW), *held = json_object_get(json, "held");
	assert_int_equal(json_integer_value(json_object_get(held, "serial")), 2026112202);
	assert_string_equal(json_string_value(json_object_get(held, "check")), "max-shrink");
	assert_string_equal(json_string_value(json_object_get(held, "why")), zone.held_why);
	assert_true(json_is_false(json_object_get(held, "rejected")));
	json_decref(json);
	status_count(&summary, &zone);
	assert_int_equal(summary.held, 1);
	assert_true(status_is_degraded(&summary));

	zone.held = false;
	zone.rejected = true;
	text = row(&zone);
	assert_non_null(strstr(text, "\n  ! serial 2026112202 was rejected by the operator and is passed over until a newer one comes:"));
	free(text);
}

static void a_list_in_json_is_one_object(void **state)
{
	struct replica_status zones[] = { primary("example.net"), secondary("example.org") };
	struct status_summary summary = { 0 };
	struct status_server server = { .version = "1", .pid = 42, .started = NOW };
	struct status_list list;
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);
	(void)state;
	zones[1].phase = REPLICA_STALE;
	status_list_begin(&list, to);
	for (unsigned i = 0; i < 2; i++) {
		status_count(&summary, &zones[i]);
		status_list_add(&list, &zones[i], NOW);
	}
	status_list_end(&list, &summary, &server);
	fclose(to);
	json_error_t error;
	json_t *json = json_loads(text, 0, &error);
	assert_non_null(json);
	assert_int_equal(json_array_size(json_object_get(json, "zones")), 2);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "summary"), "stale")), 1);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "server"), "pid")), 42);
	assert_true(status_is_degraded(&summary));
	json_decref(json);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_use_the_unit_that_people_would),
		cmocka_unit_test(a_row_tells_all_that_matters),
		cmocka_unit_test(no_line_is_wider_than_promised),
		cmocka_unit_test(what_is_wrong_stands_below_the_row),
		cmocka_unit_test(one_zone_is_told_in_full),
		cmocka_unit_test(a_zone_file_that_cannot_be_written_is_told),
		cmocka_unit_test(a_zone_without_a_copy_says_so),
		cmocka_unit_test(one_of_a_kind_is_not_many),
		cmocka_unit_test(the_lag_of_no_copy_is_not_known),
		cmocka_unit_test(json_has_every_field),
		cmocka_unit_test(json_has_what_is_no_utf8),
		cmocka_unit_test(a_rollback_is_told_everywhere),
		cmocka_unit_test(what_is_held_is_told_everywhere),
		cmocka_unit_test(a_list_in_json_is_one_object),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
