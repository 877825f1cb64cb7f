// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/differ.h"

#include <string.h>

#include "dns/name.h"

static bool same_text(const char *one, const char *other)
{
	return one == other || (one != NULL && other != NULL && strcmp(one, other) == 0);
}

static bool same_key(const struct config_key *one, const struct config_key *other)
{
	if (one == other || one == NULL || other == NULL)
		return one == other;
	return name_equal(one->tsig.name, other->tsig.name) && one->tsig.algorithm == other->tsig.algorithm
	       && one->tsig.secret_length == other->tsig.secret_length
	       && memcmp(one->tsig.secret, other->tsig.secret, one->tsig.secret_length) == 0;
}

static bool same_tls(const struct config_tls *one, const struct config_tls *other)
{
	if (one == other || one == NULL || other == NULL)
		return one == other;
	return same_text(one->cert_file, other->cert_file) && same_text(one->key_file, other->key_file)
	       && same_text(one->ca_file, other->ca_file) && same_text(one->remote_hostname, other->remote_hostname);
}

static bool same_address(const struct sockaddr_storage *one, const struct sockaddr_storage *other)
{
	return memcmp(one, other, sizeof *one) == 0; // what is not said is 0 in a model
}

static bool same_remotes(const struct config_remotes *one, const struct config_remotes *other)
{
	if (one == other)
		return true;
	if (one->count != other->count)
		return false;
	for (uint32_t i = 0; i < one->count; i++) {
		const struct config_remote *a = &one->remote[i], *b = &other->remote[i];
		if (!same_address(&a->address, &b->address) || !same_address(&a->source, &b->source)
		    || !same_key(a->key, b->key) || !same_tls(a->tls, b->tls) || a->axfr_only != b->axfr_only
		    || a->ixfr_udp != b->ixfr_udp)
			return false;
	}
	return true;
}

// What is left when all that has been compared by what it says is the same.
static bool same_rest(const struct config_policy *one, const struct config_policy *other)
{
	struct config_policy rest;

	memcpy(&rest, one, sizeof rest); // with its padding, which is 0 in a model
	rest.primaries = other->primaries;
	rest.also_notify = other->also_notify;
	rest.monitor_servers = other->monitor_servers;
	rest.allow_query = other->allow_query;
	rest.allow_transfer = other->allow_transfer;
	rest.allow_notify = other->allow_notify;
	rest.verifier = other->verifier;
	rest.statistics_group = other->statistics_group;
	rest.notify = other->notify;
	rest.notify_source4 = other->notify_source4;
	rest.notify_source6 = other->notify_source6;
	return memcmp(&rest, other, sizeof rest) == 0;
}

static unsigned compare(const struct config_policy *one, const struct config_policy *other)
{
	unsigned differs = 0;

	if (!same_remotes(one->primaries, other->primaries))
		differs |= CONFIG_DIFFERS_PRIMARIES;
	if (!same_remotes(one->also_notify, other->also_notify) || one->notify != other->notify
	    || !same_address(&one->notify_source4, &other->notify_source4)
	    || !same_address(&one->notify_source6, &other->notify_source6))
		differs |= CONFIG_DIFFERS_TARGETS;
	if (!acl_equal(one->allow_query, other->allow_query) || !acl_equal(one->allow_transfer, other->allow_transfer)
	    || !acl_equal(one->allow_notify, other->allow_notify))
		differs |= CONFIG_DIFFERS_ACCESS;
	if (!same_remotes(one->monitor_servers, other->monitor_servers) || !same_text(one->verifier, other->verifier)
	    || !same_text(one->statistics_group, other->statistics_group) || !same_rest(one, other))
		differs |= CONFIG_DIFFERS_POLICY;
	return differs;
}

static unsigned compare_once(struct config_differ *differ, const struct config_policy *one,
                             const struct config_policy *other)
{
	uintptr_t mixed = ((uintptr_t)one >> 4) ^ ((uintptr_t)other >> 4) * 31;
	struct config_differ_pair *pair = &differ->pair[(mixed ^ mixed >> 8) % CONFIG_DIFFER_PAIRS];

	if (pair->one != one || pair->other != other)
		*pair = (struct config_differ_pair){ one, other, compare(one, other) };
	return pair->differs;
}

static bool same_file(const struct config_zone *one, const struct config_zone *other)
{
	if (one->file == NULL || other->file == NULL)
		return one->file == other->file;
	// The same path of the same zone is always taken apart in the same way.
	if (one->file_has_name != other->file_has_name || strcmp(one->file, other->file) != 0)
		return false;
	return !one->file_has_name
	       || strcmp(one->file + strlen(one->file) + 1, other->file + strlen(other->file) + 1) == 0;
}

unsigned config_zone_differs(struct config_differ *differ, const struct config_zone *one,
                             const struct config_zone *other)
{
	unsigned differs = compare_once(differ, one->policy, other->policy);

	if (one->role != other->role)
		differs |= CONFIG_DIFFERS_ROLE;
	if (!same_file(one, other))
		differs |= CONFIG_DIFFERS_FILE;
	return differs;
}
