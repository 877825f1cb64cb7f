// SPDX-License-Identifier: GPL-3.0-or-later
// The configuration against what was seen: whether NOTIFY and transfers get
// through, and how they are protected.
#include <arpa/inet.h>
#include <assert.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "audit/checks.h"
#include "config/config.h"

#define LIST_DEPTH_MOST 16
#define TARGET_TEXT (ADDRESS_TEXT + 12)

struct inspection {
	const struct facts *facts;
	const struct config *config;
	const struct config_zone *zone;
	struct findings *findings;
	const struct config_key *weak[16]; // told of already
	uint32_t weak_count;
};

#define PORT(i) ((i)->facts->options->port)

static void check_key(struct inspection *in, const struct config_key *key)
{
	if (key == NULL || (key->tsig.algorithm != TSIG_HMAC_MD5 && key->tsig.algorithm != TSIG_HMAC_SHA1))
		return;
	for (uint32_t i = 0; i < in->weak_count; i++)
		if (in->weak[i] == key)
			return;
	if (in->weak_count < sizeof in->weak / sizeof *in->weak)
		in->weak[in->weak_count++] = key;
	finding_add(in->findings, FINDING_KEY_WEAK, NULL, NULL, 0, "The key %s is %s.", key->text,
	            tsig_algorithm_to_text(key->tsig.algorithm));
}

static void check_remote_keys(struct inspection *in, const struct config_remotes *remotes)
{
	for (uint32_t i = 0; i < remotes->count; i++)
		check_key(in, remotes->remote[i].key);
}

// Whether an entry, at any depth, lets in by address alone; *found gets it.
static void look_at_list(struct inspection *in, const struct acl *acl, unsigned depth,
                         const struct acl_entry **found)
{
	for (uint32_t i = 0; acl != NULL && depth < LIST_DEPTH_MOST && i < acl->count; i++) {
		const struct acl_entry *entry = &acl->entry[i];
		if (entry->refuses)
			continue;
		if (entry->what == ACL_LIST)
			look_at_list(in, entry->list, depth + 1, found);
		else if (entry->signed_how == ACL_SIGNED_BY)
			check_key(in, config_key_find(in->config, entry->key_name));
		else if (*found == NULL)
			*found = entry;
	}
}

// An address that nobody lists on purpose (RFC 2544) stands for strangers.
static bool lets_strangers_in(const struct acl *acl)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	inet_pton(AF_INET, "198.18.255.254", &in.sin_addr);
	inet_pton(AF_INET6, "2001:2::ffff:fffe", &in6.sin6_addr);
	return acl_allows(acl, (const struct sockaddr *)&in, NULL) ||
	       acl_allows(acl, (const struct sockaddr *)&in6, NULL);
}

static void check_transfers_out(struct inspection *in)
{
	char place[256], text[512];
	const struct acl_entry *open = NULL;
	const struct acl *acl = in->zone->policy->allow_transfer;
	look_at_list(in, acl, 0, &open);
	config_zone_where(in->config, in->zone, place, sizeof place);
	if (lets_strangers_in(acl))
		finding_add(in->findings, FINDING_TRANSFER_ANYONE, NULL, NULL, 0, "Zone %s allows it (%s).",
		            in->facts->domain_text, place);
	else if (open != NULL)
		finding_add(in->findings, FINDING_TRANSFER_KEYLESS, NULL, NULL, 0,
		            "Zone %s may be transferred by address alone: %s (%s).", in->facts->domain_text,
		            acl_entry_to_text(open, text, sizeof text), place);
}

// What the configuration says of a refusal, cut into the fact and the remedy.
static void explain(struct inspection *in, enum finding_id id, const uint8_t *name,
                    const struct sockaddr_storage *address, enum config_access access, const uint8_t *key_name,
                    const char *what)
{
	char text[5000];
	config_explain_refusal(in->config, in->zone, access, (const struct sockaddr *)address, key_name, text,
	                       sizeof text);
	char *remedy = strstr(text, "; ");
	bool is_line = remedy != NULL && strncmp(remedy, "; add ", 6) == 0;
	if (is_line)
		*remedy = '\0';
	struct finding *finding = finding_add(in->findings, id, name, address, PORT(in), "%s: %s.", what, text);
	if (is_line)
		finding_set_mend(in->findings, finding, "Add %s.", remedy + 6);
}

static void check_primary_notify(struct inspection *in, const struct config_remote *remote)
{
	const uint8_t *key_name = remote->key == NULL ? NULL : remote->key->tsig.name;
	if (!acl_allows(in->zone->policy->allow_notify, (const struct sockaddr *)&remote->address, key_name))
		explain(in, FINDING_NOTIFY_REFUSED, NULL, &remote->address, CONFIG_ACCESS_NOTIFY, key_name,
		        "is a primary of the zone and its NOTIFY is refused");
}

// Whether this host has that address: only then can a socket be bound to it.
static bool is_of_this_host(const struct sockaddr_storage *address)
{
	const struct sockaddr *a = (const struct sockaddr *)address;
	struct sockaddr_storage any_port = *address;
	static_assert(offsetof(struct sockaddr_in, sin_port) == offsetof(struct sockaddr_in6, sin6_port), "one place");
	memset((char *)&any_port + offsetof(struct sockaddr_in, sin_port), 0, sizeof(in_port_t));
	int fd = socket(a->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool is_bound = fd >= 0 && bind(fd, (const struct sockaddr *)&any_port, address_length(a)) == 0;
	if (fd >= 0)
		close(fd);
	return is_bound;
}

static bool is_ours(const struct inspection *in, const struct sockaddr_storage *address)
{
	const struct config_server *server = &in->config->server;
	for (uint32_t i = 0; i < server->listen_count; i++) {
		const struct sockaddr *listen = (const struct sockaddr *)&server->listen[i].address;
		if (address_equal(listen, (const struct sockaddr *)address) ||
		    (address_is_wildcard(listen) && listen->sa_family == address->ss_family && is_of_this_host(address)))
			return true;
	}
	return false;
}

// NS targets are told by themselves where NOTIFY is on and we know their address:
// it lies in a zone that we serve.
static bool is_told(const struct inspection *in, const struct server *server)
{
	const struct config_policy *policy = in->zone->policy;
	for (uint32_t i = 0; i < policy->also_notify->count; i++)
		if (address_equal((const struct sockaddr *)&policy->also_notify->remote[i].address,
		                  (const struct sockaddr *)&server->address))
			return true;
	if (policy->notify != CONFIG_NOTIFY_YES && policy->notify != CONFIG_NOTIFY_PRIMARY_ONLY)
		return false;
	unsigned labels = name_label_count(server->name);
	for (unsigned skip = 0; skip < labels; skip++)
		if (config_zone_find(in->config, name_skip(server->name, skip)) != NULL)
			return true;
	return false;
}

// An address as the dialect writes it, with its port where that is not 53.
static void target_words(const struct inspection *in, const struct sockaddr_storage *address,
                         char text[static TARGET_TEXT])
{
	char host[ADDRESS_TEXT];
	uint16_t port = address_port((const struct sockaddr *)address);
	address_host_to_text((const struct sockaddr *)address, host);
	if (port == 53)
		snprintf(text, TARGET_TEXT, "%s", host);
	else
		snprintf(text, TARGET_TEXT, in->config->dialect == CONFIG_NSD ? "%s@%u" : "%s port %u", host, port);
}

static void check_secondary(struct inspection *in, const struct server *server)
{
	char address[TARGET_TEXT], place[256];
	const struct acl *acl = in->zone->policy->allow_transfer;
	config_zone_where(in->config, in->zone, place, sizeof place);
	if (!is_told(in, server)) {
		struct finding *finding = finding_add(in->findings, FINDING_NOTIFY_MISSING, server->name, &server->address,
			PORT(in), "is a name server of the zone and gets no NOTIFY from this primary.");
		target_words(in, &server->address, address);
		finding_set_mend(in->findings, finding, in->config->dialect == CONFIG_NSD
			? "Add `notify: %s NOKEY`, or its key, to zone %s (%s)."
			: "Add `also-notify { %s; };` to zone %s (%s).", address, in->facts->domain_text, place);
	}
	if (!acl_allows(acl, (const struct sockaddr *)&server->address, NULL) &&
	    acl_wanting_key(acl, (const struct sockaddr *)&server->address) == NULL)
		explain(in, FINDING_TRANSFER_DENIED, server->name, &server->address, CONFIG_ACCESS_TRANSFER, NULL,
		        "may not fetch the zone from this primary");
}

// An address of glue that the name no longer has is nobody's secondary.
static bool is_current(const struct facts *facts, const struct server *server)
{
	for (uint32_t i = 0; i < facts->target_count; i++)
		if (name_equal(facts->targets[i].name, server->name) &&
		    address_list_has(&facts->targets[i].own, &server->address))
			return true;
	return false;
}

static void check_as_primary(struct inspection *in)
{
	const uint8_t *mname = NULL;
	for (uint32_t i = 0; i < in->facts->server_count && mname == NULL; i++)
		if (in->facts->servers[i]->soa_record != NULL)
			mname = in->facts->servers[i]->soa_record->rdata;
	for (uint32_t i = 0; i < in->facts->server_count; i++) {
		const struct server *server = in->facts->servers[i];
		// The one that the SOA names is the primary: this one, under whatever address.
		if (server->name == NULL || !is_current(in->facts, server) || is_ours(in, &server->address) ||
		    (mname != NULL && name_equal(server->name, mname)))
			continue;
		check_secondary(in, server);
	}
}

static void check_as_secondary(struct inspection *in)
{
	const struct config_remotes *primaries = in->zone->policy->primaries;
	for (uint32_t i = 0; i < primaries->count; i++)
		check_primary_notify(in, &primaries->remote[i]);
}

void check_configuration(const struct facts *facts, struct findings *findings)
{
	struct inspection in = { .facts = facts, .config = facts->options->config, .findings = findings };
	if (in.config == NULL)
		return;
	in.zone = facts_zone(facts);
	if (in.zone == NULL) {
		finding_add(findings, FINDING_NOT_CONFIGURED, NULL, NULL, 0, "There is no zone %s in %s.", facts->domain_text,
		            in.config->file_count > 0 ? in.config->files[0] : "it");
		return;
	}
	check_remote_keys(&in, in.zone->policy->primaries);
	check_remote_keys(&in, in.zone->policy->also_notify);
	check_transfers_out(&in);
	if (in.zone->role == CONFIG_SECONDARY)
		check_as_secondary(&in);
	else
		check_as_primary(&in);
}
