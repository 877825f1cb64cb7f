// SPDX-License-Identifier: GPL-3.0-or-later
// The vocabulary of nsd.conf (NSD 4.1 to 4.15), and our own options.
#include <assert.h>
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "config/nsd.h"

#define S NSD_SERVER
#define ZP (NSD_ZONE | NSD_PATTERN)
#define SZP (NSD_SERVER | ZP)
#define ALL 0xffffu

#define POLICY(field) (uint32_t)offsetof(struct config_policy, field)
#define SERVER(field) (uint32_t)offsetof(struct config_server, field)

#define LATER "not implemented yet"
#define INNER "it tunes the inside of nsd"
#define STATE "state lies in the state directory (state-dir)"
#define LOGS "log-format says how lines look"
#define TLS "listening on TLS is " LATER
#define RRL "response rate limiting is " LATER ": answers are not limited"
#define COOKIE "cookies are " LATER
#define CONTROL "the server is steered through the socket in its state directory"
#define SHOWN "`understudy status` shows the state"
#define METRICS "http-listen gives the metrics"

#define OPEN(name, section) {name, ALL, NSD_OPENS, 0, section, NULL, NULL}
#define SET(name, where, action, field) {name, where, action, 1, POLICY(field), NULL, NULL}
#define SRV(name, action, field) {name, S, action, 1, SERVER(field), NULL, NULL}
// Read and checked, but nothing comes of a value that is not the default.
#define SET_IN_VAIN(name, where, action, field, meaning) {name, where, action, 1, POLICY(field), NULL, meaning}
#define DO_IN_VAIN(name, where, most, function, meaning) {name, where, NSD_HANDLED, most, 0, function, meaning}
#define DO(name, where, most, function) {name, where, NSD_HANDLED, most, 0, function, NULL}
#define NO(name, where, meaning) {name, where, NSD_IGNORED, NSD_MAX_VALUES, 0, NULL, meaning}

const struct nsd_word nsd_words[] = {
	OPEN("server", NSD_SERVER),
	OPEN("zone", NSD_ZONE),
	OPEN("pattern", NSD_PATTERN),
	OPEN("key", NSD_KEY),
	OPEN("tls-auth", NSD_TLS),
	OPEN("remote-control", NSD_CONTROL),
	OPEN("verify", NSD_VERIFY),
	OPEN("dnstap", NSD_DNSTAP),

	DO("name", ZP | NSD_KEY | NSD_TLS, 1, nsd_set_name),
	DO("zonefile", ZP, 1, nsd_set_zonefile),
	DO("request-xfr", ZP, 4, nsd_add_remote),
	DO("allow-notify", ZP, 2, nsd_add_acl),
	DO("notify", ZP, 2, nsd_add_remote),
	DO("provide-xfr", ZP, 3, nsd_add_acl),
	DO("allow-query", ZP, 2, nsd_add_acl),
	DO("outgoing-interface", ZP, 1, nsd_set_outgoing),
	DO("include-pattern", ZP, 1, nsd_include_pattern),
	SET("allow-axfr-fallback", SZP, NSD_SET_BOOL, axfr_fallback),
	SET("notify-retry", SZP, NSD_SET_NUMBER, notify_retry),
	SET("size-limit-xfr", SZP, NSD_SET_SIZE, max_zone_size),
	SET("multi-primary-check", SZP, NSD_SET_BOOL, multi_primary),
	SET("multi-master-check", SZP, NSD_SET_BOOL, multi_primary),
	SET("min-refresh-time", SZP, NSD_SET_SECONDS, min_refresh),
	SET("max-refresh-time", SZP, NSD_SET_SECONDS, max_refresh),
	SET("min-retry-time", SZP, NSD_SET_SECONDS, min_retry),
	SET("max-retry-time", SZP, NSD_SET_SECONDS, max_retry),
	DO("min-expire-time", SZP, 1, nsd_set_min_expire),
	SET("create-ixfr", SZP, NSD_SET_BOOL, ixfr_from_differences),
	SET("store-ixfr", SZP, NSD_SET_BOOL, provide_ixfr),
	SET("ixfr-number", SZP, NSD_SET_NUMBER, history),
	SET("ixfr-size", SZP, NSD_SET_SIZE, max_journal_size),
	DO_IN_VAIN("zonestats", ZP, 1, nsd_set_zonestats, "queries are not counted by zone yet"),
	DO("catalog", ZP, 1, nsd_set_catalog),
	NO("catalog-member-pattern", ZP, "catalog zones are " LATER ": their members are not served"),
	NO("catalog-producer-zone", NSD_PATTERN, "catalog zones are " LATER),
	DO("verify-zone", ZP, 1, nsd_set_verify_zone),
	DO("verifier", SZP | NSD_VERIFY, NSD_MAX_VALUES, nsd_set_verifier),
	SET("verifier-timeout", SZP | NSD_VERIFY, NSD_SET_SECONDS, verifier_timeout),
	NO("verifier-feed-zone", ZP | NSD_VERIFY, "a verifier always gets the zone"),
	NO("rrl-whitelist", ZP, RRL),

	// Our own.
	SRV("state-dir", NSD_SERVER_PATH, state_dir),
	SRV("workers", NSD_SERVER_NUMBER, workers),
	SRV("user", NSD_SERVER_TEXT, user),
	SRV("group", NSD_SERVER_TEXT, group),
	DO("http-listen", S, NSD_MAX_VALUES, nsd_set_http),
	DO("http-host", S, NSD_MAX_VALUES, nsd_set_http),
	DO("metrics-zones", S, 1, nsd_set_http),
	SRV("log-file", NSD_SERVER_PATH, log_file),
	DO("log-target", S, 1, nsd_set_telling),
	DO("log-format", S, 1, nsd_set_telling),
	DO("log-level", S, 1, nsd_set_telling),
	DO("alert-program", S, 1, nsd_set_telling),
	DO("alert-url", S, 1, nsd_set_telling),
	DO("alert-behind", S, 1, nsd_set_telling),
	DO("alert-delay", S, 1, nsd_set_telling),
	DO("alert-timeout", S, 1, nsd_set_telling),
	SRV("transfers-in", NSD_SERVER_NUMBER, transfers_in),
	SRV("transfers-out", NSD_SERVER_NUMBER, transfers_out),
	SRV("transfers-per-ns", NSD_SERVER_NUMBER, transfers_per_ns),
	SRV("serial-query-rate", NSD_SERVER_NUMBER, serial_query_rate),
	SRV("notify-rate", NSD_SERVER_NUMBER, notify_rate),
	SRV("startup-notify-rate", NSD_SERVER_NUMBER, startup_notify_rate),
	SET("max-zone-size", SZP, NSD_SET_SIZE, max_zone_size),
	DO("max-shrink", SZP, 1, nsd_set_percent),
	DO("monitor", SZP, 1, nsd_set_monitor),
	DO("monitor-server", ZP, 2, nsd_add_remote),
	DO("monitor-interval", S, 1, nsd_set_monitor),
	DO("monitor-rate", S, 1, nsd_set_monitor),
	DO("monitor-lag", S, 1, nsd_set_monitor),
	SET("history", SZP, NSD_SET_NUMBER, history),
	SET_IN_VAIN("check-structure", SZP, NSD_SET_BOOL, check_structure, "the structure of a zone is always checked"),
	SET("check-zonemd", SZP, NSD_SET_BOOL, check_zonemd),
	SET("max-records", SZP, NSD_SET_NUMBER, max_records),
	SET("max-records-per-type", SZP, NSD_SET_NUMBER, max_records_per_type),
	SET("max-types-per-name", SZP, NSD_SET_NUMBER, max_types_per_name),

	DO("ip-address", S, NSD_MAX_VALUES, nsd_add_interface),
	DO("interface", S, NSD_MAX_VALUES, nsd_add_interface),
	DO("port", S, 1, nsd_set_port),
	DO("do-ip4", S, 1, nsd_set_flag),
	DO("do-ip6", S, 1, nsd_set_flag),
	DO("ip4-only", S, 1, nsd_set_flag),
	DO("ip6-only", S, 1, nsd_set_flag),
	DO("hide-version", S, 1, nsd_set_flag),
	DO("hide-identity", S, 1, nsd_set_flag),
	DO("username", S, 1, nsd_set_username),
	DO("zonesdir", S, 1, nsd_set_zonesdir),
	DO("chroot", S, 1, nsd_set_chroot),
	DO("identity", S, 1, nsd_set_identity),
	DO("version", S, 1, nsd_set_identity),
	DO("nsid", S, 1, nsd_set_nsid),
	DO("ipv4-edns-size", S, 1, nsd_set_edns),
	DO("ipv6-edns-size", S, 1, nsd_set_edns),
	SRV("pidfile", NSD_SERVER_PATH, pid_file),
	SRV("logfile", NSD_SERVER_PATH, log_file),
	SRV("verbosity", NSD_SERVER_NUMBER, verbosity),
	SRV("server-count", NSD_SERVER_NUMBER, workers),
	SRV("tcp-count", NSD_SERVER_NUMBER, tcp_clients),
	SRV("tcp-timeout", NSD_SERVER_NUMBER, tcp_timeout),
	SRV("tcp-query-count", NSD_SERVER_NUMBER, tcp_queries),
	SRV("tcp-mss", NSD_SERVER_NUMBER, tcp_mss),
	SRV("minimal-responses", NSD_SERVER_BOOL, minimal_responses),
	SRV("refuse-any", NSD_SERVER_BOOL, minimal_any),
	SRV("xfrd-tcp-max", NSD_SERVER_NUMBER, transfers_in),
	SRV("zonefiles-write", NSD_SERVER_NUMBER, zone_file_write),

	NO("database", S, STATE),
	NO("difffile", S, STATE),
	NO("xfrdfile", S, STATE),
	NO("xfrdir", S, STATE),
	NO("zonelistfile", S, "zones are added in this file and by a reload"),
	NO("ip-transparent", S, LATER),
	NO("ip-freebind", S, LATER),
	NO("reuseport", S, "sockets are always shared among the workers"),
	NO("send-buffer-size", S, INNER),
	NO("receive-buffer-size", S, INNER),
	NO("debug-mode", S, "serve always runs in the foreground"),
	NO("use-systemd", S, "systemd is always told"),
	NO("log-only-syslog", S, "the log goes to the journal or to standard error; log-target: syslog sends it there"),
	NO("log-time-ascii", S, LOGS),
	NO("log-time-iso", S, LOGS),
	NO("statistics", S, SHOWN),
	NO("tcp-reject-overflow", S, LATER),
	NO("outgoing-tcp-mss", S, LATER),
	NO("xfrd-tcp-pipeline", S, "transfers are pipelined where a primary answers so"),
	NO("xfrd-reload-timeout", S, "new versions are served at once"),
	NO("reload-config", S, "a reload always reads the configuration"),
	NO("zonefiles-check", S, "a reload always looks for changed zone files"),
	NO("drop-updates", S, "dynamic updates are refused"),
	NO("round-robin", S, "records keep one order"),
	NO("confine-to-zone", S, LATER),
	NO("rrl-size", S, RRL),
	NO("rrl-ratelimit", S, RRL),
	NO("rrl-slip", S, RRL),
	NO("rrl-ipv4-prefix-length", S, RRL),
	NO("rrl-ipv6-prefix-length", S, RRL),
	NO("rrl-whitelist-ratelimit", S, RRL),
	NO("tls-service-key", S, TLS),
	NO("tls-service-pem", S, TLS),
	NO("tls-service-ocsp", S, TLS),
	NO("tls-port", S, TLS),
	NO("tls-auth-port", S, TLS),
	NO("tls-auth-xfr-only", S, TLS),
	NO("tls-cert-bundle", S, TLS),
	NO("tls-ciphers", S, TLS),
	NO("answer-cookie", S, COOKIE),
	NO("cookie-secret", S, COOKIE),
	NO("cookie-secret-file", S, COOKIE),
	NO("cookie-staging-secret", S, COOKIE),
	NO("proxy-protocol-port", S, "the PROXY protocol is " LATER),
	NO("cpu-affinity", S, INNER),
	NO("xfrd-cpu-affinity", S, INNER),
	NO("xdp-interface", S, "XDP is " LATER),
	NO("xdp-program-path", S, "XDP is " LATER),
	NO("xdp-program-load", S, "XDP is " LATER),
	NO("xdp-bpffs-path", S, "XDP is " LATER),
	NO("xdp-force-copy", S, "XDP is " LATER),
	NO("metrics-enable", S, METRICS),
	NO("metrics-interface", S, METRICS),
	NO("metrics-port", S, METRICS),
	NO("metrics-path", S, METRICS),

	DO("algorithm", NSD_KEY, 1, nsd_set_key_part),
	DO("secret", NSD_KEY, 1, nsd_set_key_part),
	DO("auth-domain-name", NSD_TLS, 1, nsd_set_tls_part),
	DO("client-cert", NSD_TLS, 1, nsd_set_tls_part),
	DO("client-key", NSD_TLS, 1, nsd_set_tls_part),
	NO("client-key-pw", NSD_TLS, LATER),

	NO("control-enable", NSD_CONTROL, CONTROL),
	NO("control-interface", NSD_CONTROL, CONTROL),
	NO("control-port", NSD_CONTROL, CONTROL),
	NO("server-key-file", NSD_CONTROL, CONTROL),
	NO("server-cert-file", NSD_CONTROL, CONTROL),
	NO("control-key-file", NSD_CONTROL, CONTROL),
	NO("control-cert-file", NSD_CONTROL, CONTROL),

	DO("enable", NSD_VERIFY, 1, nsd_set_verify_enable),
	NO("ip-address", NSD_VERIFY, "a verifier gets the zone, not a server to ask"),
	NO("interface", NSD_VERIFY, "a verifier gets the zone, not a server to ask"),
	NO("port", NSD_VERIFY, "a verifier gets the zone, not a server to ask"),
	NO("verify-zones", NSD_VERIFY, "verify-zone in a zone says it"),
	NO("verifier-count", NSD_VERIFY, INNER),

	NO("dnstap-enable", NSD_DNSTAP, "dnstap is " LATER),
	NO("dnstap-socket-path", NSD_DNSTAP, "dnstap is " LATER),
	NO("dnstap-ip", NSD_DNSTAP, "dnstap is " LATER),
	NO("dnstap-tls", NSD_DNSTAP, "dnstap is " LATER),
	NO("dnstap-tls-server-name", NSD_DNSTAP, "dnstap is " LATER),
	NO("dnstap-tls-cert-bundle", NSD_DNSTAP, "dnstap is " LATER),
	NO("dnstap-tls-client-key-file", NSD_DNSTAP, "dnstap is " LATER),
	NO("dnstap-tls-client-cert-file", NSD_DNSTAP, "dnstap is " LATER),
	NO("dnstap-send-identity", NSD_DNSTAP, "dnstap is " LATER),
	NO("dnstap-send-version", NSD_DNSTAP, "dnstap is " LATER),
	NO("dnstap-identity", NSD_DNSTAP, "dnstap is " LATER),
	NO("dnstap-version", NSD_DNSTAP, "dnstap is " LATER),
	NO("dnstap-log-auth-query-messages", NSD_DNSTAP, "dnstap is " LATER),
	NO("dnstap-log-auth-response-messages", NSD_DNSTAP, "dnstap is " LATER),
};

const uint32_t nsd_word_count = sizeof nsd_words / sizeof *nsd_words;

#define INDEX_SIZE 512u
static_assert(sizeof nsd_words / sizeof *nsd_words < INDEX_SIZE / 2, "index too full");

static uint32_t hash_word(const char *word)
{
	uint32_t hash = 2166136261u;
	for (; *word; word++)
		hash = (hash ^ (uint32_t)tolower((unsigned char)*word)) * 16777619u;
	return hash;
}

void nsd_words_init(struct nsd *n)
{
	n->word_index = pool_new(&n->builder->scratch, INDEX_SIZE * sizeof *n->word_index);
	for (uint32_t i = 0; i < nsd_word_count; i++) {
		uint32_t at = hash_word(nsd_words[i].name) % INDEX_SIZE;
		while (n->word_index[at])
			at = (at + 1) % INDEX_SIZE;
		n->word_index[at] = (uint16_t)(i + 1);
	}
	n->ignored = pool_new(&n->builder->scratch, nsd_word_count * sizeof *n->ignored);
}

const struct nsd_word *nsd_word_find(const struct nsd *n, const char *word, unsigned sections)
{
	uint32_t at = hash_word(word) % INDEX_SIZE;
	for (; n->word_index[at]; at = (at + 1) % INDEX_SIZE) {
		const struct nsd_word *found = &nsd_words[n->word_index[at] - 1];
		if ((found->sections & sections) && strcasecmp(found->name, word) == 0)
			return found;
	}
	return NULL;
}

const char *nsd_word_suggest(struct nsd *n, const char *word, unsigned sections)
{
	if (builder_has_said_enough(n->builder))
		return "";
	const char **words = pool_alloc(&n->builder->scratch, (nsd_word_count + 1) * sizeof *words, 8);
	uint32_t count = 0;
	for (uint32_t i = 0; i < nsd_word_count; i++)
		if (nsd_words[i].sections & sections)
			words[count++] = nsd_words[i].name;
	words[count] = NULL;
	const char *nearest = builder_nearest(word, words);
	if (!nearest)
		return "";
	char *text = pool_alloc(&n->builder->scratch, strlen(nearest) + 24, 1);
	snprintf(text, strlen(nearest) + 24, "; did you mean '%s:'?", nearest);
	return text;
}

const char *nsd_section_name(unsigned section)
{
	static const char *const names[] = {"server:", "zone:", "pattern:", "key:", "tls-auth:",
		"remote-control:", "verify:", "dnstap:"};
	for (unsigned i = 0; i < 8; i++)
		if (section & 1u << i)
			return names[i];
	return "the beginning of the file";
}
