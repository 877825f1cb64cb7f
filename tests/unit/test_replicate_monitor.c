// SPDX-License-Identifier: GPL-3.0-or-later
// The sync monitor without a network: who is watched, what answers change, who
// is behind since when, and what other threads see of it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <arpa/inet.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/epoch.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/log.h"
#include "config/config.h"
#include "dns/types.h"
#include "replicate/monitor.h"
#include "replicate/replica.h"
#include "replicate/room.h"
#include "zone/file.h"

static const char text[] =
	"key tr.example { algorithm hmac-sha256; secret \"MTIzNDU2Nzg5MDEyMzQ1Ng==\"; };\n"
	"server 192.0.2.9 { bogus yes; };\n"
	"server 192.0.2.4 { keys tr.example; };\n"
	"options { listen-on port 53 { 192.0.2.1; }; listen-on-v6 { none; }; monitor-interval 600; monitor-rate 7; };\n"
	"zone \"example.com\" { type secondary; file \"e\"; primaries { 192.0.2.2 key tr.example; 192.0.2.3 port 5353; };\n"
	"  also-notify { 192.0.2.7; }; monitor-servers { 198.51.100.1 port 54; 192.0.2.2; }; };\n"
	"zone \"ours.test\" { type primary; file \"o\"; };\n"
	"zone \"listed.test\" { type primary; file \"l\"; also-notify { 192.0.2.7; }; monitor explicit; };\n"
	"zone \"off.test\" { type secondary; file \"x\"; primaries { 192.0.2.2; }; monitor no; };\n";

static const char records[] =
	"@ 60 SOA ns1 root %u 3600 600 604800 60\n"
	"@ 60 NS ns1\n@ 60 NS ns2\n@ 60 NS ns3\n@ 60 NS ns4\n@ 60 NS ns.elsewhere.test.\n"
	"ns1 60 A 192.0.2.1\nns2 60 A 192.0.2.2\nns3 60 A 224.0.0.5\nns4 60 A 192.0.2.4\nns4 60 AAAA 2001:db8::4\n"
	"ns4 60 A 192.0.2.9\n";

static struct replicate room;
static const struct config *config;
static struct replica *zones[4];

enum { COM, OURS, LISTED, OFF };

static void publish(struct replica *replica, uint32_t serial)
{
	struct zone_draft *draft;
	struct zone_file_result result = { 0 };
	const struct zone_version *version;
	char file[1024];
	int length = snprintf(file, sizeof file, records, serial);

	assert_int_equal(zone_draft_new(replica_line(replica), &draft), 0);
	if (zone_file_parse(file, (size_t)length, "test", replica->slot->origin, draft, &result) != 0)
		fail_msg("%s", result.message);
	assert_int_equal(zone_draft_seal(draft, &version), 0);
	zone_slot_publish(replica->slot, version);
	replica->transferred = (uint32_t)clock_wall_s();
}

static int set_up(void **state)
{
	struct config_report report = { 0 };
	struct config *read;
	char why[256];

	(void)state;
	hash_seed_fixed(1);
	log_set_level(LEVEL_ERROR);
	assert_int_equal(arena_open(UINT64_C(1) << 30, why), 0);
	if (config_read_memory("named.conf", text, sizeof text - 1, NULL, &report, &read) != 0) {
		config_report_print(&report, stderr);
		return -1;
	}
	config_report_free(&report);
	config = read;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	config_release(config);
	epoch_barrier();
	arena_close();
	return 0;
}

static int fresh(void **state)
{
	(void)state;
	memset(&room, 0, sizeof room);
	pthread_mutex_init(&room.lock, NULL);
	atomic_store(&room.config, config);
	assert_int_equal(zone_table_new(&room.table), 0);
	room.replicas = zones;
	assert_int_equal(changes_reserve(&room.changes, 4), 0);
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(replica_new(&room, &config->zones[i], &zones[i]), 0);
		zones[i]->deadline.index = i;
		room.replica_count++;
	}
	notify_out_configure(&room, config);
	monitor_configure(&room, monitor_is_wanted(config));
	publish(zones[COM], 5);
	return 0;
}

static int clear(void **state)
{
	(void)state;
	monitor_free(&room.monitor);
	for (uint32_t i = 0; i < 4; i++) {
		replica_free(zones[i]);
	}
	zone_table_free(room.table);
	lists_free(&room.lists);
	primary_free_all(&room);
	endpoints_free(&room.endpoints);
	changes_free(&room.changes);
	deadline_queue_free(&room.deadlines);
	pthread_mutex_destroy(&room.lock);
	epoch_barrier();
	return 0;
}

static const char *describe(const struct monitor_candidate *one, char line[static 400])
{
	static const char *const parts[] = { "primary", "sibling", "receiver" };
	char name[NAME_MAX_TEXT] = "", address[ADDRESS_TEXT] = "nowhere";

	if (one->endpoint.family != AF_UNSPEC)
		endpoint_text(&one->endpoint, address);
	snprintf(line, 400, "%s %s%s%s%s%s%s", parts[one->part], address, one->name != NULL ? " " : "",
	         one->name != NULL ? name_to_text(one->name, name) : "", one->key != NULL ? " signed" : "",
	         one->is_self ? " ourselves" : "", one->is_unusable ? " unusable" : "");
	return line;
}

static void expect_candidates(struct replica *replica, const char *const *expected)
{
	struct monitor_candidate list[ZONE_SERVERS_MAX];
	unsigned count = monitor_candidates(replica, list);
	char line[400];

	for (unsigned i = 0; i < count; i++) {
		assert_non_null(expected[i]);
		assert_string_equal(describe(&list[i], line), expected[i]);
	}
	assert_null(expected[count]);
}

static void who_is_watched(void **state)
{
	(void)state;
	expect_candidates(zones[COM], (const char *const[]){
		"primary 192.0.2.2 ns2.example.com signed",
		"primary 192.0.2.3@5353",
		"receiver 192.0.2.7",
		"sibling 198.51.100.1@54",
		"sibling 192.0.2.1 ns1.example.com ourselves",
		"sibling 224.0.0.5 ns3.example.com unusable",
		"sibling 192.0.2.4 ns4.example.com signed",
		"sibling 2001:db8::4 ns4.example.com",
		"sibling nowhere ns.elsewhere.test",
		NULL });
}

static void whose_primary_we_are_is_a_receiver(void **state)
{
	(void)state;
	publish(zones[OURS], 1);
	expect_candidates(zones[OURS], (const char *const[]){
		"receiver 192.0.2.1 ns1.ours.test ourselves",
		"receiver 192.0.2.2 ns2.ours.test",
		"receiver 224.0.0.5 ns3.ours.test unusable",
		"receiver 192.0.2.4 ns4.ours.test signed",
		"receiver 2001:db8::4 ns4.ours.test",
		"sibling nowhere ns.elsewhere.test",
		NULL });
}

static void explicit_is_those_named_alone(void **state)
{
	(void)state;
	publish(zones[LISTED], 1);
	publish(zones[OFF], 1);
	expect_candidates(zones[LISTED], (const char *const[]){ "receiver 192.0.2.7", NULL });
	expect_candidates(zones[OFF], (const char *const[]){ "primary 192.0.2.2", NULL });
}

static void many_name_servers_are_cut(void **state)
{
	struct replica *replica = zones[OURS];
	struct monitor_candidate list[ZONE_SERVERS_MAX];
	struct zone_draft *draft;
	struct zone_file_result result = { 0 };
	const struct zone_version *version;
	char file[8192];
	int length = snprintf(file, sizeof file, "@ 60 SOA ns1 root 1 2 3 4 5\n");

	(void)state;
	for (int i = 0; i < 60; i++)
		length += snprintf(file + length, sizeof file - (size_t)length, "@ 60 NS s%d\ns%d 60 A 192.0.2.%d\n", i, i, 10 + i);
	assert_int_equal(zone_draft_new(replica_line(replica), &draft), 0);
	assert_int_equal(zone_file_parse(file, (size_t)length, "test", replica->slot->origin, draft, &result), 0);
	assert_int_equal(zone_draft_seal(draft, &version), 0);
	zone_slot_publish(replica->slot, version);
	assert_int_equal(monitor_candidates(replica, list), ZONE_SERVERS_MAX);
}

// --- answers

static struct watch *update(struct replica *replica)
{
	struct monitor_candidate list[ZONE_SERVERS_MAX];
	unsigned count = monitor_candidates(replica, list);

	return watch_update(replica, list, count);
}

static uint32_t number_of(const char *address, uint16_t port)
{
	struct endpoint endpoint = { .family = AF_INET, .port = port };
	const struct monitor_server *server;

	assert_int_equal(inet_pton(AF_INET, address, endpoint.bytes), 1);
	server = monitor_server_find(&room.monitor, &endpoint);
	assert_non_null(server);
	return server->number;
}

static const struct watch_entry *answer(struct replica *replica, uint32_t server, uint32_t serial)
{
	watch_note(replica, server, &(struct monitor_answer){ .outcome = MONITOR_ANSWERED, .serial = serial });
	return watch_entry_of(watch_find(replica), server);
}

static void who_is_behind_and_since_when(void **state)
{
	struct replica *replica = zones[COM];
	const struct watch_entry *entry;
	uint32_t sibling;

	(void)state;
	assert_non_null(update(replica));
	sibling = number_of("192.0.2.4", 53);
	replica->transferred = (uint32_t)clock_wall_s() - 100;
	entry = answer(replica, sibling, 5);
	assert_int_equal(entry->behind_since, 0);
	// It is behind from the time that the newer serial was seen.
	publish(replica, 6);
	replica->transferred -= 50;
	watch_settle(replica, watch_find(replica));
	assert_int_equal(entry->behind_since, replica->transferred);
	entry = answer(replica, sibling, 5);
	assert_int_equal(entry->behind_since, replica->transferred);
	assert_true(watch_is_apart(replica, watch_find(replica)));
	entry = answer(replica, sibling, 6);
	assert_int_equal(entry->behind_since, 0);
	assert_false(watch_is_apart(replica, watch_find(replica)));
	// What goes back is behind since then, not since the serial came out.
	entry = answer(replica, sibling, 4);
	assert_true(entry->behind_since >= replica->transferred + 50);
}

static void serials_wrap(void **state)
{
	struct replica *replica = zones[COM];
	uint32_t sibling;

	(void)state;
	publish(replica, 3);
	update(replica);
	sibling = number_of("192.0.2.4", 53);
	assert_true(answer(replica, sibling, 4294967290u)->behind_since != 0);
	assert_true(answer(replica, sibling, 4)->behind_since == 0);
}

static void what_a_primary_tells_counts_and_what_a_sibling_tells_does_not(void **state)
{
	struct replica *replica = zones[COM];
	uint32_t primary, sibling, other;

	(void)state;
	update(replica);
	primary = number_of("192.0.2.3", 5353);
	sibling = number_of("192.0.2.4", 53);
	other = number_of("198.51.100.1", 54);
	answer(replica, other, 5);
	answer(replica, sibling, 9);
	assert_int_equal(watch_entry_of(watch_find(replica), other)->behind_since, 0);
	assert_int_equal(replica->behind_since, 0);
	assert_true(replica->is_due); // but our primaries are asked
	attempt_cancel(replica);
	answer(replica, sibling, 9);
	assert_false(replica->is_due); // … once for that serial
	answer(replica, primary, 8);
	assert_true(replica->is_due);
	assert_int_equal(replica->primary_serial, 8);
	assert_true(replica->behind_since != 0);
	assert_true(answer(replica, other, 5)->behind_since != 0);
	attempt_cancel(replica);
}

static void what_was_seen_outlives_a_change_of_the_list(void **state)
{
	struct replica *replica = zones[COM], *ours = zones[OURS];
	struct monitor_candidate list[ZONE_SERVERS_MAX];
	unsigned count = monitor_candidates(replica, list);
	uint32_t sibling, gone;

	(void)state;
	assert_non_null(update(replica));
	assert_int_equal(watch_find(replica)->count, 6);
	sibling = number_of("192.0.2.4", 53);
	gone = number_of("192.0.2.7", 53);
	answer(replica, sibling, 5);
	// The receiver is no longer to be watched.
	list[2] = list[--count];
	assert_non_null(watch_update(replica, list, count));
	assert_int_equal(watch_find(replica)->count, 5);
	assert_int_equal(watch_entry_of(watch_find(replica), sibling)->serial, 5);
	assert_null(watch_entry_of(watch_find(replica), gone));
	assert_int_equal(room.monitor.server[gone]->users, 0);
	// Its place is the next one's.
	publish(ours, 1);
	assert_non_null(update(ours));
	assert_int_equal(room.monitor.server_count, 6);
	assert_int_equal(number_of("192.0.2.4", 53), sibling);
	assert_int_equal(room.monitor.server[sibling]->users, 2);
	// One alike is as good as none.
	assert_ptr_equal(update(ours), watch_find(ours));
}

static void a_zone_that_moves_in_the_list_keeps_its_watch(void **state)
{
	struct watch *watch;

	(void)state;
	publish(zones[LISTED], 1);
	assert_non_null(update(zones[COM]));
	watch = update(zones[LISTED]);
	assert_non_null(watch);
	// The first goes, the third takes its place.
	struct replica *first = zones[0], *third = zones[2];
	zones[0] = third;
	third->deadline.index = 0;
	room.replica_count = 2;
	monitor_move(&room, 0, 2);
	assert_ptr_equal(watch_find(third), watch);
	assert_null(watch_find(first));
	// A question that was on its way for the one that went finds nothing.
	watch_note(first, 0, &(struct monitor_answer){ .outcome = MONITOR_ANSWERED, .serial = 1 });
	zones[2] = first;
}

// --- what others see

static const struct zone_server *seen(const struct zone_server *servers, unsigned count, const char *address)
{
	char each[ADDRESS_TEXT];

	for (unsigned i = 0; i < count; i++)
		if (strcmp(address_host_to_text((const struct sockaddr *)&servers[i].address, each), address) == 0)
			return &servers[i];
	fail_msg("%s is not shown", address);
	return NULL;
}

static void what_others_see(void **state)
{
	struct replica *replica = zones[COM];
	struct zone_server servers[ZONE_SERVERS_MAX];
	const struct zone_server *one;
	unsigned count;

	(void)state;
	update(replica);
	answer(replica, number_of("192.0.2.4", 53), 9);
	attempt_cancel(replica);
	watch_note(replica, number_of("192.0.2.7", 53),
	           &(struct monitor_answer){ .outcome = MONITOR_REFUSED, .rcode = RCODE_REFUSED });
	count = monitor_fill(replica, servers);
	assert_int_equal(count, 9);
	one = seen(servers, count, "192.0.2.4");
	assert_true(one->has_serial && one->is_ahead && one->serial == 9 && one->error[0] == '\0');
	one = seen(servers, count, "192.0.2.7");
	assert_false(one->has_serial);
	assert_memory_equal(one->error, "REFUSED: ", 9);
	one = seen(servers, count, "192.0.2.1");
	assert_true(one->is_self && one->has_serial && one->serial == 5 && one->error[0] == '\0');
	assert_string_equal(seen(servers, count, "?")->error,
	                    "no address of it is in the zones served here; monitor-servers can name it");
	assert_true(seen(servers, count, "224.0.0.5")->error[0] != '\0');
}

static void each_outcome_has_words(void **state)
{
	char words[128];

	(void)state;
	for (unsigned i = 0; i < MONITOR_OUTCOMES; i++)
		for (unsigned rcode = 0; rcode < 24; rcode++) {
			monitor_text(i, rcode, words);
			assert_true((i == MONITOR_ANSWERED) == (words[0] == '\0'));
			assert_true(strlen(words) < sizeof words - 1);
		}
}

// --- changes

static int note_zone(void *context, const struct replica_status *status)
{
	char name[NAME_MAX_TEXT];

	strcat(context, name_to_text(status->origin, name));
	strcat(context, " ");
	return 0;
}

static uint64_t expect_changed(uint64_t since, const char *expected)
{
	char names[4 * NAME_MAX_TEXT] = "";
	uint64_t until = 0;

	assert_int_equal(replicate_status_changed(&room, since, &until, note_zone, names), 0);
	assert_string_equal(names, expected);
	return until;
}

static void only_what_changed_is_visited(void **state)
{
	uint64_t until;

	(void)state;
	for (unsigned i = 0; i < 4; i++)
		changes_mark(zones[i]);
	until = expect_changed(0, "example.com ours.test listed.test off.test ");
	assert_int_equal(until, replicate_changes(&room));
	until = expect_changed(until, "");
	changes_mark(zones[OURS]);
	changes_mark(zones[OURS]);
	assert_int_equal(replicate_changes(&room), until + 2);
	until = expect_changed(until, "ours.test ");
	// An answer that changes what is known is a change, the same again is none.
	update(zones[COM]);
	answer(zones[COM], number_of("192.0.2.4", 53), 5);
	until = expect_changed(until, "example.com ");
	answer(zones[COM], number_of("192.0.2.4", 53), 5);
	until = expect_changed(until, "");
	// The words are the low half of the count: it may wrap.
	atomic_store(&room.changes.count, UINT64_C(0x1fffffffe));
	changes_mark(zones[COM]);
	changes_mark(zones[OFF]);
	changes_mark(zones[LISTED]);
	until = expect_changed(UINT64_C(0x1fffffffe), "example.com listed.test off.test ");
	assert_int_equal(until, UINT64_C(0x200000001));
	(void)expect_changed(UINT64_C(0x200000000), "listed.test ");
	// Whoever slept for too long gets all.
	(void)expect_changed(1, "example.com ours.test listed.test off.test ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(who_is_watched, fresh, clear),
		cmocka_unit_test_setup_teardown(whose_primary_we_are_is_a_receiver, fresh, clear),
		cmocka_unit_test_setup_teardown(explicit_is_those_named_alone, fresh, clear),
		cmocka_unit_test_setup_teardown(many_name_servers_are_cut, fresh, clear),
		cmocka_unit_test_setup_teardown(who_is_behind_and_since_when, fresh, clear),
		cmocka_unit_test_setup_teardown(serials_wrap, fresh, clear),
		cmocka_unit_test_setup_teardown(what_a_primary_tells_counts_and_what_a_sibling_tells_does_not, fresh, clear),
		cmocka_unit_test_setup_teardown(what_was_seen_outlives_a_change_of_the_list, fresh, clear),
		cmocka_unit_test_setup_teardown(a_zone_that_moves_in_the_list_keeps_its_watch, fresh, clear),
		cmocka_unit_test_setup_teardown(what_others_see, fresh, clear),
		cmocka_unit_test_setup_teardown(each_outcome_has_words, fresh, clear),
		cmocka_unit_test_setup_teardown(only_what_changed_is_visited, fresh, clear),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
