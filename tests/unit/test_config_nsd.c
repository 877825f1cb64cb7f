// SPDX-License-Identifier: GPL-3.0-or-later
// nsd.conf: what good ones become.
#include <unistd.h>

#include "config_case.h"

#define KEY "key:\n  name: tr.example\n  algorithm: hmac-sha512\n  secret: \"c2VjcmV0\"\n"

static void the_guides_secondary(void **state)
{
	(void)state;
	struct config *config = read_case("nsd.conf",
		"# /etc/nsd/nsd.conf on SECONDARY\n"
		"zone:\n"
		"    name: \"example.com\"\n"
		"    zonefile: \"example.com.zone\"\n"
		"    allow-notify: 10.0.0.1 NOKEY\n"
		"    request-xfr: 10.0.0.1 NOKEY\n", "");
	const struct config_zone *zone = zone_of(config, "example.com");
	char here[2000], file[2100];
	assert_non_null(getcwd(here, sizeof here));
	snprintf(file, sizeof file, "%s/example.com.zone", here);
	assert_int_equal(config->dialect, CONFIG_NSD);
	assert_int_equal(zone->role, CONFIG_SECONDARY);
	assert_file(zone, file);
	assert_endpoint(&zone->policy->primaries->remote[0].address, "10.0.0.1", 53);
	assert_true(allows(zone->policy->allow_notify, "10.0.0.1", NULL));
	assert_false(allows(zone->policy->allow_notify, "10.0.0.2", NULL));
	assert_ptr_equal(zone->policy->allow_transfer, &acl_none);
	assert_ptr_equal(zone->policy->allow_query, &acl_any);
	assert_int_equal(zone->policy->notify, CONFIG_NOTIFY_EXPLICIT);
	assert_int_equal(zone->policy->min_refresh, 0);
	assert_int_equal(config->server.listen_count, 2);
	config_release(config);
}

static void notify_is_taken_from_allow_notify_alone(void **state)
{
	(void)state;
	struct config *config = read_case("nsd.conf",
		"zone:\n name: a\n request-xfr: 192.0.2.1 NOKEY\nzone:\n name: b\n request-xfr: 192.0.2.1 NOKEY\n",
		"warning: nsd.conf:1: zone \"a\" and 1 other have no allow-notify: changes are seen only when the refresh time is over\n");
	assert_false(allows(zone_of(config, "a")->policy->allow_notify, "192.0.2.1", NULL));
	config_release(config);
}

static void all_that_a_zone_can_say(void **state)
{
	(void)state;
	struct config *config = read_case("nsd.conf",
		"server:\n zonesdir: /var/lib/nsd\n max-shrink: 40\n"
		"zone:\n name: Example.Com\n zonefile: %s.zone\n"
		" request-xfr: AXFR 192.0.2.1@5300 tr.example\n request-xfr: UDP 2001:db8::1 NOKEY\n request-xfr: 192.0.2.2 NOKEY\n"
		" allow-notify: 192.0.2.0/24 tr.example\n notify: 192.0.2.9@5301 tr.example\n provide-xfr: 192.0.2.9 NOKEY\n"
		" outgoing-interface: 10.0.0.7\n outgoing-interface: 10.0.0.8\n outgoing-interface: 2001:db8::7\n"
		" allow-query: 10.0.0.0/8 NOKEY\n allow-axfr-fallback: no\n notify-retry: 7\n size-limit-xfr: 1000000\n"
		" multi-primary-check: yes\n min-refresh-time: 10\n max-refresh-time: 20\n min-retry-time: 30\n max-retry-time: 40\n"
		" min-expire-time: refresh+retry+1\n store-ixfr: yes\n create-ixfr: yes\n ixfr-number: 8\n ixfr-size: 2000\n"
		" zonestats: \"all-%s\"\n verifier: /bin/check -q\n verifier-timeout: 9\n" KEY,
		"warning: nsd.conf:30:2: 'zonestats:' has no effect: queries are not counted by zone yet\n");
	const struct config_zone *zone = zone_of(config, "example.com");
	const struct config_policy *policy = zone->policy;
	const struct config_remotes *primaries = policy->primaries;
	char text[100];
	assert_file(zone, "/var/lib/nsd/example.com.zone");
	assert_int_equal(primaries->count, 3);
	assert_endpoint(&primaries->remote[0].address, "192.0.2.1", 5300);
	assert_endpoint(&primaries->remote[0].source, "10.0.0.7", 0);
	assert_string_equal(primaries->remote[0].key->text, "tr.example");
	assert_int_equal(primaries->remote[0].key->tsig.algorithm, TSIG_HMAC_SHA512);
	assert_true(primaries->remote[0].axfr_only);
	assert_true(primaries->remote[1].ixfr_udp);
	assert_endpoint(&primaries->remote[1].source, "2001:db8::7", 0);
	assert_null(primaries->remote[2].key);
	assert_endpoint(&policy->also_notify->remote[0].address, "192.0.2.9", 5301);
	assert_true(allows(policy->allow_notify, "192.0.2.77", "tr.example"));
	assert_false(allows(policy->allow_notify, "192.0.2.77", NULL));
	assert_true(allows(policy->allow_query, "10.1.1.1", NULL));
	assert_false(allows(policy->allow_query, "192.0.2.1", NULL));
	assert_false(policy->axfr_fallback);
	assert_int_equal(policy->notify_retry, 7);
	assert_int_equal(policy->max_zone_size, 1000000);
	assert_true(policy->multi_primary);
	assert_int_equal(policy->min_refresh, 10);
	assert_int_equal(policy->max_refresh, 20);
	assert_int_equal(policy->min_retry, 30);
	assert_int_equal(policy->max_retry, 40);
	assert_true(policy->min_expire_is_sum);
	assert_true(policy->ixfr_from_differences);
	assert_int_equal(policy->history, 8);
	assert_int_equal(policy->max_journal_size, 2000);
	assert_int_equal(policy->max_shrink, 40);
	assert_string_equal(policy->verifier, "/bin/check -q");
	assert_int_equal(policy->verifier_timeout, 9);
	assert_string_equal(config_statistics_group(zone, text, sizeof text), "all-example.com");
	config_release(config);
}

static void zone_files_are_named_by_patterns(void **state)
{
	(void)state;
	static const struct { const char *name, *pattern, *file; } cases[] = {
		{"example.com", "%s", "/z/example.com"},
		{"example.com", "%1/%2/%3/%s.zone", "/z/e/x/a/example.com.zone"},
		{"www.example.com", "%z/%y/%x/%s", "/z/com/example/www/www.example.com"},
		{"com", "%z/%y/%x/%s", "/z/com/././com"},
		{"ab", "%1%2%3", "/z/ab."},
		{"8/26.2.0.192.in-addr.arpa", "%s", "/z/8\\04726.2.0.192.in-addr.arpa"},
		{"example.com", "/abs/%s", "/abs/example.com"},
		{"example.com", "100%%s", "/z/100%example.com"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[400];
		snprintf(text, sizeof text, "server:\n zonesdir: /z/\nzone:\n name: %s\n zonefile: \"%s\"\n", cases[i].name,
		         cases[i].pattern);
		struct config *config = read_case("nsd.conf", text, "");
		assert_file(&config->zones[0], cases[i].file);
		config_release(config);
	}
}

static void patterns_are_where_zones_begin(void **state)
{
	(void)state;
	struct config *config = read_case("nsd.conf",
		KEY
		"pattern:\n name: base\n zonefile: \"/z/%s\"\n provide-xfr: 192.0.2.9 NOKEY\n max-refresh-time: 100\n"
		"pattern:\n name: copy\n include-pattern: base\n request-xfr: 192.0.2.1 tr.example\n allow-notify: 192.0.2.1 NOKEY\n"
		"zone:\n name: a\n include-pattern: copy\n"
		"zone:\n include-pattern: copy\n name: b\n"
		"zone:\n name: c\n include-pattern: copy\n provide-xfr: 192.0.2.10 NOKEY\n max-refresh-time: 50\n"
		"zone:\n name: d\n provide-xfr: 192.0.2.11 NOKEY\n include-pattern: base\n"
		"zone:\n name: e\n zonefile: /own\n include-pattern: base\n", "");
	const struct config_policy *a = zone_of(config, "a")->policy, *c = zone_of(config, "c")->policy,
	                           *d = zone_of(config, "d")->policy;
	assert_file(zone_of(config, "a"), "/z/a");
	assert_file(zone_of(config, "b"), "/z/b");
	assert_file(zone_of(config, "e"), "/own");
	assert_ptr_equal(a, zone_of(config, "b")->policy);
	assert_int_equal(zone_of(config, "a")->role, CONFIG_SECONDARY);
	assert_int_equal(zone_of(config, "d")->role, CONFIG_PRIMARY);
	assert_true(allows(a->allow_transfer, "192.0.2.9", NULL));
	assert_false(allows(a->allow_transfer, "192.0.2.10", NULL));
	assert_true(allows(c->allow_transfer, "192.0.2.9", NULL));
	assert_true(allows(c->allow_transfer, "192.0.2.10", NULL));
	assert_int_equal(a->max_refresh, 100);
	assert_int_equal(c->max_refresh, 50);
	assert_true(allows(d->allow_transfer, "192.0.2.9", NULL));
	assert_true(allows(d->allow_transfer, "192.0.2.11", NULL));
	assert_int_equal(d->max_refresh, 100);
	config_release(config);
}

static void the_server_section(void **state)
{
	(void)state;
	struct config *config = read_case("nsd.conf",
		"server:\n ip-address: 192.0.2.1\n interface: 2001:db8::1@5300\n ip-address: ::\n port: 54\n"
		" username: nsd.dns\n hide-version: yes\n identity: \"ns2\"\n nsid: ascii_ns2\n server-count: 4\n"
		" pidfile: /run/x.pid\n logfile: /var/log/x\n verbosity: 2\n tcp-count: 300\n tcp-timeout: 60\n"
		" ipv4-edns-size: 1400\n zonefiles-write: 60\n state-dir: /s\n refuse-any: no\n minimal-responses: no\n",
		"warning: nsd.conf: there is no zone to serve\n");
	const struct config_server *server = &config->server;
	assert_int_equal(server->listen_count, 3);
	assert_endpoint(&server->listen[0].address, "192.0.2.1", 54);
	assert_endpoint(&server->listen[1].address, "2001:db8::1", 5300);
	assert_endpoint(&server->listen[2].address, "::", 54);
	assert_string_equal(server->user, "nsd");
	assert_string_equal(server->group, "dns");
	assert_null(server->version);
	assert_string_equal(server->hostname, "ns2");
	assert_string_equal(server->server_id, "ns2");
	assert_int_equal(server->nsid_length, 3);
	assert_memory_equal(server->nsid, "ns2", 3);
	assert_int_equal(server->workers, 4);
	assert_string_equal(server->pid_file, "/run/x.pid");
	assert_string_equal(server->log_file, "/var/log/x");
	assert_int_equal(server->verbosity, 2);
	assert_int_equal(server->tcp_clients, 300);
	assert_int_equal(server->tcp_timeout, 60);
	assert_int_equal(server->edns_size4, 1400);
	assert_int_equal(server->zone_file_write, 60);
	assert_int_equal(server->edns_size6, 1232);
	assert_string_equal(server->state_dir, "/s");
	assert_false(server->minimal_any);
	config_release(config);

	config = read_case("nsd.conf", "server:\n interface: lo\n do-ip6: no\n nsid: 0aFF\n hide-identity: yes\n",
		"warning: nsd.conf: there is no zone to serve\n");
	assert_int_equal(config->server.listen_count, 1);
	assert_endpoint(&config->server.listen[0].address, "127.0.0.1", 53);
	assert_memory_equal(config->server.nsid, "\x0a\xff", 2);
	assert_null(config->server.hostname);
	config_release(config);
}

// What stands before and behind a zone's name in its path is kept once for all
// zones; a path that has no name in it, or is too long, stays as it is.
static void paths_come_back_as_they_were_written(void **state)
{
	(void)state;
	char text[4096], longest[CONFIG_PATH_MOST + 1];
	memset(longest, 'x', sizeof longest - 1);
	longest[0] = '/';
	memcpy(longest + 20, "long.test", 9);
	longest[sizeof longest - 1] = '\0';
	const struct { const char *name, *file; } cases[] = {
		{"a.test", "/z/a.test"}, {"b.test", "/z/b.test"}, {"c.test", "/z/c.test/c.test.zone"},
		{"Upper.test", "/z/Upper.test"}, {"d.test", "/z/other"}, {"e.test", "/z/other"}, {".", "/z/root.zone"},
		{"f.test", "/f.test"}, {"long.test", longest},
	};
	const unsigned count = sizeof cases / sizeof cases[0];
	int at = snprintf(text, sizeof text, "server:\n zonesdir: /\n");
	for (unsigned i = 0; i < count; i++)
		at += snprintf(text + at, sizeof text - (size_t)at, "zone:\n name: %s\n zonefile: \"%s\"\n", cases[i].name, cases[i].file);
	struct config *config = read_case("nsd.conf", text, NULL);
	for (unsigned i = 0; i < count; i++)
		assert_file(zone_of(config, cases[i].name), cases[i].file);
	assert_ptr_equal(zone_of(config, "a.test")->file, zone_of(config, "b.test")->file);
	config_release(config);
}

static void a_late_zonesdir_reaches_all_zones(void **state)
{
	(void)state;
	struct config *config = read_case("nsd.conf",
		"zone:\n name: a\n zonefile: sub/a\nzone:\n name: b\n zonefile: /b\nserver:\n zonesdir: \"/late\"\n", "");
	assert_file(zone_of(config, "a"), "/late/sub/a");
	assert_file(zone_of(config, "b"), "/b");
	config_release(config);
}

static void verifiers_can_be_switched_off(void **state)
{
	(void)state;
	static const char *const cases[] = {
		"verify:\n enable: no\n verifier: /bin/v\nzone:\n name: z\n zonefile: /z\n",
		"zone:\n name: z\n zonefile: /z\n verifier: /bin/v\nverify:\n enable: no\n",
		"verify:\n verifier: /bin/v\nzone:\n name: z\n zonefile: /z\n verify-zone: no\n",
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct config *config = read_case("nsd.conf", cases[i], "");
		assert_null(zone_of(config, "z")->policy->verifier);
		config_release(config);
	}
	struct config *config = read_case("nsd.conf",
		"verify:\n enable: yes\n verifier: /bin/v\nzone:\n name: z\n zonefile: /z\n", "");
	assert_string_equal(zone_of(config, "z")->policy->verifier, "/bin/v");
	config_release(config);
}

struct fault {
	const char *text, *messages;
};

static void what_the_monitor_watches(void **state)
{
	(void)state;
	struct config *config = read_case("nsd.conf",
		"server:\n monitor: explicit\n monitor-interval: 60\n monitor-rate: 50\n monitor-lag: 30\n"
		"key:\n name: k\n algorithm: hmac-sha256\n secret: MTIzNDU2Nzg5MDEyMzQ1Ng==\n"
		"pattern:\n name: p\n zonefile: %s\n monitor-server: 192.0.2.1@54 k\n"
		"zone:\n name: a\n include-pattern: p\n monitor-server: 2001:db8::1 NOKEY\n monitor: yes\n"
		"zone:\n name: b\n include-pattern: p\n", "");
	const struct config_policy *a = zone_of(config, "a")->policy, *b = zone_of(config, "b")->policy;
	assert_int_equal(config->server.monitor_interval, 60);
	assert_int_equal(config->server.monitor_rate, 50);
	assert_int_equal(config->server.monitor_lag, 30);
	assert_int_equal(a->monitor, CONFIG_MONITOR_YES);
	assert_int_equal(b->monitor, CONFIG_MONITOR_EXPLICIT);
	assert_int_equal(a->monitor_servers->count, 2);
	assert_int_equal(b->monitor_servers->count, 1);
	assert_endpoint(&b->monitor_servers->remote[0].address, "192.0.2.1", 54);
	assert_non_null(b->monitor_servers->remote[0].key);
	assert_endpoint(&a->monitor_servers->remote[1].address, "2001:db8::1", 53);
	config_release(config);
}

static void faults_are_told_word_for_word(void **state)
{
	(void)state;
#define ZONE "zone:\n name: z\n zonefile: /z\n"
	static const struct fault faults[] = {
		{"server:\n ip-adress: ::1\n" ZONE, "error: nsd.conf:2:2: 'ip-adress:' is not known in server:; did you mean 'ip-address:'?\n"},
		{"server:\n name: x\n" ZONE, "error: nsd.conf:2:2: 'name:' does not belong in server: but in zone:\n"},
		{"server:\n port: x\n" ZONE, "error: nsd.conf:2:8: 'port:' wants a number of 1 to 65535, not 'x'\n"},
		{"server:\n hide-version: maybe\n" ZONE, "error: nsd.conf:2:16: 'hide-version:' wants yes or no, not 'maybe'\n"},
		{"server:\n port: 53 54\n" ZONE, "error: nsd.conf:2:11: unexpected '54' after 'port:'\n"},
		{"server:\n port:\n" ZONE, "error: nsd.conf:2:2: 'port:' wants a value\n"},
		{"server:\n interface: nosuch0\n" ZONE, "error: nsd.conf:2:13: 'nosuch0' is neither an address nor an interface that has one\n"},
		{"zone: z\n name: z\n zonefile: /z\n", "error: nsd.conf:1:7: unexpected 'z': 'zone:' begins a section and takes no value\n"},
		{"zone:\n zonefile: /z\n", "error: nsd.conf:1:1: this zone has no name\n"},
		{"zone:\n name: z\n", "error: nsd.conf:1: zone \"z\" is a primary without a file to load\n"},
		{"zone:\n name: z\n zonefile:/z\n", "error: nsd.conf:3:2: 'zonefile:/z': write a blank behind 'zonefile:'\n"},
		{ZONE " request-xfr: 192.0.2.1\n", "error: nsd.conf:4:2: 'request-xfr:' wants an address and a key or NOKEY\n"},
		{ZONE " request-xfr: 192.0.2.300 NOKEY\n", "error: nsd.conf:4:15: '192.0.2.300' is no address; 192.0.2.1 and 192.0.2.1@53 are\n"},
		{ZONE " request-xfr: 192.0.2.1 nokey\n", "error: nsd.conf:4:25: 'nokey' is no key here; write NOKEY\n"},
		{ZONE " allow-notify: 192.0.2.0/33 NOKEY\n", "error: nsd.conf:4:16: '192.0.2.0/33' is no address, prefix, address&mask or range\n"},
		{ZONE " provide-xfr: 192.0.2.1 k\n", "error: nsd.conf:4:25: there is no key \"k\"\n"},
		{"key:\n name: k\n secret: \"?\"\n" ZONE, "error: nsd.conf:3:10: the secret of key \"k\" is not valid base64\n"},
		{"key:\n name: k\n" ZONE, "error: nsd.conf:1:1: key \"k\" has no secret\n"},
		{"pattern:\n name: mine\n" ZONE " include-pattern: mien\n", "error: nsd.conf:6:19: there is no pattern \"mien\" before this line; did you mean \"mine\"?\n"},
		{"pattern:\n name: p\npattern:\n name: p\n" ZONE, "error: nsd.conf:4:8: pattern \"p\" is defined twice, first at nsd.conf:1\n"},
		{ZONE ZONE, "error: nsd.conf:4: zone \"z\" stands twice, first at nsd.conf:1\n"},
		{"name: z\n", "error: nsd.conf:1:1: 'name:' stands before any section; it belongs in zone:\n"},
		{"server:\n identity: \"open\n" ZONE, "error: nsd.conf:2:12: this string has no closing \" on its line\n"},
		{"server:\n listen: 0.0.0.0@53\n", "error: nsd.conf: this looks like a knot.conf, which is not read yet; named.conf and nsd.conf are\n"},
		{ZONE " allow-notify: 192.0.2.1 NOKEY\n", "warning: nsd.conf:1:1: zone \"z\" has allow-notify but no request-xfr: it is read as a primary, which nobody notifies\n"},
		{"server:\n rrl-size: 10\n server-1-cpu-affinity: 0\n chroot: \"/c\"\nremote-control:\n control-enable: yes\ndnstap:\n dnstap-enable: no\n" ZONE,
		 "warning: nsd.conf:2:2: 'rrl-size:' has no effect: response rate limiting is not implemented yet: answers are not limited\n"
		 "warning: nsd.conf:3:2: 'cpu-affinity:' has no effect: it tunes the inside of nsd\n"
		 "warning: nsd.conf:4:2: 'chroot:' has no effect: the service unit confines the server\n"
		 "warning: nsd.conf:6:2: 'control-enable:' has no effect: the server is steered through the socket in its state directory\n"
		 "warning: nsd.conf:8:2: 'dnstap-enable:' has no effect: dnstap is not implemented yet\n"},
		{"tls-auth:\n name: t\n auth-domain-name: x.example\nzone:\n name: z\n request-xfr: 192.0.2.1 NOKEY t\n request-xfr: 192.0.2.2 NOKEY\n allow-notify: 192.0.2.1 NOKEY\n",
		 "warning: nsd.conf:6:15: 192.0.2.1@853 is left out: transfers over TLS are not implemented yet\n"},
		{ZONE " catalog: consumer\n catalog-member-pattern: p\n",
		 "warning: nsd.conf:4:2: 'catalog:' has no effect: catalog zones are not implemented yet: their members are not served\n"
		 "warning: nsd.conf:5:2: 'catalog-member-pattern:' has no effect: catalog zones are not implemented yet: their members are not served\n"},
		{"server:\n check-structure: no\n max-records-per-type: 5\n max-types-per-name: 5\n http-listen: 127.0.0.1@80\n"
		 ZONE " zonestats: \"%s\"\n",
		 "warning: nsd.conf:2:2: 'check-structure:' has no effect: the structure of a zone is always checked\n"
		 "warning: nsd.conf:9:2: 'zonestats:' has no effect: queries are not counted by zone yet\n"},
		{"server:\n http-listen: here\n http-host: a:80\n metrics-zones: some\n" ZONE,
		 "error: nsd.conf:2:15: 'http-listen:' wants ADDR or ADDR@PORT, not 'here'\n"
		 "error: nsd.conf:3:13: 'http-host:' wants a host name without a port, not 'a:80'\n"
		 "error: nsd.conf:4:17: 'metrics-zones:' wants yes, no or troubled, not 'some'\n"},
		{"server:\n http-listen: 127.0.0.1@80\n http-listen: ::1\n http-host: a\n metrics-zones: no\n" ZONE, ""},
		{"server:\n monitor: maybe\n" ZONE, "error: nsd.conf:2:11: 'monitor:' wants yes, no or explicit, not 'maybe'\n"},
		{"server:\n monitor-rate: 20000\n" ZONE,
		 "error: nsd.conf:2:16: 'monitor-rate:' wants 1 to 10000 questions a second, not '20000'\n"},
		{ZONE " monitor-server: 192.0.2.1\n", "error: nsd.conf:4:2: 'monitor-server:' wants an address and a key or NOKEY\n"},
		{ZONE "server:\n monitor: no\n", "warning: nsd.conf:5:2: 'monitor:' stands behind zones or patterns that it does not reach; move it before the first\n"},
		{ZONE "server:\n monitor-lag: 9\n", ""},
		{"server:\n check-structure: yes\n" ZONE " zonestats: \"\"\n", ""},
		{ZONE "server:\n max-shrink: 5\n", "warning: nsd.conf:5:2: 'max-shrink:' stands behind zones or patterns that it does not reach; move it before the first\n"},
	};
	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
		config_release(read_case("nsd.conf", faults[i].text, faults[i].messages));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_guides_secondary),
		cmocka_unit_test(notify_is_taken_from_allow_notify_alone),
		cmocka_unit_test(all_that_a_zone_can_say),
		cmocka_unit_test(zone_files_are_named_by_patterns),
		cmocka_unit_test(paths_come_back_as_they_were_written),
		cmocka_unit_test(patterns_are_where_zones_begin),
		cmocka_unit_test(the_server_section),
		cmocka_unit_test(a_late_zonesdir_reaches_all_zones),
		cmocka_unit_test(verifiers_can_be_switched_off),
		cmocka_unit_test(what_the_monitor_watches),
		cmocka_unit_test(faults_are_told_word_for_word),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
