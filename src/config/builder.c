// SPDX-License-Identifier: GPL-3.0-or-later
// The model under construction.
#include "config/builder.h"

#include <ifaddrs.h>
#include <limits.h>
#include <netinet/in.h>
#include <nettle/base64.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/address.h"
#include "config/scalar.h"
#include "dns/name.h"

enum { KIND_ENTRIES, KIND_ACL, KIND_REMOTES, KIND_POLICY, KIND_FILE };

// A name in lower-case wire form; false after a report.
static bool read_name(struct builder *b, const char *what, const char *text,
                      struct config_where where, uint8_t wire[static NAME_MAX_WIRE])
{
	int length = *text ? name_from_text(text, wire) : -1;
	if (length < 0) {
		builder_error(b, where, "%s \"%s\" is not a domain name (labels of 1 to 63 bytes, 255 in all)",
		              what, text);
		return false;
	}
	name_lower(wire, wire);
	return true;
}

struct config_key *builder_key(struct builder *b, const char *name, struct config_where where)
{
	uint8_t wire[NAME_MAX_WIRE];
	char text[NAME_MAX_TEXT];
	if (!read_name(b, "key", name, where, wire))
		return NULL;
	for (uint32_t i = 0; i < b->key_count; i++)
		if (name_equal(b->keys[i]->tsig.name, wire))
			return b->keys[i];
	struct config_key *key = pool_new(&b->pool, sizeof *key);
	key->tsig.name = pool_copy(&b->pool, wire, name_length(wire));
	name_to_text(wire, text);
	key->text = pool_text(&b->pool, text, strlen(text));
	key->where = where;
	b->keys = builder_grow(b, b->keys, b->key_count + 1, &b->key_room, sizeof(struct config_key *));
	b->keys[b->key_count++] = key;
	return key;
}

struct config_tls *builder_tls(struct builder *b, const char *name, struct config_where where)
{
	for (uint32_t i = 0; i < b->tls_count; i++)
		if (strcmp(b->tls[i]->name, name) == 0)
			return b->tls[i];
	struct config_tls *tls = pool_new(&b->pool, sizeof *tls);
	tls->name = pool_text(&b->pool, name, strlen(name));
	tls->where = where;
	b->tls = builder_grow(b, b->tls, b->tls_count + 1, &b->tls_room, sizeof(struct config_tls *));
	b->tls[b->tls_count++] = tls;
	return tls;
}

// The bytes of base64, blanks allowed inside; 0 after a report, which does not
// repeat the secret.
static uint16_t read_secret(struct builder *b, const char *key, const char *text,
                            struct config_where where, const uint8_t **secret)
{
	size_t length = strlen(text), size = 0;
	if (length > 65535 || length == 0) {
		builder_error(b, where, "the secret of key \"%s\" is %s", key, length ? "too long" : "empty");
		return 0;
	}
	struct base64_decode_ctx context;
	uint8_t *bytes = pool_alloc(&b->pool, BASE64_DECODE_LENGTH(length), 1);
	base64_decode_init(&context);
	size = BASE64_DECODE_LENGTH(length);
	if (!base64_decode_update(&context, &size, bytes, length, text) ||
	    !base64_decode_final(&context) || size == 0) {
		builder_error(b, where, "the secret of key \"%s\" is not valid base64", key);
		return 0;
	}
	*secret = bytes;
	return (uint16_t)size;
}

void builder_define_key(struct builder *b, struct config_key *key, struct config_where where,
                        const char *algorithm, struct config_where algorithm_where,
                        const char *secret, struct config_where secret_where)
{
	if (key->is_defined) {
		builder_error(b, where, "key \"%s\" is defined twice, first at %s", key->text,
		              builder_place(b, key->where));
		return;
	}
	key->is_defined = true; // also where it is bad: one message is enough
	key->where = where;
	key->tsig.algorithm = tsig_algorithm_from_text(algorithm);
	if (key->tsig.algorithm == TSIG_UNKNOWN)
		builder_error(b, algorithm_where,
		              "key \"%s\": unknown algorithm \"%s\"; known are hmac-md5, hmac-sha1, "
		              "hmac-sha224, hmac-sha256, hmac-sha384, hmac-sha512", key->text, algorithm);
	key->tsig.secret_length = read_secret(b, key->text, secret, secret_where, &key->tsig.secret);
	struct source *source = where.file < b->source_count ? &b->sources[where.file] : NULL;
	if (source && source->world_readable && !source->holds_secret)
		builder_warn(b, where, "anyone on this machine can read the secret of key \"%s\" in this file; "
		             "chmod o-r %s", key->text, source->path);
	if (source)
		source->holds_secret = true;
}

struct config_zone *builder_zone(struct builder *b, const char *name, struct config_where where)
{
	uint8_t wire[NAME_MAX_WIRE];
	if (!read_name(b, "zone", name, where, wire))
		return NULL;
	struct config *config = b->config;
	if (config->zone_count == UINT32_MAX / 4)
		longjmp(b->escape, 1);
	config->zones = builder_grow(b, config->zones, config->zone_count + 1, &b->zone_room,
	                             sizeof *config->zones);
	struct config_zone *zone = &config->zones[config->zone_count++];
	size_t length = name_length(wire);
	uint8_t *kept = pool_alloc(&b->pool, length, 1);
	memcpy(kept, wire, length);
	*zone = (struct config_zone){ .name = kept, .line = where.line, .in_file = where.file & ((1u << CONFIG_FILE_BITS) - 1) };
	return zone;
}

const char *builder_zone_text(struct builder *b, const struct config_zone *zone)
{
	char text[NAME_MAX_TEXT];
	name_to_text(zone->name, text);
	return pool_text(&b->scratch, text, strlen(text));
}

struct config_listen *builder_listen(struct builder *b, const struct sockaddr_storage *address,
                                     struct config_where where)
{
	struct config_server *server = &b->config->server;
	server->listen = builder_grow(b, server->listen, server->listen_count + 1, &b->listen_room,
	                              sizeof *server->listen);
	struct config_listen *listen = &server->listen[server->listen_count++];
	memset(listen, 0, sizeof *listen);
	listen->address = *address;
	listen->where = where;
	return listen;
}

struct config_peer *builder_peer(struct builder *b)
{
	struct config *config = b->config;
	config->peers = builder_grow(b, config->peers, config->peer_count + 1, &b->peer_room,
	                             sizeof *config->peers);
	struct config_peer *peer = &config->peers[config->peer_count++];
	*peer = (struct config_peer){.request_ixfr = -1, .provide_ixfr = -1};
	return peer;
}

bool builder_can_reach(struct builder *b, const struct config_remote *remote,
                       struct config_where where)
{
	char text[80];
	if (!remote->tls)
		return true;
	builder_warn(b, where, "%s is left out: transfers over TLS are not implemented yet",
	             address_to_text((const struct sockaddr *)&remote->address, text));
	return false;
}

const struct acl *builder_acl(struct builder *b, enum acl_rule rule, const char *name,
                              const struct acl_entry *entries, uint32_t count)
{
	struct acl acl;
	memset(&acl, 0, sizeof acl);
	acl.count = count;
	acl.rule = rule;
	acl.name = name;
	acl.entry = count ? intern_add(&b->intern, KIND_ENTRIES, entries, count * sizeof *entries) : NULL;
	return intern_add(&b->intern, KIND_ACL, &acl, sizeof acl);
}

const struct config_remotes *builder_remotes(struct builder *b,
                                             const struct config_remote *remotes, uint32_t count)
{
	size_t size = sizeof(struct config_remotes) + count * sizeof *remotes;
	b->remotes = builder_grow(b, b->remotes, (uint32_t)size, &b->remotes_room, 1);
	memset(b->remotes, 0, sizeof *b->remotes); // its padding
	b->remotes->count = count;
	if (count)
		memcpy(b->remotes->remote, remotes, count * sizeof *remotes);
	return intern_add(&b->intern, KIND_REMOTES, b->remotes, size);
}

const struct config_policy *builder_policy(struct builder *b, const struct config_policy *policy)
{
	return intern_add(&b->intern, KIND_POLICY, policy, sizeof *policy);
}

const char *builder_working_directory(struct builder *b)
{
	char buffer[PATH_MAX];
	if (!getcwd(buffer, sizeof buffer))
		return "/";
	return pool_text(&b->scratch, buffer, strlen(buffer));
}

const char *builder_own_folder(struct builder *b)
{
	const char *path = b->sources[0].path, *slash = strrchr(path, '/');
	const char *here = builder_working_directory(b);
	if (!b->may_open || !slash)
		return here;
	const char *folder = pool_text(&b->scratch, path, (size_t)(slash - path) + (slash == path));
	return builder_path(b, here, folder);
}

static const char *full_path(struct builder *b, struct pool *pool, const char *directory, const char *path)
{
	const char *first = "";
	if (*path == '/')
		directory = "";
	else if (*directory != '/')
		first = builder_working_directory(b);
	if (strcmp(directory, ".") == 0)
		directory = "";
	while (path[0] == '.' && path[1] == '/')
		path += 2;
	size_t a = strlen(first), d = strlen(directory), p = strlen(path), at = 0;
	char *full = pool_alloc(pool, a + d + p + 3, 1);
	memcpy(full, first, a);
	at = a;
	if (a && d && full[at - 1] != '/')
		full[at++] = '/';
	memcpy(full + at, directory, d);
	at += d;
	if (at && full[at - 1] != '/')
		full[at++] = '/';
	memcpy(full + at, path, p + 1);
	return full;
}

const char *builder_path(struct builder *b, const char *directory, const char *path)
{
	return full_path(b, &b->pool, directory, path);
}

const char *builder_zone_path(struct builder *b, const char *directory, const char *path)
{
	return full_path(b, &b->scratch, directory, path);
}

// The path with its last mention of the name as a NUL.
static void keep_file(struct builder *b, struct config_zone *zone)
{
	char name[NAME_MAX_TEXT], text[CONFIG_PATH_MOST];
	size_t length = strlen(zone->file), gone = strlen(name_to_text(zone->name, name));
	const char *at = NULL;
	if (length < CONFIG_PATH_MOST)
		for (const char *next = zone->file; (next = strstr(next, name)) != NULL; next++)
			at = next;
	if (at) {
		size_t before = (size_t)(at - zone->file);
		memcpy(text, zone->file, before);
		text[before] = '\0';
		memcpy(text + before + 1, at + gone, length - before - gone + 1);
		zone->file = intern_add(&b->intern, KIND_FILE, text, length - gone + 2);
		zone->file_has_name = true;
	} else {
		zone->file = intern_add(&b->intern, KIND_FILE, zone->file, length + 1);
	}
}

void builder_keep_files(struct builder *b)
{
	for (uint32_t i = 0; i < b->config->zone_count; i++)
		if (b->config->zones[i].file)
			keep_file(b, &b->config->zones[i]);
}

static void add_host(struct builder *b, const char *device, const char *address, uint8_t bits)
{
	struct host_address *host = &b->host[b->host_count++];
	memset(host, 0, sizeof *host);
	snprintf(host->device, sizeof host->device, "%s", device);
	scalar_address(address, 0, &host->address);
	host->prefix_length = bits;
}

static uint8_t mask_length(const struct sockaddr *mask, uint8_t most)
{
	struct sockaddr_storage copy = {0};
	uint8_t bytes[16], bits = 0;
	if (!mask)
		return most;
	memcpy(&copy, mask, most == 32 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
	copy.ss_family = most == 32 ? AF_INET : AF_INET6;
	scalar_address_bytes(&copy, bytes);
	while (bits < most && bytes[bits / 8] & (0x80 >> bits % 8))
		bits++;
	return bits;
}

static void ask_host(struct builder *b, const struct ifaddrs *all)
{
	uint32_t count = 0;
	for (const struct ifaddrs *i = all; i; i = i->ifa_next)
		count++;
	b->host = pool_new(&b->scratch, (count + 1) * sizeof *b->host);
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		int family = i->ifa_addr ? i->ifa_addr->sa_family : AF_UNSPEC;
		if (family != AF_INET && family != AF_INET6)
			continue;
		struct host_address *host = &b->host[b->host_count++];
		snprintf(host->device, sizeof host->device, "%s", i->ifa_name);
		memcpy(&host->address, i->ifa_addr,
		       family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
		host->prefix_length = mask_length(i->ifa_netmask, family == AF_INET ? 32 : 128);
	}
}

const struct host_address *builder_host(struct builder *b, uint32_t *count)
{
	if (!b->host_is_known) {
		b->host_is_known = true;
		if (b->may_open && getifaddrs(&b->pending_host) == 0) {
			ask_host(b, b->pending_host);
		} else {
			b->host = pool_new(&b->scratch, 2 * sizeof *b->host);
			add_host(b, "lo", "127.0.0.1", 8);
			add_host(b, "lo", "::1", 128);
		}
	}
	*count = b->host_count;
	return b->host;
}

void builder_default_policy(struct builder *b, struct config_policy *policy)
{
	memset(policy, 0, sizeof *policy); // padding too: policies are compared as bytes
	policy->primaries = policy->also_notify = policy->monitor_servers = builder_remotes(b, NULL, 0);
	policy->allow_query = &acl_any;
	policy->allow_transfer = policy->allow_notify = &acl_none;
	policy->notify = CONFIG_NOTIFY_YES;
	policy->monitor = CONFIG_MONITOR_YES;
	policy->max_refresh = 2419200; // four weeks, as BIND and NSD
	policy->max_retry = 1209600;   // two weeks
	policy->transfer_time_in = policy->transfer_time_out = 7200;
	policy->transfer_idle_in = 3600;
	policy->notify_retry = 5;
	policy->request_ixfr = policy->axfr_fallback = policy->provide_ixfr = true;
	policy->ixfr_from_differences = true;
	policy->request_expire = policy->try_tcp_refresh = true;
	policy->check_structure = policy->check_zonemd = true;
	policy->max_shrink = 75;
	policy->verifier_timeout = 60;
	policy->history = 10;
}

void builder_default_server(struct builder *b, struct config_server *server)
{
	char host[256] = "";
	if (gethostname(host, sizeof host - 1) == 0 && *host)
		server->hostname = pool_text(&b->pool, host, strlen(host));
	server->version = "Understudy " UNDERSTUDY_VERSION;
	server->minimal_responses = server->minimal_any = true;
	server->edns_size4 = server->edns_size6 = 1232; // DNS flag day 2020
	server->tcp_clients = 150;
	server->tcp_timeout = 30;
	server->transfers_in = server->transfers_out = 10;
	server->transfers_per_ns = 2;
	server->serial_query_rate = 20;
	server->notify_rate = 1000;
	server->startup_notify_rate = 200;
	server->monitor_interval = 300;
	server->monitor_rate = 100;
	server->monitor_lag = 120;
	server->zone_file_write = UINT32_MAX;
	server->log_target = server->log_level = -1;
	server->log_facility = LOG_FACILITY_DAEMON;
	server->alert.behind = 300;
	server->alert.delay = 60;
	server->alert.timeout = 10;
}
