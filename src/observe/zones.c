// SPDX-License-Identifier: GPL-3.0-or-later
#include "observe/zones.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/error.h"
#include "dns/name.h"
#include "observe/times.h"
#include "observe/tone.h"

#define ROLES (ZONES_PRIMARY | ZONES_SECONDARY)

const char *const zones_filter_words[] = {
	"current", "stale", "expired", "empty", "behind", "held", "rejected", "rolled-back", "unsaved", "troubled",
	"transferring", "bad", "primary", "secondary", NULL,
};

bool zones_filter_find(const char *word, unsigned *filters)
{
	for (unsigned i = 0; zones_filter_words[i] != NULL; i++) {
		if (strcmp(zones_filter_words[i], word) != 0)
			continue;
		*filters |= 1u << i;
		return true;
	}
	return false;
}

const char *const zones_sort_words[] = {
	"name", "state", "lag", "expiry", "serial", "records", "bytes", "transfer", NULL,
};

bool zones_sort_find(const char *word, enum zones_sort *sort)
{
	for (unsigned i = 0; zones_sort_words[i] != NULL; i++) {
		if (strcmp(zones_sort_words[i], word) != 0)
			continue;
		*sort = (enum zones_sort)i;
		return true;
	}
	return false;
}

// --- what a zone is

static bool is_bad(const struct replica_status *zone)
{
	struct status_summary summary = { 0 };
	status_count(&summary, zone);
	return status_is_degraded(&summary);
}

static unsigned what_it_is(const struct replica_status *zone)
{
	unsigned bits = 0;
	switch (zone->phase) {
	case REPLICA_CURRENT: bits |= ZONES_CURRENT; break;
	case REPLICA_STALE: bits |= ZONES_STALE; break;
	case REPLICA_EXPIRED: bits |= ZONES_EXPIRED; break;
	case REPLICA_EMPTY: bits |= ZONES_EMPTY; break;
	}
	bits |= zone->behind_since != 0 ? ZONES_BEHIND : 0;
	bits |= zone->held ? ZONES_HELD : 0;
	bits |= zone->rejected ? ZONES_REJECTED : 0;
	bits |= zone->rolled_back ? ZONES_ROLLED_BACK : 0;
	bits |= zone->unsaved || zone->file_failed ? ZONES_UNSAVED : 0;
	bits |= zone->last_error[0] != '\0' ? ZONES_TROUBLED : 0;
	bits |= zone->transferring ? ZONES_TRANSFERRING : 0;
	bits |= is_bad(zone) ? ZONES_BAD : 0;
	return bits | (zone->role == CONFIG_PRIMARY ? ZONES_PRIMARY : ZONES_SECONDARY);
}

static bool matches(const char *pattern, const char *name)
{
	if (strpbrk(pattern, "*?") != NULL)
		return fnmatch(pattern, name, FNM_CASEFOLD) == 0;
	return strcasestr(name, pattern) != NULL;
}

bool zones_wanted(const struct zones_query *query, const struct replica_status *zone, const char *name)
{
	unsigned bits = what_it_is(zone), roles = query->filters & ROLES, states = query->filters & ~(unsigned)ROLES;
	if (roles != 0 && (bits & roles) == 0)
		return false;
	if (states != 0 && (bits & states) == 0)
		return false;
	return query->pattern == NULL || matches(query->pattern, name);
}

const char *zones_word(const struct replica_status *zone)
{
	if (zone->phase != REPLICA_CURRENT)
		return status_phase_text(zone->phase);
	return zone->held ? "held" : zone->rolled_back ? "rolled back" : zone->unsaved ? "unsaved"
	       : zone->behind_since != 0 ? "behind" : zone->rejected ? "rejected"
	       : zone->last_error[0] != '\0' || zone->file_failed ? "troubled" : status_phase_text(zone->phase);
}

int64_t zones_lag(const struct replica_status *zone, int64_t now)
{
	int64_t lag = zone->behind_since == 0 ? 0 : now - zone->behind_since;
	return lag < 0 ? 0 : lag;
}

// --- order: the smaller key comes first

static uint64_t badness(const struct replica_status *zone)
{
	static const char *const order[] = {
		"expired", "empty", "stale", "held", "rolled back", "unsaved", "behind", "troubled",
	};
	const char *word = zones_word(zone);
	for (unsigned i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (strcmp(order[i], word) == 0)
			return i;
	return UINT64_MAX;
}

static uint64_t key_of(const struct replica_status *zone, enum zones_sort sort, int64_t now)
{
	switch (sort) {
	case ZONES_BY_NAME: return 0;
	case ZONES_BY_STATE: return badness(zone);
	case ZONES_BY_LAG: return UINT64_MAX - (uint64_t)zones_lag(zone, now);
	case ZONES_BY_EXPIRY: return zone->expires_at == 0 ? UINT64_MAX : (uint64_t)zone->expires_at;
	case ZONES_BY_SERIAL: return UINT64_MAX - zone->serial;
	case ZONES_BY_RECORDS: return UINT64_MAX - zone->records;
	case ZONES_BY_BYTES: return UINT64_MAX - zone->bytes;
	case ZONES_BY_TRANSFER: return UINT64_MAX - (uint64_t)zone->transferred;
	}
	return 0;
}

// Those of one key stay as they came: in the order of their names.
static int compare(const void *a, const void *b)
{
	const struct zones_entry *x = a, *y = b;
	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static void reverse(struct zones *zones)
{
	for (size_t i = 0, j = zones->count; i + 1 < j; i++) {
		struct zones_entry other = zones->entry[--j];
		zones->entry[j] = zones->entry[i];
		zones->entry[i] = other;
	}
}

// --- gathering

static bool grow(void **memory, size_t *room, size_t wanted, size_t size)
{
	if (wanted <= *room)
		return true;
	size_t larger = *room == 0 ? 1024 : *room * 2;
	while (larger < wanted)
		larger *= 2;
	void *grown = realloc(*memory, larger * size);
	if (grown == NULL)
		return false;
	*memory = grown;
	*room = larger;
	return true;
}

static int add(struct zones *zones, const uint8_t *origin, uint64_t key)
{
	size_t length = name_length(origin);
	void *names = zones->names, *entry = zones->entry;
	bool good = grow(&names, &zones->room, zones->used + length, 1)
	            && grow(&entry, &zones->entry_room, zones->count + 1, sizeof(*zones->entry));
	zones->names = names;
	zones->entry = entry;
	if (!good)
		return ERR_MEMORY;
	memcpy(zones->names + zones->used, origin, length);
	zones->entry[zones->count++] = (struct zones_entry){ key, zones->used };
	zones->used += length;
	return 0;
}

struct gathering {
	const struct zones_query *query;
	struct zones *zones;
	int64_t now;
};

static int visit(void *context, const struct replica_status *zone)
{
	struct gathering *g = context;
	char name[NAME_MAX_TEXT] = "";
	if (g->query->pattern != NULL)
		name_to_text(zone->origin, name);
	if (!zones_wanted(g->query, zone, name))
		return 0;
	return add(g->zones, zone->origin, key_of(zone, g->query->sort, g->now));
}

int zones_gather(struct replicate *replicate, const struct zones_query *query, int64_t now, struct zones *zones)
{
	struct gathering g = { query, zones, now };
	*zones = (struct zones){ 0 };
	int error = replicate_status_each(replicate, visit, &g);
	if (error != 0) {
		zones_free(zones);
		return error;
	}
	if (query->sort != ZONES_BY_NAME)
		qsort(zones->entry, zones->count, sizeof(*zones->entry), compare);
	if (query->reverse)
		reverse(zones);
	if (query->most != 0 && zones->count > query->most)
		zones->count = query->most;
	return 0;
}

void zones_free(struct zones *zones)
{
	free(zones->names);
	free(zones->entry);
	*zones = (struct zones){ 0 };
}

const uint8_t *zones_name(const struct zones *zones, size_t i)
{
	return zones->names + zones->entry[i].at;
}

// --- the table

enum { WIDTH_NAME = 32, WIDTH_STATE = 11, WIDTH_SERIAL = 10, WIDTH_LAG = 7, WIDTH_PRIMARY = 15, WIDTH_TIME = 10 };

void zones_write_head(FILE *to, bool colour)
{
	char line[STATUS_COLUMNS + 1];
	snprintf(line, sizeof(line), "%-*s %-*s %-*s %-*s %-*s %-*s %s", WIDTH_NAME, "ZONE", WIDTH_STATE, "STATE",
	         WIDTH_SERIAL, "SERIAL", WIDTH_LAG, "LAG", WIDTH_PRIMARY, "PRIMARY", WIDTH_TIME, "CONFIRMED", "EXPIRY");
	tone_write(to, colour, TONE_STRONG, line, 0);
	fputc('\n', to);
}

static enum tone tone_of(const struct replica_status *zone)
{
	if (zone->phase == REPLICA_EXPIRED || zone->phase == REPLICA_EMPTY)
		return TONE_BAD;
	return strcmp(zones_word(zone), "current") == 0 ? TONE_GOOD : TONE_WARNING;
}

static const char *whose(const struct replica_status *zone, char text[static ADDRESS_TEXT])
{
	const struct sockaddr *primary = (const struct sockaddr *)&zone->primary;
	if (zone->role == CONFIG_PRIMARY)
		return "this server";
	if (primary->sa_family == 0)
		return "-";
	if (address_port(primary) == 53)
		address_host_to_text(primary, text);
	else
		address_to_text(primary, text);
	return status_squeeze(text, WIDTH_PRIMARY);
}

void zones_write_row(FILE *to, const struct replica_status *zone, int64_t now, bool colour)
{
	char name[NAME_MAX_TEXT], serial[16] = "-", lag[TIMES_TEXT] = "-", primary[ADDRESS_TEXT];
	char confirmed[TIMES_TEXT] = "-", expiry[TIMES_TEXT] = "-";
	bool secondary = zone->role == CONFIG_SECONDARY;
	name_to_text(zone->origin, name);
	if (strlen(name) > WIDTH_NAME) {
		fprintf(to, "%s\n", name);
		name[0] = '\0';
	}
	if (zone->has_version)
		snprintf(serial, sizeof(serial), "%u", zone->serial);
	if (zone->behind_since != 0)
		times_duration(zones_lag(zone, now), lag);
	if (secondary && zone->confirmed != 0)
		times_relative(zone->confirmed, now, confirmed);
	if (secondary && zone->expires_at != 0)
		times_relative(zone->expires_at, now, expiry);
	fprintf(to, "%-*s ", WIDTH_NAME, name);
	tone_write(to, colour, tone_of(zone), zones_word(zone), WIDTH_STATE);
	fprintf(to, " %-*s %-*s %-*s %-*s %s\n", WIDTH_SERIAL, serial, WIDTH_LAG, lag, WIDTH_PRIMARY,
	        whose(zone, primary), WIDTH_TIME, confirmed, expiry);
}

void zones_write_tail(FILE *to, const struct status_summary *summary, size_t listed)
{
	if (listed == 0)
		fputs("no zone is so\n", to);
	else
		status_write_counts(to, summary);
}
