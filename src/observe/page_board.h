// SPDX-License-Identifier: GPL-3.0-or-later
// The board: what the page and the metrics need of each zone, in 100 bytes and
// its name, sorted by name. It is brought up to date by what changed, so that
// neither a scrape nor a look at 100,000 zones asks replication for each one.
// Of one thread, the listener's.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "replicate/replicate.h"

// How much a zone is in need of its operator.
enum board_level { BOARD_FINE, BOARD_NOTE, BOARD_TROUBLED, BOARD_CRITICAL, BOARD_LEVELS };

struct board_zone {
	uint32_t wire_at, text_at;   // in the list's names
	uint32_t serial, primary_serial;
	uint32_t records;
	uint32_t rrsig_serial;       // of the version that was looked through for signatures
	int64_t rrsig_expires;       // the earliest of all its signatures, wall seconds; 0: none, or not looked through
	int64_t confirmed, transferred, refresh_at, expires_at, life_since, behind_since;
	uint8_t phase;               // enum replica_phase
	uint8_t servers, servers_behind, servers_silent; // at most 255
	bool is_primary : 1;
	bool has_version : 1;
	bool has_primary_serial : 1;
	bool is_held : 1;
	bool is_rejected : 1;
	bool is_rolled_back : 1;
	bool is_unsaved : 1;
	bool has_file_failed : 1;
	bool is_transferring : 1;
	bool is_polling : 1;
	bool has_error : 1;
	bool rrsig_known : 1;
	bool is_changed : 1;         // since the last look of board_take_changed()
};

// The zones of one moment's configuration. Who goes through it in pieces holds
// it: its order never changes, only what the zones say.
struct board_list {
	unsigned holds;
	uint32_t count;
	struct board_zone *zone;     // in canonical order of the names
	uint8_t *wire;               // names, one behind another
	char *text;                  // the same as text, each with its NUL
	size_t wire_length, text_length;
};

struct board;

int board_new(struct replicate *replicate, struct board **board);
void board_free(struct board *board);

// Takes in what changed; at most so often as is worth its while, unless at once
// is asked for. ERR_MEMORY: it is as it was.
int board_refresh(struct board *board, bool at_once);

// What is on it; NULL before the first refresh. Valid until the next one.
struct board_list *board_list(const struct board *board);
struct board_list *board_list_hold(struct board_list *list);
void board_list_release(struct board_list *list);

// Grows whenever the list is made anew.
uint64_t board_edition(const struct board *board);

// The zones that changed since this was last asked: at most `room` indexes into
// the list. *is_more where there are others.
uint32_t board_take_changed(struct board *board, uint32_t *index, uint32_t room, bool *is_more);

// The zone of that name (wire, lower case), or NULL.
struct board_zone *board_list_find(const struct board_list *list, const uint8_t *origin);

static inline const uint8_t *board_wire(const struct board_list *list, const struct board_zone *zone)
{
	return list->wire + zone->wire_at;
}

static inline const char *board_text(const struct board_list *list, const struct board_zone *zone)
{
	return list->text + zone->text_at;
}

// How far a copy is on its way to its expiry, in thousandths of its life; 0
// where it is on no such way.
unsigned board_way(const struct board_zone *zone, int64_t now);

enum board_level board_level(const struct board_zone *zone, int64_t now);

// Sums over all zones.
struct board_sums {
	uint32_t zones, primary, secondary;
	uint32_t empty, current, stale, expired;
	uint32_t behind, held, rejected, rolled_back, unsaved, with_error, transferring;
	uint32_t servers_behind; // zones that some other server has not the newest serial of
	uint32_t level[BOARD_LEVELS];
	int64_t records;
};
void board_count(const struct board_list *list, int64_t now, struct board_sums *sums);
