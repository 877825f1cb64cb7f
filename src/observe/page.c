// SPDX-License-Identifier: GPL-3.0-or-later
#include "observe/page.h"

#include <string.h>
#include <unistd.h>

#include "base/address.h"
#include "base/arena.h"
#include "base/error.h"
#include "dns/types.h"
#include "observe/explain.h"
#include "observe/history.h"
#include "observe/servers.h"
#include "observe/status.h"
#include "replicate/watch.h"

#define HISTORY_SHOWN 20u // versions of a zone

// --- traffic

void page_sample(struct page *page, uint64_t now_ms)
{
	struct serve_counters counters;
	serve_counters(page->sources.serve, &counters);
	uint64_t queries = counters.udp_queries + counters.tcp_queries;
	uint64_t passed = now_ms - page->sampled_ms;
	if (page->sampled_ms != 0 && passed > 0) {
		uint64_t rate = (queries - page->queries) * 1000 / passed;
		page->rate[page->rate_at] = rate > UINT32_MAX ? UINT32_MAX : (uint32_t)rate;
		page->rate_at = (page->rate_at + 1) % PAGE_RATES;
		page->rate_count += page->rate_count < PAGE_RATES;
	}
	page->queries = queries;
	page->sampled_ms = now_ms;
}

static void put_field(struct text *to, const char *name, int64_t number)
{
	text_put(to, name);
	text_put_number(to, number);
}

void page_put_traffic(struct text *to, const struct page *page, bool with_history)
{
	struct replicate_counters counters;
	unsigned last = (page->rate_at + PAGE_RATES - 1) % PAGE_RATES;
	replicate_counters(page->sources.replicate, &counters);
	put_field(to, "{\"rate\":", page->rate_count > 0 ? page->rate[last] : 0);
	put_field(to, ",\"queries\":", (int64_t)page->queries);
	put_field(to, ",\"transferring\":", counters.transferring);
	put_field(to, ",\"waiting\":", counters.waiting);
	if (with_history) {
		text_put(to, ",\"history\":[");
		for (unsigned i = 0; i < page->rate_count; i++) {
			unsigned at = (page->rate_at + PAGE_RATES - page->rate_count + i) % PAGE_RATES;
			put_field(to, i == 0 ? "" : ",", page->rate[at]);
		}
		text_put(to, "]");
	}
	text_put(to, "}");
}

// --- sums

void page_put_sums(struct text *to, const struct page *page, int64_t now)
{
	struct board_sums s;
	board_count(board_list(page->board), now, &s);
	put_field(to, "{\"total\":", s.zones);
	put_field(to, ",\"primary\":", s.primary);
	put_field(to, ",\"secondary\":", s.secondary);
	put_field(to, ",\"attention\":", s.level[BOARD_TROUBLED] + s.level[BOARD_CRITICAL]);
	put_field(to, ",\"critical\":", s.level[BOARD_CRITICAL]);
	put_field(to, ",\"empty\":", s.empty);
	put_field(to, ",\"current\":", s.current);
	put_field(to, ",\"stale\":", s.stale);
	put_field(to, ",\"expired\":", s.expired);
	put_field(to, ",\"behind\":", s.behind);
	put_field(to, ",\"held\":", s.held);
	put_field(to, ",\"rejected\":", s.rejected);
	put_field(to, ",\"rolled_back\":", s.rolled_back);
	put_field(to, ",\"unsaved\":", s.unsaved);
	put_field(to, ",\"error\":", s.with_error);
	put_field(to, ",\"transferring\":", s.transferring);
	put_field(to, ",\"servers_behind\":", s.servers_behind);
	put_field(to, ",\"records\":", s.records);
	text_put(to, "}");
}

void page_put_summary(struct text *to, const struct page *page, int64_t now)
{
	struct arena_usage usage;
	arena_usage(&usage);
	text_put(to, "{\"host\":");
	text_put_json(to, text_json(page->host));
	text_put(to, ",\"version\":");
	text_put_json(to, json_string(page->sources.version));
	put_field(to, ",\"pid\":", getpid());
	put_field(to, ",\"started\":", page->sources.started);
	put_field(to, ",\"now\":", now);
	put_field(to, ",\"edition\":", (int64_t)board_edition(page->board));
	put_field(to, ",\"zone_bytes\":", (int64_t)usage.live);
	text_put(to, ",\"zones\":");
	page_put_sums(to, page, now);
	text_put(to, ",\"traffic\":");
	page_put_traffic(to, page, true);
	text_put(to, "}");
}

static json_t *time_json(int64_t at)
{
	return at == 0 ? json_null() : json_integer(at);
}

// --- zones

static const char *level_text(enum board_level level)
{
	static const char *const texts[] = {
		[BOARD_FINE] = "fine", [BOARD_NOTE] = "note", [BOARD_TROUBLED] = "troubled", [BOARD_CRITICAL] = "critical",
	};
	return texts[level];
}

// NULL where the zone went, or memory.
static json_t *row_json(const struct page *page, const struct board_zone *zone, int64_t now,
                        struct replica_status *status)
{
	const struct board_list *list = board_list(page->board);
	struct servers servers;
	if (replicate_status(page->sources.replicate, board_wire(list, zone), status) != 0)
		return NULL;
	json_t *row = status_zone_json(status, now);
	if (row == NULL)
		return NULL;
	json_object_set_new(row, "level", json_string(level_text(board_level(zone, now))));
	json_object_set_new(row, "way", json_integer(board_way(zone, now)));
	json_object_set_new(row, "behind_since", time_json(zone->behind_since));
	json_object_set_new(row, "rrsig_expires", time_json(zone->rrsig_expires));
	if (servers_read(page->sources.replicate, board_wire(list, zone), &servers) != 0)
		servers.count = 0;
	json_object_set_new(row, "servers", servers_json(&servers, now));
	return row;
}

void page_put_row(struct text *to, const struct page *page, const struct board_zone *zone, int64_t now)
{
	struct replica_status status;
	text_put_json(to, row_json(page, zone, now, &status));
}

int page_put_list(struct text *to, const struct page *page, const struct list_query *query, int64_t now)
{
	const struct board_list *list = board_list(page->board);
	uint32_t index[LIST_LIMIT_MOST], count, matched;
	int error = list_select(list, query, now, index, &count, &matched);
	if (error != 0)
		return error;
	put_field(to, "{\"now\":", now);
	put_field(to, ",\"edition\":", (int64_t)board_edition(page->board));
	put_field(to, ",\"total\":", list->count);
	put_field(to, ",\"matched\":", matched);
	put_field(to, ",\"offset\":", query->offset);
	text_put(to, ",\"zones\":[");
	for (uint32_t i = 0; i < count; i++) {
		text_put(to, i == 0 ? "\n" : ",\n");
		page_put_row(to, page, &list->zone[index[i]], now);
	}
	text_put(to, "\n]}\n");
	return to->failed ? ERR_MEMORY : 0;
}

static json_t *newest_history(const struct page *page, const struct replica_status *status)
{
	struct history history;
	if (page->sources.store == NULL || history_read(page->sources.store, status->origin, &history) != 0)
		return json_null();
	struct history shown = history;
	if (shown.count > HISTORY_SHOWN) {
		shown.version += shown.count - HISTORY_SHOWN;
		shown.count = HISTORY_SHOWN;
	}
	json_t *json = history_json(&shown, status);
	history_free(&history);
	return json != NULL ? json : json_null();
}

static json_t *explanation_json(const struct page *page, const struct config *config,
                                const struct replica_status *status, int64_t now)
{
	struct replica_progress progress;
	struct servers servers;
	struct explain_facts facts = {
		.zone = status, .config = config, .configured = config_zone_find(config, status->origin),
		.state_dir = page->sources.state_dir, .now = now,
	};
	if (replicate_progress(page->sources.replicate, status->origin, &progress) == 0)
		facts.progress = &progress;
	if (servers_read(page->sources.replicate, status->origin, &servers) == 0)
		facts.servers = &servers;
	return explain_json(&facts);
}

int page_put_zone(struct text *to, const struct page *page, const struct config *config, const uint8_t *origin,
                  int64_t now)
{
	const struct board_list *list = board_list(page->board);
	const struct board_zone *zone = board_list_find(list, origin);
	struct replica_status status;
	json_t *row = zone == NULL ? NULL : row_json(page, zone, now, &status);
	if (row == NULL)
		return ERR_NOT_FOUND;
	json_object_set_new(row, "now", json_integer(now));
	json_object_set_new(row, "explain", explanation_json(page, config, &status, now));
	json_object_set_new(row, "history", newest_history(page, &status));
	text_put_json(to, row);
	return to->failed ? ERR_MEMORY : 0;
}

// --- primaries

static int add_primary(void *context, const struct primary_counters *primary)
{
	char address[ADDRESS_TEXT];
	json_t *failed = json_object();
	for (unsigned i = 0; failed != NULL && i < TRANSFER_FAILURES; i++)
		json_object_set_new(failed, transfer_failure_text((enum transfer_failure)i),
		                    json_integer((json_int_t)primary->failed[i]));
	json_t *made = json_pack("{s:s, s:b, s:o, s:I, s:I, s:I, s:I, s:o, s:I, s:I}",
	                         "address", address_to_text((const struct sockaddr *)&primary->address, address),
	                         "healthy", (int)primary->is_healthy, "unhealthy_since", time_json(primary->unhealthy_since),
	                         "polls", (json_int_t)primary->polls, "polls_failed", (json_int_t)primary->polls_failed,
	                         "axfr", (json_int_t)primary->axfr, "ixfr", (json_int_t)primary->ixfr,
	                         "failed", failed != NULL ? failed : json_null(), "bytes", (json_int_t)primary->bytes,
	                         "round_trip_us", (json_int_t)primary->round_trip_us);
	return json_array_append_new(context, made) == 0 ? 0 : ERR_MEMORY;
}

int page_put_primaries(struct text *to, const struct page *page, int64_t now)
{
	json_t *list = json_array();
	int error = list == NULL ? ERR_MEMORY : replicate_primaries_each(page->sources.replicate, add_primary, list);
	put_field(to, "{\"now\":", now);
	text_put(to, ",\"primaries\":");
	text_put_json(to, list);
	text_put(to, "}");
	return error != 0 ? error : to->failed ? ERR_MEMORY : 0;
}
