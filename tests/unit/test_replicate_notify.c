// SPDX-License-Identifier: GPL-3.0-or-later
// NOTIFY in: who is heard, what is answered, and that any number of them is
// one piece of news for the loop.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <arpa/inet.h>

#include "base/error.h"
#include "config/config.h"
#include "dns/types.h"
#include "replicate/notify_in.h"
#include "replicate/notify_out.h"
#include "replicate/replica.h"

static const char text[] =
	"key tr.example { algorithm hmac-sha256; secret \"MTIzNDU2Nzg5MDEyMzQ1Ng==\"; };\n"
	"zone \"example.com\" { type secondary; file \"e\"; primaries { 192.0.2.1; };\n"
	"  allow-notify { 192.0.2.8; key tr.example; }; };\n"
	"zone \"ours.test\" { type primary; file \"o\"; allow-notify { any; }; };\n";

static struct replicate room;
static const struct config *config;
static unsigned wakes;

static void count_wake(void *context)
{
	(void)context;
	wakes++;
}

// A zone with its slot, as far as a worker looks at it.
static struct replica *zone_named(const char *name)
{
	uint8_t wire[NAME_MAX_WIRE];
	struct replica *replica = calloc(1, sizeof *replica);
	struct zone_slot *slot = calloc(1, sizeof *slot + NAME_MAX_WIRE);

	assert_true(name_from_text(name, wire) > 0);
	memcpy(slot->origin, wire, name_length(wire));
	replica->room = &room;
	replica->slot = slot;
	slot->origin_length = (uint8_t)name_length(wire);
	replica->aside = &aside_nothing;
	replica->is_removed = true; // for the loop, which shall not act on it
	atomic_store(&slot->owner, replica);
	return replica;
}

static void free_zone(struct replica *replica)
{
	free(replica->slot);
	free(replica);
}

static uint16_t notify(struct replica *replica, const char *from, const char *key, uint32_t serial)
{
	struct sockaddr_in source = { .sin_family = AF_INET };
	uint8_t key_name[NAME_MAX_WIRE];
	struct notify_in in = { .slot = replica->slot, .source = (const struct sockaddr *)&source,
	                        .has_serial = serial != 0, .serial = serial };
	uint16_t rcode = 99;
	char why[128];

	assert_int_equal(inet_pton(AF_INET, from, &source.sin_addr), 1);
	if (key != NULL) {
		assert_true(name_from_text(key, key_name) > 0);
		in.key_name = key_name;
	}
	replicate_notify(&room, &in, &rcode, why);
	assert_true((rcode == RCODE_NOERROR) == (why[0] == '\0'));
	return rcode;
}

static uint32_t told_serial(const struct replica *replica)
{
	return (uint32_t)atomic_load(&replica->notify);
}

static void who_is_heard(void **state)
{
	struct replica *replica = zone_named("example.com");

	(void)state;
	assert_int_equal(notify(replica, "192.0.2.1", NULL, 5), RCODE_NOERROR);           // the primary
	assert_int_equal(notify(replica, "192.0.2.8", NULL, 5), RCODE_NOERROR);           // allow-notify
	assert_int_equal(notify(replica, "203.0.113.9", "tr.example", 5), RCODE_NOERROR); // by key, from anywhere
	assert_int_equal(notify(replica, "203.0.113.9", NULL, 5), RCODE_REFUSED);
	assert_int_equal(notify(replica, "203.0.113.9", "other.example", 5), RCODE_REFUSED);
	mailbox_deliver(room.box, &room, 10);
	free_zone(replica);
}

static void a_primary_takes_no_notify(void **state)
{
	struct replica *replica = zone_named("ours.test");

	(void)state;
	assert_int_equal(notify(replica, "192.0.2.1", NULL, 5), RCODE_NOTAUTH);
	free_zone(replica);
}

static void a_zone_that_goes_away_takes_none(void **state)
{
	struct replica *replica = zone_named("example.com");

	(void)state;
	atomic_store(&replica->slot->owner, NULL);
	assert_int_equal(notify(replica, "192.0.2.1", NULL, 5), RCODE_NOTAUTH);
	free_zone(replica);
}

static void many_are_one_and_the_newest_serial_counts(void **state)
{
	struct replica *replica = zone_named("example.com");

	(void)state;
	wakes = 0;
	assert_int_equal(notify(replica, "192.0.2.1", NULL, 7), RCODE_NOERROR);
	assert_int_equal(notify(replica, "192.0.2.8", NULL, 9), RCODE_NOERROR);
	assert_int_equal(notify(replica, "192.0.2.8", NULL, 8), RCODE_NOERROR);
	assert_int_equal(notify(replica, "192.0.2.8", NULL, 0), RCODE_NOERROR); // tells no serial
	assert_int_equal(told_serial(replica), 9);
	assert_int_equal(wakes, 1);
	assert_int_equal(mailbox_deliver(room.box, &room, 10), 1);
	free_zone(replica);
}

// Anyone can send an unsigned NOTIFY with any serial: it neither takes over the
// signature of another nor puts that one's serial out.
static void a_signature_goes_with_its_serial(void **state)
{
	struct replica *replica = zone_named("example.com");
	const uint64_t is_signed = UINT64_C(1) << 60, all_had_serial = UINT64_C(1) << 61;

	(void)state;
	notify(replica, "192.0.2.1", NULL, 70000);
	assert_false(atomic_load(&replica->notify) & is_signed);
	notify(replica, "192.0.2.1", "tr.example", 7);
	assert_int_equal(told_serial(replica), 7);
	assert_true(atomic_load(&replica->notify) & is_signed);
	notify(replica, "192.0.2.1", NULL, 90000);
	assert_int_equal(told_serial(replica), 7);
	assert_true(atomic_load(&replica->notify) & is_signed);
	// … but it is looked into.
	assert_false(atomic_load(&replica->notify) & all_had_serial);
	notify(replica, "192.0.2.1", "tr.example", 8);
	assert_int_equal(told_serial(replica), 8);
	mailbox_deliver(room.box, &room, 10);
	free_zone(replica);
}

static void a_flood_is_heeded_at_a_pace(void **state)
{
	struct notify_bucket bucket = { 0 };
	unsigned heeded = 0;

	(void)state;
	for (unsigned i = 0; i < 3 * NOTIFY_BURST; i++)
		heeded += notify_bucket_take(&bucket, 20, 5000);
	assert_int_equal(heeded, NOTIFY_BURST);
	for (unsigned i = 0; i < 1000; i++)
		heeded += notify_bucket_take(&bucket, 20, 5000 + i);
	assert_int_equal(heeded, NOTIFY_BURST + 20 * NOTIFY_A_QUERY - 1);
	assert_true(notify_bucket_take(&bucket, 0, 6000)); // serial-query-rate 0: no limit
}

static void what_we_tell_leaves_at_a_pace(void **state)
{
	struct notify_pace pace = { 0 };
	unsigned sent = 0;
	uint64_t wait;

	(void)state;
	while (notify_pace_take(&pace, 20, 5000, &wait))
		sent++;
	assert_int_equal(sent, 20); // a second's worth at once
	assert_int_equal(wait, 50);
	assert_false(notify_pace_take(&pace, 20, 5049, &wait));
	assert_int_equal(wait, 1);
	assert_true(notify_pace_take(&pace, 20, 5050, &wait));
	assert_int_equal(wait, 0);
	// However long nothing was told, no more than that is saved up.
	for (sent = 0; notify_pace_take(&pace, 20, 5050 + 86400000, &wait);)
		sent++;
	assert_int_equal(sent, 20);
	assert_true(notify_pace_take(&pace, 0, 5050, &wait)); // notify-rate 0: no limit
}

static void a_start_has_a_pace_of_its_own(void **state)
{
	static const char slow[] = "options { startup-notify-rate 3; };\n";
	struct config_report report = { 0 };
	struct config *read;

	(void)state;
	assert_int_equal(config_read_memory("named.conf", slow, sizeof slow - 1, NULL, &report, &read), 0);
	assert_int_equal(read->server.startup_notify_rate, 3);
	assert_true(read->server.notify_rate >= 500); // a thousand changes are told of in seconds
	config_report_free(&report);
	config_release(read);
}

static void what_is_news(void **state)
{
	(void)state;
	// has serial, serial, have a version, ours, current
	assert_int_equal(notify_in_sense(true, 7, true, 7, true), NOTIFY_OLD_NEWS);
	assert_int_equal(notify_in_sense(true, 8, true, 7, true), NOTIFY_NEWS);
	assert_int_equal(notify_in_sense(true, 6, true, 7, true), NOTIFY_NEWS);  // set back: to be explained
	assert_int_equal(notify_in_sense(true, 7, true, 7, false), NOTIFY_NEWS); // stale: good to hear
	assert_int_equal(notify_in_sense(true, 7, false, 0, false), NOTIFY_NEWS);
	assert_int_equal(notify_in_sense(false, 0, true, 7, true), NOTIFY_NEWS);
}

static int set_up(void **state)
{
	struct config_report report = { 0 };
	struct config *read;

	(void)state;
	if (config_read_memory("named.conf", text, sizeof text - 1, NULL, &report, &read) != 0) {
		config_report_print(&report, stderr);
		return -1;
	}
	config_report_free(&report);
	config = read;
	atomic_store(&room.config, config);
	return mailbox_new(count_wake, NULL, &room.box);
}

static int tear_down(void **state)
{
	(void)state;
	mailbox_free(room.box);
	config_release(config);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_is_heard),
		cmocka_unit_test(a_primary_takes_no_notify),
		cmocka_unit_test(a_zone_that_goes_away_takes_none),
		cmocka_unit_test(many_are_one_and_the_newest_serial_counts),
		cmocka_unit_test(a_signature_goes_with_its_serial),
		cmocka_unit_test(a_flood_is_heeded_at_a_pace),
		cmocka_unit_test(what_we_tell_leaves_at_a_pace),
		cmocka_unit_test(a_start_has_a_pace_of_its_own),
		cmocka_unit_test(what_is_news),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
