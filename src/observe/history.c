// SPDX-License-Identifier: GPL-3.0-or-later
#include "observe/history.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "dns/message.h"
#include "dns/name.h"
#include "dns/types.h"
#include "observe/times.h"

// So many versions are listed, the newest.
#define VERSIONS_TOLD 1000u

#define RECORD_TEXT_MAX ((size_t)512 << 10)

// The only version there is, where no journal tells of others.
static struct history_version sole(const struct replica_status *zone)
{
	return (struct history_version){ .serial = zone->newest_serial, .since = zone->transferred };
}

static void write_version(FILE *to, const struct history_version *version, bool is_oldest,
                          const struct replica_status *zone)
{
	bool is_served = zone->has_version && version->serial == zone->serial;
	char when[TIMES_TEXT] = "-";
	if (version->since != 0)
		times_absolute(version->since, when);
	fprintf(to, "%c %-10" PRIu32 " %-23s", is_served ? '*' : ' ', version->serial, when);
	if (is_oldest)
		fprintf(to, " %8s %8s %10s", "-", "-", "-");
	else
		fprintf(to, " %8zu %8zu %10zu", version->removed, version->added, version->bytes);
	if (is_served && zone->rolled_back)
		fputs("  rolled back to", to);
	fputc('\n', to);
}

void history_write(FILE *to, const struct history *history, const struct replica_status *zone)
{
	struct history_version only = sole(zone);
	size_t first = history->count > VERSIONS_TOLD ? history->count - VERSIONS_TOLD : 0;
	char name[NAME_MAX_TEXT];
	fprintf(to, "  %-10s %-23s %8s %8s %10s\n", "SERIAL", "SINCE", "REMOVED", "ADDED", "BYTES");
	if (first > 0)
		fprintf(to, "  (%zu older ones)\n", first);
	for (size_t i = first; i < history->count; i++)
		write_version(to, &history->version[i], i == 0, zone);
	if (history->count == 0 && zone->has_version)
		write_version(to, &only, true, zone);
	if (zone->rolled_back)
		fprintf(to, "rolled back to %" PRIu32 "; `understudy resume %s` serves the newest again\n", zone->serial,
		        name_to_text(zone->origin, name));
	else
		fputs("* is served\n", to);
}

static json_t *version_json(const struct history_version *version, bool is_oldest, const struct replica_status *zone)
{
	json_t *json = json_pack("{s:I, s:o, s:b}", "serial", (json_int_t)version->serial,
	                         "since", version->since != 0 ? json_integer(version->since) : json_null(),
	                         "served", zone->has_version && version->serial == zone->serial);
	if (json == NULL)
		return NULL;
	json_object_set_new(json, "removed", is_oldest ? json_null() : json_integer((json_int_t)version->removed));
	json_object_set_new(json, "added", is_oldest ? json_null() : json_integer((json_int_t)version->added));
	json_object_set_new(json, "bytes", is_oldest ? json_null() : json_integer((json_int_t)version->bytes));
	return json;
}

json_t *history_json(const struct history *history, const struct replica_status *zone)
{
	struct history_version only = sole(zone);
	size_t first = history->count > VERSIONS_TOLD ? history->count - VERSIONS_TOLD : 0;
	char name[NAME_MAX_TEXT];
	json_t *versions = json_array();
	for (size_t i = first; i < history->count; i++)
		json_array_append_new(versions, version_json(&history->version[i], i == 0, zone));
	if (history->count == 0 && zone->has_version)
		json_array_append_new(versions, version_json(&only, true, zone));
	return json_pack("{s:s, s:o, s:o, s:b, s:o}", "zone", name_to_text(zone->origin, name),
	                 "serial", zone->has_version ? json_integer(zone->serial) : json_null(),
	                 "newest", zone->has_version ? json_integer(zone->newest_serial) : json_null(),
	                 "rolled_back", (int)zone->rolled_back, "versions", versions);
}

// --- what differs

static void count(const struct delta_changes *changes, size_t *went, size_t *came)
{
	*went = *came = 0;
	for (size_t i = 0; i < changes->count; i++) {
		if (changes->change[i].record.type == TYPE_SOA)
			continue;
		*(changes->change[i].is_added ? came : went) += 1;
	}
}

int difference_write(FILE *to, const uint8_t *origin, const char *title, const struct delta_changes *changes)
{
	size_t went, came, shown = changes->count < DIFFERENCE_LINES ? changes->count : DIFFERENCE_LINES;
	char name[NAME_MAX_TEXT], *text = malloc(RECORD_TEXT_MAX);
	if (text == NULL)
		return ERR_MEMORY;
	count(changes, &went, &came);
	fprintf(to, "; %s: %s: %zu %s went, %zu came%s\n", name_to_text(origin, name), title, went,
	        went == 1 ? "record" : "records", came, changes->count > 0 ? ", the SOA aside" : "");
	for (size_t i = 0; i < shown; i++) {
		const struct delta_record *record = &changes->change[i].record;
		int length = record_to_text(record->owner, record->type, CLASS_IN, record->ttl, record->rdata,
		                            record->rdata_length, text, RECORD_TEXT_MAX);
		if (length > 0)
			fprintf(to, "%c %.*s\n", changes->change[i].is_added ? '+' : '-', length, text);
	}
	if (shown < changes->count)
		fprintf(to, "; %zu more are not shown\n", changes->count - shown);
	free(text);
	return 0;
}
