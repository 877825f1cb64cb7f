// SPDX-License-Identifier: GPL-3.0-or-later
// A part of the board: what was searched for, filtered, in the order wanted.
#pragma once

#include "observe/page_board.h"

enum list_filter {
	LIST_ALL, LIST_ATTENTION, LIST_STALE, LIST_EXPIRED, LIST_EMPTY, LIST_HELD, LIST_ROLLED_BACK, LIST_BEHIND,
	LIST_UNSAVED, LIST_ERROR, LIST_TRANSFERRING, LIST_SERVERS, LIST_PRIMARY, LIST_SECONDARY,
};

enum list_order {
	LIST_BY_NEED,    // those that need the operator most first
	LIST_BY_NAME,
	LIST_BY_LAG,     // behind for longest first
	LIST_BY_EXPIRY,  // furthest on the way to it first
	LIST_BY_CHANGE,  // last transferred first
	LIST_BY_RECORDS, // largest first
};

#define LIST_SEARCH_MOST 255 // bytes
#define LIST_LIMIT_MOST 500  // zones of one answer

struct list_query {
	char search[LIST_SEARCH_MOST + 1]; // lower case; "": no search
	enum list_filter filter;
	enum list_order order;
	uint32_t offset, limit;
};

// What a query string says, one argument after the other: search, filter, order,
// offset, limit. The value of an argument that stands without one is NULL. False
// where it is none of these, or its value is not one.
void list_query_init(struct list_query *query);
bool list_query_set(struct list_query *query, const char *name, const char *value, size_t length);

// Indexes into the list of what lies between offset and limit. *matched: how
// many there are in all. ERR_MEMORY.
int list_select(const struct board_list *list, const struct list_query *query, int64_t now,
                uint32_t index[static LIST_LIMIT_MOST], uint32_t *count, uint32_t *matched);
