// SPDX-License-Identifier: GPL-3.0-or-later
// The row that holds a zone's snapshot, or names the file that does.
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

int commit_replaces(struct commit *commit, uint64_t number)
{
	return remember(&commit->replaced, &commit->replaced_count, &commit->replaced_room, number);
}

int commit_made(struct commit *commit, uint64_t number)
{
	int error = remember(&commit->made, &commit->made_count, &commit->made_room, number);
	if (error != 0)
		snapshot_file_remove(commit->store, number);
	return error;
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
		return commit_mdb_failed(commit, code);
	if (row_get_snapshot(value.mv_data, value.mv_size, &row) != 0 || row.kind != ROW_FILE)
		return 0;
	le_put(number, row.number, 8);
	MDB_val file = store_value(number, sizeof number);
	code = mdb_del(commit->txn, commit->store->file, &file, NULL);
	if (code != 0 && code != MDB_NOTFOUND)
		return commit_mdb_failed(commit, code);
	return commit_replaces(commit, row.number);
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

int content_make_inline(struct commit *commit, const struct zone_version *version, struct content *content)
{
	struct memory_sink sink = { commit->inline_row + ROW_SNAPSHOT_HEAD, 0 };
	int error = snapshot_write(version, clock_wall_s(), commit->buffer, sink_to_memory, &sink);
	*content = (struct content){ 0, sink.length };
	if (error != 0 && error != ERR_SPACE)
		snprintf(commit->why, sizeof commit->why, "the snapshot cannot be made: %s", error_text(error));
	return error;
}

int content_make(struct commit *commit, const struct zone_version *version, struct content *content)
{
	int error = content_make_inline(commit, version, content);
	if (error == ERR_SPACE)
		error = snapshot_file_write(commit->store, version, commit->buffer, &content->number,
		                            &content->length, commit->why);
	return error;
}

static int put_row(struct commit *commit, MDB_val *key, uint32_t serial, const struct content *content)
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
	return code != 0 ? commit_mdb_failed(commit, code) : 0;
}

int content_put(struct commit *commit, const uint8_t *origin, uint32_t serial, const struct content *content)
{
	MDB_val key = store_value(origin, name_length(origin));
	int error = drop_file(commit, &key);
	return error != 0 ? error : put_row(commit, &key, serial, content);
}

int content_drop(struct commit *commit, const uint8_t *origin)
{
	MDB_val key = store_value(origin, name_length(origin));
	int error = drop_file(commit, &key);
	if (error != 0)
		return error;
	int code = mdb_del(commit->txn, commit->store->snapshot, &key, NULL);
	return code != 0 && code != MDB_NOTFOUND ? commit_mdb_failed(commit, code) : 0;
}
