// SPDX-License-Identifier: GPL-3.0-or-later
// Runs the scenario files of tests/answer: each question goes through answer()
// and the whole reply is compared with what the file says.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <glob.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/epoch.h"
#include "dns/message.h"
#include "render.h"
#include "scenario.h"
#include "zone/draft.h"
#include "zone/file.h"
#include "zone/table.h"

#define SCENARIOS_WANTED 250
#define GUARD 0xa5 // behind the reply: nothing may be written there

struct run {
	struct zone_table *zones;
	struct answer_identity identity;
	char value[8][256]; // what the identity points to
	unsigned values;
	unsigned scenarios, failures;
};

static const struct zone_version *load(const struct scenario_zone *zone, const uint8_t *origin)
{
	struct zone_line *line;
	struct zone_draft *draft;
	const struct zone_version *version;
	struct zone_file_result result;
	uint8_t owner[NAME_MAX_WIRE];
	assert_int_equal(zone_line_new(origin, &line), 0);
	assert_int_equal(zone_draft_new(line, &draft), 0);
	if (zone_file_parse(zone->text, strlen(zone->text), zone->origin, origin, draft, &result) != 0)
		fail_msg("zone %s (line %u of the scenarios): %s", zone->origin, zone->line, result.message);
	assert_int_equal(zone_draft_check(draft, owner), ZONE_SOUND);
	assert_int_equal(zone_draft_seal(draft, &version), 0);
	zone_line_release(line);
	return version;
}

static void on_zone(void *context, const struct scenario_zone *zone)
{
	struct run *run = context;
	struct zone_slot *slot;
	uint8_t origin[NAME_MAX_WIRE];
	assert_true(name_from_text(zone->origin, origin) > 0);
	name_lower(origin, origin);
	assert_int_equal(zone_table_add(run->zones, origin, &slot), 0);
	if (strcmp(zone->state, "empty") == 0)
		return;
	zone_slot_publish(slot, load(zone, origin));
	if (strcmp(zone->state, "expired") == 0)
		zone_slot_set_state(slot, ZONE_STATE_EXPIRED);
}

static const char *keep(struct run *run, const char *value)
{
	assert_true(run->values < 8);
	return strncpy(run->value[run->values++], value, 255);
}

static void set_identity(struct run *run, const char *what, const char *value)
{
	struct answer_identity *identity = &run->identity;
	if (strcmp(what, "version") == 0) identity->version = keep(run, value);
	else if (strcmp(what, "hostname") == 0) identity->hostname = keep(run, value);
	else if (strcmp(what, "server-id") == 0) identity->server_id = keep(run, value);
	else if (strcmp(what, "udp-size") == 0) identity->udp_size = (uint16_t)atoi(value);
	else if (strcmp(what, "keepalive") == 0) identity->keepalive = (uint16_t)atoi(value);
	else if (strcmp(what, "minimal-any") == 0) identity->minimal_any = strcmp(value, "yes") == 0;
	else if (strcmp(what, "minimal-responses") == 0) identity->minimal_responses = strcmp(value, "yes") == 0;
	else if (strcmp(what, "nsid") == 0) {
		identity->nsid = (const uint8_t *)keep(run, value);
		identity->nsid_length = (uint8_t)strlen(value);
	} else {
		fail_msg("unknown setting %s", what);
	}
}

static void on_setting(void *context, const char *file, unsigned line, char *words[4])
{
	struct run *run = context;
	uint8_t origin[NAME_MAX_WIRE];
	if (words[0] != NULL && strcmp(words[0], "identity") == 0 && words[2] != NULL) {
		set_identity(run, words[1], words[2]);
	} else if (words[0] != NULL && strcmp(words[0], "allow-query") == 0 && words[2] != NULL) {
		assert_true(name_from_text(words[1], origin) > 0);
		struct zone_slot *slot = zone_table_get(run->zones, origin);
		assert_non_null(slot);
		atomic_store(&slot->allow_query, strcmp(words[2], "any") == 0 ? &acl_any : &acl_none);
	} else {
		fail_msg("%s:%u: unknown line", file, line);
	}
}

static size_t limit_of(const struct run *run, const struct scenario *s, const struct answer *answer)
{
	size_t own = run->identity.udp_size != 0 ? run->identity.udp_size : EDNS_OWN_SIZE;
	size_t limit = MESSAGE_MAX;
	if (s->transport == TRANSPORT_UDP) {
		limit = answer->edns.present ? answer->edns.udp_size : 512;
		limit = limit < own ? limit : own;
	}
	return limit > (size_t)s->reserve + MESSAGE_HEADER ? limit - s->reserve : MESSAGE_HEADER;
}

static bool matches(const struct scenario *s, struct rendering *rendering)
{
	char **expected = (char **)(size_t)s->expected;
	if (rendering->count != s->expected_count)
		return false;
	render_sort_sets(rendering->line, rendering->count);
	render_sort_sets(expected, s->expected_count);
	for (unsigned i = 0; i < rendering->count; i++)
		if (strcmp(rendering->line[i], expected[i]) != 0)
			return false;
	return true;
}

static void report(struct run *run, const struct scenario *s, const struct rendering *rendering)
{
	run->failures++;
	print_error("\n%s:%u: %s\n  %s\n", s->file, s->line, s->title, s->asked);
	for (unsigned i = 0; i < s->expected_count; i++)
		print_error("  - %s\n", s->expected[i]);
	for (unsigned i = 0; i < rendering->count; i++)
		print_error("  + %s\n", rendering->line[i]);
}

// The request alone, and among others in a batch, must get the same octets.
static bool batch_agrees(const struct run *run, const struct answer_request *request,
                         const struct answer *whole)
{
	enum { BATCH = 3 };
	static uint8_t reply[BATCH][MESSAGE_MAX];
	struct answer_request requests[BATCH];
	struct answer answers[BATCH];
	bool agree = true;
	for (unsigned i = 0; i < BATCH; i++) {
		requests[i] = *request;
		requests[i].reply = reply[i];
	}
	requests[1].length = MESSAGE_HEADER; // a question is missing there
	answer_prepare(run->zones, requests, answers, BATCH);
	for (unsigned i = 0; i < BATCH; i++) {
		answer_write(&run->identity, &requests[i], &answers[i]);
		if (i != 1)
			agree = agree && answers[i].action == whole->action && answers[i].length == whole->length &&
			        memcmp(reply[i], request->reply, whole->length) == 0;
	}
	return agree;
}

static void on_scenario(void *context, const struct scenario *s)
{
	struct run *run = context;
	static uint8_t reply[MESSAGE_MAX + 1];
	struct sockaddr_in source = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct answer_request request = {
		.bytes = s->request, .length = s->length, .source = (const struct sockaddr *)&source,
		.transport = s->transport, .key_name = s->has_key ? s->key : NULL,
		.reserve = s->reserve, .reply = reply, .reply_room = MESSAGE_MAX,
	};
	struct answer outcome;
	struct rendering rendering;
	memset(reply, GUARD, sizeof(reply));
	run->scenarios++;
	answer(run->zones, &run->identity, &request, &outcome);
	render(&request, &outcome, &rendering);
	if (!matches(s, &rendering))
		report(run, s, &rendering);
	render_free(&rendering);
	if (outcome.action == ANSWER_REPLY)
		assert_in_range(outcome.length, MESSAGE_HEADER, limit_of(run, s, &outcome));
	for (size_t i = outcome.length; outcome.action == ANSWER_REPLY && i < sizeof(reply); i++)
		if (i >= limit_of(run, s, &outcome))
			assert_int_equal(reply[i], GUARD);
	assert_true(batch_agrees(run, &request, &outcome));
}

static void run_file(struct run *total, const char *path)
{
	struct run run = { .scenarios = 0 };
	struct scenario_sink sink = { &run, on_zone, on_setting, on_scenario };
	assert_int_equal(zone_table_new(&run.zones), 0);
	assert_true(scenario_read(path, &sink));
	epoch_offline();
	epoch_barrier();
	epoch_online();
	zone_table_free(run.zones);
	print_message("%s: %u scenarios, %u failed\n", path, run.scenarios, run.failures);
	total->scenarios += run.scenarios;
	total->failures += run.failures;
}

static void test_scenarios(void **state)
{
	(void)state;
	struct run total = { .scenarios = 0 };
	glob_t files;
	const char *only = getenv("SCENARIOS");
	assert_int_equal(glob(only != NULL ? only : SCENARIO_FOLDER "/*.txt", 0, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++)
		run_file(&total, files.gl_pathv[i]);
	globfree(&files);
	assert_int_equal(total.failures, 0);
	if (only == NULL)
		assert_true(total.scenarios >= SCENARIOS_WANTED);
}

int main(void)
{
	char why[256];
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_scenarios) };
	if (arena_open(1ull << 30, why) != 0) {
		fprintf(stderr, "%s\n", why);
		return 1;
	}
	epoch_register();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	epoch_unregister();
	return failed;
}
