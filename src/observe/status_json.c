// SPDX-License-Identifier: GPL-3.0-or-later
#include <string.h>

#include "base/address.h"
#include "dns/name.h"
#include "dns/types.h"
#include "observe/status.h"

static json_t *time_json(int64_t at)
{
	return at == 0 ? json_null() : json_integer(at);
}

static json_t *serial_json(bool known, uint32_t serial)
{
	return known ? json_integer(serial) : json_null();
}

static json_t *text_json(const char *text)
{
	json_t *string = NULL;
	if (text[0] != '\0')
		string = json_string(text); // NULL where a log line was cut inside a character
	return string != NULL ? string : json_null();
}

static json_t *primary_json(const struct replica_status *zone)
{
	char text[ADDRESS_TEXT];
	const struct sockaddr *primary = (const struct sockaddr *)&zone->primary;
	return primary->sa_family == 0 ? json_null() : json_string(address_to_text(primary, text));
}

// The serial stays after a rejection, so that one sees what is passed over.
static json_t *held_json(const struct replica_status *zone)
{
	if (!zone->held && !zone->rejected)
		return json_null();
	return json_pack("{s:I, s:b, s:I, s:s, s:o, s:I, s:I}", "serial", (json_int_t)zone->held_serial,
	                 "rejected", (int)zone->rejected, "since", (json_int_t)zone->held_since,
	                 "check", zone->held_check, "why", text_json(zone->held_why),
	                 "records", (json_int_t)zone->held_records, "names", (json_int_t)zone->held_names);
}

// How long a primary has had a newer serial; without a copy there is nothing
// that could lag.
static json_t *lag_json(const struct replica_status *zone, int64_t now)
{
	int64_t lag = zone->behind_since == 0 ? 0 : now - zone->behind_since;
	return zone->has_version ? json_integer(lag < 0 ? 0 : lag) : json_null();
}

static json_t *rollback_json(const struct replica_status *zone)
{
	if (!zone->rolled_back)
		return json_null();
	return json_pack("{s:I, s:I, s:I}", "serial", (json_int_t)zone->serial,
	                 "newest", (json_int_t)zone->newest_serial, "since", (json_int_t)zone->rolled_back_since);
}

json_t *status_zone_json(const struct replica_status *zone, int64_t now)
{
	char name[NAME_MAX_TEXT];
	return json_pack("{s:o, s:o, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:b, s:b, s:I, s:I, s:I, s:o, s:b, s:o, s:o}",
	                 "held", held_json(zone),
	                 "rolled_back", rollback_json(zone),
	                 "zone", name_to_text(zone->origin, name),
	                 "role", zone->role == CONFIG_PRIMARY ? "primary" : "secondary",
	                 "state", status_phase_text(zone->phase),
	                 "serial", serial_json(zone->has_version, zone->serial),
	                 "primary", primary_json(zone),
	                 "primary_serial", serial_json(zone->has_primary_serial, zone->primary_serial),
	                 "lag_seconds", lag_json(zone, now),
	                 "transferred", time_json(zone->transferred),
	                 "confirmed", time_json(zone->confirmed),
	                 "refresh_at", time_json(zone->refresh_at),
	                 "expires_at", time_json(zone->expires_at),
	                 "transferring", (int)zone->transferring,
	                 "polling", (int)zone->polling,
	                 "unsaved", (int)zone->unsaved,
	                 "records", (json_int_t)zone->records,
	                 "names", (json_int_t)zone->names,
	                 "bytes", (json_int_t)zone->bytes,
	                 "file", text_json(zone->file),
	                 "file_failed", (int)zone->file_failed,
	                 "last_error", text_json(zone->last_error),
	                 "last_error_at", time_json(zone->last_error_at));
}

static json_t *answered_json(const struct replica_status *zone, const struct status_answered *answered)
{
	char address[ADDRESS_TEXT], rcode[DNS_TYPE_TEXT];
	if (answered == NULL || !answered->was_asked)
		return json_null();
	return json_pack("{s:s, s:o, s:o, s:o, s:I, s:b}",
	                 "address", address_to_text((const struct sockaddr *)&answered->address, address),
	                 "rcode", answered->error[0] == '\0' ? json_string(dns_rcode_to_text(answered->rcode, rcode)) : json_null(),
	                 "serial", serial_json(answered->has_serial, answered->serial),
	                 "error", text_json(answered->error), "round_trip_us", (json_int_t)answered->round_trip_us,
	                 "as_expected", !status_is_contradicted(zone, answered));
}

json_t *status_detail_json(const struct replica_status *zone, const struct status_detail *detail, int64_t now)
{
	json_t *json = status_zone_json(zone, now);
	const struct replica_progress *progress = detail->progress;
	json_object_set_new(json, "answered", answered_json(zone, detail->answered));
	json_object_set_new(json, "servers", detail->servers != NULL ? servers_json(detail->servers, now) : json_null());
	if (progress == NULL)
		return json;
	json_object_set_new(json, "busy", json_boolean(progress->is_busy));
	json_object_set_new(json, "file_error", text_json(progress->file_error));
	json_object_set_new(json, "attempts_failed", json_integer(progress->failures));
	json_object_set_new(json, "expire_seconds", json_integer(progress->expire));
	json_object_set_new(json, "transfer_bytes", json_integer((json_int_t)progress->bytes));
	json_object_set_new(json, "transfer_records", json_integer((json_int_t)progress->records));
	return json;
}

json_t *status_summary_json(const struct status_summary *summary)
{
	return json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i}", "zones", (int)summary->zones,
	                 "current", (int)summary->current, "stale", (int)summary->stale,
	                 "expired", (int)summary->expired, "empty", (int)summary->empty,
	                 "behind", (int)summary->behind, "held", (int)summary->held,
	                 "rolled_back", (int)summary->rolled_back, "troubled", (int)summary->troubled);
}

static json_t *rcodes_json(const struct serve_counters *counters)
{
	json_t *rcodes = json_object();
	for (uint16_t i = 0; rcodes != NULL && i < sizeof(counters->rcode) / sizeof(counters->rcode[0]); i++) {
		char text[DNS_TYPE_TEXT];
		if (counters->rcode[i] != 0)
			json_object_set_new(rcodes, dns_rcode_to_text(i, text), json_integer((json_int_t)counters->rcode[i]));
	}
	return rcodes;
}

json_t *status_server_json(const struct status_server *server)
{
	const struct serve_counters *c = &server->counters;
	return json_pack("{s:s, s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}",
	                 "version", server->version, "pid", server->pid, "started", (json_int_t)server->started,
	                 "zone_bytes", (json_int_t)server->zone_bytes,
	                 "udp_queries", (json_int_t)c->udp_queries, "tcp_queries", (json_int_t)c->tcp_queries,
	                 "tcp_connections", (json_int_t)c->tcp_connections, "dropped", (json_int_t)c->dropped,
	                 "truncated", (json_int_t)c->truncated, "notifies", (json_int_t)c->notifies,
	                 "transfers_out", (json_int_t)c->transfers_out, "rcodes", rcodes_json(c));
}

// Writes and releases it; "null" where there was no memory, so that the text
// stays JSON.
static void write_json(FILE *to, json_t *value)
{
	if (value == NULL || json_dumpf(value, to, JSON_COMPACT) != 0)
		fputs("null", to);
	json_decref(value);
}

void status_list_begin(struct status_list *list, FILE *to)
{
	*list = (struct status_list){ .to = to };
	fputs("{\"zones\":[", to);
}

void status_list_add(struct status_list *list, const struct replica_status *zone, int64_t now)
{
	fputs(list->written++ == 0 ? "\n" : ",\n", list->to);
	write_json(list->to, status_zone_json(zone, now));
}

void status_list_end(struct status_list *list, const struct status_summary *summary,
                     const struct status_server *server)
{
	fputs("\n],\"summary\":", list->to);
	write_json(list->to, status_summary_json(summary));
	if (server != NULL) {
		fputs(",\"server\":", list->to);
		write_json(list->to, status_server_json(server));
	}
	fputs("}\n", list->to);
}
