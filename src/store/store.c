// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
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
	snprintf(why, 256, "the state directory %.120s cannot be made: %s%s", path, strerror(errno), STORE_ADVICE);
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
	pending_clear(&store->damaged);
	pthread_mutex_destroy(&store->damaged_mutex);
	pthread_rwlock_destroy(&store->env_lock);
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
	store->next_epoch = (uint64_t)clock_wall_s() << 24; // as no run before
	pthread_mutex_init(&store->damaged_mutex, NULL);
	pthread_rwlock_init(&store->env_lock, NULL);
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

	int error = store_begin_read(store, &txn, why);
	if (error != 0)
		return error;
	int code = mdb_cursor_open(txn, store->state, &cursor);
	if (code != 0) {
		store_end_read(store, txn);
		return store_mdb_error(code, "read", why);
	}
	while (result == 0 && (code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
		if (name_check(key.mv_data, key.mv_size) != (int)key.mv_size)
			continue;
		error = row_get_state(value.mv_data, value.mv_size, &state);
		if (error != 0)
			log_line(LEVEL_WARNING, name_to_text(key.mv_data, name),
			         "its stored state is left out: %s", error_text(error));
		else
			result = visit(context, key.mv_data, &state);
	}
	mdb_cursor_close(cursor);
	store_end_read(store, txn);
	if (result == 0 && code != 0 && code != MDB_NOTFOUND)
		return store_mdb_error(code, "read", why);
	return result;
}

int store_begin_read(struct store *store, MDB_txn **txn, char why[static 256])
{
	pthread_rwlock_rdlock(&store->env_lock);
	int code = store->env != NULL ? mdb_txn_begin(store->env, NULL, MDB_RDONLY, txn) : EIO;
	if (code == 0)
		return 0;
	pthread_rwlock_unlock(&store->env_lock);
	return store_mdb_error(code, "read", why);
}

void store_end_read(struct store *store, MDB_txn *txn)
{
	mdb_txn_abort(txn);
	pthread_rwlock_unlock(&store->env_lock);
}

int store_get_row(MDB_txn *txn, MDB_dbi database, const void *key, size_t length, MDB_val *value, char why[static 256])
{
	MDB_val name = store_value(key, length);
	int code = mdb_get(txn, database, &name, value);
	return code != 0 ? store_mdb_error(code, "read", why) : 0;
}

int store_get_state(struct store *store, const uint8_t *origin, struct store_state *state)
{
	char why[256];
	uint8_t lower[NAME_MAX_WIRE];
	MDB_txn *txn;
	MDB_val value;
	name_lower(lower, origin);
	int error = store_begin_read(store, &txn, why);
	if (error != 0)
		return error;
	error = store_get_row(txn, store->state, lower, name_length(lower), &value, why);
	if (error == 0)
		error = row_get_state(value.mv_data, value.mv_size, state);
	store_end_read(store, txn);
	return error;
}

void store_counts(const struct store *store, struct store_counts *counts)
{
	counts->transactions = atomic_load_explicit(&store->did_transactions, memory_order_relaxed);
	counts->versions = atomic_load_explicit(&store->did_versions, memory_order_relaxed);
	counts->snapshots = atomic_load_explicit(&store->did_snapshots, memory_order_relaxed);
}

int64_t store_latest_time(const struct store *store)
{
	return atomic_load(&store->latest_time);
}
