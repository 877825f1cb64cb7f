// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/log.h"
#include "store/internal.h"
#include "store/writer.h"

static int make_directory(const char *path, char why[static 256])
{
	struct stat st;
	if (mkdir(path, 0700) == 0)
		return 0;
	if (errno == EEXIST && stat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			return 0;
		errno = ENOTDIR;
	}
	snprintf(why, 256, "the state directory %.160s cannot be made: %s", path, strerror(errno));
	return ERR_IO;
}

static int open_parts(struct store *store, char why[static 256])
{
	int error = make_directory(store->directory, why);
	if (error != 0)
		return error;
	store->lock = store_lock(store->directory, why);
	if (store->lock < 0)
		return store->lock;
	error = make_directory(store->snapshots, why);
	if (error == 0)
		error = store_open_environment(store, why);
	if (error == 0)
		error = snapshot_file_tidy(store, why);
	return error;
}

static void close_parts(struct store *store)
{
	if (store->env != NULL)
		mdb_env_close(store->env);
	if (store->lock >= 0)
		store_unlock(store->lock);
	free(store->snapshots);
	free(store->directory);
	free(store);
}

int store_open(const char *directory, struct store **out, char why[static 256])
{
	struct store *store = calloc(1, sizeof *store);
	why[0] = '\0';
	if (store == NULL) {
		snprintf(why, 256, "out of memory");
		return ERR_MEMORY;
	}
	store->lock = -1;
	store->directory = strdup(directory);
	if (store->directory == NULL || asprintf(&store->snapshots, "%s/snapshots", directory) < 0) {
		snprintf(why, 256, "out of memory");
		store->snapshots = NULL;
		close_parts(store);
		return ERR_MEMORY;
	}
	int error = open_parts(store, why);
	if (error != 0) {
		close_parts(store);
		return error;
	}
	*out = store;
	return 0;
}

int store_start(struct store *store)
{
	if (store->writer != NULL)
		return ERR_STATE;
	store_drop_pages();
	return writer_start(store, &store->writer);
}

void store_close(struct store *store)
{
	if (store == NULL)
		return;
	if (store->writer != NULL)
		writer_stop(store->writer);
	close_parts(store);
}

int store_each(struct store *store, store_visit *visit, void *context)
{
	char why[256], name[NAME_MAX_TEXT];
	struct store_state state;
	MDB_txn *txn;
	MDB_cursor *cursor;
	MDB_val key, value;
	int result = 0;

	int code = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn);
	if (code != 0)
		return store_mdb_error(code, "read", why);
	code = mdb_cursor_open(txn, store->state, &cursor);
	if (code != 0) {
		mdb_txn_abort(txn);
		return store_mdb_error(code, "read", why);
	}
	while (result == 0 && (code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
		if (name_check(key.mv_data, key.mv_size) != (int)key.mv_size)
			continue;
		int error = row_get_state(value.mv_data, value.mv_size, &state);
		if (error != 0)
			log_line(LEVEL_WARNING, name_to_text(key.mv_data, name),
			         "its stored state is left out: %s", error_text(error));
		else
			result = visit(context, key.mv_data, &state);
	}
	mdb_cursor_close(cursor);
	mdb_txn_abort(txn);
	if (result == 0 && code != 0 && code != MDB_NOTFOUND)
		return store_mdb_error(code, "read", why);
	return result;
}

// Reads a zone's row of a database within a transaction of its own.
static int begin_read(struct store *store, MDB_dbi database, const uint8_t *origin, MDB_txn **txn, MDB_val *value,
                      char why[static 256])
{
	uint8_t lower[NAME_MAX_WIRE];
	name_lower(lower, origin);
	MDB_val key = store_value(lower, name_length(lower));
	int code = mdb_txn_begin(store->env, NULL, MDB_RDONLY, txn);
	if (code != 0)
		return store_mdb_error(code, "read", why);
	code = mdb_get(*txn, database, &key, value);
	if (code != 0) {
		mdb_txn_abort(*txn);
		return store_mdb_error(code, "read", why);
	}
	return 0;
}

int store_get_state(struct store *store, const uint8_t *origin, struct store_state *state)
{
	char why[256];
	MDB_txn *txn;
	MDB_val value;
	int error = begin_read(store, store->state, origin, &txn, &value, why);
	if (error != 0)
		return error;
	error = row_get_state(value.mv_data, value.mv_size, state);
	mdb_txn_abort(txn);
	return error;
}

int store_load(struct store *store, const uint8_t *origin, struct zone_line *line,
               const struct zone_version **version, char why[static 256])
{
	struct row_snapshot row;
	uint8_t lower[NAME_MAX_WIRE];
	MDB_txn *txn;
	MDB_val value;
	why[0] = '\0';
	name_lower(lower, origin);
	int error = begin_read(store, store->snapshot, lower, &txn, &value, why);
	if (error != 0)
		return error;
	error = row_get_snapshot(value.mv_data, value.mv_size, &row);
	if (error != 0) {
		snprintf(why, 256, "the row of its snapshot is damaged, or of a later release");
	} else if (row.kind == ROW_INLINE) {
		struct snapshot_source source = { row.content, row.content_length, NULL };
		error = snapshot_read(&source, lower, line, version, why);
	}
	mdb_txn_abort(txn);
	if (error == 0 && row.kind == ROW_FILE)
		error = snapshot_file_read(store, row.number, row.file_length, lower, line, version, why);
	return error;
}

int64_t store_latest_time(const struct store *store)
{
	return atomic_load(&store->latest_time);
}
