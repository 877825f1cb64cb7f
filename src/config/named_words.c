// SPDX-License-Identifier: GPL-3.0-or-later
// The vocabulary of named.conf (BIND 9.18 to 9.21), and our own options.
#include <assert.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "config/named.h"

#define O NAMED_OPTIONS
#define V NAMED_VIEW
#define Z NAMED_ZONE
#define OV (O | V)
#define OVZ (O | V | Z)
#define T NAMED_TOP

#define RECURSION "it is for resolvers, and this server does not resolve"
#define SIGNING "zones are served as they come, nothing is signed here"
#define UPDATES "dynamic updates are refused"
#define CHECKS "zone files are checked in one way only"
#define LATER "not implemented yet"
#define INNER "it tunes the inside of named"
#define LOOKS "answers look one way only"
#define SHOWN "`understudy status` shows the state"
#define METRICS "http-listen gives the metrics"

#define POLICY(field) (uint32_t)offsetof(struct config_policy, field)
#define SERVER(field) (uint32_t)offsetof(struct config_server, field)
#define SCOPE(field) (uint32_t)offsetof(struct named_scope, field)

#define SET(name, where, action, field) {name, where, action, false, POLICY(field), NULL, NULL}
#define SRV(name, action, field) {name, O, action, false, SERVER(field), NULL, NULL}
// Read and checked, but nothing comes of a value that is not the default.
#define SET_IN_VAIN(name, where, action, field, meaning) {name, where, action, false, POLICY(field), NULL, meaning}
#define KEEP(name, where, field) {name, where, NAMED_KEEP, false, SCOPE(field), NULL, NULL}
#define DO(name, where, function) {name, where, NAMED_HANDLED, false, 0, function, NULL}
#define DO_IN_VAIN(name, where, function, meaning) {name, where, NAMED_HANDLED, false, 0, function, meaning}
#define DO_MANY(name, where, function) {name, where, NAMED_HANDLED, true, 0, function, NULL}
#define TOP(name, where) {name, where, NAMED_TOPLEVEL, true, 0, NULL, NULL}
#define NO(name, where, meaning) {name, where, NAMED_IGNORED, true, 0, NULL, meaning}

const struct named_word named_words[] = {
	// In the order of how common they are: suggestions prefer the first.
	KEEP("type", Z, type),
	KEEP("file", Z, file),
	KEEP("primaries", Z | T, primaries),
	KEEP("masters", Z | T, primaries),
	KEEP("allow-transfer", OVZ, allow_transfer),
	KEEP("also-notify", OVZ, also_notify),
	DO("notify", OVZ, named_set_notify),
	KEEP("allow-notify", OVZ, allow_notify),
	KEEP("allow-query", OVZ, allow_query),
	DO("transfer-source", OVZ, named_set_source),
	DO("transfer-source-v6", OVZ, named_set_source),
	DO("notify-source", OVZ, named_set_source),
	DO("notify-source-v6", OVZ, named_set_source),
	KEEP("masterfile-format", OVZ, format),
	SET("request-ixfr", OVZ, NAMED_SET_BOOL, request_ixfr),
	SET("request-expire", OVZ, NAMED_SET_BOOL, request_expire),
	SET("provide-ixfr", OV, NAMED_SET_BOOL, provide_ixfr),
	SET_IN_VAIN("try-tcp-refresh", OVZ, NAMED_SET_BOOL, try_tcp_refresh,
		"a primary that does not answer over UDP is always asked over TCP"),
	SET("multi-master", OVZ, NAMED_SET_BOOL, multi_primary),
	SET("multi-primary", OVZ, NAMED_SET_BOOL, multi_primary),
	SET("min-refresh-time", OVZ, NAMED_SET_SECONDS, min_refresh),
	SET("max-refresh-time", OVZ, NAMED_SET_SECONDS, max_refresh),
	SET("min-retry-time", OVZ, NAMED_SET_SECONDS, min_retry),
	SET("max-retry-time", OVZ, NAMED_SET_SECONDS, max_retry),
	SET("max-transfer-time-in", OVZ, NAMED_SET_MINUTES, transfer_time_in),
	SET("max-transfer-idle-in", OVZ, NAMED_SET_MINUTES, transfer_idle_in),
	SET("max-transfer-time-out", OVZ, NAMED_SET_MINUTES, transfer_time_out),
	SET("max-transfer-idle-out", OVZ, NAMED_SET_MINUTES, transfer_idle_out),
	DO("min-transfer-rate-in", OVZ, named_set_rate),
	SET("max-records", OVZ, NAMED_SET_NUMBER, max_records),
	SET("max-records-per-type", OVZ, NAMED_SET_NUMBER, max_records_per_type),
	SET("max-types-per-name", OVZ, NAMED_SET_NUMBER, max_types_per_name),
	DO("ixfr-from-differences", OVZ, named_set_differences),
	SET("max-journal-size", OVZ, NAMED_SET_SIZE, max_journal_size),
	DO_IN_VAIN("zone-statistics", OVZ, named_set_statistics, "queries are not counted by zone yet"),
	DO("template", Z, named_set_template),
	TOP("template", T),
	KEEP("in-view", Z, in_view),
	DO_MANY("include", OVZ, named_include_here),
	TOP("include", T),

	SRV("directory", NAMED_SERVER_TEXT, directory),
	DO_MANY("listen-on", O, named_add_listen),
	DO_MANY("listen-on-v6", O, named_add_listen),
	DO("port", O, named_set_port),
	DO("version", O, named_set_identity),
	DO("hostname", O, named_set_identity),
	DO("server-id", O, named_set_identity),
	DO("pid-file", O, named_set_pid_file),
	SRV("querylog", NAMED_SERVER_BOOL, log_queries),
	DO("minimal-responses", OV, named_set_minimal),
	SRV("minimal-any", NAMED_SERVER_BOOL, minimal_any),
	SRV("transfers-in", NAMED_SERVER_NUMBER, transfers_in),
	SRV("transfers-out", NAMED_SERVER_NUMBER, transfers_out),
	SRV("transfers-per-ns", NAMED_SERVER_NUMBER, transfers_per_ns),
	SRV("serial-query-rate", NAMED_SERVER_NUMBER, serial_query_rate),
	SRV("notify-rate", NAMED_SERVER_NUMBER, notify_rate),
	SRV("startup-notify-rate", NAMED_SERVER_NUMBER, startup_notify_rate),
	SRV("tcp-clients", NAMED_SERVER_NUMBER, tcp_clients),
	DO("tcp-idle-timeout", O, named_set_idle),
	DO("max-udp-size", OV, named_set_edns),
	DO_IN_VAIN("edns-udp-size", OV, named_set_edns, "it is for resolvers; max-udp-size bounds answers"),
	DO("recursion", OV, named_set_recursion),

	// Our own.
	SRV("state-dir", NAMED_SERVER_PATH, state_dir),
	SRV("workers", NAMED_SERVER_NUMBER, workers),
	SRV("user", NAMED_SERVER_TEXT, user),
	SRV("group", NAMED_SERVER_TEXT, group),
	DO_MANY("http-listen", O, named_set_http),
	DO_MANY("http-host", O, named_set_http),
	DO("metrics-zones", O, named_set_http),
	SRV("log-file", NAMED_SERVER_PATH, log_file),
	DO("log-target", O, named_set_telling),
	DO("log-format", O, named_set_telling),
	DO("log-level", O, named_set_telling),
	DO("alert-program", O, named_set_telling),
	DO("alert-url", O, named_set_telling),
	DO("alert-behind", O, named_set_telling),
	DO("alert-delay", O, named_set_telling),
	DO("alert-timeout", O, named_set_telling),
	SET("max-zone-size", OVZ, NAMED_SET_SIZE, max_zone_size),
	DO("max-shrink", OVZ, named_set_percent),
	DO("monitor", OVZ, named_set_monitor),
	KEEP("monitor-servers", OVZ, monitor_servers),
	DO("monitor-interval", O, named_set_monitor),
	DO("monitor-rate", O, named_set_monitor),
	DO("monitor-lag", O, named_set_monitor),
	SET("verifier", OVZ, NAMED_SET_TEXT, verifier),
	SET("verifier-timeout", OVZ, NAMED_SET_SECONDS, verifier_timeout),
	SET("history", OVZ, NAMED_SET_NUMBER, history),
	SET_IN_VAIN("check-structure", OVZ, NAMED_SET_BOOL, check_structure, "the structure of a zone is always checked"),
	SET("check-zonemd", OVZ, NAMED_SET_BOOL, check_zonemd),
	SET("min-expire-time", OVZ, NAMED_SET_SECONDS, min_expire),
	SET("allow-axfr-fallback", OVZ, NAMED_SET_BOOL, axfr_fallback),
	SET("notify-retry", OVZ, NAMED_SET_NUMBER, notify_retry),

	TOP("zone", T | V),
	TOP("options", T),
	TOP("key", T | V),
	TOP("acl", T),
	TOP("remote-servers", T),
	TOP("server", T | V),
	TOP("view", T),
	TOP("tls", T),
	TOP("logging", T),
	NO("controls", T, "the server is steered through the socket in its state directory"),
	NO("statistics-channels", T, METRICS),
	NO("http", T, "DNS over HTTPS is not implemented yet"),
	NO("trust-anchors", T | V, RECURSION),
	NO("trusted-keys", T | V, RECURSION),
	NO("managed-keys", T | V, RECURSION),
	NO("dnssec-policy", T, SIGNING),
	NO("key-store", T, SIGNING),
	NO("parental-agents", T, SIGNING),
	NO("plugin", T | V, "plugins of named are not loaded"),
	NO("dlz", T | V, "zones come from files and transfers only"),
	NO("dyndb", T | V, "zones come from files and transfers only"),
	NO("lwres", T, RECURSION),

	KEEP("match-clients", V, match_clients),
	KEEP("match-destinations", V, match_destinations),
	KEEP("match-recursive-only", V, match_recursive),

	NO("rate-limit", OV, "response rate limiting is " LATER ": answers are not limited"),
	NO("catalog-zones", OV, "catalog zones are " LATER ": their members are not served"),
	NO("allow-new-zones", OV, "zones are added in this file and by a reload"),
	NO("lmdb-mapsize", OV, "zones are added in this file and by a reload"),
	NO("new-zones-directory", OV, "zones are added in this file and by a reload"),
	NO("allow-update", OVZ, UPDATES),
	NO("allow-update-forwarding", OVZ, "forwarding of updates is " LATER ": they are refused"),
	NO("update-policy", Z, UPDATES),
	NO("allow-query-on", OVZ, LATER ": the address asked makes no difference"),
	NO("journal", Z, "the journal lies in the state directory"),
	NO("delegation-only", Z, RECURSION),
	NO("forward", OVZ, RECURSION),
	NO("forwarders", OVZ, RECURSION),
	NO("server-addresses", Z, RECURSION),
	NO("server-names", Z, RECURSION),
	NO("database", Z, "zones come from files and transfers only"),
	NO("dlz", Z, "zones come from files and transfers only"),
	NO("pubkey", Z, RECURSION),
	NO("initial-file", Z, LATER),
	NO("masterfile-style", OVZ, "zone files are written in one style"),
	NO("dialup", OVZ, "refreshes go by the SOA"),
	NO("notify-delay", OVZ, "NOTIFY is sent at once"),
	NO("notify-defer", OVZ, "NOTIFY is sent at once"),
	NO("notify-to-soa", OVZ, LATER),
	NO("alt-transfer-source", OVZ, "BIND 9.18 has dropped it"),
	NO("alt-transfer-source-v6", OVZ, "BIND 9.18 has dropped it"),
	NO("use-alt-transfer-source", OVZ, "BIND 9.18 has dropped it"),
	NO("transfer-format", OV, "transfers hold many answers a message"),
	NO("transfer-message-size", O, "messages of transfers are filled"),
	NO("max-ixfr-ratio", OVZ, "IXFR is sent where the journal reaches back"),
	NO("request-ixfr-max-diffs", OVZ, LATER),
	NO("max-zone-ttl", OVZ, SIGNING),

	NO("dnssec-policy", OVZ, SIGNING),
	NO("auto-dnssec", OVZ, SIGNING),
	NO("inline-signing", Z, SIGNING),
	NO("key-directory", OVZ, SIGNING),
	NO("dnskey-sig-validity", OVZ, SIGNING),
	NO("dnssec-dnskey-kskonly", OVZ, SIGNING),
	NO("dnssec-loadkeys-interval", OVZ, SIGNING),
	NO("dnssec-update-mode", OVZ, SIGNING),
	NO("dnssec-secure-to-insecure", OVZ, SIGNING),
	NO("parental-agents", Z, SIGNING),
	NO("parental-source", OVZ, SIGNING),
	NO("parental-source-v6", OVZ, SIGNING),
	NO("checkds", Z, SIGNING),
	NO("serial-update-method", OVZ, SIGNING),
	NO("sig-validity-interval", OVZ, SIGNING),
	NO("sig-signing-nodes", OVZ, SIGNING),
	NO("sig-signing-signatures", OVZ, SIGNING),
	NO("sig-signing-type", OVZ, SIGNING),
	NO("sig0checks-quota", O, UPDATES),
	NO("sig0checks-quota-exempt", O, UPDATES),
	NO("sig0key-checks-limit", OV, UPDATES),
	NO("sig0message-checks-limit", OV, UPDATES),
	NO("update-check-ksk", OVZ, SIGNING),
	NO("nsec3-test-zone", Z, SIGNING),
	NO("zero-no-soa-ttl", OVZ, LOOKS),
	NO("log-report-channel", OVZ, LATER),
	NO("send-report-channel", OVZ, LATER),

	NO("check-names", OVZ, CHECKS),
	NO("check-mx", OVZ, CHECKS),
	NO("check-mx-cname", OVZ, CHECKS),
	NO("check-srv-cname", OVZ, CHECKS),
	NO("check-sibling", OVZ, CHECKS),
	NO("check-spf", OVZ, CHECKS),
	NO("check-svcb", OVZ, CHECKS),
	NO("check-wildcard", OVZ, CHECKS),
	NO("check-integrity", OVZ, CHECKS),
	NO("check-dup-records", OVZ, CHECKS),

	NO("allow-recursion", OV, RECURSION),
	NO("allow-recursion-on", OV, RECURSION),
	NO("allow-query-cache", OV, RECURSION),
	NO("allow-query-cache-on", OV, RECURSION),
	NO("allow-proxy", O, "the PROXY protocol is " LATER),
	NO("allow-proxy-on", O, "the PROXY protocol is " LATER),
	NO("attach-cache", OV, RECURSION),
	NO("clients-per-query", OV, RECURSION),
	NO("max-clients-per-query", OV, RECURSION),
	NO("deny-answer-addresses", OV, RECURSION),
	NO("deny-answer-aliases", OV, RECURSION),
	NO("disable-algorithms", OV, RECURSION),
	NO("disable-ds-digests", OV, RECURSION),
	NO("disable-empty-zone", OV, RECURSION),
	NO("empty-contact", OV, RECURSION),
	NO("empty-server", OV, RECURSION),
	NO("empty-zones-enable", OV, RECURSION),
	NO("dns64", OV, RECURSION),
	NO("dns64-contact", OV, RECURSION),
	NO("dns64-server", OV, RECURSION),
	NO("dnssec-accept-expired", OV, RECURSION),
	NO("dnssec-enable", OV, "signed zones are always served with their signatures"),
	NO("dnssec-lookaside", OV, RECURSION),
	NO("dnssec-must-be-secure", OV, RECURSION),
	NO("dnssec-validation", OV, RECURSION),
	NO("dual-stack-servers", OV, RECURSION),
	NO("fetch-quota-params", OV, RECURSION),
	NO("fetches-per-server", OV, RECURSION),
	NO("fetches-per-zone", OV, RECURSION),
	NO("glue-cache", OV, INNER),
	NO("ipv4only-contact", OV, RECURSION),
	NO("ipv4only-enable", OV, RECURSION),
	NO("ipv4only-server", OV, RECURSION),
	NO("lame-ttl", OV, RECURSION),
	NO("max-cache-size", OV, RECURSION),
	NO("max-cache-ttl", OV, RECURSION),
	NO("max-ncache-ttl", OV, RECURSION),
	NO("max-query-count", OV, RECURSION),
	NO("max-query-restarts", OV, RECURSION),
	NO("max-recursion-depth", OV, RECURSION),
	NO("max-recursion-queries", OV, RECURSION),
	NO("max-stale-ttl", OV, RECURSION),
	NO("max-validation-failures-per-fetch", OV, RECURSION),
	NO("max-validations-per-fetch", OV, RECURSION),
	NO("min-cache-ttl", OV, RECURSION),
	NO("min-ncache-ttl", OV, RECURSION),
	NO("nta-lifetime", OV, RECURSION),
	NO("nta-recheck", OV, RECURSION),
	NO("nxdomain-redirect", OV, RECURSION),
	NO("prefetch", OV, RECURSION),
	NO("priming", OV, RECURSION),
	NO("qname-minimization", OV, RECURSION),
	NO("query-source", OV, RECURSION),
	NO("query-source-v6", OV, RECURSION),
	NO("recursive-clients", O, RECURSION),
	NO("require-cookie", OV, "cookies are " LATER),
	NO("resolver-nonbackoff-tries", OV, RECURSION),
	NO("resolver-query-timeout", OV, RECURSION),
	NO("resolver-retry-interval", OV, RECURSION),
	NO("resolver-use-dns64", OV, RECURSION),
	NO("response-padding", OV, LATER),
	NO("response-policy", OV, RECURSION),
	NO("responselog", O, LATER),
	NO("root-delegation-only", OV, RECURSION),
	NO("root-key-sentinel", OV, RECURSION),
	NO("send-cookie", OV, "cookies are " LATER),
	NO("servfail-ttl", OV, RECURSION),
	NO("stale-answer-client-timeout", OV, RECURSION),
	NO("stale-answer-enable", OV, RECURSION),
	NO("stale-answer-ttl", OV, RECURSION),
	NO("stale-cache-enable", OV, RECURSION),
	NO("stale-refresh-time", OV, RECURSION),
	NO("suppress-initial-notify", OV, "NOTIFY is sent when a version is published"),
	NO("synth-from-dnssec", OV, RECURSION),
	NO("trust-anchor-telemetry", OV, RECURSION),
	NO("v6-bias", OV, RECURSION),
	NO("validate-except", OV, RECURSION),
	NO("zero-no-soa-ttl-cache", OV, RECURSION),
	NO("preferred-glue", OV, LOOKS),
	NO("auth-nxdomain", OV, LOOKS),
	NO("rrset-order", OV, LOOKS),
	NO("sortlist", OV, LOOKS),
	NO("no-case-compress", OV, LOOKS),
	NO("message-compression", OV, LOOKS),
	NO("additional-from-auth", OV, LOOKS),
	NO("additional-from-cache", OV, LOOKS),
	NO("nocookie-udp-size", OV, "cookies are " LATER),

	NO("answer-cookie", O, "cookies are " LATER),
	NO("cookie-algorithm", O, "cookies are " LATER),
	NO("cookie-secret", O, "cookies are " LATER),
	NO("automatic-interface-scan", O, LATER ": a reload looks for new addresses"),
	NO("interface-interval", O, LATER ": a reload looks for new addresses"),
	NO("avoid-v4-udp-ports", O, RECURSION),
	NO("avoid-v6-udp-ports", O, RECURSION),
	NO("use-v4-udp-ports", O, RECURSION),
	NO("use-v6-udp-ports", O, RECURSION),
	NO("bindkeys-file", O, RECURSION),
	NO("blackhole", O, LATER ": nobody is passed over"),
	NO("coresize", O, INNER),
	NO("datasize", O, INNER),
	NO("files", O, INNER),
	NO("stacksize", O, INNER),
	NO("dnskey-ttl", O, SIGNING),
	NO("dnsrps-enable", OV, RECURSION),
	NO("dnsrps-library", O, RECURSION),
	NO("dnsrps-options", OV, RECURSION),
	NO("dnstap", OV, "dnstap is " LATER),
	NO("dnstap-identity", O, "dnstap is " LATER),
	NO("dnstap-output", O, "dnstap is " LATER),
	NO("dnstap-version", O, "dnstap is " LATER),
	NO("fstrm-set-buffer-hint", O, "dnstap is " LATER),
	NO("fstrm-set-flush-timeout", O, "dnstap is " LATER),
	NO("fstrm-set-input-queue-size", O, "dnstap is " LATER),
	NO("fstrm-set-output-notify-threshold", O, "dnstap is " LATER),
	NO("fstrm-set-output-queue-model", O, "dnstap is " LATER),
	NO("fstrm-set-output-queue-size", O, "dnstap is " LATER),
	NO("fstrm-set-reopen-interval", O, "dnstap is " LATER),
	NO("dscp", O, "BIND 9.18 has dropped it"),
	NO("dump-file", O, INNER),
	NO("fake-iquery", O, INNER),
	NO("flush-zones-on-shutdown", O, "zone files are written on stop"),
	NO("geoip-directory", O, "GeoIP lists are " LATER),
	NO("has-old-clients", O, INNER),
	NO("heartbeat-interval", O, "refreshes go by the SOA"),
	NO("host-statistics", O, INNER),
	NO("http-listener-clients", O, "DNS over HTTPS is " LATER),
	NO("http-port", O, "DNS over HTTPS is " LATER),
	NO("http-streams-per-connection", O, "DNS over HTTPS is " LATER),
	NO("https-port", O, "DNS over HTTPS is " LATER),
	NO("keep-response-order", O, "answers over TCP may come out of order"),
	NO("lock-file", O, "the state directory is locked"),
	NO("managed-keys-directory", O, RECURSION),
	NO("match-mapped-addresses", O, "IPv4-mapped addresses always match IPv4 entries"),
	NO("max-rsa-exponent-size", O, RECURSION),
	NO("memstatistics", O, INNER),
	NO("memstatistics-file", O, INNER),
	NO("named-xfer", O, INNER),
	NO("random-device", O, INNER),
	NO("recursing-file", O, RECURSION),
	NO("reserved-sockets", O, INNER),
	NO("reuseport", O, "sockets are always shared among the workers"),
	NO("secroots-file", O, RECURSION),
	NO("serial-queries", O, INNER),
	NO("session-keyalg", O, UPDATES),
	NO("session-keyfile", O, UPDATES),
	NO("session-keyname", O, UPDATES),
	NO("statistics-file", O, SHOWN),
	NO("statistics-interval", O, SHOWN),
	NO("tcp-advertised-timeout", O, LATER),
	NO("tcp-initial-timeout", O, "tcp-idle-timeout holds from the start"),
	NO("tcp-keepalive-timeout", O, LATER),
	NO("tcp-primaries-timeout", O, LATER),
	NO("tcp-listen-queue", O, INNER),
	NO("tcp-receive-buffer", O, INNER),
	NO("tcp-send-buffer", O, INNER),
	NO("udp-receive-buffer", O, INNER),
	NO("udp-send-buffer", O, INNER),
	NO("tkey-dhkey", O, "TKEY is not implemented"),
	NO("tkey-domain", O, "TKEY is not implemented"),
	NO("tkey-gssapi-credential", O, "TKEY is not implemented"),
	NO("tkey-gssapi-keytab", O, "TKEY is not implemented"),
	NO("tls-port", O, "listening on TLS is " LATER),
	NO("transfers", O, INNER),
	NO("treat-cr-as-space", O, INNER),
	NO("update-quota", O, UPDATES),
	NO("use-id-pool", O, INNER),
	NO("use-ixfr", O, INNER),
	NO("multiple-cnames", O, CHECKS),
	NO("deallocate-on-exit", O, INNER),
	NO("rfc2308-type1", O, LOOKS),
	NO("maintain-ixfr-base", O, INNER),
	NO("topology", O, RECURSION),
	NO("cleaning-interval", OV, RECURSION),
	NO("acache-enable", OV, INNER),
	NO("acache-cleaning-interval", OV, INNER),
	NO("max-acache-size", OV, INNER),
	NO("cache-file", OV, RECURSION),
	NO("fetch-glue", O, RECURSION),
	NO("filter-aaaa", OV, "plugins of named are not loaded"),
	NO("filter-aaaa-on-v4", OV, "plugins of named are not loaded"),
	NO("filter-aaaa-on-v6", OV, "plugins of named are not loaded"),
	NO("nosit-udp-size", OV, "cookies are " LATER),
	NO("request-sit", OV, "cookies are " LATER),
	NO("request-nsid", OV, RECURSION),
	NO("sit-secret", O, "cookies are " LATER),
};

const uint32_t named_word_count = sizeof named_words / sizeof *named_words;

#define INDEX_SIZE 1024u
static_assert(sizeof named_words / sizeof *named_words < INDEX_SIZE / 2, "index too full");

static uint32_t hash_word(const char *word)
{
	uint32_t hash = 2166136261u;
	for (; *word; word++)
		hash = (hash ^ (uint32_t)tolower((unsigned char)*word)) * 16777619u;
	return hash;
}

// A word may stand twice, with different contexts: a chain of neighbours.
void named_words_init(struct named *n)
{
	n->word_index = pool_new(&n->builder->scratch, INDEX_SIZE * sizeof *n->word_index);
	for (uint32_t i = 0; i < named_word_count; i++) {
		uint32_t at = hash_word(named_words[i].name) % INDEX_SIZE;
		while (n->word_index[at])
			at = (at + 1) % INDEX_SIZE;
		n->word_index[at] = (uint16_t)(i + 1);
	}
	n->seen = pool_new(&n->builder->scratch, named_word_count * sizeof *n->seen);
	n->ignored = pool_new(&n->builder->scratch, named_word_count * sizeof *n->ignored);
}

const struct named_word *named_word_find_in(const struct named *n, const char *word,
                                            unsigned context)
{
	uint32_t at = hash_word(word) % INDEX_SIZE;
	for (; n->word_index[at]; at = (at + 1) % INDEX_SIZE) {
		const struct named_word *found = &named_words[n->word_index[at] - 1];
		if ((found->contexts & context) && strcasecmp(found->name, word) == 0)
			return found;
	}
	return NULL;
}

const char *named_word_suggest(struct named *n, const char *word, unsigned context)
{
	if (builder_has_said_enough(n->builder))
		return "";
	const char **words = pool_alloc(&n->work, (named_word_count + 1) * sizeof *words, 8);
	uint32_t count = 0;
	for (uint32_t i = 0; i < named_word_count; i++)
		if (named_words[i].contexts & context)
			words[count++] = named_words[i].name;
	words[count] = NULL;
	const char *nearest = builder_nearest(word, words);
	if (!nearest)
		return "";
	size_t room = strlen(nearest) + 24;
	char *text = pool_alloc(&n->work, room, 1);
	snprintf(text, room, "; did you mean '%s'?", nearest);
	return text;
}

const char *named_context_name(unsigned context)
{
	if (context & NAMED_ZONE)
		return "zone { … }";
	if (context & NAMED_OPTIONS)
		return "options { … }";
	if (context & NAMED_VIEW)
		return "view { … }";
	if (context & NAMED_SERVER)
		return "server { … }";
	return "the top level";
}
