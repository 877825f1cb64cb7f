// SPDX-License-Identifier: GPL-3.0-or-later
#include "observe/page_board.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "replicate/watch.h"

// Changes are taken in no sooner than this, however often somebody asks.
#define REFRESH_MS 100
// A list made anew of very many zones takes part of a second: no sooner than
// so many times what it took.
#define REMAKE_PATIENCE 20u

// Beyond these the operator is to look.
#define WAY_TROUBLED 500  // half the way to expiry …
#define WAY_CRITICAL 900  // … nine tenths of it
#define BEHIND_S 60       // a newer serial has been known for longer than a transfer takes
#define SIGNATURE_S (2 * 86400)

struct board {
	struct replicate *replicate;
	struct board_list *list;
	uint64_t since, removed; // as replicate/watch.h counts
	uint64_t edition;
	uint64_t refreshed_ms, remade_ms, remake_cost_ms;
	uint32_t changed_from, changed_to; // those that changed lie between
	bool wants_remake;       // a zone is not on it
};

// --- lists

struct board_list *board_list_hold(struct board_list *list)
{
	list->holds++;
	return list;
}

void board_list_release(struct board_list *list)
{
	if (list == NULL || --list->holds > 0)
		return;
	free(list->zone);
	free(list->wire);
	free(list->text);
	free(list);
}

struct board_zone *board_list_find(const struct board_list *list, const uint8_t *origin)
{
	uint32_t low = 0, high = list->count;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		int order = name_compare(board_wire(list, &list->zone[middle]), origin);
		if (order == 0)
			return &list->zone[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static uint32_t cut32(size_t number)
{
	return number > UINT32_MAX ? UINT32_MAX : (uint32_t)number;
}

static void fill(struct board_zone *zone, const struct replica_status *status)
{
	zone->serial = status->serial;
	zone->primary_serial = status->primary_serial;
	zone->records = cut32(status->records);
	zone->confirmed = status->confirmed;
	zone->transferred = status->transferred;
	zone->refresh_at = status->refresh_at;
	zone->expires_at = status->expires_at;
	zone->life_since = status->life_since;
	zone->behind_since = status->behind_since;
	zone->phase = (uint8_t)status->phase;
	zone->is_primary = status->role == CONFIG_PRIMARY;
	zone->has_version = status->has_version;
	zone->has_primary_serial = status->has_primary_serial;
	zone->is_held = status->held;
	zone->is_rejected = status->rejected;
	zone->is_rolled_back = status->rolled_back;
	zone->is_unsaved = status->unsaved;
	zone->has_file_failed = status->file_failed;
	zone->is_transferring = status->transferring;
	zone->is_polling = status->polling;
	zone->has_error = status->last_error[0] != '\0';
	if (!zone->has_version) {
		zone->rrsig_known = false;
		zone->rrsig_expires = 0;
	}
}

static int count_server(void *context, const uint8_t *origin, const struct zone_server *server)
{
	struct board_zone *zone = context;
	(void)origin;
	if (zone->servers == UINT8_MAX)
		return 0;
	zone->servers++;
	if (server->behind_since != 0)
		zone->servers_behind++;
	// That an address is not known says nothing of the server.
	if (server->error[0] != '\0' && server->address.ss_family != AF_UNSPEC)
		zone->servers_silent++;
	return 0;
}

static void clear_servers(struct board_zone *zone)
{
	zone->servers = zone->servers_behind = zone->servers_silent = 0;
}

// --- making a list

struct making {
	struct board_list *list;
	uint32_t zone_room;
	size_t wire_room, text_room;
};

static int grow(void **array, size_t *room, size_t need, size_t each)
{
	size_t wider = *room == 0 ? 64 : *room;
	if (need <= *room)
		return 0;
	while (wider < need)
		wider *= 2;
	void *longer = realloc(*array, wider * each);
	if (longer == NULL)
		return ERR_MEMORY;
	*array = longer;
	*room = wider;
	return 0;
}

static int add_zone(void *context, const struct replica_status *status)
{
	struct making *m = context;
	struct board_list *list = m->list;
	char text[NAME_MAX_TEXT];
	size_t wire_length = name_length(status->origin);
	size_t text_length = strlen(name_to_text(status->origin, text)) + 1;
	size_t zone_room = m->zone_room;
	void *zones = list->zone, *wire = list->wire, *texts = list->text;
	int error = grow(&zones, &zone_room, list->count + 1u, sizeof(*list->zone));
	list->zone = zones;
	m->zone_room = (uint32_t)zone_room;
	if (error == 0)
		error = grow(&wire, &m->wire_room, list->wire_length + wire_length, 1);
	list->wire = wire;
	if (error == 0)
		error = grow(&texts, &m->text_room, list->text_length + text_length, 1);
	list->text = texts;
	if (error != 0)
		return error;
	struct board_zone *zone = &list->zone[list->count++];
	*zone = (struct board_zone){ .wire_at = (uint32_t)list->wire_length, .text_at = (uint32_t)list->text_length };
	memcpy(list->wire + list->wire_length, status->origin, wire_length);
	memcpy(list->text + list->text_length, text, text_length);
	list->wire_length += wire_length;
	list->text_length += text_length;
	fill(zone, status);
	return 0;
}

static int place_server(void *context, const uint8_t *origin, const struct zone_server *server)
{
	struct board_list *list = context;
	struct board_zone *zone = board_list_find(list, origin);
	return zone == NULL ? 0 : count_server(zone, origin, server);
}

// What the old list had found out by itself.
static void keep_signatures(const struct board_list *old, struct board_list *list)
{
	for (uint32_t i = 0; old != NULL && i < list->count; i++) {
		struct board_zone *zone = &list->zone[i];
		const struct board_zone *before = board_list_find(old, board_wire(list, zone));
		if (before == NULL || !before->rrsig_known || !zone->has_version)
			continue;
		zone->rrsig_known = true;
		zone->rrsig_serial = before->rrsig_serial;
		zone->rrsig_expires = before->rrsig_expires;
	}
}

static int remake(struct board *b)
{
	uint64_t began = clock_boot_ms();
	struct making m = { .list = calloc(1, sizeof(*m.list)) };
	if (m.list == NULL)
		return ERR_MEMORY;
	m.list->holds = 1;
	// Read first: what changes while the list is made is taken in the next time.
	uint64_t since = replicate_changes(b->replicate), removed = replicate_removed(b->replicate);
	int error = replicate_status_each(b->replicate, add_zone, &m);
	if (error == 0)
		error = replicate_servers_each(b->replicate, NULL, place_server, m.list);
	if (error != 0) {
		board_list_release(m.list);
		return error;
	}
	keep_signatures(b->list, m.list);
	board_list_release(b->list);
	b->list = m.list;
	b->since = since;
	b->removed = removed;
	b->edition++;
	b->changed_from = b->changed_to = 0;
	b->wants_remake = false;
	b->remade_ms = clock_boot_ms();
	b->remake_cost_ms = b->remade_ms - began;
	return 0;
}

// --- keeping it up to date

int board_new(struct replicate *replicate, struct board **board)
{
	*board = calloc(1, sizeof(**board));
	if (*board == NULL)
		return ERR_MEMORY;
	(*board)->replicate = replicate;
	return 0;
}

void board_free(struct board *b)
{
	if (b == NULL)
		return;
	board_list_release(b->list);
	free(b);
}

static void mark(struct board *b, uint32_t index)
{
	b->list->zone[index].is_changed = true;
	if (b->changed_from == b->changed_to) {
		b->changed_from = index;
		b->changed_to = index + 1;
	} else if (index < b->changed_from) {
		b->changed_from = index;
	} else if (index >= b->changed_to) {
		b->changed_to = index + 1;
	}
}

static int take_in(void *context, const struct replica_status *status)
{
	struct board *b = context;
	struct board_zone *zone = board_list_find(b->list, status->origin);
	if (zone == NULL) {
		b->wants_remake = true;
		return 0;
	}
	fill(zone, status);
	clear_servers(zone);
	// A zone that has none is not found: nobody was asked about it yet.
	(void)replicate_servers_each(b->replicate, status->origin, count_server, zone);
	mark(b, (uint32_t)(zone - b->list->zone));
	return 0;
}

static bool may_remake(const struct board *b, uint64_t now)
{
	return b->list == NULL || now - b->remade_ms >= b->remake_cost_ms * REMAKE_PATIENCE;
}

int board_refresh(struct board *b, bool at_once)
{
	uint64_t now = clock_boot_ms();
	int error = 0;
	if (b->list != NULL && !at_once && now - b->refreshed_ms < REFRESH_MS)
		return 0;
	b->refreshed_ms = now;
	if (b->list != NULL && replicate_removed(b->replicate) != b->removed)
		b->wants_remake = true;
	if (b->list != NULL && replicate_changes(b->replicate) != b->since)
		error = replicate_status_changed(b->replicate, b->since, &b->since, take_in, b);
	if (error == 0 && (b->list == NULL || b->wants_remake) && may_remake(b, now))
		error = remake(b);
	return error;
}

struct board_list *board_list(const struct board *b)
{
	return b->list;
}

uint64_t board_edition(const struct board *b)
{
	return b->edition;
}

uint32_t board_take_changed(struct board *b, uint32_t *index, uint32_t room, bool *is_more)
{
	uint32_t count = 0;
	*is_more = false;
	if (b->list == NULL)
		return 0;
	for (uint32_t i = b->changed_from; i < b->changed_to; i++) {
		if (!b->list->zone[i].is_changed)
			continue;
		b->list->zone[i].is_changed = false;
		if (count < room)
			index[count++] = i;
		else
			*is_more = true;
	}
	b->changed_from = b->changed_to = 0;
	return count;
}

// --- what to make of a zone

unsigned board_way(const struct board_zone *zone, int64_t now)
{
	if (zone->is_primary || zone->life_since == 0 || zone->expires_at <= zone->life_since)
		return 0;
	if (now <= zone->life_since)
		return 0;
	if (now >= zone->expires_at)
		return 1000;
	return (unsigned)((now - zone->life_since) * 1000 / (zone->expires_at - zone->life_since));
}

// A signature that runs out within two days, or before the copy would expire:
// then resolvers stop believing the zone before this server stops serving it.
static bool has_old_signature(const struct board_zone *zone, int64_t now)
{
	return zone->rrsig_expires != 0 &&
	       (zone->rrsig_expires < now + SIGNATURE_S || (!zone->is_primary && zone->rrsig_expires < zone->expires_at));
}

enum board_level board_level(const struct board_zone *zone, int64_t now)
{
	unsigned way = board_way(zone, now);
	if (zone->phase == REPLICA_EXPIRED || zone->phase == REPLICA_EMPTY || way >= WAY_CRITICAL ||
	    (zone->rrsig_expires != 0 && zone->rrsig_expires <= now))
		return BOARD_CRITICAL;
	if (zone->phase == REPLICA_STALE || way >= WAY_TROUBLED || zone->is_held || zone->is_rolled_back ||
	    zone->is_unsaved || zone->has_file_failed || zone->has_error ||
	    (zone->behind_since != 0 && now - zone->behind_since >= BEHIND_S) || has_old_signature(zone, now))
		return BOARD_TROUBLED;
	if (zone->behind_since != 0 || zone->is_rejected || zone->servers_behind != 0 || zone->servers_silent != 0)
		return BOARD_NOTE;
	return BOARD_FINE;
}

static void count_zone(const struct board_zone *zone, int64_t now, struct board_sums *sums)
{
	sums->primary += zone->is_primary;
	sums->secondary += !zone->is_primary;
	sums->empty += zone->phase == REPLICA_EMPTY;
	sums->current += zone->phase == REPLICA_CURRENT;
	sums->stale += zone->phase == REPLICA_STALE;
	sums->expired += zone->phase == REPLICA_EXPIRED;
	sums->behind += zone->behind_since != 0;
	sums->held += zone->is_held;
	sums->rejected += zone->is_rejected;
	sums->rolled_back += zone->is_rolled_back;
	sums->unsaved += zone->is_unsaved;
	sums->with_error += zone->has_error;
	sums->transferring += zone->is_transferring;
	sums->servers_behind += zone->servers_behind != 0;
	sums->level[board_level(zone, now)]++;
	sums->records += zone->records;
}

void board_count(const struct board_list *list, int64_t now, struct board_sums *sums)
{
	*sums = (struct board_sums){ .zones = list->count };
	for (uint32_t i = 0; i < list->count; i++)
		count_zone(&list->zone[i], now, sums);
}
