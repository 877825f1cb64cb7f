// SPDX-License-Identifier: GPL-3.0-or-later
// The journal within a transaction. A zone's steps are numbered; a row for the
// zone, its chain, tells which are there and which the snapshot holds already.
// Zones that never had a step have no chain.
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "store/bytes.h"
#include "store/internal.h"

// Steps dropped by one commit: more than come with it, so that a long journal
// shrinks, but few, so that no commit waits long for that.
#define TRIM_MOST 16
#define BREAK_TRIM_MOST 256

static MDB_val zone_key(const uint8_t *origin)
{
	return store_value(origin, name_length(origin));
}

int journal_chain(struct commit *commit, const uint8_t *origin, struct row_chain *chain)
{
	struct row_snapshot row;
	MDB_val key = zone_key(origin), value;
	int code = mdb_get(commit->txn, commit->store->chain, &key, &value);
	if (code == 0)
		return row_get_chain(value.mv_data, value.mv_size, chain);
	if (code != MDB_NOTFOUND)
		return commit_mdb_failed(commit, code);
	code = mdb_get(commit->txn, commit->store->snapshot, &key, &value);
	if (code != 0)
		return commit_mdb_failed(commit, code);
	int error = row_get_snapshot(value.mv_data, value.mv_size, &row);
	if (error != 0)
		return error;
	*chain = (struct row_chain){
		.serial = row.serial,
		.epoch = commit->store->next_epoch++,
		.snapshot_length = row.kind == ROW_FILE ? row.file_length : row.content_length,
	};
	return 0;
}

int journal_put_chain(struct commit *commit, const uint8_t *origin, const struct row_chain *chain)
{
	uint8_t row[ROW_CHAIN];
	MDB_val key = zone_key(origin), value = store_value(row, sizeof row);
	row_put_chain(chain, row);
	int code = mdb_put(commit->txn, commit->store->chain, &key, &value, 0);
	return code != 0 ? commit_mdb_failed(commit, code) : 0;
}

static int put_row(struct commit *commit, const uint8_t *origin, uint64_t number, const struct row_step *step)
{
	uint8_t name[ROW_STEP_KEY];
	MDB_val key = store_value(name, row_step_key(origin, number, name));
	MDB_val value = { ROW_STEP_HEAD + step->delta_length, NULL };
	int code = mdb_put(commit->txn, commit->store->journal, &key, &value, MDB_RESERVE);
	if (code != 0)
		return commit_mdb_failed(commit, code);
	row_put_step_head(step, value.mv_data);
	memcpy((uint8_t *)value.mv_data + ROW_STEP_HEAD, step->delta, step->delta_length);
	return 0;
}

int journal_append(struct commit *commit, const uint8_t *origin, const struct delta *delta, struct row_chain *chain)
{
	uint8_t name[ROW_FROM_KEY], number[8];
	struct row_step step = {
		.from = delta_from(delta), .to = delta_to(delta), .stored = clock_wall_s(),
		.removed = delta_removed(delta), .added = delta_added(delta),
	};
	step.delta = delta_bytes(delta, &step.delta_length);
	int error = put_row(commit, origin, chain->next, &step);
	if (error != 0)
		return error;
	le_put(number, chain->next, 8);
	MDB_val key = store_value(name, row_from_key(origin, step.from, name));
	MDB_val value = store_value(number, sizeof number);
	int code = mdb_put(commit->txn, commit->store->step, &key, &value, 0);
	if (code != 0)
		return commit_mdb_failed(commit, code);
	chain->next++;
	chain->serial = step.to;
	chain->bytes += ROW_STEP_HEAD + step.delta_length;
	chain->since += ROW_STEP_HEAD + step.delta_length;
	return 0;
}

// --- dropping

// Takes the step out of the index, unless a newer one began at the same serial.
static int drop_index(struct commit *commit, const uint8_t *origin, uint32_t serial, uint64_t number)
{
	uint8_t name[ROW_FROM_KEY];
	MDB_val key = store_value(name, row_from_key(origin, serial, name)), value;
	int code = mdb_get(commit->txn, commit->store->step, &key, &value);
	if (code == 0 && value.mv_size == 8 && le_get(value.mv_data, 8) == number)
		code = mdb_del(commit->txn, commit->store->step, &key, NULL);
	return code == MDB_NOTFOUND ? 0 : code;
}

static int drop_step(struct commit *commit, const uint8_t *origin, struct row_chain *chain)
{
	uint8_t name[ROW_STEP_KEY];
	struct row_step step;
	uint64_t number = chain->first++;
	MDB_val key = store_value(name, row_step_key(origin, number, name)), value;
	int code = mdb_get(commit->txn, commit->store->journal, &key, &value);
	if (code == 0) {
		chain->bytes -= value.mv_size < chain->bytes ? value.mv_size : chain->bytes;
		if (row_get_step(value.mv_data, value.mv_size, &step) == 0)
			code = drop_index(commit, origin, step.from, number);
	}
	if (code == 0)
		code = mdb_del(commit->txn, commit->store->journal, &key, NULL);
	return code != 0 && code != MDB_NOTFOUND ? commit_mdb_failed(commit, code) : 0;
}

int journal_trim(struct commit *commit, const uint8_t *origin, uint64_t bytes, uint32_t history,
                 struct row_chain *chain)
{
	int error = 0;
	for (unsigned n = 0; error == 0 && n < TRIM_MOST && chain->first < chain->snapshot; n++) {
		bool needed = chain->first >= chain->start && chain->next - chain->first <= history && chain->bytes <= bytes;
		if (needed)
			break;
		error = drop_step(commit, origin, chain);
	}
	if (chain->start < chain->first)
		chain->start = chain->first;
	return error;
}

int journal_break(struct commit *commit, const uint8_t *origin, uint32_t serial, uint64_t snapshot_length)
{
	struct row_chain chain;
	MDB_val key = zone_key(origin), value;
	int code = mdb_get(commit->txn, commit->store->chain, &key, &value);
	if (code == MDB_NOTFOUND)
		return 0;
	if (code != 0)
		return commit_mdb_failed(commit, code);
	if (row_get_chain(value.mv_data, value.mv_size, &chain) != 0)
		return journal_forget(commit, origin);
	chain.serial = serial;
	chain.start = chain.snapshot = chain.next;
	chain.since = 0;
	chain.snapshot_length = snapshot_length;
	int error = 0;
	for (unsigned n = 0; error == 0 && n < BREAK_TRIM_MOST && chain.first < chain.start; n++)
		error = drop_step(commit, origin, &chain);
	return error != 0 ? error : journal_put_chain(commit, origin, &chain);
}

// Deletes all rows whose keys begin with the zone's name: no name is the
// beginning of another.
static int drop_all(struct commit *commit, MDB_dbi database, const uint8_t *origin)
{
	MDB_cursor *cursor;
	MDB_val key = zone_key(origin), value;
	size_t length = key.mv_size;
	int code = mdb_cursor_open(commit->txn, database, &cursor);
	if (code != 0)
		return code;
	code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
	while (code == 0 && key.mv_size > length && memcmp(key.mv_data, origin, length) == 0) {
		code = mdb_cursor_del(cursor, 0);
		if (code == 0)
			code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	return code == MDB_NOTFOUND ? 0 : code;
}

int journal_forget(struct commit *commit, const uint8_t *origin)
{
	MDB_val key = zone_key(origin);
	int code = mdb_del(commit->txn, commit->store->chain, &key, NULL);
	if (code == MDB_NOTFOUND)
		return 0; // no chain, no steps
	if (code == 0)
		code = drop_all(commit, commit->store->journal, origin);
	if (code == 0)
		code = drop_all(commit, commit->store->step, origin);
	return code != 0 ? commit_mdb_failed(commit, code) : 0;
}
