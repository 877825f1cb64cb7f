// SPDX-License-Identifier: GPL-3.0-or-later
// What the page shows, as JSON: docs/page.md tells its shape to others.
#pragma once

#include "observe/http.h"
#include "observe/http_text.h"
#include "observe/page_board.h"
#include "observe/page_list.h"

#define PAGE_RATES 120 // seconds of queries that the page draws

// What all answers are made from. Of the listener's thread.
struct page {
	struct http_sources sources;
	struct board *board;
	char host[256];              // our own name; "" unknown
	uint32_t rate[PAGE_RATES];   // queries of each second, in a ring
	unsigned rate_at, rate_count;
	uint64_t queries, sampled_ms; // at the last sample
};

// Once a second: how many were asked since.
void page_sample(struct page *page, uint64_t now_ms);

// {"host":…,"version":…,"started":…,"now":…,"edition":…,"zones":{…},"traffic":{…}}
void page_put_summary(struct text *to, const struct page *page, int64_t now);

// The sums alone, {"total":…}, and what goes on now, {"rate":…,…}.
void page_put_sums(struct text *to, const struct page *page, int64_t now);
void page_put_traffic(struct text *to, const struct page *page, bool with_history);

// One zone in a line of the list: as `understudy status --json` has it, with
// "level", "way" and "servers".
void page_put_row(struct text *to, const struct page *page, const struct board_zone *zone, int64_t now);

// {"now":…,"edition":…,"total":…,"matched":…,"offset":…,"zones":[…]}. ERR_MEMORY.
int page_put_list(struct text *to, const struct page *page, const struct list_query *query, int64_t now);

// A row with "explain", as `understudy explain --json` has it, and "history".
// ERR_NOT_FOUND, ERR_MEMORY.
int page_put_zone(struct text *to, const struct page *page, const struct config *config, const uint8_t *origin,
                  int64_t now);

// {"now":…,"primaries":[…]}: how each one does. ERR_MEMORY.
int page_put_primaries(struct text *to, const struct page *page, int64_t now);

// --- the files that the program carries (page_files.c, made from page/)

struct page_file {
	const char *path, *type, *tag; // "/", "text/html; charset=utf-8", an ETag with its quotes
	const unsigned char *bytes;
	size_t length;
};
extern const struct page_file page_files[];
extern const size_t page_file_count;
