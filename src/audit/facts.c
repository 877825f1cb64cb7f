// SPDX-License-Identifier: GPL-3.0-or-later
#include "audit/facts.h"

#include <string.h>

struct target *facts_target(struct facts *facts, const uint8_t *name)
{
	for (uint32_t i = 0; i < facts->target_count; i++)
		if (name_equal(facts->targets[i].name, name))
			return &facts->targets[i];
	return NULL;
}

struct target *facts_add_target(struct facts *facts, const uint8_t *name)
{
	struct target *target = facts_target(facts, name);
	if (target != NULL)
		return target;
	if (facts->target_count == TARGETS_MOST) {
		facts->asker.reached_bounds = true;
		return NULL;
	}
	target = &facts->targets[facts->target_count++];
	target->name = name;
	target->is_inside = name_is_within(name, facts->domain);
	return target;
}

struct server *facts_add_server(struct facts *facts, const uint8_t *name,
                                const struct sockaddr_storage *address)
{
	for (uint32_t i = 0; i < facts->server_count; i++) {
		struct server *server = facts->servers[i];
		if (!address_equal((const struct sockaddr *)&server->address, (const struct sockaddr *)address))
			continue;
		if (server->name == NULL)
			server->name = name;
		return server;
	}
	if (facts->server_count == SERVERS_MOST) {
		facts->asker.reached_bounds = true;
		return NULL;
	}
	struct server *server = pool_new(facts->pool, sizeof *server);
	server->name = name;
	server->address = *address;
	facts->servers[facts->server_count++] = server;
	return server;
}

const struct config_zone *facts_zone(const struct facts *facts)
{
	const struct config *config = facts->options->config;
	return config == NULL ? NULL : config_zone_find(config, facts->domain);
}

static uint32_t set_size(const struct reply *reply, enum message_section section, const uint8_t *owner,
                         uint16_t type)
{
	uint32_t count = 0;
	const struct reply_record *r = NULL;
	while ((r = reply_find(reply, section, owner, type, r)) != NULL)
		count++;
	return count;
}

static bool has_record(const struct reply *reply, enum message_section section,
                       const struct reply_record *wanted)
{
	const struct reply_record *r = NULL;
	while ((r = reply_find(reply, section, wanted->owner, wanted->type, r)) != NULL)
		if (r->length == wanted->length && memcmp(r->rdata, wanted->rdata, r->length) == 0)
			return true;
	return false;
}

// A set has no record twice, so equal sizes and one way round are enough.
bool facts_sets_equal(const struct reply *a, enum message_section in_a, const struct reply *b,
                      enum message_section in_b, const uint8_t *owner, uint16_t type)
{
	const struct reply_record *r = NULL;
	if (set_size(a, in_a, owner, type) != set_size(b, in_b, owner, type))
		return false;
	while ((r = reply_find(a, in_a, owner, type, r)) != NULL)
		if (!has_record(b, in_b, r))
			return false;
	return true;
}

bool facts_gives_zone(const struct facts *facts, const struct ask *ask)
{
	return ask->reply != NULL && ask->reply->rcode == RCODE_NOERROR &&
	       reply_find(ask->reply, SECTION_ANSWER, facts->domain, TYPE_SOA, NULL) != NULL;
}

const char *facts_address(const struct facts *facts, const struct sockaddr_storage *address,
                          char text[static ADDRESS_TEXT])
{
	const struct sockaddr *a = (const struct sockaddr *)address;
	return address_port(a) == facts->options->port ? address_host_to_text(a, text) : address_to_text(a, text);
}

const char *facts_place(const struct facts *facts, const struct server *server, char text[static PLACE_TEXT])
{
	char name[NAME_MAX_TEXT], address[ADDRESS_TEXT];
	facts_address(facts, &server->address, address);
	if (server->name == NULL)
		snprintf(text, PLACE_TEXT, "%s", address);
	else
		snprintf(text, PLACE_TEXT, "%s (%s)", name_to_text(server->name, name), address);
	return text;
}
