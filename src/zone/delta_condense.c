// SPDX-License-Identifier: GPL-3.0-or-later
#include "zone/delta_condense.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "dns/types.h"
#include "dns/wire.h"

// A change with its turn: how often a record came and went is told by the first
// and the last time.
struct turn {
	struct delta_change change;
	size_t at;
};

static int compare_numbers(size_t a, size_t b)
{
	return (a > b) - (a < b);
}

// The SOA first, everything else by type, a signature behind what it covers.
static unsigned rank(const struct delta_record *record)
{
	if (record->type == TYPE_SOA)
		return 0;
	if (record->type != TYPE_RRSIG || record->rdata_length < 2)
		return 2u * record->type;
	unsigned covered = wire_get16(record->rdata);
	return covered == TYPE_SOA ? 1 : 2 * covered + 1;
}

static int compare_set(const struct delta_record *a, const struct delta_record *b)
{
	int order = name_compare(a->owner, b->owner);
	return order != 0 ? order : compare_numbers(rank(a), rank(b));
}

static int compare_content(const struct delta_record *a, const struct delta_record *b)
{
	size_t least = a->rdata_length < b->rdata_length ? a->rdata_length : b->rdata_length;
	int order = memcmp(a->rdata, b->rdata, least);
	if (order == 0)
		order = compare_numbers(a->rdata_length, b->rdata_length);
	return order != 0 ? order : compare_numbers(a->ttl, b->ttl);
}

static int compare_record(const struct delta_record *a, const struct delta_record *b)
{
	int order = compare_set(a, b);
	return order != 0 ? order : compare_content(a, b);
}

static int by_record(const void *left, const void *right)
{
	const struct turn *a = left, *b = right;
	int order = compare_record(&a->change.record, &b->change.record);
	return order != 0 ? order : compare_numbers(a->at, b->at);
}

static int by_place(const void *left, const void *right)
{
	const struct delta_change *a = left, *b = right;
	int order = compare_set(&a->record, &b->record);
	if (order == 0)
		order = (int)a->is_added - (int)b->is_added;
	return order != 0 ? order : compare_content(&a->record, &b->record);
}

static int count_records(struct delta *const *delta, size_t count, size_t max_records, size_t *records)
{
	*records = 0;
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && delta_from(delta[i]) != delta_to(delta[i - 1]))
			return ERR_STATE;
		*records += delta_removed(delta[i]) + delta_added(delta[i]) + 2;
		if (max_records != 0 && *records > max_records)
			return ERR_LIMIT;
	}
	return 0;
}

static size_t gather(struct delta *const *delta, size_t count, struct turn *turn, size_t room)
{
	size_t filled = 0;
	for (size_t i = 0; i < count; i++) {
		struct delta_cursor cursor;
		enum delta_phase phase;
		struct delta_record record;
		delta_cursor_start(&cursor, delta[i]);
		while (filled < room && delta_cursor_next(&cursor, &phase, &record)) {
			bool is_added = phase == DELTA_NEW_SOA || phase == DELTA_ADDED;
			turn[filled] = (struct turn){ { record, is_added }, filled };
			filled++;
		}
	}
	return filled;
}

// Of the turns of one record: where the first and the last are of one way, that
// is what became of it in all; else it is as it was.
static size_t net(const struct turn *turn, size_t turns, bool is_backward, struct delta_change *change)
{
	size_t filled = 0;
	for (size_t first = 0, end; first < turns; first = end) {
		for (end = first + 1; end < turns &&
		     compare_record(&turn[first].change.record, &turn[end].change.record) == 0; end++)
			;
		if (turn[first].change.is_added != turn[end - 1].change.is_added)
			continue;
		change[filled] = turn[first].change;
		change[filled++].is_added = turn[first].change.is_added != is_backward;
	}
	return filled;
}

int delta_condense(struct delta *const *delta, size_t count, bool is_backward, size_t max_records,
                   struct delta_changes *changes)
{
	size_t records;
	*changes = (struct delta_changes){ 0 };
	int error = count_records(delta, count, max_records, &records);
	if (error != 0 || records == 0)
		return error;
	struct turn *turn = malloc(records * sizeof *turn);
	struct delta_change *change = malloc(records * sizeof *change);
	if (turn == NULL || change == NULL) {
		free(turn);
		free(change);
		return ERR_MEMORY;
	}
	size_t turns = gather(delta, count, turn, records);
	qsort(turn, turns, sizeof *turn, by_record);
	changes->change = change;
	changes->count = net(turn, turns, is_backward, change);
	qsort(change, changes->count, sizeof *change, by_place);
	free(turn);
	return 0;
}

void delta_changes_free(struct delta_changes *changes)
{
	free(changes->change);
	*changes = (struct delta_changes){ 0 };
}
