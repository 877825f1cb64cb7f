// SPDX-License-Identifier: GPL-3.0-or-later
#include "observe/stats.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/address.h"
#include "base/error.h"
#include "dns/types.h"
#include "observe/times.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static int take(void *context, const struct primary_counters *primary)
{
	struct stats *stats = context;
	if (stats->primary_count == stats->primary_room) {
		size_t room = stats->primary_room == 0 ? 16 : stats->primary_room * 2;
		struct primary_counters *grown = realloc(stats->primaries, room * sizeof(*grown));
		if (grown == NULL)
			return ERR_MEMORY;
		stats->primaries = grown;
		stats->primary_room = room;
	}
	stats->primaries[stats->primary_count++] = *primary;
	return 0;
}

int stats_read_primaries(struct replicate *replicate, struct stats *stats)
{
	return replicate_primaries_each(replicate, take, stats);
}

void stats_free(struct stats *stats)
{
	free(stats->primaries);
	stats->primaries = NULL;
	stats->primary_count = stats->primary_room = 0;
}

// --- text

static void line(FILE *to, const char *label, uint64_t number)
{
	fprintf(to, "%-28s %" PRIu64 "\n", label, number);
}

static void write_queries(FILE *to, const struct serve_counters *c)
{
	char text[DNS_TYPE_TEXT];
	line(to, "queries over UDP", c->udp_queries);
	line(to, "queries over TCP", c->tcp_queries);
	line(to, "TCP connections", c->tcp_connections);
	line(to, "dropped", c->dropped);
	line(to, "truncated", c->truncated);
	for (uint16_t i = 0; i < COUNT_OF(c->rcode); i++)
		if (c->rcode[i] != 0)
			fprintf(to, "answered %-19s %" PRIu64 "\n", dns_rcode_to_text(i, text), c->rcode[i]);
	for (uint16_t i = 1; i < COUNT_OF(c->type); i++)
		if (c->type[i] != 0)
			fprintf(to, "asked for %-18s %" PRIu64 "\n", dns_type_to_text(i, text), c->type[i]);
}

static void write_zones(FILE *to, const struct stats *stats)
{
	const struct replicate_counters *r = &stats->replicate;
	line(to, "zones, primary", r->primary_zones);
	line(to, "zones, secondary", r->secondary_zones);
	line(to, "bytes of zones in memory", stats->server.zone_bytes);
	line(to, "versions published", r->published);
	line(to, "versions held back", r->held);
	line(to, "NOTIFY in, accepted", r->notifies_accepted);
	line(to, "NOTIFY in, refused", r->notifies_refused);
	line(to, "NOTIFY out, heard", r->notifies_acknowledged);
	line(to, "NOTIFY out, failed", r->notifies_failed);
	line(to, "transfers out", stats->server.counters.transfers_out);
	line(to, "transfers in, running", r->transferring);
	line(to, "zones waiting for a transfer", r->waiting);
}

static uint64_t failures(const struct primary_counters *primary)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i < TRANSFER_FAILURES; i++)
		sum += primary->failed[i];
	return sum;
}

static void write_primaries(FILE *to, const struct stats *stats, int64_t now)
{
	char address[ADDRESS_TEXT], since[TIMES_TEXT];
	if (stats->primary_count == 0)
		return;
	fprintf(to, "\n%-28s %8s %8s %8s %8s %8s %12s  %s\n", "PRIMARY", "POLLS", "FAILED", "AXFR", "IXFR", "FAILED", "BYTES",
	        "HEALTH");
	for (size_t i = 0; i < stats->primary_count; i++) {
		const struct primary_counters *p = &stats->primaries[i];
		fprintf(to, "%-28s %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %12" PRIu64 "  %s\n",
		        address_to_text((const struct sockaddr *)&p->address, address), p->polls, p->polls_failed, p->axfr, p->ixfr,
		        failures(p), p->bytes,
		        p->is_healthy ? "good" : p->unhealthy_since == 0 ? "-" : times_relative(p->unhealthy_since, now, since));
	}
}

void stats_write(FILE *to, const struct stats *stats, int64_t now)
{
	char duration[TIMES_TEXT];
	fprintf(to, "%-28s %s\n", "up", times_duration(now - stats->server.started, duration));
	write_queries(to, &stats->server.counters);
	write_zones(to, stats);
	write_primaries(to, stats, now);
}

// --- JSON

static json_t *types_json(const struct serve_counters *c)
{
	json_t *types = json_object();
	char text[DNS_TYPE_TEXT];
	for (uint16_t i = 1; i < COUNT_OF(c->type); i++)
		if (c->type[i] != 0)
			json_object_set_new(types, dns_type_to_text(i, text), json_integer((json_int_t)c->type[i]));
	return types;
}

static json_t *primary_json(const struct primary_counters *p)
{
	char address[ADDRESS_TEXT];
	json_t *failed = json_object();
	for (unsigned i = 0; i < TRANSFER_FAILURES; i++)
		if (p->failed[i] != 0)
			json_object_set_new(failed, transfer_failure_text((enum transfer_failure)i), json_integer((json_int_t)p->failed[i]));
	return json_pack("{s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}",
	                 "address", address_to_text((const struct sockaddr *)&p->address, address),
	                 "healthy", (int)p->is_healthy, "unhealthy_since", (json_int_t)p->unhealthy_since,
	                 "polls", (json_int_t)p->polls, "polls_failed", (json_int_t)p->polls_failed,
	                 "axfr", (json_int_t)p->axfr, "ixfr", (json_int_t)p->ixfr, "bytes", (json_int_t)p->bytes,
	                 "round_trip_us", (json_int_t)p->round_trip_us, "failed", failed);
}

json_t *stats_json(const struct stats *stats)
{
	const struct replicate_counters *r = &stats->replicate;
	json_t *primaries = json_array(), *server = status_server_json(&stats->server);
	for (size_t i = 0; i < stats->primary_count; i++)
		json_array_append_new(primaries, primary_json(&stats->primaries[i]));
	json_object_set_new(server, "types", types_json(&stats->server.counters));
	return json_pack("{s:o, s:{s:I, s:I, s:I, s:I, s:I, s:I, s:i, s:i, s:i, s:i}, s:o}", "server", server, "zones",
	                 "notifies_accepted", (json_int_t)r->notifies_accepted, "notifies_refused", (json_int_t)r->notifies_refused,
	                 "notifies_acknowledged", (json_int_t)r->notifies_acknowledged,
	                 "notifies_failed", (json_int_t)r->notifies_failed,
	                 "published", (json_int_t)r->published, "held", (json_int_t)r->held,
	                 "transferring", (int)r->transferring, "waiting", (int)r->waiting,
	                 "primary_zones", (int)r->primary_zones, "secondary_zones", (int)r->secondary_zones,
	                 "primaries", primaries);
}
