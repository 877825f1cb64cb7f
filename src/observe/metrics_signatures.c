// SPDX-License-Identifier: GPL-3.0-or-later
#include "observe/metrics_signatures.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "dns/types.h"
#include "zone/zone.h"

#define STEP_SETS 512u // some 100 µs …
#define STEP_MS 10u    // … of these
#define ZONE_COST 8u   // to look whether a zone is signed, in sets
#define IDLE_MS 1000u
// What the version being looked through may keep from being freed.
#define PINNED_MOST ((size_t)32 << 20)
#define RRSIG_EXPIRATION 8 // where it stands in the rdata (RFC 4034, 3.1)

struct signatures {
	const struct zone_table *table;
	struct board *board;
	struct board_list *list;  // held while a zone of it is looked through
	uint32_t at;              // … the zone
	struct zone_cursor cursor; // .version NULL: between zones
	int64_t earliest;
	uint64_t due_ms;
};

int signatures_new(const struct zone_table *table, struct board *board, struct signatures **signatures)
{
	*signatures = calloc(1, sizeof(**signatures));
	if (*signatures == NULL)
		return ERR_MEMORY;
	(*signatures)->table = table;
	(*signatures)->board = board;
	return 0;
}

static void let_go(struct signatures *s)
{
	if (s->cursor.version != NULL)
		zone_release(s->cursor.version);
	s->cursor.version = NULL;
}

void signatures_free(struct signatures *s)
{
	if (s == NULL)
		return;
	let_go(s);
	board_list_release(s->list);
	free(s);
}

uint64_t signatures_due(const struct signatures *s)
{
	return s->due_ms;
}

static void note(struct board_zone *zone, uint32_t serial, int64_t expires)
{
	zone->rrsig_known = true;
	zone->rrsig_serial = serial;
	zone->rrsig_expires = expires;
}

// Begins with a zone; false where it is unsigned, or gone.
static bool begin(struct signatures *s, struct board_zone *zone)
{
	struct rrset set;
	struct zone_slot *slot = zone_table_get(s->table, board_wire(s->list, zone));
	const struct zone_version *version = slot == NULL ? NULL : atomic_load_explicit(&slot->version, memory_order_acquire);
	if (version == NULL)
		return false;
	if (!zone_node_rrsig(zone_apex(version), TYPE_SOA, &set)) {
		note(zone, zone_serial(version), 0);
		return false;
	}
	zone_cursor_start(&s->cursor, zone_hold(version));
	s->earliest = 0;
	return true;
}

// Times of signatures are serial numbers of 32 bits (RFC 4034, 3.1.5).
static void look_at(struct signatures *s, const struct rrset *set, int64_t now)
{
	const uint8_t *record = set->wire;
	for (uint16_t i = 0; i < set->count; i++, record = record_next(record)) {
		const uint8_t *at = record + RECORD_RDATA + RRSIG_EXPIRATION;
		uint32_t wire = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
		int64_t expires = now + (int32_t)(wire - (uint32_t)now);
		if (s->earliest == 0 || expires < s->earliest)
			s->earliest = expires;
	}
}

// Goes on with the zone under way. Returns what is left of the budget.
static unsigned go_on(struct signatures *s, unsigned budget)
{
	struct rrset set;
	int64_t now = clock_wall_s();
	for (; budget > 0; budget--) {
		if (!zone_cursor_next(&s->cursor, &set)) {
			note(&s->list->zone[s->at++], zone_serial(s->cursor.version), s->earliest);
			let_go(s);
			return budget;
		}
		if (set.type == TYPE_RRSIG)
			look_at(s, &set, now);
	}
	if (zone_pinned(s->cursor.version) > PINNED_MOST) {
		let_go(s); // begun anew when its turn comes again
		s->at++;
	}
	return 0;
}

static bool is_wanted(const struct board_zone *zone)
{
	return zone->has_version && (!zone->rrsig_known || zone->rrsig_serial != zone->serial);
}

void signatures_step(struct signatures *s, uint64_t now_ms)
{
	unsigned budget = STEP_SETS;
	if (now_ms < s->due_ms)
		return;
	s->due_ms = now_ms + STEP_MS;
	if (s->cursor.version == NULL && s->list != board_list(s->board)) {
		board_list_release(s->list);
		s->list = board_list(s->board) == NULL ? NULL : board_list_hold(board_list(s->board));
		s->at = 0;
	}
	while (budget > 0 && s->list != NULL) {
		if (s->cursor.version != NULL) {
			budget = go_on(s, budget);
			continue;
		}
		while (s->at < s->list->count && !is_wanted(&s->list->zone[s->at]))
			s->at++;
		if (s->at == s->list->count) {
			s->at = 0;
			s->due_ms = now_ms + IDLE_MS;
			return;
		}
		if (!begin(s, &s->list->zone[s->at])) {
			s->at++;
			budget = budget > ZONE_COST ? budget - ZONE_COST : 0;
		}
	}
	if (s->list == NULL)
		s->due_ms = now_ms + IDLE_MS;
}
