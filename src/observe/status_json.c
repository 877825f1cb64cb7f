// SPDX-License-Identifier: GPL-3.0-or-later
#include <string.h>

#include "base/address.h"
#include "dns/name.h"
#include "dns/types.h"
#include "observe/status.h"

static json_t *serial_json(bool known, uint32_t serial)
{
	return known ? json_integer(serial) : json_null();
}

// The serial stays after a rejection, so that one sees what is passed over.
static json_t *held_json(const struct replica_status *zone)
{
	return json_pack("{s:I, s:b, s:I, s:s, s:o, s:I, s:I}", "serial", (json_int_t)zone->held_serial,
	                 "rejected", (int)zone->rejected, "since", (json_int_t)zone->held_since,
	                 "check", zone->held_check, "why", text_json(zone->held_why),
	                 "records", (json_int_t)zone->held_records, "names", (json_int_t)zone->held_names);
}

static json_t *rollback_json(const struct replica_status *zone)
{
	return json_pack("{s:I, s:I, s:I}", "serial", (json_int_t)zone->serial,
	                 "newest", (json_int_t)zone->newest_serial, "since", (json_int_t)zone->rolled_back_since);
}

// --- a zone as text: lists of 100,000 are made of it, so nothing is built first

static void put_key(struct text *to, const char *key)
{
	bool is_first = to->length > 0 && to->bytes[to->length - 1] == '{';
	text_put(to, is_first ? "\"" : ",\"");
	text_put(to, key);
	text_put(to, "\":");
}

// null where it is empty.
static void put_text(struct text *to, const char *key, const char *string)
{
	size_t length = 0;
	while (string[length] >= ' ' && string[length] < 127 && string[length] != '"' && string[length] != '\\')
		length++;
	put_key(to, key);
	if (string[0] == '\0' || string[length] != '\0') {
		text_put_json(to, text_json(string));
		return;
	}
	text_put_bytes(to, "\"", 1);
	text_put_bytes(to, string, length);
	text_put_bytes(to, "\"", 1);
}

static void put_number(struct text *to, const char *key, bool is_known, int64_t number)
{
	put_key(to, key);
	if (is_known)
		text_put_number(to, number);
	else
		text_put_bytes(to, "null", 4);
}

static void put_time(struct text *to, const char *key, int64_t at)
{
	put_number(to, key, at != 0, at);
}

static void put_flag(struct text *to, const char *key, bool flag)
{
	put_key(to, key);
	text_put(to, flag ? "true" : "false");
}

static void put_json(struct text *to, const char *key, json_t *value)
{
	put_key(to, key);
	text_put_json(to, value);
}

// How long a primary has had a newer serial; without a copy there is nothing
// that could lag.
static void put_lag(struct text *to, const struct replica_status *zone, int64_t now)
{
	int64_t lag = zone->behind_since == 0 ? 0 : now - zone->behind_since;
	put_number(to, "lag_seconds", zone->has_version, lag < 0 ? 0 : lag);
}

static void put_zone(struct text *to, const struct replica_status *zone, int64_t now)
{
	char name[NAME_MAX_TEXT], primary[ADDRESS_TEXT] = "";
	if (zone->primary.ss_family != 0)
		address_to_text((const struct sockaddr *)&zone->primary, primary);
	text_put_bytes(to, "{", 1);
	put_text(to, "zone", name_to_text(zone->origin, name));
	put_text(to, "role", zone->role == CONFIG_PRIMARY ? "primary" : "secondary");
	put_text(to, "state", status_phase_text(zone->phase));
	put_number(to, "serial", zone->has_version, zone->serial);
	put_text(to, "primary", primary);
	put_number(to, "primary_serial", zone->has_primary_serial, zone->primary_serial);
	put_lag(to, zone, now);
	put_time(to, "transferred", zone->transferred);
	put_time(to, "confirmed", zone->confirmed);
	put_time(to, "refresh_at", zone->refresh_at);
	put_time(to, "expires_at", zone->expires_at);
	put_time(to, "life_since", zone->life_since);
	put_json(to, "held", zone->held || zone->rejected ? held_json(zone) : NULL);
	put_json(to, "rolled_back", zone->rolled_back ? rollback_json(zone) : NULL);
	put_flag(to, "transferring", zone->transferring);
	put_flag(to, "polling", zone->polling);
	put_flag(to, "unsaved", zone->unsaved);
	put_number(to, "records", true, (int64_t)zone->records);
	put_number(to, "names", true, (int64_t)zone->names);
	put_number(to, "bytes", true, (int64_t)zone->bytes);
	put_text(to, "file", zone->file);
	put_flag(to, "file_failed", zone->file_failed);
	put_text(to, "last_error", zone->last_error);
	put_time(to, "last_error_at", zone->last_error_at);
	text_put_bytes(to, "}", 1);
}

json_t *status_zone_json(const struct replica_status *zone, int64_t now)
{
	struct text text = { 0 };
	put_zone(&text, zone, now);
	json_t *json = text.failed ? NULL : json_loadb(text.bytes, text.length, 0, NULL);
	text_free(&text);
	return json;
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
	return json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i}", "zones", (int)summary->zones,
	                 "current", (int)summary->current, "stale", (int)summary->stale,
	                 "expired", (int)summary->expired, "empty", (int)summary->empty,
	                 "behind", (int)summary->behind, "held", (int)summary->held,
	                 "rolled_back", (int)summary->rolled_back, "unsaved", (int)summary->unsaved,
	                 "troubled", (int)summary->troubled);
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
	list->text.length = 0;
	list->text.failed = false;
	put_zone(&list->text, zone, now);
	fputs(list->written++ == 0 ? "\n" : ",\n", list->to);
	if (list->text.failed)
		fputs("null", list->to);
	else
		fwrite(list->text.bytes, 1, list->text.length, list->to);
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
	text_free(&list->text);
}
