// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/check.h"

#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/hash.h"
#include "config/scalar.h"
#include "dns/name.h"

static struct config_where zone_where(const struct config_zone *zone)
{
	return (struct config_where){zone->in_file, zone->line, 0};
}

// A power of two that leaves the table at most half full.
static uint32_t table_size(uint32_t count)
{
	uint32_t size = 16;
	while (size < count * 2)
		size *= 2;
	return size;
}

// This one stays: up to four fifths of it are in use.
static uint32_t index_size(uint32_t count)
{
	uint32_t size = table_size(count) / 2;
	return size - size / 5 < count || size < 16 ? table_size(count) : size;
}

static void index_zones(struct builder *b)
{
	struct config *config = b->config;
	uint32_t mask = index_size(config->zone_count) - 1;
	uint32_t *table = calloc(mask + 1ull, sizeof *table);
	if (!table)
		longjmp(b->escape, 1);
	config->hidden->zone_index = table;
	config->hidden->zone_index_mask = mask;
	for (uint32_t i = 0; i < config->zone_count; i++) {
		const struct config_zone *zone = &config->zones[i], *same = NULL;
		uint32_t at = (uint32_t)hash_bytes(zone->name, name_length(zone->name)) & mask;
		for (; table[at] && !same; at = (at + 1) & mask)
			if (name_equal(config->zones[table[at] - 1].name, zone->name))
				same = &config->zones[table[at] - 1];
		if (!same)
			table[at] = i + 1;
		else if (b->config->dialect == CONFIG_ARGUMENTS)
			builder_error(b, zone_where(zone), "zone \"%s\" is named twice", builder_zone_text(b, zone));
		else
			builder_error(b, zone_where(zone), "zone \"%s\" stands twice, first at %s", builder_zone_text(b, zone),
			              builder_place(b, zone_where(same)));
	}
}

// Two primaries may share a file, as parked domains do; a secondary writes its
// own.
static void check_files(struct builder *b)
{
	const struct config *config = b->config;
	uint32_t mask = table_size(config->zone_count) - 1;
	uint32_t *table = pool_new(&b->scratch, (mask + 1ull) * sizeof *table);
	for (uint32_t i = 0; i < config->zone_count; i++) {
		const struct config_zone *zone = &config->zones[i], *same = NULL;
		if (!zone->file)
			continue;
		uint32_t at = (uint32_t)hash_bytes(zone->file, strlen(zone->file)) & mask;
		for (; table[at] && !same; at = (at + 1) & mask)
			if (strcmp(config->zones[table[at] - 1].file, zone->file) == 0)
				same = &config->zones[table[at] - 1];
		if (!same)
			table[at] = i + 1;
		else if ((zone->role == CONFIG_SECONDARY || same->role == CONFIG_SECONDARY) &&
		         !name_equal(zone->name, same->name))
			builder_error(b, zone_where(zone), "zone \"%s\" and zone \"%s\" (%s) would write the same file %s",
			              builder_zone_text(b, zone), builder_zone_text(b, same), builder_place(b, zone_where(same)), zone->file);
	}
}

// What many zones may lack in the same way is said once.
struct tally {
	uint32_t count;
	const struct config_zone *first;
};

static void count_zone(struct tally *tally, const struct config_zone *zone)
{
	if (tally->count++ == 0)
		tally->first = zone;
}

// Of what many zones take from the options, the first alone is named.
static void check_bounds(struct builder *b, const struct config_zone *zone, const char *what, uint32_t least,
                         uint32_t most, struct shared_bounds *shared)
{
	bool is_shared = shared->where.line != 0 && shared->least == least && shared->most == most;
	if (least <= most || (is_shared && shared->is_told))
		return;
	shared->is_told |= is_shared;
	if (is_shared)
		builder_error(b, shared->where, "min-%s-time %u is above max-%s-time %u, and zone \"%s\" takes both from here",
		              what, least, what, most, builder_zone_text(b, zone));
	else
		builder_error(b, zone_where(zone), "zone \"%s\": min-%s-time %u is above max-%s-time %u",
		              builder_zone_text(b, zone), what, least, what, most);
}

static void check_zones(struct builder *b)
{
	const struct config *config = b->config;
	struct tally silent = {0};
	for (uint32_t i = 0; i < config->zone_count; i++) {
		const struct config_zone *zone = &config->zones[i];
		const struct config_policy *policy = zone->policy;
		if (zone->has_fault)
			continue;
		if (zone->role == CONFIG_SECONDARY && policy->primaries->count == 0)
			builder_error(b, zone_where(zone), config->dialect == CONFIG_NSD
				? "zone \"%s\" has no request-xfr that can be used: nowhere to copy it from"
				: config->dialect == CONFIG_NAMED
				? "zone \"%s\" is a secondary without primaries: nowhere to copy it from"
				: "zone \"%s\" has nowhere to be copied from; add --primary ADDR", builder_zone_text(b, zone));
		if (zone->role == CONFIG_PRIMARY && !zone->file)
			builder_error(b, zone_where(zone), "zone \"%s\" is a primary without a file to load", builder_zone_text(b, zone));
		if (zone->role == CONFIG_SECONDARY && policy->allow_notify == &acl_none && policy->primaries->count)
			count_zone(&silent, zone);
		check_bounds(b, zone, "refresh", policy->min_refresh, policy->max_refresh, &b->refresh);
		check_bounds(b, zone, "retry", policy->min_retry, policy->max_retry, &b->retry);
	}
	if (silent.count == 1)
		builder_warn(b, zone_where(silent.first), "zone \"%s\" has no allow-notify: changes are seen only "
		             "when its refresh time is over", builder_zone_text(b, silent.first));
	else if (silent.count)
		builder_warn(b, zone_where(silent.first), "zone \"%s\" and %u other%s have no allow-notify: changes are "
		             "seen only when the refresh time is over", builder_zone_text(b, silent.first), silent.count - 1,
		             silent.count == 2 ? "" : "s");
}

static void check_listeners(struct builder *b)
{
	struct config_server *server = &b->config->server;
	uint32_t kept = 0;
	char text[80];
	for (uint32_t i = 0; i < server->listen_count; i++) {
		uint32_t j = 0;
		while (j < kept && memcmp(&server->listen[j].address, &server->listen[i].address,
		                          sizeof server->listen[i].address) != 0)
			j++;
		if (j == kept)
			server->listen[kept++] = server->listen[i];
		else
			builder_warn(b, server->listen[i].where, "%s is listened on twice",
			             address_to_text((const struct sockaddr *)&server->listen[i].address, text));
	}
	server->listen_count = kept;
	if (!kept && b->report->errors == 0)
		builder_error(b, (struct config_where){.file = b->source_count ? 0 : UINT32_MAX},
		              "nothing is listened on");
}

// nsd.conf may define keys behind their use; the reader of named.conf has
// told of each use itself.
static void check_keys(struct builder *b)
{
	if (b->config->dialect != CONFIG_NSD)
		return;
	for (uint32_t i = 0; i < b->key_count; i++)
		if (!b->keys[i]->is_defined)
			builder_error(b, b->keys[i]->where, "there is no key \"%s\"", b->keys[i]->text);
	for (uint32_t i = 0; i < b->tls_count; i++)
		if (!b->tls[i]->is_defined && strcmp(b->tls[i]->name, "ephemeral") != 0)
			builder_error(b, b->tls[i]->where, "there is no tls-auth \"%s\"", b->tls[i]->name);
}

void check_config(struct builder *b)
{
	index_zones(b);
	check_files(b);
	check_zones(b);
	check_keys(b);
	check_listeners(b);
	if (b->config->zone_count == 0 && b->report->errors == 0)
		builder_warn(b, (struct config_where){.file = b->source_count ? 0 : UINT32_MAX},
		             "there is no zone to serve");
}
