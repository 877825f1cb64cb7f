// SPDX-License-Identifier: GPL-3.0-or-later
#include "observe/servers.h"

#include <inttypes.h>
#include <string.h>

#include "base/address.h"
#include "dns/name.h"
#include "observe/http_text.h"
#include "observe/times.h"
#include "observe/tone.h"

static int take(void *context, const uint8_t *origin, const struct zone_server *server)
{
	struct servers *servers = context;
	(void)origin;
	if (servers->count < SERVERS_MOST)
		servers->server[servers->count++] = *server;
	return 0;
}

int servers_read(struct replicate *replicate, const uint8_t *origin, struct servers *servers)
{
	servers->count = 0;
	return replicate_servers_each(replicate, origin, take, servers);
}

const char *servers_part_text(enum server_part part)
{
	switch (part) {
	case SERVER_PRIMARY: return "primary";
	case SERVER_SIBLING: return "sibling";
	case SERVER_RECEIVER: return "receiver";
	}
	return "server";
}

int64_t servers_lag(const struct zone_server *server, int64_t now)
{
	return server->behind_since == 0 || server->behind_since > now ? 0 : now - server->behind_since;
}

static const char *address_text(const struct zone_server *server, char text[static ADDRESS_TEXT])
{
	const struct sockaddr *address = (const struct sockaddr *)&server->address;
	return address_port(address) == 53 ? address_host_to_text(address, text) : address_to_text(address, text);
}

static void write_one(FILE *to, const struct zone_server *server, int64_t now, bool colour)
{
	char where[ADDRESS_TEXT + NAME_MAX_TEXT + 4], address[ADDRESS_TEXT], name[NAME_MAX_TEXT];
	char serial[16] = "-", lag[TIMES_TEXT] = "in step", seen[TIMES_TEXT], trip[TIMES_TEXT] = "";
	address_text(server, address);
	if (server->address.ss_family == AF_UNSPEC)
		name_to_text(server->name, where);
	else if (server->name[0] != 0)
		snprintf(where, sizeof(where), "%s (%s)", name_to_text(server->name, name), address);
	else
		snprintf(where, sizeof(where), "%s", address);
	if (server->has_serial)
		snprintf(serial, sizeof(serial), "%" PRIu32, server->serial);
	else
		snprintf(lag, sizeof(lag), "-");
	if (server->behind_since != 0)
		times_duration(servers_lag(server, now), lag);
	else if (server->is_ahead)
		snprintf(lag, sizeof(lag), "ahead");
	fprintf(to, "  %-9s %-41s %-10s ", servers_part_text(server->part), where, serial);
	tone_write(to, colour, server->behind_since != 0 ? TONE_WARNING : TONE_PLAIN, lag, 8);
	if (server->is_self)
		snprintf(trip, sizeof(trip), ", this server");
	else if (server->round_trip_us != 0)
		snprintf(trip, sizeof(trip), ", %" PRIu32 ".%" PRIu32 " ms", server->round_trip_us / 1000,
		         server->round_trip_us / 100 % 10);
	fprintf(to, " %s%s\n", times_relative(server->answered_at, now, seen), server->answered_at != 0 ? trip : "");
	if (server->error[0] != '\0') {
		fputs("            ", to);
		tone_write(to, colour, TONE_BAD, server->error, 0);
		fputc('\n', to);
	}
}

void servers_write(FILE *to, const struct servers *servers, int64_t now, bool colour)
{
	if (servers->count == 0)
		return;
	fprintf(to, "%-15s\n  %-9s %-41s %-10s %-8s %s\n", "servers", "PART", "SERVER", "SERIAL", "LAG", "ANSWERED");
	for (unsigned i = 0; i < servers->count; i++)
		write_one(to, &servers->server[i], now, colour);
}

static json_t *time_json(int64_t at)
{
	return at == 0 ? json_null() : json_integer(at);
}

static json_t *server_json(const struct zone_server *server, int64_t now)
{
	char address[ADDRESS_TEXT], name[NAME_MAX_TEXT];
	return json_pack("{s:s, s:b, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o}", "part", servers_part_text(server->part),
	                 "self", server->is_self, "name", server->name[0] != 0 ? json_string(name_to_text(server->name, name)) : json_null(),
	                 "address", server->address.ss_family != AF_UNSPEC
	                 ? json_string(address_to_text((const struct sockaddr *)&server->address, address)) : json_null(),
	                 "serial", server->has_serial ? json_integer(server->serial) : json_null(),
	                 "ahead", server->is_ahead, "lag_seconds", server->has_serial ? json_integer(servers_lag(server, now)) : json_null(),
	                 "answered", time_json(server->answered_at), "asked", time_json(server->asked_at),
	                 "round_trip_us", server->round_trip_us != 0 ? json_integer(server->round_trip_us) : json_null(),
	                 "error", text_json(server->error));
}

json_t *servers_json(const struct servers *servers, int64_t now)
{
	json_t *list = json_array();
	for (unsigned i = 0; i < servers->count; i++)
		json_array_append_new(list, server_json(&servers->server[i], now));
	return list;
}
