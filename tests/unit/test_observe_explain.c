// SPDX-License-Identifier: GPL-3.0-or-later
// What an operator is told of a zone: each test is a state, and the words for it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "dns/types.h"
#include "observe/explain.h"

#define NOW INT64_C(1795372800) // 2026-11-22 18:40:00 UTC

static const char named[] =
	"options { directory \"/var/lib/zones\"; };\n"
	"key tr.example { algorithm hmac-sha256; secret \"c2VjcmV0c2VjcmV0c2VjcmV0\"; };\n"
	"zone \"example.com\" {\n"
	"    type secondary;\n"
	"    primaries { 192.0.2.1 key tr.example; 192.0.2.2; };\n"
	"    file \"example.com.zone\";\n"
	"};\n"
	"zone \"own.test\" { type primary; file \"own.zone\"; };\n";

static struct config *config;
static struct replica_status zone;
static struct replica_progress progress;
static struct servers servers;
static struct status_answered answered;

static void set_address(struct sockaddr_storage *to, const char *text)
{
	struct sockaddr_in *in = (struct sockaddr_in *)to;
	in->sin_family = AF_INET;
	in->sin_port = htons(53);
	assert_int_equal(inet_pton(AF_INET, text, &in->sin_addr), 1);
}

// A secondary that is well.
static int good_secondary(void **state)
{
	(void)state;
	zone = (struct replica_status){
		.role = CONFIG_SECONDARY, .phase = REPLICA_CURRENT, .has_version = true,
		.serial = 2026112201, .newest_serial = 2026112201, .primary_serial = 2026112201, .has_primary_serial = true,
		.transferred = NOW - 7200, .confirmed = NOW - 3, .refresh_at = NOW + 900, .expires_at = NOW + 6 * 86400,
		.records = 10, .names = 4, .bytes = 880,
	};
	progress = (struct replica_progress){ .refresh = 3600, .retry = 600, .expire = 604800 };
	servers = (struct servers){ 0 };
	answered = (struct status_answered){ .was_asked = true, .has_serial = true, .serial = 2026112201 };
	set_address(&zone.primary, "192.0.2.1");
	set_address(&answered.address, "192.0.2.53");
	assert_true(name_from_text("example.com", zone.origin) > 0);
	strcpy(zone.file, "/var/lib/zones/example.com.zone");
	return 0;
}

static void fail_with(const char *error)
{
	snprintf(zone.last_error, sizeof(zone.last_error), "%s", error);
	zone.last_error_at = NOW - 20;
}

static void never_had_a_copy(void)
{
	zone.phase = REPLICA_EMPTY;
	zone.has_version = false;
	zone.serial = 0;
	zone.transferred = zone.confirmed = zone.expires_at = 0;
	answered.has_serial = false;
	answered.rcode = RCODE_SERVFAIL;
}

static struct explain_facts facts(void)
{
	return (struct explain_facts){
		.zone = &zone, .progress = &progress, .servers = &servers, .answered = &answered, .config = config,
		.configured = config_zone_find(config, zone.origin), .state_dir = "/var/lib/understudy", .now = NOW,
	};
}

// All in one line, so that no test depends on where lines are folded.
static const char *told(void)
{
	static char text[8192];
	char *at, *made = NULL;
	size_t size = 0;
	struct explain_facts f = facts();
	FILE *to = open_memstream(&made, &size);
	explain_write(to, &f, false);
	fclose(to);
	snprintf(text, sizeof(text), "%s", made);
	free(made);
	while ((at = strchr(text, '\n')) != NULL)
		*at = ' ';
	return text;
}

static void says(const char *words)
{
	const char *text = told();
	if (strstr(text, words) == NULL)
		fail_msg("\"%s\" is not in:\n%s", words, text);
}

static void does_not_say(const char *words)
{
	const char *text = told();
	if (strstr(text, words) != NULL)
		fail_msg("\"%s\" is in:\n%s", words, text);
}

// --- the form

static void a_zone_that_is_well_takes_five_sentences(void **state)
{
	char *text = NULL;
	size_t size = 0;
	struct explain_facts f = facts();
	(void)state;
	FILE *to = open_memstream(&text, &size);
	explain_write(to, &f, false);
	fclose(to);
	assert_string_equal(text,
		"example.com is a secondary zone and current: serial 2026112201 is served, and\n"
		"192.0.2.1@53 confirmed it 3 s ago.\n"
		"\n"
		"It is copied from 192.0.2.1@53 with key tr.example and 192.0.2.2@53 unsigned, as\n"
		"named.conf:3 says.\n"
		"\n"
		"What is served was transferred 2 h ago (2026-11-22 16:40:00 UTC): serial\n"
		"2026112201, 10 records.\n"
		"\n"
		"Nothing is wrong; there is nothing to do.\n"
		"\n"
		"The primaries are asked next in 15 min. If none answers, the zone is stale from\n"
		"then on, and expires in 6 d (2026-11-28 18:40:00 UTC).\n");
	free(text);
}

static void no_line_is_longer_than_eighty_columns(void **state)
{
	char *text = NULL, *rest;
	size_t size = 0;
	(void)state;
	fail_with("transfer from 192.0.2.1@53 refused: TSIG BADKEY, key tr.example: the other side does not know this key");
	struct explain_facts f = facts();
	FILE *to = open_memstream(&text, &size);
	explain_write(to, &f, false);
	fclose(to);
	for (char *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
		if (strncmp(line, "    ", 4) != 0)
			assert_true(strlen(line) <= 80);
	free(text);
}

static void json_has_what_is_said_and_the_commands(void **state)
{
	(void)state;
	fail_with("192.0.2.1@53 has serial 5, lower than ours, 2026112201 (RFC 1982): refused");
	struct explain_facts f = facts();
	json_t *json = explain_json(&f), *paragraph;
	size_t i;
	bool found = false;
	assert_string_equal(json_string_value(json_object_get(json, "zone")), "example.com");
	assert_string_equal(json_string_value(json_object_get(json, "state")), "current");
	assert_string_equal(json_string_value(json_object_get(json, "word")), "troubled");
	json_array_foreach(json_object_get(json, "paragraphs"), i, paragraph) {
		const char *command = json_string_value(json_object_get(paragraph, "command"));
		found = found || (command != NULL && strcmp(command, "understudy retransfer example.com") == 0);
	}
	assert_true(found);
	json_decref(json);
}

// --- the states

static void one_that_was_never_transferred(void **state)
{
	(void)state;
	never_had_a_copy();
	says("example.com is a secondary zone of which there is no copy yet: questions about it are answered with SERVFAIL.");
	says("No transfer has ever ended well.");
	says("The first copy has not come yet, and nothing has failed so far");
	says("understudy refresh --wait example.com");
	does_not_say("Nothing is wrong");
}

static void one_that_is_stale(void **state)
{
	(void)state;
	zone.phase = REPLICA_STALE;
	zone.confirmed = NOW - 40000;
	zone.refresh_at = NOW + 60;
	progress.failures = 12;
	fail_with("192.0.2.1@53 does not tell the serial: UDP: no answer; TCP: failed: no connection within 6 s");
	says("is a secondary zone and stale: serial 2026112201 is still served, but the time to refresh it has passed and no "
	     "primary has confirmed it since 2026-11-22 07:33:20 UTC.");
	says("The last attempt to refresh it failed 20 s ago, 12 attempts in a row having failed:");
	says("dig @192.0.2.1 -p 53 example.com SOA +norec +tcp");
	says("If none answers, the zone expires in 6 d (2026-11-28 18:40:00 UTC); from then on it is answered with SERVFAIL.");
}

static void one_that_has_expired(void **state)
{
	(void)state;
	zone.phase = REPLICA_EXPIRED;
	zone.confirmed = NOW - 700000;
	zone.expires_at = NOW - 95200;
	answered.has_serial = false;
	answered.rcode = RCODE_SERVFAIL;
	fail_with("192.0.2.1@53 answers no zone, so it was not asked; the last attempt failed: no connection: connection refused");
	says("has expired: no primary has confirmed serial 2026112201 since 2026-11-14 16:13:20 UTC, longer than its SOA allows, "
	     "so questions about it are answered with SERVFAIL (RFC 1034, 4.3.5). The copy is kept.");
	says("See whether the primary runs and whether both UDP and TCP reach it from here");
	says("The primaries are asked again in 15 min, and what they have is served as soon as it is here.");
}

static void a_primary_that_does_not_know_our_key(void **state)
{
	(void)state;
	fail_with("transfer from 192.0.2.1@53 refused: TSIG BADKEY, key tr.example: the other side does not know this key, or "
	          "expects another algorithm");
	says("The primary has no key of this name, or has it with another algorithm.");
	says("with the secret of named.conf:2");
	says("key \"tr.example\" { algorithm hmac-sha256; secret \"...\"; };");
	does_not_say("c2VjcmV0"); // the secret itself
}

static void secrets_that_differ(void **state)
{
	(void)state;
	fail_with("192.0.2.1@53 refused to tell the serial: TSIG BADSIG, key tr.example: the secrets differ");
	says("Compare the secret of key tr.example at named.conf:2 with the one at the primary");
	does_not_say("c2VjcmV0");
}

static void notauth_without_a_signature_is_about_the_key(void **state)
{
	(void)state;
	fail_with("transfer from 192.0.2.1@53 refused: NOTAUTH (not signed): with TSIG mostly another secret, or another clock");
	says("Compare the secret of key tr.example");
}

static void clocks_that_differ(void **state)
{
	(void)state;
	fail_with("transfer from 192.0.2.1@53 refused: TSIG BADTIME, our clock is 412 s behind theirs (limit 300)");
	says("our clock is 412 s behind theirs");
	says("The two clocks are further apart than TSIG allows (300 s, RFC 8945).");
	says("timedatectl set-ntp true");
}

static void a_primary_that_refuses_us(void **state)
{
	(void)state;
	fail_with("transfer from 192.0.2.1@53 refused: REFUSED, their access list does not allow us (we asked from 198.51.100.7, "
	          "key tr.example)");
	says("its access list does not let this server transfer the zone");
	says("allow-transfer { key tr.example; };");
	says("provide-xfr: 198.51.100.7 tr.example");
}

static void a_primary_that_refuses_us_without_a_key(void **state)
{
	(void)state;
	set_address(&zone.primary, "192.0.2.2");
	fail_with("transfer from 192.0.2.2@53 refused: REFUSED, their access list does not allow us (we asked from 198.51.100.7, "
	          "key none)");
	says("allow-transfer { 198.51.100.7; };");
	says("provide-xfr: 198.51.100.7 NOKEY");
}

static void a_connection_that_is_refused_is_not_an_access_list(void **state)
{
	(void)state;
	fail_with("transfer from 192.0.2.1@53 failed: no connection: connection refused");
	says("See whether the primary runs");
	does_not_say("allow-transfer");
}

static void a_primary_with_a_lower_serial(void **state)
{
	(void)state;
	fail_with("192.0.2.1@53 has serial 5, lower than ours, 2026112201 (RFC 1982): refused; raise it there, or `understudy "
	          "retransfer example.com` takes it as it is");
	says("raise the serial at the primary above 2026112201 (RFC 1982: by less than 2^31 at once)");
	says("    understudy retransfer example.com");
}

static void a_primary_that_does_not_serve_the_zone(void **state)
{
	(void)state;
	fail_with("192.0.2.1@53 refused to tell the serial: the answer is not authoritative");
	says("192.0.2.1@53 does not serve this zone as an authority: is it configured and loaded there");
}

static void a_transfer_that_is_too_large(void **state)
{
	(void)state;
	fail_with("transfer from 192.0.2.1@53 failed: the zone is larger than allowed (max-zone-size 1000 bytes)");
	says("raise max-zone-size (nsd.conf: size-limit-xfr) or max-records");
}

static void a_transfer_that_was_cut(void **state)
{
	(void)state;
	fail_with("transfer from 192.0.2.1@53 failed: they closed the connection after 400 records, before the last SOA");
	says("The transfer was broken off on the way");
	says("understudy retransfer --wait example.com");
}

static void what_is_no_zone(void **state)
{
	(void)state;
	fail_with("refused: there is no NS at the apex; the old version stays");
	says("What the primary sends is no zone that may be served.");
}

// --- the guard

static void hold(const char *check, const char *why)
{
	zone.held = true;
	zone.held_serial = 2026112202;
	zone.held_since = NOW - 600;
	snprintf(zone.held_check, sizeof(zone.held_check), "%s", check);
	snprintf(zone.held_why, sizeof(zone.held_why), "%s", why);
	zone.behind_since = NOW - 600;
	zone.primary_serial = 2026112202;
}

static void one_that_shrank(void **state)
{
	(void)state;
	hold("max-shrink", "9,120 of 10,004 names would go (91 %, limit 75 %)");
	says("Serial 2026112202 has come and is held back since 2026-11-22 18:30:00 UTC by the check max-shrink: 9,120 of 10,004 "
	     "names would go (91 %, limit 75 %). The version before is served on.");
	says("If so many names are meant to go, approve it.");
	says("understudy diff example.com --primary");
	says("understudy approve example.com 2026112202");
	says("understudy reject example.com");
}

static void one_whose_digest_does_not_fit(void **state)
{
	(void)state;
	hold("zonemd", "no ZONEMD of it fits its content");
	says("The content does not fit the digest that the zone brings (RFC 8976)");
	says("check-zonemd no switches this check off");
}

static void one_that_the_verifier_refused(void **state)
{
	(void)state;
	hold("verifier", "the verifier ended with 1");
	says("Your verifier said no, or did not say anything in time; what it printed is in the log.");
}

static void one_with_too_many_records(void **state)
{
	(void)state;
	hold("max-records", "it has 12 records, more than max-records 10");
	says("raise max-records and fetch it anew with retransfer");
}

static void one_with_too_large_a_set(void **state)
{
	(void)state;
	hold("max-records-per-type", "www.example.com has 120 records of type A");
	says("raise max-records-per-type, or max-types-per-name, and fetch the zone anew");
}

static void one_that_was_rejected(void **state)
{
	(void)state;
	hold("max-shrink", "9,120 of 10,004 names would go");
	zone.held = false;
	zone.rejected = true;
	says("Serial 2026112202 was rejected by the operator and is passed over until a newer one comes");
	does_not_say("It is fetched by itself");
	says("understudy retransfer --wait example.com");
}

static void one_that_is_rolled_back(void **state)
{
	(void)state;
	zone.rolled_back = true;
	zone.newest_serial = 2026112205;
	zone.rolled_back_since = NOW - 3600;
	says("It was rolled back 60 min ago (2026-11-22 17:40:00 UTC).");
	says("By the operator's order serial 2026112201 is served in place of 2026112205, which is newer");
	says("understudy resume example.com");
}

// --- the disk, and the rest

static void one_that_cannot_be_stored(void **state)
{
	(void)state;
	zone.unsaved = true;
	fail_with("not stored: No space left on device");
	says("A new version cannot be stored: not stored: No space left on device.");
	says("Make room in /var/lib/understudy; it is tried again by itself within a minute");
	says("df -h /var/lib/understudy");
	does_not_say("The last attempt to refresh it failed");
}

static void a_zone_file_that_cannot_be_written(void **state)
{
	(void)state;
	zone.file_failed = true;
	strcpy(progress.file_error, "/var/lib/zones/example.com.zone: Permission denied");
	says("Its zone file cannot be written: /var/lib/zones/example.com.zone: Permission denied. The zone is served all the same");
	says("ReadWritePaths=");
	says("understudy write example.com");
}

static void one_that_is_behind(void **state)
{
	(void)state;
	zone.behind_since = NOW - 300;
	zone.primary_serial = 2026112203;
	says("It is behind: for 5 min a primary has had serial 2026112203, and 2026112201 is served.");
	says("understudy refresh --wait example.com");
}

static void a_sibling_that_is_behind(void **state)
{
	(void)state;
	servers.count = 1;
	servers.server[0] = (struct zone_server){
		.part = SERVER_SIBLING, .has_serial = true, .serial = 2026112101, .answered_at = NOW - 10,
		.behind_since = NOW - 4000,
	};
	set_address(&servers.server[0].address, "198.51.100.2");
	assert_true(name_from_text("ns2.example.com", servers.server[0].name) > 0);
	says("ns2.example.com, 198.51.100.2@53 is behind the newest serial for 67 min: it has 2026112101.");
}

// No fault of this copy, but it is not that all is well either.
static void siblings_that_tell_nothing(void **state)
{
	(void)state;
	servers.count = 3;
	servers.server[0] = (struct zone_server){ .part = SERVER_SIBLING, .error = "no address of it is known" };
	says("Nothing is wrong; there is nothing to do.");
	servers.server[1] = (struct zone_server){ .part = SERVER_SIBLING, .error = "unreachable: nothing listens there" };
	set_address(&servers.server[1].address, "198.51.100.2");
	assert_true(name_from_text("ns2.example.com", servers.server[1].name) > 0);
	servers.server[2] = (struct zone_server){ .part = SERVER_SIBLING, .error = "no answer by UDP", .is_self = true };
	set_address(&servers.server[2].address, "192.0.2.53");
	says("No serial is known of ns2.example.com, 198.51.100.2@53: unreachable: nothing listens there.");
	says("dig @198.51.100.2 -p 53 example.com SOA +norec");
	does_not_say("Nothing is wrong");
}

static void answers_that_do_not_fit(void **state)
{
	(void)state;
	answered.serial = 7;
	says("Asked over the network at 192.0.2.53@53, it answers with serial 7, not with what should be served");
	answered = (struct status_answered){ .was_asked = true, .rcode = RCODE_REFUSED };
	set_address(&answered.address, "192.0.2.53");
	says("Nothing is wrong"); // our own access list does not let us ask
}

static void a_transfer_that_is_running(void **state)
{
	(void)state;
	zone.transferring = true;
	progress.is_transferring = true;
	progress.records = 120000;
	progress.bytes = 4000000;
	says("A transfer from 192.0.2.1@53 is running: 120000 records, 4000000 bytes so far.");
}

// --- as the primary

static void be_primary(void)
{
	zone.role = CONFIG_PRIMARY;
	zone.primary.ss_family = 0;
	zone.refresh_at = zone.expires_at = zone.confirmed = 0;
	assert_true(name_from_text("own.test", zone.origin) > 0);
	strcpy(zone.file, "/var/lib/zones/own.zone");
}

static void a_primary_zone_that_is_well(void **state)
{
	(void)state;
	be_primary();
	says("own.test is a primary zone: this server is where it comes from. Serial 2026112201 is served, 10 records.");
	says("It is read from /var/lib/zones/own.zone, as named.conf:8 says.");
	says("Its file was last read 2 h ago");
	says("Nothing is wrong; there is nothing to do.");
	does_not_say("expires");
}

static void a_primary_zone_whose_file_is_broken(void **state)
{
	(void)state;
	be_primary();
	fail_with("/var/lib/zones/own.zone:7: there is no type TXX");
	says("Its file could not be taken 20 s ago: /var/lib/zones/own.zone:7: there is no type TXX. What was read before is "
	     "served on.");
	says("understudy reload --wait own.test");
}

static void a_receiver_that_is_behind(void **state)
{
	(void)state;
	be_primary();
	servers.count = 1;
	servers.server[0] = (struct zone_server){
		.part = SERVER_RECEIVER, .has_serial = true, .serial = 2026112101, .behind_since = NOW - 400,
	};
	set_address(&servers.server[0].address, "198.51.100.2");
	says("198.51.100.2@53 is behind the newest serial for 7 min: it has 2026112101.");
	says("understudy notify --wait own.test");
}

static int read_config(void **state)
{
	struct config_report report = { 0 };
	const struct config_overrides overrides = { 0 };
	(void)state;
	assert_int_equal(config_read_memory("named.conf", named, sizeof(named) - 1, &overrides, &report, &config), 0);
	config_report_free(&report);
	return 0;
}

static int release_config(void **state)
{
	(void)state;
	config_release(config);
	return 0;
}

#define STATE(name) cmocka_unit_test_setup(name, good_secondary)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STATE(a_zone_that_is_well_takes_five_sentences), STATE(no_line_is_longer_than_eighty_columns),
		STATE(json_has_what_is_said_and_the_commands),
		STATE(one_that_was_never_transferred), STATE(one_that_is_stale), STATE(one_that_has_expired),
		STATE(a_primary_that_does_not_know_our_key), STATE(secrets_that_differ),
		STATE(notauth_without_a_signature_is_about_the_key), STATE(clocks_that_differ),
		STATE(a_primary_that_refuses_us), STATE(a_primary_that_refuses_us_without_a_key),
		STATE(a_connection_that_is_refused_is_not_an_access_list), STATE(a_primary_with_a_lower_serial),
		STATE(a_primary_that_does_not_serve_the_zone), STATE(a_transfer_that_is_too_large),
		STATE(a_transfer_that_was_cut), STATE(what_is_no_zone),
		STATE(one_that_shrank), STATE(one_whose_digest_does_not_fit), STATE(one_that_the_verifier_refused),
		STATE(one_with_too_many_records), STATE(one_with_too_large_a_set), STATE(one_that_was_rejected), STATE(one_that_is_rolled_back),
		STATE(one_that_cannot_be_stored), STATE(a_zone_file_that_cannot_be_written), STATE(one_that_is_behind),
		STATE(a_sibling_that_is_behind), STATE(siblings_that_tell_nothing),
		STATE(answers_that_do_not_fit), STATE(a_transfer_that_is_running),
		STATE(a_primary_zone_that_is_well), STATE(a_primary_zone_whose_file_is_broken), STATE(a_receiver_that_is_behind),
	};
	return cmocka_run_group_tests(tests, read_config, release_config);
}
