// SPDX-License-Identifier: GPL-3.0-or-later
#include "audit/lines.h"

#include <stdarg.h>
#include <string.h>

#define NS_TTL 3600u

static const char *words(const struct facts *facts, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static const char *words(const struct facts *facts, const char *format, ...)
{
	char text[3 * NAME_MAX_TEXT];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	return pool_text(facts->pool, text, strlen(text));
}

// A name that no name server has yet: ns2.example.com. False where all are taken.
static bool make_up_name(const struct facts *facts, uint8_t name[static NAME_MAX_WIRE])
{
	char text[NAME_MAX_TEXT + 8];
	for (unsigned n = 1; n <= TARGETS_MOST; n++) {
		bool is_taken = false;
		snprintf(text, sizeof text, "ns%u.%s", n, facts->domain_text);
		if (name_from_text(text, name) < 0)
			return false;
		for (uint32_t i = 0; i < facts->target_count; i++)
			is_taken |= name_equal(facts->targets[i].name, name);
		if (!is_taken)
			return true;
	}
	return false;
}

static void fill_in(const struct facts *facts, const uint8_t *name, const struct audit_addresses *addresses,
                    struct lines *lines)
{
	char domain[NAME_MAX_TEXT], server[NAME_MAX_TEXT], address[ADDRESS_TEXT];
	bool is_inside = name_is_within(name, facts->domain);
	name_to_text_absolute(facts->domain, domain);
	name_to_text_absolute(name, server);
	for (uint32_t i = 0; i < facts->target_count; i++)
		if (name_equal(facts->targets[i].name, name)) {
			lines->in_zone = facts->targets[i].at_apex;
			lines->at_parent = facts->targets[i].at_parent;
		}
	if (!lines->in_zone)
		lines->zone[lines->zone_count++] = words(facts, "%s %u IN NS %s", domain, NS_TTL, server);
	lines->registrar[lines->registrar_count++] = words(facts, "name server   %s", server);
	for (uint32_t i = 0; is_inside && i < addresses->count; i++) {
		const struct sockaddr_storage *a = &addresses->at[i];
		address_host_to_text((const struct sockaddr *)a, address);
		lines->zone[lines->zone_count++] =
			words(facts, "%s %u IN %s %s", server, NS_TTL, a->ss_family == AF_INET6 ? "AAAA" : "A", address);
		lines->registrar[lines->registrar_count++] = words(facts, "glue record   %s %s", server, address);
	}
	lines->name = words(facts, "%s", server);
}

static bool is_name_server(const struct facts *facts, const struct sockaddr_storage *address)
{
	for (uint32_t i = 0; i < facts->server_count; i++) {
		const struct server *server = facts->servers[i];
		if (server->name != NULL && !server->is_new &&
		    address_equal((const struct sockaddr *)&server->address, (const struct sockaddr *)address))
			return true;
	}
	return false;
}

static bool is_localhost(const struct sockaddr_storage *address)
{
	char text[ADDRESS_TEXT];
	address_host_to_text((const struct sockaddr *)address, text);
	return strcmp(text, "127.0.0.1") == 0 || strcmp(text, "::1") == 0;
}

void lines_make(const struct facts *facts, struct lines *lines)
{
	const struct config *config = facts->options->config;
	struct audit_addresses addresses = { 0 };
	uint8_t name[NAME_MAX_WIRE];
	*lines = (struct lines){ 0 };
	if (facts->options->new_name != NULL) {
		fill_in(facts, facts->options->new_name, &facts->options->new_addresses, lines);
		return;
	}
	if (facts_zone(facts) == NULL)
		return;
	for (uint32_t i = 0; i < config->server.listen_count; i++) {
		const struct sockaddr_storage *address = &config->server.listen[i].address;
		// Behind a wildcard any address may be, and it is not for us to guess; but
		// one that nobody wrote says nothing, nor does the host's word for itself.
		if (is_localhost(address) ||
		    (config->server.listen[i].is_default && address_is_wildcard((const struct sockaddr *)address)))
			continue;
		if (address_is_wildcard((const struct sockaddr *)address) || is_name_server(facts, address))
			return;
		if (addresses.count < AUDIT_ADDRESSES_MOST)
			addresses.at[addresses.count++] = *address;
	}
	if (addresses.count == 0 || !make_up_name(facts, name))
		return;
	fill_in(facts, name, &addresses, lines);
	lines->name_is_ours = true;
}
