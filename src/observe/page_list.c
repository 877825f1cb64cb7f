// SPDX-License-Identifier: GPL-3.0-or-later
#include "observe/page_list.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define LIMIT_DEFAULT 100

// --- the query

static const char *const filters[] = {
	[LIST_ALL] = "all", [LIST_ATTENTION] = "attention", [LIST_STALE] = "stale", [LIST_EXPIRED] = "expired",
	[LIST_EMPTY] = "empty", [LIST_HELD] = "held", [LIST_ROLLED_BACK] = "rolled-back", [LIST_BEHIND] = "behind",
	[LIST_UNSAVED] = "unsaved", [LIST_ERROR] = "error", [LIST_TRANSFERRING] = "transferring",
	[LIST_SERVERS] = "servers", [LIST_PRIMARY] = "primary", [LIST_SECONDARY] = "secondary",
};

static const char *const orders[] = {
	[LIST_BY_NEED] = "need", [LIST_BY_NAME] = "name", [LIST_BY_LAG] = "lag", [LIST_BY_EXPIRY] = "expiry",
	[LIST_BY_CHANGE] = "change", [LIST_BY_RECORDS] = "records",
};

void list_query_init(struct list_query *query)
{
	*query = (struct list_query){ .limit = LIMIT_DEFAULT };
}

static int find_word(const char *const *words, size_t count, const char *value, size_t length)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(words[i]) == length && memcmp(words[i], value, length) == 0)
			return (int)i;
	return -1;
}

static bool read_number(const char *value, size_t length, uint32_t most, uint32_t *number)
{
	uint32_t found = 0;
	if (length == 0 || length > 9)
		return false;
	for (size_t i = 0; i < length; i++) {
		if (value[i] < '0' || value[i] > '9')
			return false;
		found = found * 10 + (uint32_t)(value[i] - '0');
	}
	*number = found > most ? most : found;
	return true;
}

// Names are searched as they stand on the page, in lower case.
static bool set_search(struct list_query *query, const char *value, size_t length)
{
	if (length > LIST_SEARCH_MOST || memchr(value, '\0', length) != NULL)
		return false;
	for (size_t i = 0; i < length; i++)
		query->search[i] = (char)(value[i] >= 'A' && value[i] <= 'Z' ? value[i] + ('a' - 'A') : value[i]);
	query->search[length] = '\0';
	return true;
}

bool list_query_set(struct list_query *query, const char *name, const char *value, size_t length)
{
	int found;
	if (value == NULL)
		return false;
	if (strcmp(name, "search") == 0)
		return set_search(query, value, length);
	if (strcmp(name, "offset") == 0)
		return read_number(value, length, UINT32_MAX, &query->offset);
	if (strcmp(name, "limit") == 0)
		return read_number(value, length, LIST_LIMIT_MOST, &query->limit);
	if (strcmp(name, "filter") == 0) {
		found = find_word(filters, sizeof(filters) / sizeof(filters[0]), value, length);
		query->filter = found < 0 ? LIST_ALL : (enum list_filter)found;
		return found >= 0;
	}
	if (strcmp(name, "order") == 0) {
		found = find_word(orders, sizeof(orders) / sizeof(orders[0]), value, length);
		query->order = found < 0 ? LIST_BY_NEED : (enum list_order)found;
		return found >= 0;
	}
	return false;
}

// --- the selection

static bool passes(const struct board_zone *zone, enum list_filter filter, int64_t now)
{
	switch (filter) {
	case LIST_ALL: return true;
	case LIST_ATTENTION: return board_level(zone, now) >= BOARD_TROUBLED;
	case LIST_STALE: return zone->phase == REPLICA_STALE;
	case LIST_EXPIRED: return zone->phase == REPLICA_EXPIRED;
	case LIST_EMPTY: return zone->phase == REPLICA_EMPTY;
	case LIST_HELD: return zone->is_held;
	case LIST_ROLLED_BACK: return zone->is_rolled_back;
	case LIST_BEHIND: return zone->behind_since != 0;
	case LIST_UNSAVED: return zone->is_unsaved;
	case LIST_ERROR: return zone->has_error;
	case LIST_TRANSFERRING: return zone->is_transferring;
	case LIST_SERVERS: return zone->servers_behind != 0 || zone->servers_silent != 0;
	case LIST_PRIMARY: return zone->is_primary;
	case LIST_SECONDARY: return !zone->is_primary;
	}
	return false;
}

struct ranked {
	int64_t rank; // greater ones first
	uint32_t index;
};

static int64_t rank(const struct board_zone *zone, enum list_order order, int64_t now)
{
	switch (order) {
	case LIST_BY_NEED: return (int64_t)board_level(zone, now);
	case LIST_BY_NAME: return 0;
	case LIST_BY_LAG: return zone->behind_since == 0 ? INT64_MIN : -zone->behind_since;
	case LIST_BY_EXPIRY: return board_way(zone, now);
	case LIST_BY_CHANGE: return zone->transferred;
	case LIST_BY_RECORDS: return zone->records;
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	if (x->rank != y->rank)
		return x->rank > y->rank ? -1 : 1;
	return x->index < y->index ? -1 : 1;
}

static uint32_t gather(const struct board_list *list, const struct list_query *query, int64_t now,
                       struct ranked *ranked, bool *is_sorted)
{
	uint32_t count = 0;
	*is_sorted = true;
	for (uint32_t i = 0; i < list->count; i++) {
		const struct board_zone *zone = &list->zone[i];
		if (!passes(zone, query->filter, now) ||
		    (query->search[0] != '\0' && strstr(board_text(list, zone), query->search) == NULL))
			continue;
		ranked[count] = (struct ranked){ rank(zone, query->order, now), i };
		if (count > 0 && ranked[count].rank > ranked[count - 1].rank)
			*is_sorted = false;
		count++;
	}
	return count;
}

int list_select(const struct board_list *list, const struct list_query *query, int64_t now,
                uint32_t index[static LIST_LIMIT_MOST], uint32_t *count, uint32_t *matched)
{
	bool is_sorted;
	struct ranked *ranked = malloc((list->count + 1u) * sizeof(*ranked));
	*count = *matched = 0;
	if (ranked == NULL)
		return ERR_MEMORY;
	*matched = gather(list, query, now, ranked, &is_sorted);
	if (!is_sorted)
		qsort(ranked, *matched, sizeof(*ranked), compare);
	for (uint32_t i = query->offset; i < *matched && *count < query->limit && *count < LIST_LIMIT_MOST; i++)
		index[(*count)++] = ranked[i].index;
	free(ranked);
	return 0;
}
