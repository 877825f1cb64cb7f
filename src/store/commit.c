// SPDX-License-Identifier: GPL-3.0-or-later
// One transaction: what it puts into the databases, and the files that come
// and go with it. A file that it replaces is removed after the commit, one
// that it brought is removed where the commit fails.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "store/bytes.h"
#include "store/internal.h"

static int remember(uint64_t **list, size_t *count, size_t *room, uint64_t number)
{
	if (*count == *room) {
		size_t wanted = *room == 0 ? 16 : *room * 2;
		uint64_t *grown = realloc(*list, wanted * sizeof *grown);
		if (grown == NULL)
			return ERR_MEMORY;
		*list = grown;
		*room = wanted;
	}
	(*list)[(*count)++] = number;
	return 0;
}

static void finish(struct commit *commit, const uint64_t *remove, size_t count)
{
	for (size_t i = 0; i < count; i++)
		snapshot_file_remove(commit->store, remove[i]);
	free(commit->replaced);
	free(commit->made);
	commit->replaced = commit->made = NULL;
	commit->replaced_count = commit->replaced_room = 0;
	commit->made_count = commit->made_room = 0;
	commit->txn = NULL;
}

static int mdb_failed(struct commit *commit, int code)
{
	return store_mdb_error(code, "written", commit->why);
}

int commit_begin(struct commit *commit)
{
	commit->why[0] = '\0';
	commit->broken = false;
	int code = mdb_txn_begin(commit->store->env, NULL, 0, &commit->txn);
	if (code != 0)
		commit->txn = NULL;
	return code != 0 ? mdb_failed(commit, code) : 0;
}

// Where the zone's snapshot so far is a file, the file is to go.
static int drop_file(struct commit *commit, MDB_val *key)
{
	struct row_snapshot row;
	uint8_t number[8];
	MDB_val value;
	int code = mdb_get(commit->txn, commit->store->snapshot, key, &value);
	if (code == MDB_NOTFOUND)
		return 0;
	if (code != 0)
		return mdb_failed(commit, code);
	if (row_get_snapshot(value.mv_data, value.mv_size, &row) != 0 || row.kind != ROW_FILE)
		return 0;
	le_put(number, row.number, 8);
	MDB_val file = store_value(number, sizeof number);
	code = mdb_del(commit->txn, commit->store->file, &file, NULL);
	if (code != 0 && code != MDB_NOTFOUND)
		return mdb_failed(commit, code);
	return remember(&commit->replaced, &commit->replaced_count, &commit->replaced_room, row.number);
}

struct memory_sink {
	uint8_t *bytes;
	size_t length;
};

static int sink_to_memory(void *context, const uint8_t *bytes, size_t length)
{
	struct memory_sink *sink = context;
	if (length > SNAPSHOT_INLINE_MAX - sink->length)
		return ERR_SPACE;
	memcpy(sink->bytes + sink->length, bytes, length);
	sink->length += length;
	return 0;
}

// What a zone's snapshot row is to hold.
struct content {
	uint64_t number; // of a file, 0 where it is inline
	uint64_t length;
};

// Makes the content, inline where it fits. The databases are not touched.
static int make_content(struct commit *commit, const struct zone_version *version, struct content *content)
{
	struct memory_sink sink = { commit->inline_row + ROW_SNAPSHOT_HEAD, 0 };
	int error = snapshot_write(version, clock_wall_s(), commit->buffer, sink_to_memory, &sink);
	content->length = sink.length;
	if (error == ERR_SPACE)
		return snapshot_file_write(commit->store, version, commit->buffer, &content->number,
		                           &content->length, commit->why);
	if (error != 0)
		snprintf(commit->why, sizeof commit->why, "the snapshot cannot be made: %s", error_text(error));
	return error;
}

static int put_content(struct commit *commit, MDB_val *key, uint32_t serial, const struct content *content)
{
	uint8_t row[ROW_SNAPSHOT_FILE], name[8];
	MDB_val value;
	int code = 0;
	if (content->number == 0) {
		row_put_snapshot_head(commit->inline_row, ROW_INLINE, serial);
		value = store_value(commit->inline_row, ROW_SNAPSHOT_HEAD + content->length);
	} else {
		le_put(name, content->number, 8);
		MDB_val file = store_value(name, sizeof name);
		value = *key; // the call may change what it is given
		code = mdb_put(commit->txn, commit->store->file, &file, &value, 0);
		value = store_value(row, row_put_snapshot_file(row, serial, content->number, content->length));
	}
	if (code == 0)
		code = mdb_put(commit->txn, commit->store->snapshot, key, &value, 0);
	return code != 0 ? mdb_failed(commit, code) : 0;
}

int commit_version(struct commit *commit, const struct zone_version *version, const uint8_t *state_row,
                   size_t state_length, uint64_t number, uint64_t file_length)
{
	const uint8_t *origin = zone_origin(version);
	MDB_val key = store_value(origin, name_length(origin));
	struct content content = { number, file_length };
	int error = number == 0 ? make_content(commit, version, &content) : 0;
	if (error == 0 && content.number != 0) {
		error = remember(&commit->made, &commit->made_count, &commit->made_room, content.number);
		if (error != 0)
			snapshot_file_remove(commit->store, content.number);
	}
	if (error != 0)
		return error;
	error = drop_file(commit, &key);
	if (error == 0)
		error = put_content(commit, &key, zone_serial(version), &content);
	if (error == 0)
		error = commit_state(commit, origin, state_row, state_length);
	commit->broken |= error != 0;
	return error;
}

int commit_state(struct commit *commit, const uint8_t *origin, const uint8_t *row, size_t length)
{
	MDB_val key = store_value(origin, name_length(origin));
	MDB_val value = store_value(row, length);
	int code = mdb_put(commit->txn, commit->store->state, &key, &value, 0);
	commit->broken |= code != 0;
	return code != 0 ? mdb_failed(commit, code) : 0;
}

int commit_forget(struct commit *commit, const uint8_t *origin)
{
	MDB_val key = store_value(origin, name_length(origin));
	int error = drop_file(commit, &key);
	commit->broken = true; // until all is done
	if (error != 0)
		return error;
	int code = mdb_del(commit->txn, commit->store->snapshot, &key, NULL);
	if (code == 0 || code == MDB_NOTFOUND)
		code = mdb_del(commit->txn, commit->store->state, &key, NULL);
	if (code != 0 && code != MDB_NOTFOUND)
		return mdb_failed(commit, code);
	commit->broken = false;
	return 0;
}

// The clock may have been set back: the latest time only grows.
static int put_latest(struct commit *commit, int64_t latest)
{
	uint8_t row[8];
	MDB_val key = store_value("latest", 6), value = store_value(row, sizeof row);
	le_put(row, (uint64_t)latest, 8);
	int code = mdb_put(commit->txn, commit->store->meta, &key, &value, 0);
	return code != 0 ? mdb_failed(commit, code) : 0;
}

int commit_end(struct commit *commit)
{
	int64_t latest = clock_wall_s();
	if (latest < atomic_load(&commit->store->latest_time))
		latest = atomic_load(&commit->store->latest_time);
	int error = put_latest(commit, latest);
	if (error != 0) {
		commit_abort(commit);
		return error;
	}
	int code = mdb_txn_commit(commit->txn);
	if (code != 0) {
		finish(commit, commit->made, commit->made_count);
		return mdb_failed(commit, code);
	}
	atomic_store(&commit->store->latest_time, latest);
	finish(commit, commit->replaced, commit->replaced_count);
	return 0;
}

void commit_abort(struct commit *commit)
{
	mdb_txn_abort(commit->txn);
	finish(commit, commit->made, commit->made_count);
}
