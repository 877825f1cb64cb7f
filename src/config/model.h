// SPDX-License-Identifier: GPL-3.0-or-later
// The configuration as the server sees it: no dialect is left in it, every
// default is filled in, every name of a list or a key is resolved. Read-only
// once it has been read; shared by reference count (config_hold/release).
//
// What many zones have in common (primaries, access lists, whole policies) is
// stored once and pointed at: a zone costs its name and 32 bytes.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/log.h"
#include "config/acl.h"
#include "dns/tsig.h"

enum config_dialect { CONFIG_NAMED, CONFIG_NSD, CONFIG_ARGUMENTS };

enum config_role { CONFIG_PRIMARY, CONFIG_SECONDARY };

enum config_format { CONFIG_FORMAT_UNSET, CONFIG_FORMAT_TEXT, CONFIG_FORMAT_RAW };

enum config_notify {
	CONFIG_NOTIFY_NO,
	CONFIG_NOTIFY_YES,          // the NS targets and also_notify
	CONFIG_NOTIFY_EXPLICIT,     // also_notify alone
	CONFIG_NOTIFY_PRIMARY_ONLY, // as YES where we are the primary, else as EXPLICIT
};

// Whose serials are watched.
enum config_monitor {
	CONFIG_MONITOR_NO,
	CONFIG_MONITOR_YES,      // the primaries, those notified, monitor_servers and the NS targets
	CONFIG_MONITOR_EXPLICIT, // all but the NS targets
};

enum config_catalog { CONFIG_CATALOG_NO, CONFIG_CATALOG_CONSUMER, CONFIG_CATALOG_PRODUCER };

// A place in the files read. file indexes config.files; line 0: nowhere.
struct config_where {
	uint32_t file;
	uint32_t line;
	uint32_t column;
};

struct config_key {
	struct tsig_key tsig;  // what is handed to tsig_*; its name is wire, lower case
	const char *text;      // the name, presentation form
	struct config_where where;
	bool is_defined;       // false only while reading
};

struct config_tls {
	const char *name;
	const char *cert_file, *key_file, *ca_file, *remote_hostname; // NULL where not given
	struct config_where where;
	bool is_defined;
};

// A server to fetch from or to notify.
struct config_remote {
	struct sockaddr_storage address; // with its port
	struct sockaddr_storage source;  // to send from; ss_family AF_UNSPEC: the system chooses
	const struct config_key *key;    // NULL: unsigned
	const struct config_tls *tls;    // NULL: plain
	bool axfr_only;                  // nsd.conf AXFR; request-ixfr no for this server
	bool ixfr_udp;                   // nsd.conf UDP: IXFR over UDP first
};

struct config_remotes {
	uint32_t count;
	struct config_remote remote[];
};

// What holds for a zone, shared by all zones that say the same. Times are in
// seconds, sizes in bytes; 0 is "no limit" where nothing else is said. No
// pointer is NULL unless its line says so.
struct config_policy {
	const struct config_remotes *primaries;   // empty for a primary
	const struct config_remotes *also_notify; // explicit targets
	const struct config_remotes *monitor_servers; // whose serials are watched, beside those of the NS set
	const struct acl *allow_query;
	const struct acl *allow_transfer;
	const struct acl *allow_notify; // with what the dialect implies (named.conf: the primaries)
	struct sockaddr_storage notify_source4, notify_source6; // for NS targets; AF_UNSPEC: the system chooses
	enum config_format format;
	enum config_notify notify;
	enum config_monitor monitor;
	enum config_catalog catalog;

	uint32_t min_refresh, max_refresh, min_retry, max_retry;
	uint32_t min_expire;
	bool min_expire_is_sum;         // nsd.conf "refresh+retry+1"
	uint32_t transfer_time_in;      // longest transfer in
	uint32_t transfer_idle_in;      // longest silence in one
	uint32_t transfer_time_out;
	uint32_t transfer_idle_out;
	uint32_t min_rate_seconds;      // a transfer in that brings fewer than
	uint64_t min_rate_bytes;        // min_rate_bytes in this time is ended
	uint32_t notify_retry;          // attempts a NOTIFY gets

	bool request_ixfr;
	bool axfr_fallback;             // AXFR where IXFR fails
	bool provide_ixfr;
	bool request_expire;            // RFC 7314
	bool try_tcp_refresh;           // TCP where UDP gives no answer; always so
	bool multi_primary;             // primaries may differ in serial: ask all, log less
	bool ixfr_from_differences;     // as a primary: make deltas of reread files
	bool check_structure;           // one SOA, NS at the apex …; always so
	bool check_zonemd;              // guard: RFC 8976 where present

	uint64_t max_zone_size;         // bytes on the wire
	uint64_t max_journal_size;
	uint32_t max_records;
	uint32_t max_records_per_type, max_types_per_name;
	uint32_t max_shrink;            // percent of the names that may go at once; 100: no check
	uint32_t verifier_timeout;
	const char *verifier;           // command; NULL none
	uint32_t history;               // versions kept for rollback and IXFR out
	const char *statistics_group;   // nsd.conf zonestats, %s not yet expanded; NULL none
	bool statistics;                // count per zone; not in effect yet
};

#define CONFIG_FILE_BITS 28

// A path that has the zone's name in it is kept as what stands before and behind
// the name: nearly all zones of a server have that in common. Up to so long;
// longer ones are kept as they are.
#define CONFIG_PATH_MOST 1024

struct config_zone {
	const uint8_t *name;  // wire, lower case
	const char *file;     // NULL none; else what config_zone_file() makes the path of
	const struct config_policy *policy;
	uint32_t line;
	uint32_t in_file : CONFIG_FILE_BITS; // config.files; all ones: nowhere
	uint32_t role : 1;                   // enum config_role
	uint32_t file_is_relative : 1;       // while reading
	uint32_t file_has_name : 1;          // `file` is two texts one behind the other, the name goes between
	uint32_t has_fault : 1;              // while reading: an error about it was reported
};

enum config_transport { CONFIG_DNS, CONFIG_DNS_TLS, CONFIG_DNS_HTTPS };

struct config_listen {
	struct sockaddr_storage address; // with its port; may be a wildcard
	const char *device;              // bindtodevice; NULL none
	bool is_default;                 // nobody wrote it: a failure to bind one family is no error
	struct config_where where;
};

// named.conf: server PREFIX { … }.
struct config_peer {
	uint16_t family;
	uint8_t prefix_length;
	uint8_t prefix[16];
	const struct config_key *key; // NULL none
	int8_t request_ixfr, provide_ixfr; // -1: as the zone says
	bool bogus;
	struct config_where where;
};

// The page and the metrics.
#define CONFIG_HTTP_PORT 8053 // where none is named
#define CONFIG_HTTP_MOST 8    // addresses; names

enum config_metrics_zones {
	CONFIG_METRICS_ZONES_YES,      // series for each zone
	CONFIG_METRICS_ZONES_TROUBLED, // for those that are not as they should be
	CONFIG_METRICS_ZONES_NO,
};

struct config_http {
	struct config_listen *listen; // none: off
	uint32_t listen_count;
	const char **host;            // what Host may say, beside addresses and our own name
	uint32_t host_count;
	uint8_t metrics_zones;        // enum config_metrics_zones
};

// Whom the operator has told when the state of a zone changes.
struct config_alert {
	const char *program; // command; NULL none
	const char *url;     // to POST to; NULL none. It may hold a secret: never log it
	uint32_t behind;     // seconds that a zone may lack a newer serial
	uint32_t delay;      // seconds that a trouble lasts before it is told
	uint32_t timeout;    // seconds that a program or a POST has
};

struct config_server {
	struct config_listen *listen;
	uint32_t listen_count;
	const char *state_dir;       // absolute; NULL: the daemon's default
	const char *directory;       // what relative paths stand under
	const char *pid_file;        // NULL none
	const char *user;            // NULL: stay who we are
	const char *group;           // NULL: the user's own
	const char *log_file;        // NULL: standard error or journal
	int8_t log_target;           // enum log_target; -1: not said
	int8_t log_format;           // enum log_format
	int8_t log_level;            // enum log_level; -1: not said
	uint8_t log_facility;        // of syslog
	struct config_alert alert;
	struct config_http http;
	uint32_t workers;            // 0: one a core
	// CHAOS answers: NULL means "do not tell".
	const char *version, *hostname, *server_id;
	const uint8_t *nsid;         // RFC 5001; NULL none
	uint32_t nsid_length;
	uint32_t verbosity;          // 0 normal, above: more
	bool log_queries;
	bool minimal_responses;
	bool minimal_any;            // RFC 8482
	uint16_t edns_size4, edns_size6; // what we tell and obey at most
	uint32_t tcp_clients;        // connections at once
	uint32_t tcp_timeout;        // idle seconds
	uint32_t tcp_queries;        // a connection; 0 no limit
	uint32_t tcp_mss;            // 0: the system's
	uint32_t transfers_in, transfers_out, transfers_per_ns;
	uint32_t serial_query_rate, notify_rate, startup_notify_rate; // a second
	uint32_t monitor_interval;   // seconds of a round through all zones
	uint32_t monitor_rate;       // questions a second, never 0
	uint32_t monitor_lag;        // seconds behind that are worth a line in the log
	uint32_t zone_file_write;    // nsd.conf zonefiles-write; UINT32_MAX: not said
};

struct config {
	enum config_dialect dialect;
	struct config_server server;
	const char **files;          // [0] is the file that was named
	uint32_t file_count;
	struct config_zone *zones;   // in the order written
	uint32_t zone_count;
	const struct config_key **keys;
	uint32_t key_count;
	struct config_peer *peers;
	uint32_t peer_count;
	size_t bytes;                // memory that this model holds
	struct config_private *hidden;
};

// The zone of exactly that name (wire, any case), or NULL.
const struct config_zone *config_zone_find(const struct config *config, const uint8_t *name);

// The absolute path of its file, or NULL. It lies in `text`, or in the config.
const char *config_zone_file(const struct config_zone *zone, char text[static CONFIG_PATH_MOST]);

// The key of that name (wire, any case), or NULL. config_tsig_find() has the
// form that tsig_verify_request() wants; its context is the config.
const struct config_key *config_key_find(const struct config *config, const uint8_t *name);
const struct tsig_key *config_tsig_find(const void *config, const uint8_t *name);

// The narrowest server statement about that address, or NULL.
const struct config_peer *config_peer_find(const struct config *config, const struct sockaddr *address);

// One more holder; returns its argument. Atomic.
const struct config *config_hold(const struct config *config);

// One holder fewer; the last frees everything. NULL is fine. Atomic.
void config_release(const struct config *config);
