// SPDX-License-Identifier: GPL-3.0-or-later
// Which changes are told, and when: a zone's life, second by second.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "observe/watch.h"

#define START INT64_C(1700000000)

static struct replica_status zone_called(const char *name)
{
	struct replica_status s = { .role = CONFIG_SECONDARY, .phase = REPLICA_CURRENT, .has_version = true, .serial = 1,
	                            .confirmed = START, .life_since = START,
	                            .expires_at = START + 1000 };
	assert_true(name_from_text(name, s.origin) > 0);
	return s;
}

static struct watch *watch_with(uint32_t behind, uint32_t delay)
{
	struct watch *watch = watch_new();
	assert_non_null(watch);
	watch_limit(watch, &(struct watch_limits){ behind, delay });
	return watch;
}

// What is told at that second, as "zone previous>state", parted by blanks.
static const char *told(struct watch *watch, int64_t now)
{
	static char text[2000];
	struct watch_event events[20];
	struct watch_rest rest;
	size_t count = watch_take(watch, now, events, 20, &rest), at = 0;
	text[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		char name[NAME_MAX_TEXT];
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%.100s %s>%s", i > 0 ? " " : "",
		                       events[i].is_primary ? events[i].primary : name_to_text(events[i].origin, name),
		                       watch_state_text(events[i].aspect, events[i].previous),
		                       watch_state_text(events[i].aspect, events[i].state));
	}
	if (rest.all > 0)
		snprintf(text + at, sizeof(text) - at, " and %u", rest.all);
	return text;
}

static void of_a_good_zone_nothing_is_kept(void **state)
{
	(void)state;
	struct watch *watch = watch_with(300, 60);
	struct replica_status s = zone_called("example.com");
	assert_int_equal(watch_see(watch, &s, START), 0);
	assert_int_equal(watch_count(watch), 0);
	assert_string_equal(told(watch, START + 10000), "");
	watch_free(watch);
}

static void a_copy_on_its_way_to_expiry(void **state)
{
	(void)state;
	struct watch *watch = watch_with(300, 60);
	struct replica_status s = zone_called("example.com");
	snprintf(s.last_error, sizeof(s.last_error), "192.0.2.1@53 does not answer");
	watch_see(watch, &s, START + 100);
	assert_string_equal(told(watch, START + 159), "");
	assert_string_equal(told(watch, START + 160), "example.com ok>failing");
	s.phase = REPLICA_STALE;
	watch_see(watch, &s, START + 200);
	assert_string_equal(told(watch, START + 259), "");
	assert_string_equal(told(watch, START + 260), "example.com failing>stale");
	// From here time alone does it.
	assert_string_equal(told(watch, START + 499), "");
	assert_string_equal(told(watch, START + 500), "example.com stale>expiring-50");
	assert_string_equal(told(watch, START + 749), "");
	assert_string_equal(told(watch, START + 750), "example.com expiring-50>expiring-75");
	assert_string_equal(told(watch, START + 900), "example.com expiring-75>expiring-90");
	s.phase = REPLICA_EXPIRED;
	watch_see(watch, &s, START + 1000);
	assert_string_equal(told(watch, START + 1000), "example.com expiring-90>expired");
	s = zone_called("example.com");
	s.confirmed = s.life_since = START + 1010;
	s.expires_at = START + 2010;
	watch_see(watch, &s, START + 1010);
	assert_string_equal(told(watch, START + 1069), "");
	assert_string_equal(told(watch, START + 1070), "example.com expired>ok");
	// And in a few hours nothing is kept of it.
	for (int64_t hour = 0; hour < 6; hour++)
		assert_string_equal(told(watch, START + 1070 + hour * 3600), "");
	assert_int_equal(watch_count(watch), 0);
	watch_free(watch);
}

static void behind_counts_from_the_threshold(void **state)
{
	(void)state;
	struct watch *watch = watch_with(300, 60);
	struct replica_status s = zone_called("example.com");
	s.behind_since = START;
	watch_see(watch, &s, START);
	assert_string_equal(told(watch, START + 359), "");
	assert_string_equal(told(watch, START + 360), ""); // seen behind only now
	assert_string_equal(told(watch, START + 419), "example.com ok>behind");
	watch_free(watch);
}

// One cause, one alert: the guard holds back what it lacks, and its primary, that
// answers, prolongs its life.
static void a_version_that_is_held_is_told_of_once(void **state)
{
	(void)state;
	struct watch *watch = watch_with(300, 60);
	struct replica_status s = zone_called("example.com");
	s.held = true;
	s.behind_since = START;
	watch_see(watch, &s, START);
	assert_string_equal(told(watch, START), "example.com ok>held");
	assert_string_equal(told(watch, START + 3600), "");
	// Then the primary falls silent, for a third of what it has given last.
	s.phase = REPLICA_STALE;
	s.life_since = START + 3600;
	s.expires_at = START + 4600;
	watch_see(watch, &s, START + 3900);
	assert_string_equal(told(watch, START + 3960), "example.com ok>stale");
	assert_string_equal(told(watch, START + 4100), "example.com stale>expiring-50");
	s = zone_called("example.com");
	s.behind_since = START;
	watch_see(watch, &s, START + 4200);
	assert_string_equal(told(watch, START + 4260), "example.com held>ok");
	assert_string_equal(told(watch, START + 4800), "example.com expiring-50>behind");
	watch_free(watch);
}

static void what_the_operator_must_decide_is_told_at_once(void **state)
{
	(void)state;
	struct watch *watch = watch_with(300, 60);
	struct replica_status s = zone_called("example.com");
	s.held = true;
	watch_see(watch, &s, START);
	assert_string_equal(told(watch, START), "example.com ok>held");
	s.held = false;
	s.rolled_back = s.unsaved = true;
	watch_see(watch, &s, START + 5);
	assert_string_equal(told(watch, START + 5), "example.com ok>unsaved example.com ok>rolled-back");
	assert_string_equal(told(watch, START + 65), "example.com held>ok");
	watch_free(watch);
}

static void what_does_not_last_is_not_told(void **state)
{
	(void)state;
	struct watch *watch = watch_with(300, 60);
	for (int i = 0; i < 100; i++) {
		struct replica_status s = zone_called("example.com");
		if (i % 2 == 0)
			snprintf(s.last_error, sizeof(s.last_error), "once in a while");
		watch_see(watch, &s, START + i * 30);
		assert_string_equal(told(watch, START + i * 30 + 29), "");
	}
	watch_free(watch);
}

static void a_trouble_of_changing_kinds_is_one(void **state)
{
	(void)state;
	struct watch *watch = watch_with(0, 60);
	struct replica_status s = zone_called("example.com");
	for (int i = 0; i < 6; i++) {
		s.behind_since = i % 2 == 0 ? START : 0;
		snprintf(s.last_error, sizeof(s.last_error), "again");
		watch_see(watch, &s, START + i * 10);
		assert_string_equal(told(watch, START + i * 10 + 9), "");
	}
	assert_string_equal(told(watch, START + 60), "example.com ok>failing");
	watch_free(watch);
}

static void trouble_that_became_less_is_told_when_it_stays_so(void **state)
{
	(void)state;
	struct watch *watch = watch_with(300, 60);
	struct replica_status s = zone_called("example.com");
	s.phase = REPLICA_STALE;
	watch_see(watch, &s, START);
	assert_string_equal(told(watch, START + 60), "example.com ok>stale");
	s.phase = REPLICA_CURRENT;
	snprintf(s.last_error, sizeof(s.last_error), "again");
	watch_see(watch, &s, START + 100);
	assert_string_equal(told(watch, START + 300), "");
	s.phase = REPLICA_STALE;
	watch_see(watch, &s, START + 300);
	assert_string_equal(told(watch, START + 400), ""); // as it was told
	s.phase = REPLICA_CURRENT;
	watch_see(watch, &s, START + 400);
	assert_string_equal(told(watch, START + 999), "");
	assert_string_equal(told(watch, START + 1000), "example.com stale>failing");
	watch_free(watch);
}

static void a_zone_that_flaps_is_told_of_ever_more_rarely(void **state)
{
	(void)state;
	struct watch *watch = watch_with(300, 0);
	unsigned count = 0;
	for (int64_t t = 0; t < 7200; t += 10) {
		struct replica_status s = zone_called("example.com");
		s.held = t % 20 == 0;
		watch_see(watch, &s, START + t);
		count += told(watch, START + t)[0] != '\0';
	}
	assert_in_range(count, 4, 8);
	watch_free(watch);
}

static void a_zone_without_a_first_copy(void **state)
{
	(void)state;
	struct watch *watch = watch_with(300, 60);
	struct replica_status s = zone_called("new.example"), failed = zone_called("bad.example");
	s.has_version = failed.has_version = false;
	s.phase = failed.phase = REPLICA_EMPTY;
	snprintf(failed.last_error, sizeof(failed.last_error), "REFUSED");
	watch_see(watch, &s, START);
	watch_see(watch, &failed, START);
	assert_string_equal(told(watch, START + 60), "bad.example ok>missing");
	assert_string_equal(told(watch, START + 900), "");
	assert_string_equal(told(watch, START + 960), "new.example ok>missing");
	watch_free(watch);
}

static void a_storm_lists_the_worst_and_counts_the_rest(void **state)
{
	(void)state;
	struct watch *watch = watch_with(300, 0);
	struct watch_event events[20];
	struct watch_rest rest;
	for (int i = 0; i < 100000; i++) {
		char name[64];
		snprintf(name, sizeof(name), "z%d.example", i);
		struct replica_status s = zone_called(name);
		s.phase = i % 10000 == 0 ? REPLICA_EXPIRED : REPLICA_STALE;
		assert_int_equal(watch_see(watch, &s, START + 10), 0);
	}
	assert_int_equal(watch_take(watch, START + 10, events, 20, &rest), 20);
	for (int i = 0; i < 20; i++)
		assert_int_equal(events[i].state, i < 10 ? COPY_EXPIRED : COPY_STALE);
	assert_int_equal(rest.all, 99980);
	assert_int_equal(rest.count[WATCH_COPY][COPY_STALE], 99980);
	assert_int_equal(watch_take(watch, START + 11, events, 20, &rest), 0);
	assert_int_equal(watch_count(watch), 100000);
	// A reload leaves one of them.
	struct replica_status last = zone_called("z7.example");
	watch_begin_all(watch);
	watch_see(watch, &last, START + 12);
	watch_forget_unseen(watch);
	assert_int_equal(watch_count(watch), 1);
	watch_free(watch);
}

static void a_primary_that_falls_silent(void **state)
{
	(void)state;
	struct watch *watch = watch_with(300, 60);
	struct primary_counters p = { .is_healthy = true };
	struct sockaddr_in *in = (struct sockaddr_in *)&p.address;
	in->sin_family = AF_INET;
	in->sin_port = htons(53);
	inet_pton(AF_INET, "192.0.2.1", &in->sin_addr);
	watch_see_primary(watch, &p, START);
	assert_int_equal(watch_count(watch), 0);
	p.is_healthy = false;
	p.unhealthy_since = START + 10;
	watch_see_primary(watch, &p, START + 10);
	assert_string_equal(told(watch, START + 70), "192.0.2.1@53 ok>failing");
	p.is_healthy = true;
	watch_see_primary(watch, &p, START + 100);
	assert_string_equal(told(watch, START + 160), "192.0.2.1@53 failing>ok");
	watch_free(watch);
}

static void a_restart_tells_nothing_twice(void **state)
{
	(void)state;
	char path[64];
	snprintf(path, sizeof(path), "/tmp/test_observe_watch.%d", (int)getpid());
	struct watch *watch = watch_with(300, 60);
	struct replica_status stale = zone_called("stale.example"), held = zone_called("held.example"),
	                      gone = zone_called("gone.example");
	stale.phase = gone.phase = REPLICA_STALE;
	held.held = true;
	watch_see(watch, &stale, START);
	watch_see(watch, &gone, START);
	watch_see(watch, &held, START);
	(void)told(watch, START + 60);
	assert_int_equal(watch_save(watch, path), 0);
	watch_free(watch);

	watch = watch_with(300, 60);
	watch_load(watch, path, START + 100);
	assert_int_equal(watch_count(watch), 3);
	assert_string_equal(told(watch, START + 100), ""); // nothing seen yet
	watch_begin_all(watch);
	watch_see(watch, &stale, START + 101);
	held.held = false; // it was approved just before the stop
	watch_see(watch, &held, START + 101);
	watch_forget_unseen(watch);
	assert_string_equal(told(watch, START + 101), "");
	assert_string_equal(told(watch, START + 161), "held.example held>ok");
	assert_string_equal(told(watch, START + 300), "");
	watch_free(watch);

	// What is damaged is passed over.
	FILE *to = fopen(path, "w");
	fputs("understudy alerts 1\nzone\nzone a copy sleepy 5\nzone .. copy stale 5\nzone b.example copy stale x\n"
	      "primary 192.0.2.1@53 copy failing 5\nzone c.example held held 9\n", to);
	fclose(to);
	watch = watch_with(300, 60);
	watch_load(watch, path, START);
	assert_int_equal(watch_count(watch), 2);
	watch_load(watch, "/nowhere/at/all", START);
	watch_free(watch);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_a_good_zone_nothing_is_kept),
		cmocka_unit_test(a_copy_on_its_way_to_expiry),
		cmocka_unit_test(behind_counts_from_the_threshold),
		cmocka_unit_test(a_version_that_is_held_is_told_of_once),
		cmocka_unit_test(what_the_operator_must_decide_is_told_at_once),
		cmocka_unit_test(what_does_not_last_is_not_told),
		cmocka_unit_test(a_trouble_of_changing_kinds_is_one),
		cmocka_unit_test(trouble_that_became_less_is_told_when_it_stays_so),
		cmocka_unit_test(a_zone_that_flaps_is_told_of_ever_more_rarely),
		cmocka_unit_test(a_zone_without_a_first_copy),
		cmocka_unit_test(a_storm_lists_the_worst_and_counts_the_rest),
		cmocka_unit_test(a_primary_that_falls_silent),
		cmocka_unit_test(a_restart_tells_nothing_twice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
