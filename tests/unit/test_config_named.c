// SPDX-License-Identifier: GPL-3.0-or-later
// named.conf: what good ones become.
#include <unistd.h>

#include "config_case.h"

static void the_guides_primary(void **state)
{
	(void)state;
	struct config *config = read_case("named.conf",
		"# On the PRIMARY server (/etc/bind/named.conf)\n"
		"zone \"example.com\" {\n"
		"    type master;\n"
		"    file \"/etc/bind/zones/example.com.zone\";\n"
		"    allow-transfer { 10.0.0.2; };     # Secondary server IP\n"
		"    also-notify { 10.0.0.2; };         # Notify on changes\n"
		"};\n", "");
	const struct config_zone *zone = zone_of(config, "Example.COM.");
	assert_int_equal(config->dialect, CONFIG_NAMED);
	assert_int_equal(config->zone_count, 1);
	char name[NAME_MAX_TEXT];
	assert_string_equal(name_to_text(zone->name, name), "example.com");
	assert_memory_equal(zone->name, "\7example\3com", 13);
	assert_int_equal(zone->role, CONFIG_PRIMARY);
	assert_file(zone, "/etc/bind/zones/example.com.zone");
	assert_int_equal(zone->line, 2);
	const struct config_policy *policy = zone->policy;
	assert_true(allows(policy->allow_transfer, "10.0.0.2", NULL));
	assert_false(allows(policy->allow_transfer, "10.0.0.1", NULL));
	assert_int_equal(policy->also_notify->count, 1);
	assert_endpoint(&policy->also_notify->remote[0].address, "10.0.0.2", 53);
	assert_int_equal(policy->notify, CONFIG_NOTIFY_YES);
	assert_int_equal(policy->primaries->count, 0);
	config_release(config);
}

static void the_guides_secondary(void **state)
{
	(void)state;
	struct config *config = read_case("named.conf",
		"# On the SECONDARY server (/etc/bind/named.conf)\n"
		"zone \"example.com\" {\n"
		"    type slave;\n"
		"    file \"/var/cache/bind/example.com.zone\";\n"
		"    masters { 10.0.0.1; };             # Primary server IP\n"
		"    allow-transfer { none; };\n"
		"};\n", "");
	const struct config_zone *zone = zone_of(config, "example.com");
	const struct config_policy *policy = zone->policy;
	char text[400];
	assert_int_equal(zone->role, CONFIG_SECONDARY);
	assert_int_equal(policy->primaries->count, 1);
	assert_endpoint(&policy->primaries->remote[0].address, "10.0.0.1", 53);
	assert_null(policy->primaries->remote[0].key);
	assert_ptr_equal(policy->allow_transfer, &acl_none);
	// The primaries may notify without a word, nobody else.
	assert_true(allows(policy->allow_notify, "10.0.0.1", NULL));
	assert_false(allows(policy->allow_notify, "10.0.0.2", NULL));
	assert_string_equal(config_summary(config, zone, text, sizeof text),
		"example.com: secondary of 10.0.0.1@53, file /var/cache/bind/example.com.zone, "
		"transfers to nobody [named.conf:2]");
	config_release(config);
}

static void the_guides_cloud_lists(void **state)
{
	(void)state;
	struct config *config = read_case("named.conf",
		"zone \"example.com\" {\n type primary; file \"/z\";\n"
		"allow-transfer {\n"
		"    173.245.58.0/24; 103.21.244.0/22; 103.22.200.0/22;\n"
		"    # ... (full list in Cloudflare docs)\n"
		"};\n"
		"also-notify { 173.245.58.51; };\n"
		"};\n", "");
	const struct config_policy *policy = zone_of(config, "example.com")->policy;
	assert_true(allows(policy->allow_transfer, "103.21.247.255", NULL));
	assert_false(allows(policy->allow_transfer, "103.21.248.0", NULL));
	assert_endpoint(&policy->also_notify->remote[0].address, "173.245.58.51", 53);
	config_release(config);
}

static void what_zones_refer_to_may_stand_behind_them(void **state)
{
	(void)state;
	struct config *config = read_case("named.conf",
		"zone a.example { type secondary; primaries port 5300 { ours; 2001:db8::1 key other.key; }; file \"a\";\n"
		"  allow-transfer { friends; key tr.example; }; };\n"
		"primaries ours { 192.0.2.1; 192.0.2.2 port 5301; deeper; };\n"
		"remote-servers deeper port 54 { 192.0.2.3; };\n"
		"acl friends { 198.51.100.0/24; };\n"
		"server 192.0.2.0/30 { keys { tr.example; }; };\n"
		"server 192.0.2.2 { keys other.key; request-ixfr no; };\n"
		"key tr.example { algorithm hmac-sha256; secret \"c2VjcmV0IHNlY3JldA==\"; };\n"
		"key \"Other.Key\" { secret c2VjcmV0; algorithm HMAC-SHA512; };\n"
		"options { directory \"/var/cache/bind\"; };\n", "");
	const struct config_zone *zone = zone_of(config, "a.example");
	const struct config_remotes *primaries = zone->policy->primaries;
	assert_file(zone, "/var/cache/bind/a");
	assert_int_equal(primaries->count, 4);
	assert_endpoint(&primaries->remote[0].address, "192.0.2.1", 5300);
	assert_string_equal(primaries->remote[0].key->text, "tr.example");
	assert_false(primaries->remote[0].axfr_only);
	assert_endpoint(&primaries->remote[1].address, "192.0.2.2", 5301);
	assert_ptr_equal(primaries->remote[1].key, primaries->remote[3].key);
	assert_true(primaries->remote[1].axfr_only);
	assert_endpoint(&primaries->remote[2].address, "192.0.2.3", 54);
	assert_endpoint(&primaries->remote[3].address, "2001:db8::1", 5300);
	assert_int_equal(primaries->remote[3].key->tsig.algorithm, TSIG_HMAC_SHA512);
	assert_int_equal(primaries->remote[3].key->tsig.secret_length, 6);
	assert_memory_equal(primaries->remote[3].key->tsig.secret, "secret", 6);
	assert_memory_equal(primaries->remote[3].key->tsig.name, "\5other\3key", 11);
	// A primary's key notifies from anywhere.
	assert_true(allows(zone->policy->allow_notify, "203.0.113.9", "tr.example"));
	assert_false(allows(zone->policy->allow_notify, "203.0.113.9", NULL));
	assert_true(allows(zone->policy->allow_transfer, "198.51.100.7", NULL));
	assert_ptr_equal(config_key_find(config, (const uint8_t *)"\2TR\7Example"), primaries->remote[0].key);
	assert_ptr_equal(config_tsig_find(config, (const uint8_t *)"\2tr\7example"), &primaries->remote[0].key->tsig);
	assert_null(config_key_find(config, (const uint8_t *)"\2tr"));
	config_release(config);
}

static void options_reach_zones_and_zones_differ(void **state)
{
	(void)state;
	struct config *config = read_case("named.conf",
		"options {\n"
		"  directory \"/d\"; notify explicit; allow-transfer { 192.0.2.9; }; allow-query { 10.0.0.0/8; };\n"
		"  transfer-source 10.0.0.7; transfer-source-v6 2001:db8::7; notify-source 10.0.0.8;\n"
		"  max-refresh-time 7200; min-refresh-time 1h; max-retry-time 1d; min-retry-time 60;\n"
		"  max-transfer-time-in 10; max-transfer-idle-in 2; min-transfer-rate-in 5000 2;\n"
		"  max-records 1000; max-records-per-type 100; max-types-per-name 50; max-journal-size 5M;\n"
		"  masterfile-format text; request-ixfr no; multi-master yes; zone-statistics full;\n"
		"  max-zone-size 1g; max-shrink 50; verifier \"/bin/check\"; verifier-timeout 20; history 3;\n"
		"};\n"
		"zone a { type slave; masters { 192.0.2.1; 2001:db8::1; }; also-notify { 192.0.2.2; }; };\n"
		"zone b { type slave; masters source 10.0.0.99 { 192.0.2.1; }; notify yes; masterfile-format raw;\n"
		"  allow-transfer { any; }; allow-query { any; }; request-ixfr yes; max-shrink 100;\n"
		"  allow-notify { 192.0.2.5; }; };\n",
		"warning: named.conf:7:62: 'zone-statistics' has no effect: queries are not counted by zone yet\n");
	const struct config_policy *a = zone_of(config, "a")->policy, *b = zone_of(config, "b")->policy;
	assert_int_equal(a->notify, CONFIG_NOTIFY_EXPLICIT);
	assert_int_equal(b->notify, CONFIG_NOTIFY_YES);
	assert_true(allows(a->allow_transfer, "192.0.2.9", NULL));
	assert_ptr_equal(b->allow_transfer, &acl_any);
	assert_false(allows(a->allow_query, "192.0.2.9", NULL));
	assert_ptr_equal(b->allow_query, &acl_any);
	assert_endpoint(&a->primaries->remote[0].source, "10.0.0.7", 0);
	assert_endpoint(&a->primaries->remote[1].source, "2001:db8::7", 0);
	assert_endpoint(&b->primaries->remote[0].source, "10.0.0.99", 0);
	assert_endpoint(&a->also_notify->remote[0].source, "10.0.0.8", 0);
	assert_endpoint(&a->notify_source4, "10.0.0.8", 0);
	assert_int_equal(a->notify_source6.ss_family, AF_UNSPEC);
	assert_int_equal(a->max_refresh, 7200);
	assert_int_equal(a->min_refresh, 3600);
	assert_int_equal(a->max_retry, 86400);
	assert_int_equal(a->min_retry, 60);
	assert_int_equal(a->transfer_time_in, 600);
	assert_int_equal(a->transfer_idle_in, 120);
	assert_int_equal(a->min_rate_bytes, 5000);
	assert_int_equal(a->min_rate_seconds, 120);
	assert_int_equal(a->max_records, 1000);
	assert_int_equal(a->max_records_per_type, 100);
	assert_int_equal(a->max_types_per_name, 50);
	assert_int_equal(a->max_journal_size, 5 << 20);
	assert_int_equal(a->format, CONFIG_FORMAT_TEXT);
	assert_int_equal(b->format, CONFIG_FORMAT_RAW);
	assert_false(a->request_ixfr);
	assert_true(b->request_ixfr);
	assert_true(a->multi_primary);
	assert_true(a->statistics);
	assert_int_equal(a->max_zone_size, 1 << 30);
	assert_int_equal(a->max_shrink, 50);
	assert_int_equal(b->max_shrink, 100);
	assert_string_equal(a->verifier, "/bin/check");
	assert_int_equal(a->verifier_timeout, 20);
	assert_int_equal(a->history, 3);
	assert_true(allows(b->allow_notify, "192.0.2.5", NULL));
	assert_true(allows(b->allow_notify, "192.0.2.1", NULL));
	config_release(config);
}

static void defaults_are_those_of_bind(void **state)
{
	(void)state;
	struct config *config = read_case("named.conf",
		"zone a { type slave; masters { 192.0.2.1; }; };\n",
		"warning: named.conf:1:1: no allow-transfer holds for this zone: transfers of it are refused "
		"(BIND 9.18 allowed any); say allow-transfer { … }; in the zone or in options\n");
	const struct config_policy *policy = zone_of(config, "a")->policy;
	const struct config_server *server = &config->server;
	assert_int_equal(policy->min_refresh, 300);
	assert_int_equal(policy->max_refresh, 4 * 7 * 86400);
	assert_int_equal(policy->min_retry, 500);
	assert_int_equal(policy->max_retry, 14 * 86400);
	assert_int_equal(policy->transfer_time_in, 7200);
	assert_int_equal(policy->transfer_idle_in, 3600);
	assert_int_equal(policy->format, CONFIG_FORMAT_UNSET);
	assert_ptr_equal(policy->allow_query, &acl_any);
	assert_ptr_equal(policy->allow_transfer, &acl_none);
	assert_true(policy->request_ixfr);
	assert_null(zone_of(config, "a")->file);
	assert_int_equal(server->transfers_in, 10);
	assert_int_equal(server->transfers_per_ns, 2);
	assert_int_equal(server->serial_query_rate, 20);
	assert_int_equal(server->edns_size4, 1232);
	assert_non_null(server->version);
	assert_non_null(server->hostname);
	assert_null(server->server_id);
	assert_null(server->user);
	assert_int_equal(server->listen_count, 2);
	assert_endpoint(&server->listen[0].address, "0.0.0.0", 53);
	assert_endpoint(&server->listen[1].address, "::", 53);
	assert_true(server->listen[0].is_default);
	config_release(config);
}

static void the_server_listens_where_it_is_told(void **state)
{
	(void)state;
	struct config *config = read_case("named.conf",
		"options { listen-on { 192.0.2.1; 192.0.2.2; }; listen-on port 5300 { any; }; listen-on-v6 { none; }; };\n",
		"warning: named.conf: there is no zone to serve\n");
	assert_int_equal(config->server.listen_count, 3);
	assert_endpoint(&config->server.listen[0].address, "192.0.2.1", 53);
	assert_endpoint(&config->server.listen[1].address, "192.0.2.2", 53);
	assert_endpoint(&config->server.listen[2].address, "0.0.0.0", 5300);
	assert_false(config->server.listen[2].is_default);
	config_release(config);

	// `port` holds for listeners before it; lists are held against the machine's addresses.
	config = read_case("named.conf",
		"options { listen-on { localhost; 192.0.2.9; }; listen-on-v6 port 54 { ::1; }; port 5353; };\n",
		"warning: named.conf: there is no zone to serve\n");
	assert_int_equal(config->server.listen_count, 3);
	assert_endpoint(&config->server.listen[0].address, "192.0.2.9", 5353);
	assert_endpoint(&config->server.listen[1].address, "127.0.0.1", 5353);
	assert_endpoint(&config->server.listen[2].address, "::1", 54);
	config_release(config);
}

static void the_server_says_what_it_is_told(void **state)
{
	(void)state;
	struct config *config = read_case("named.conf",
		"options { version none; hostname \"ns2\"; server-id \"none\"; pid-file none; querylog yes;\n"
		"  minimal-responses no; transfers-in 30; tcp-clients 500; state-dir \"/var/lib/u\"; workers 3;\n"
		"  http-listen \"127.0.0.1@8053\"; user nobody; recursion no; directory \"/d\"; };\n",
		"warning: named.conf: there is no zone to serve\n");
	const struct config_server *server = &config->server;
	assert_null(server->version);
	assert_string_equal(server->hostname, "ns2");
	assert_string_equal(server->server_id, "none"); // in quotes it is a text
	assert_int_equal(server->nsid_length, 4);
	assert_null(server->pid_file);
	assert_true(server->log_queries);
	assert_false(server->minimal_responses);
	assert_int_equal(server->transfers_in, 30);
	assert_int_equal(server->tcp_clients, 500);
	assert_string_equal(server->state_dir, "/var/lib/u");
	assert_int_equal(server->workers, 3);
	assert_int_equal(server->http.listen_count, 1);
	assert_endpoint(&server->http.listen[0].address, "127.0.0.1", 8053);
	assert_int_equal(server->http.metrics_zones, CONFIG_METRICS_ZONES_YES);
	assert_string_equal(server->user, "nobody");
	assert_string_equal(server->directory, "/d");
	config_release(config);

	config = read_case("named.conf", "options { server-id hostname; };", NULL);
	assert_string_equal(config->server.server_id, config->server.hostname);
	config_release(config);
}

static void the_page_has_addresses_and_names(void **state)
{
	(void)state;
	struct config *config = read_case("named.conf",
		"options { http-listen 192.0.2.1; http-listen \"::1@80\" 127.0.0.1 port 81; http-host dns.example ns1;\n"
		"  metrics-zones troubled; };\n",
		"warning: named.conf: there is no zone to serve\n");
	const struct config_http *http = &config->server.http;
	assert_int_equal(http->listen_count, 3);
	assert_endpoint(&http->listen[0].address, "192.0.2.1", CONFIG_HTTP_PORT);
	assert_endpoint(&http->listen[1].address, "::1", 80);
	assert_endpoint(&http->listen[2].address, "127.0.0.1", 81);
	assert_int_equal(http->host_count, 2);
	assert_string_equal(http->host[0], "dns.example");
	assert_int_equal(http->metrics_zones, CONFIG_METRICS_ZONES_TROUBLED);
	config_release(config);
}

static void what_the_monitor_watches(void **state)
{
	(void)state;
	struct config *config = read_case("named.conf",
		"options { directory \"/z\"; allow-transfer { none; }; monitor no; monitor-interval 1h; monitor-rate 20; };\n"
		"primaries others { 192.0.2.7 port 54; };\n"
		"zone a { type primary; file \"a\"; monitor yes; monitor-servers { others; 2001:db8::1; }; };\n"
		"zone b { type primary; file \"b\"; };\n", "");
	const struct config_policy *a = zone_of(config, "a")->policy, *b = zone_of(config, "b")->policy;
	assert_int_equal(config->server.monitor_interval, 3600);
	assert_int_equal(config->server.monitor_rate, 20);
	assert_int_equal(config->server.monitor_lag, 120);
	assert_int_equal(a->monitor, CONFIG_MONITOR_YES);
	assert_int_equal(b->monitor, CONFIG_MONITOR_NO);
	assert_int_equal(a->monitor_servers->count, 2);
	assert_int_equal(b->monitor_servers->count, 0);
	assert_endpoint(&a->monitor_servers->remote[0].address, "192.0.2.7", 54);
	config_release(config);
}

static void comments_of_all_three_kinds(void **state)
{
	(void)state;
	struct config *config = read_case("named.conf",
		"/* one\n * two */ zone // three\n\"a\"# four\n{ type/**/primary; file \"/x#y//z\"; allow-transfer{none;};};\n", "");
	assert_file(zone_of(config, "a"), "/x#y//z");
	assert_int_equal(zone_of(config, "a")->line, 2);
	config_release(config);
}

static void one_view_for_everyone_is_no_view(void **state)
{
	(void)state;
	struct config *config = read_case("named.conf",
		"options { allow-transfer { none; }; };\n"
		"view all {\n match-clients { any; }; notify no;\n"
		" key k { algorithm hmac-md5; secret \"YWJj\"; };\n"
		" zone a { type primary; file \"/a\"; };\n};\n",
		"warning: named.conf:2:1: views are not implemented: the zones of view \"all\", which matches any, "
		"are read as if there were no view\n");
	assert_int_equal(zone_of(config, "a")->policy->notify, CONFIG_NOTIFY_NO);
	assert_int_equal(config->key_count, 1);
	config_release(config);
}

static void templates_hold_unless_the_zone_says_otherwise(void **state)
{
	(void)state;
	struct config *config = read_case("named.conf",
		"zone a.example { template t; };\nzone b.example { template t; file \"own\"; notify yes; };\n"
		"template t { type secondary; primaries { 192.0.2.1; }; file \"$name.db\"; notify no; allow-transfer { none; }; };\n"
		"options { directory \"/d\"; };\n", "");
	assert_file(zone_of(config, "a.example"), "/d/a.example.db");
	assert_file(zone_of(config, "b.example"), "/d/own");
	assert_int_equal(zone_of(config, "a.example")->policy->notify, CONFIG_NOTIFY_NO);
	assert_int_equal(zone_of(config, "b.example")->policy->notify, CONFIG_NOTIFY_YES);
	assert_int_equal(zone_of(config, "b.example")->role, CONFIG_SECONDARY);
	config_release(config);
}

static void zones_that_say_the_same_share_it(void **state)
{
	(void)state;
	struct config *config = read_case("named.conf",
		"options { allow-transfer { 192.0.2.0/24; }; };\n"
		"zone a { type slave; masters { 192.0.2.1; 192.0.2.2; }; file \"/a\"; };\n"
		"zone b { type slave; masters { 192.0.2.1; 192.0.2.2; }; file \"/b\"; };\n"
		"zone c { type slave; masters { 192.0.2.2; 192.0.2.1; }; file \"/c\"; };\n", "");
	assert_ptr_equal(zone_of(config, "a")->policy, zone_of(config, "b")->policy);
	assert_ptr_not_equal(zone_of(config, "a")->policy, zone_of(config, "c")->policy);
	assert_ptr_equal(zone_of(config, "a")->policy->allow_transfer, zone_of(config, "c")->policy->allow_transfer);
	config_release(config);
}

static void server_statements_are_found_by_address(void **state)
{
	(void)state;
	struct config *config = read_case("named.conf",
		"server 192.0.2.0/24 { provide-ixfr no; transfer-format many-answers; };\n"
		"server 192.0.2.7 { request-ixfr no; };\nserver 2001:db8::/32 { bogus yes; };\n",
		"warning: named.conf: there is no zone to serve\n");
	struct sockaddr_storage a = address_of("192.0.2.7"), b = address_of("192.0.2.8"), c = address_of("192.0.3.1");
	assert_int_equal(config_peer_find(config, (struct sockaddr *)&a)->request_ixfr, 0);
	assert_int_equal(config_peer_find(config, (struct sockaddr *)&b)->provide_ixfr, 0);
	assert_int_equal(config_peer_find(config, (struct sockaddr *)&b)->request_ixfr, -1);
	assert_null(config_peer_find(config, (struct sockaddr *)&c));
	config_release(config);
}

static void an_empty_file_is_a_named_conf(void **state)
{
	(void)state;
	struct config *config = read_case("named.conf", "", "warning: named.conf: there is no zone to serve\n");
	assert_int_equal(config->dialect, CONFIG_NAMED);
	config_release(config);
	config = read_case("named.conf", "\xef\xbb\xbf# nothing\n", "warning: named.conf: there is no zone to serve\n");
	config_release(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_guides_primary),
		cmocka_unit_test(the_guides_secondary),
		cmocka_unit_test(the_guides_cloud_lists),
		cmocka_unit_test(what_zones_refer_to_may_stand_behind_them),
		cmocka_unit_test(options_reach_zones_and_zones_differ),
		cmocka_unit_test(defaults_are_those_of_bind),
		cmocka_unit_test(the_server_listens_where_it_is_told),
		cmocka_unit_test(the_server_says_what_it_is_told),
		cmocka_unit_test(the_page_has_addresses_and_names),
		cmocka_unit_test(what_the_monitor_watches),
		cmocka_unit_test(comments_of_all_three_kinds),
		cmocka_unit_test(one_view_for_everyone_is_no_view),
		cmocka_unit_test(templates_hold_unless_the_zone_says_otherwise),
		cmocka_unit_test(zones_that_say_the_same_share_it),
		cmocka_unit_test(server_statements_are_found_by_address),
		cmocka_unit_test(an_empty_file_is_a_named_conf),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
