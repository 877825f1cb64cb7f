// SPDX-License-Identifier: GPL-3.0-or-later
// named.conf: what is said about bad ones, word for word.
#include "config_case.h"

#define ZONE "zone a { type slave; masters { 192.0.2.1; }; allow-transfer { none; }; };\n"

struct fault {
	const char *text, *messages;
};

static void check(const struct fault *faults, size_t count)
{
	for (size_t i = 0; i < count; i++)
		config_release(read_case("named.conf", faults[i].text, faults[i].messages));
}

#define CHECK(...) do { \
	const struct fault faults[] = {__VA_ARGS__}; \
	check(faults, sizeof faults / sizeof *faults); \
} while (0)

static void pasted_with_a_sign_missing(void **state)
{
	(void)state;
	CHECK(
		{"zone \"example.com\" {\n    type slave;\n    masters { 10.0.0.1 };\n};\n",
		 "error: named.conf:3:24: missing ';' before '}'\n"},
		{"zone \"a\" {\n  type slave;\n  masters { 10.0.0.1; };\n  allow-transfer { none; };\n  file \"x\"\n};\n",
		 "error: named.conf:6:1: missing ';' before '}'\n"},
		{"zone \"a\" {\n  type slave;\n  masters { 10.0.0.1; }\n  allow-transfer { none; };\n};\n",
		 "error: named.conf:3:24: missing ';' after '}'\n"},
		{"zone a { type slave; masters { 192.0.2.1; }; allow-transfer { none; }; }\n"
		 "zone b { type slave; masters { 192.0.2.1; }; allow-transfer { none; }; };\n",
		 "error: named.conf:1:73: missing ';' after '}'\n"},
		{"zone \"a\" {\n  type slave\n  file \"x\";\n  masters { 10.0.0.1; };\n  allow-transfer { none; };\n};\n",
		 "error: named.conf:3:3: missing ';' before 'file'\n"},
		{"zone a { type slave; masters { 192.0.2.1 192.0.2.2; }; allow-transfer { none; }; };\n",
		 "error: named.conf:1:42: missing ';' before '192.0.2.2'\n"},
		{"zone \"a\" {\n  type slave;\n  masters { 10.0.0.1; };\n",
		 "error: named.conf:1:10: this '{' has no '}'\n"},
		{"zone \"a\" {\n  type slave;\n  masters { 10.0.0.1; };\n\n" ZONE,
		 "error: named.conf:5:1: missing '};' before this zone: the '{' of line 1 is still open\n"},
		{"options {\n  allow-transfer { none; };\n\n" ZONE,
		 "error: named.conf:4:1: missing '};' before this zone: the '{' of line 1 is still open\n"},
		{ZONE "};\n", "error: named.conf:2:1: a '}' too many\n"},
		{"/* no end\n" ZONE, "error: named.conf:1:1: this comment has no '*/'\n"},
		{"options { version \"none;\n};\n", "error: named.conf:1:19: this string has no closing '\"'\n"},
		{"zone a", "error: named.conf:1:7: the file ends inside a statement: missing ';' after 'a'\n"},
	);
}

static void pasted_at_the_wrong_place(void **state)
{
	(void)state;
	CHECK(
		{"allow-transfer {\n    173.245.58.0/24; 103.21.244.0/22;\n    # ... (full list in Cloudflare docs)\n};\n"
		 "also-notify { 173.245.58.51; };\n",
		 "error: named.conf:1:1: 'allow-transfer' does not stand alone: put it into the zone { … } that it is about, "
		 "or into options { … } for all zones\n"
		 "error: named.conf:5:1: 'also-notify' does not stand alone: put it into the zone { … } that it is about, "
		 "or into options { … } for all zones\n"},
		{"directory \"/x\";\n" ZONE, "error: named.conf:1:1: 'directory' does not stand alone: it belongs in options { … }\n"},
		{"type slave;\n" ZONE, "error: named.conf:1:1: 'type' does not stand alone: it belongs in zone { … }\n"},
		{"options { file \"x\"; };\n" ZONE, "error: named.conf:1:11: 'file' does not belong in options { … } but in zone { … }\n"},
		{"{ };\n" ZONE, "error: named.conf:1:1: a statement is wanted here, not '{'\n"},
	);
}

static void words_that_nobody_knows(void **state)
{
	(void)state;
	CHECK(
		{"zoen a { };\n" ZONE, "error: named.conf:1:1: 'zoen' is not known; did you mean 'zone'?\n"},
		{"frobnicate yes;\n" ZONE, "error: named.conf:1:1: 'frobnicate' is not known\n"},
		{"zone a { type slave; master { 192.0.2.1; }; allow-transfer { none; }; };\n",
		 "error: named.conf:1:22: 'master' is not known in zone { … }; did you mean 'masters'?\n"},
		{"zone a { type slvae; masters { 192.0.2.1; }; allow-transfer { none; }; };\n",
		 "error: named.conf:1:15: 'slvae' is not a type of zone; did you mean 'slave'?\n"},
		{"zone a { type slave; masters { 192.0.2.1; }; allow-transfer { frends; }; };\nacl friends { any; };\n",
		 "error: named.conf:1:63: 'frends' is neither an address nor the name of an acl; did you mean 'friends'?\n"},
		{"zone a { type slave; masters { ours; }; allow-transfer { none; }; };\n",
		 "error: named.conf:1:32: 'ours' is neither an address nor the name of a list of primaries\n"},
		{"server 192.0.2.1 { key k; };\n" ZONE,
		 "error: named.conf:1:20: 'key' is not known in server { … }; did you mean 'keys'?\n"},
	);
}

static void values_that_do_not_fit(void **state)
{
	(void)state;
	CHECK(
		{"options { transfers-in many; };\n" ZONE, "error: named.conf:1:24: 'transfers-in' wants a number, not 'many'\n"},
		{"options { querylog perhaps; };\n" ZONE, "error: named.conf:1:20: 'querylog' wants yes or no, not 'perhaps'\n"},
		{"options { max-shrink 101; };\n" ZONE, "error: named.conf:1:22: 'max-shrink' wants a percentage of 0 to 100, not '101'\n"},
		{"options { monitor often; };\n" ZONE, "error: named.conf:1:19: 'monitor' wants yes, no or explicit, not 'often'\n"},
		{"options { monitor-rate 0; };\n" ZONE,
		 "error: named.conf:1:24: 'monitor-rate' wants 1 to 10000 questions a second, not '0'\n"},
		{"options { monitor-interval 5; };\n" ZONE,
		 "error: named.conf:1:28: 'monitor-interval' wants 10 seconds to a day, not '5'\n"},
		{"options { monitor-lag 0; };\n" ZONE, "error: named.conf:1:23: 'monitor-lag' wants 1 second to a week, not '0'\n"},
		{"options { monitor-servers 192.0.2.1; };\n" ZONE, "error: named.conf:1:11: 'monitor-servers' wants a list in { … }\n"},
		{"options { notify maybe; };\n" ZONE, "error: named.conf:1:18: 'notify' wants yes, no, explicit or primary-only, not 'maybe'\n"},
		{"options { transfer-source ::1; };\n" ZONE, "error: named.conf:1:27: 'transfer-source' wants an IPv4 address or *, not '::1'\n"},
		{"options { listen-on { ::1; }; };\n" ZONE, "error: named.conf:1:11: 'listen-on' holds an IPv6 address; listen-on-v6 takes it\n"},
		{"options { directory; };\n" ZONE, "error: named.conf:1:11: 'directory' wants one value\n"},
		{"options { max-journal-size big; };\n" ZONE,
		 "error: named.conf:1:28: 'max-journal-size' wants a size in bytes (k, m or g behind it) or unlimited, not 'big'\n"},
		{"options { allow-query 192.0.2.1; };\nzone a { type master; file \"x\"; allow-transfer { none; }; };\n",
		 "error: named.conf:1:11: 'allow-query' wants a list in { … }\n"},
		{"zone a..b { type slave; masters { 192.0.2.1; }; allow-transfer { none; }; };\n",
		 "error: named.conf:1:1: zone \"a..b\" is not a domain name (labels of 1 to 63 bytes, 255 in all)\n"},
		{"options { allow-query { 192.0.2.1/24; }; };\n" ZONE, "warning: named.conf:1:25: 192.0.2.1/24 is read as 192.0.2.0/24\n"},
	);
}

static void keys_that_are_no_keys(void **state)
{
	(void)state;
	CHECK(
		{"key k { algorithm hmac-sha255; secret \"YWJj\"; };\n" ZONE,
		 "error: named.conf:1:19: key \"k\": unknown algorithm \"hmac-sha255\"; known are hmac-md5, hmac-sha1, "
		 "hmac-sha224, hmac-sha256, hmac-sha384, hmac-sha512\n"},
		// The secret itself is not repeated.
		{"key k { algorithm hmac-sha256; secret \"YW!Jj\"; };\n" ZONE,
		 "error: named.conf:1:39: the secret of key \"k\" is not valid base64\n"},
		{"key k { secret \"YWJj\"; };\n" ZONE, "error: named.conf:1:5: key \"k\" has no algorithm\n"},
		{"key k { algorithm hmac-sha256; secret \"YWJj\"; };\nkey K. { algorithm hmac-sha256; secret \"YWJj\"; };\n" ZONE,
		 "error: named.conf:2:5: key \"k\" is defined twice, first at named.conf:1\n"},
		{"zone a { type slave; masters { 192.0.2.1 key k; }; allow-transfer { key k; }; };\n",
		 "error: named.conf:1:46: there is no key \"k\"\nerror: named.conf:1:73: there is no key \"k\"\n"},
	);
}

static void zones_that_cannot_be(void **state)
{
	(void)state;
	CHECK(
		{"zone a { type slave; allow-transfer { none; }; };\n",
		 "error: named.conf:1: zone \"a\" is a secondary without primaries: nowhere to copy it from\n"},
		{"zone a { type master; allow-transfer { none; }; };\n",
		 "error: named.conf:1: zone \"a\" is a primary without a file to load\n"},
		{"zone a { file \"x\"; allow-transfer { none; }; };\n",
		 "error: named.conf:1:1: zone \"a\" has no type; add 'type secondary;' or 'type primary;'\n"},
		{"zone a { type slave; masters { 192.0.2.1; }; allow-transfer { none; }; file \"/x\"; };\n"
		 "zone b { type slave; masters { 192.0.2.1; }; allow-transfer { none; }; file \"/x\"; };\n"
		 "zone A. { type slave; masters { 192.0.2.1; }; allow-transfer { none; }; };\n",
		 "error: named.conf:2: zone \"b\" and zone \"a\" (named.conf:1) would write the same file /x\n"
		 "error: named.conf:3: zone \"a\" stands twice, first at named.conf:1\n"},
		{"zone a { type slave; type slave; masters { 192.0.2.1; }; allow-transfer { none; }; };\n",
		 "error: named.conf:1:22: 'type' stands twice in this zone { … }, first at named.conf:1\n"},
		{"zone a { type slave; masters { 192.0.2.1; }; allow-transfer { none; }; min-retry-time 9; max-retry-time 8; };\n",
		 "error: named.conf:1: zone \"a\": min-retry-time 9 is above max-retry-time 8\n"},
		// What all zones take from the options is said once, and where they stand.
		{"options { allow-transfer { none; };\nmax-refresh-time 200; max-retry-time 900; };\n"
		 "zone a { type slave; masters { 192.0.2.1; }; };\n"
		 "zone b { type slave; masters { 192.0.2.1; }; max-refresh-time 100; };\n"
		 "zone c { type slave; masters { 192.0.2.1; }; };\n"
		 "zone d { type slave; masters { 192.0.2.1; }; min-refresh-time 100; };\n",
		 "error: named.conf:2:1: min-refresh-time 300 is above max-refresh-time 200, and zone \"a\" takes both from here\n"
		 "error: named.conf:4: zone \"b\": min-refresh-time 300 is above max-refresh-time 100\n"},
		{"acl loop { loop; };\n" ZONE, "error: named.conf:1:12: acl \"loop\" holds itself\n"},
		{"primaries p { q; };\nprimaries q { p; };\nzone a { type slave; primaries { p; }; allow-transfer { none; }; };\n",
		 "error: named.conf:2:15: the list \"p\" holds itself\n"},
		{"view x { match-clients { 10.0.0.0/8; }; " ZONE "};\n",
		 "error: named.conf:1:1: view \"x\" does not match everyone: views are not implemented\n"},
		{"zone a { in-view x; };\n", "error: named.conf:1:10: 'in-view' is not implemented\n"},
		{"include \"x\";\n" ZONE, "error: named.conf:1:9: cannot include x: this configuration is not read from a file\n"},
	);
}

static void statements_without_effect_are_named_once(void **state)
{
	(void)state;
	CHECK(
		{"options { dnssec-validation auto; recursion yes; rate-limit { responses-per-second 5; }; };\n" ZONE,
		 "warning: named.conf:1:11: 'dnssec-validation' has no effect: it is for resolvers, and this server does not resolve\n"
		 "warning: named.conf:1:35: 'recursion yes' has no effect: this server answers for its own zones and does not resolve\n"
		 "warning: named.conf:1:50: 'rate-limit' has no effect: response rate limiting is not implemented yet: answers are not limited\n"},
		{"zone a { type master; file \"/a\"; allow-transfer { none; }; allow-update { any; }; };\n"
		 "zone b { type master; file \"/b\"; allow-transfer { none; }; allow-update { any; }; };\n"
		 "zone c { type master; file \"/c\"; allow-transfer { none; }; allow-update { any; }; };\n",
		 "warning: named.conf:1:60: 'allow-update' has no effect: dynamic updates are refused (it stands at 2 more places)\n"},
		{"logging { channel c { file \"p\" versions 3 size 5m; severity info; print-time yes; }; category default { c; }; };\n"
		 "controls { inet 127.0.0.1 port 953 allow { 127.0.0.1; } keys { k; }; unix \"/x\" perm 0600 owner 0 group 0; };\n"
		 "statistics-channels { inet * port 8080 allow { any; }; };\n"
		 "http h { endpoints { \"/dns-query\"; }; };\n" ZONE,
		 "warning: named.conf:1:32: 'versions' has no effect: logrotate and a reload turn a log over\n"
		 "warning: named.conf:2:1: 'controls' has no effect: the server is steered through the socket in its state directory\n"
		 "warning: named.conf:3:1: 'statistics-channels' has no effect: http-listen gives the metrics\n"
		 "warning: named.conf:4:1: 'http' has no effect: DNS over HTTPS is not implemented yet\n"},
		{"zone . { type hint; file \"/usr/share/dns/root.hints\"; };\n" ZONE,
		 "warning: named.conf:1:1: zone \".\" of type hint is not served: this server does not resolve\n"},
		{"options { catalog-zones { zone \"c\" default-primaries { 192.0.2.1; } zone-directory \"p\" in-memory no "
		 "min-update-interval 5; }; };\n" ZONE,
		 "warning: named.conf:1:11: 'catalog-zones' has no effect: catalog zones are not implemented yet: their members are not served\n"},
		{"zone a { type slave; masters { 192.0.2.1 tls ephemeral; 192.0.2.2; }; allow-transfer { none; }; };\n",
		 "warning: named.conf:1:32: 192.0.2.1@853 is left out: transfers over TLS are not implemented yet\n"},
		{"options { max-records-per-type 100; max-types-per-name 100; check-structure no; max-transfer-idle-out 60;\n"
		 "try-tcp-refresh no; zone-statistics yes; http-listen \"127.0.0.1@80\"; edns-udp-size 1232; };\n" ZONE,
		 "warning: named.conf:1:61: 'check-structure' has no effect: the structure of a zone is always checked\n"
		 "warning: named.conf:2:1: 'try-tcp-refresh' has no effect: a primary that does not answer over UDP is always asked over TCP\n"
		 "warning: named.conf:2:21: 'zone-statistics' has no effect: queries are not counted by zone yet\n"
		 "warning: named.conf:2:70: 'edns-udp-size' has no effect: it is for resolvers; max-udp-size bounds answers\n"},
		{"options { http-listen here; http-listen 127.0.0.1 port x; http-host \"a b\"; metrics-zones some; };\n" ZONE,
		 "error: named.conf:1:23: 'http-listen' wants addresses, each with @PORT or port N, not 'here'\n"
		 "error: named.conf:1:51: 'http-listen' wants a port number behind 'port', not 'port'\n"
		 "error: named.conf:1:69: 'http-host' wants a host name without a port, not 'a b'\n"
		 "error: named.conf:1:90: 'metrics-zones' wants yes, no or troubled, not 'some'\n"},
		// What holds anyway may be written.
		{"options { max-records-per-type 0; max-types-per-name 0; check-structure yes; max-transfer-idle-out 0;\n"
		 "try-tcp-refresh yes; zone-statistics none; };\nserver 192.0.2.1 { transfer-format many-answers; };\n" ZONE, ""},
		{"server 192.0.2.1 { transfer-format one-answer; };\n" ZONE,
		 "warning: named.conf:1:20: 'transfer-format' has no effect in server { … }\n"},
		{"zone a { type master; file \"/a\"; allow-transfer { none; }; check-structure no; };\n"
		 "zone b { type master; file \"/b\"; allow-transfer { none; }; check-structure no; };\n",
		 "warning: named.conf:1:60: 'check-structure' has no effect: the structure of a zone is always checked (it stands at 1 more place)\n"},
		{"options { listen-on { 192.0.2.1; }; listen-on { 192.0.2.1; }; listen-on port 443 tls t http h { any; }; };\n" ZONE,
		 "warning: named.conf:1:37: 192.0.2.1@53 is listened on twice\n"
		 "warning: named.conf:1:63: 'listen-on … http' has no effect: listening with http is not implemented yet\n"},
	);
}

// A bound on the port that is not kept would let in more than is written.
static void a_port_in_allow_transfer_is_refused(void **state)
{
	(void)state;
	CHECK(
		{"zone a { type master; file \"/a\"; allow-transfer port 5353 { 192.0.2.1; }; };\n",
		 "error: named.conf:1:54: 'allow-transfer port 5353' is not implemented: a list holds for all ports that are "
		 "listened on; leave the port out or write { none; }\n"},
		{"zone a { type master; file \"/a\"; allow-transfer port 5353 transport tcp { 192.0.2.1; }; };\n",
		 "error: named.conf:1:54: 'allow-transfer port 5353' is not implemented: a list holds for all ports that are "
		 "listened on; leave the port out or write { none; }\n"},
		{"zone a { type master; file \"/a\"; allow-transfer transport quic { 192.0.2.1; }; };\n",
		 "error: named.conf:1:59: 'transport' wants tcp or tls, not 'quic'\n"},
		{"zone a { type master; file \"/a\"; allow-transfer transport tcp { 192.0.2.1; }; };\n", ""},
	);
}

static void a_hopeless_file_is_given_up_after_twenty_errors(void **state)
{
	(void)state;
	char text[4000] = "options { recursion yes; };\n";
	for (int i = 0; i < 160; i++)
		strcat(text, "nonsense 1;\n");
	struct config_report report = {0};
	struct config *config;
	assert_true(config_read_memory("named.conf", text, strlen(text), NULL, &report, &config) < 0);
	assert_int_equal(report.errors, 160);
	char *said = messages_of(&report);
	unsigned lines = 0;
	for (const char *c = said; *c; c++)
		lines += *c == '\n';
	assert_int_equal(lines, 21);
	assert_non_null(strstr(said, "\n… and 140 more errors, 1 more warning\n"));
	free(said);
	config_report_free(&report);
}

static void deep_nesting_ends_in_a_message(void **state)
{
	(void)state;
	char text[2000] = "acl a ";
	for (int i = 0; i < 500; i++)
		strcat(text, "{ ");
	struct config_report report = {0};
	struct config *config;
	assert_true(config_read_memory("named.conf", text, strlen(text), NULL, &report, &config) < 0);
	char *said = messages_of(&report);
	assert_non_null(strstr(said, ": blocks are nested more than 32 deep\n"));
	free(said);
	config_report_free(&report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pasted_with_a_sign_missing),
		cmocka_unit_test(pasted_at_the_wrong_place),
		cmocka_unit_test(words_that_nobody_knows),
		cmocka_unit_test(values_that_do_not_fit),
		cmocka_unit_test(keys_that_are_no_keys),
		cmocka_unit_test(zones_that_cannot_be),
		cmocka_unit_test(statements_without_effect_are_named_once),
		cmocka_unit_test(a_port_in_allow_transfer_is_refused),
		cmocka_unit_test(a_hopeless_file_is_given_up_after_twenty_errors),
		cmocka_unit_test(deep_nesting_ends_in_a_message),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
