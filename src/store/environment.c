// SPDX-License-Identifier: GPL-3.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/log.h"
#include "store/bytes.h"
#include "store/internal.h"

#define MAP_WANTED ((size_t)1 << 40)
#define MAP_LEAST ((size_t)256 << 20)
#define STORE_FORMAT 1
#define DATABASES 8

int store_mdb_error(int code, const char *doing, char why[static 256])
{
	snprintf(why, 256, "the store cannot be %s: %s", doing,
	         code == MDB_MAP_FULL ? "it has grown to the size that the address-space limit leaves"
	                              : mdb_strerror(code));
	switch (code) {
	case 0:
		return 0;
	case ENOMEM:
		return ERR_MEMORY;
	case MDB_NOTFOUND:
		return ERR_NOT_FOUND;
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_INVALID:
	case MDB_VERSION_MISMATCH:
		return ERR_CORRUPT;
	default:
		return ERR_IO;
	}
}

static int try_open(struct store *store, const char *path, size_t map)
{
	int code = mdb_env_create(&store->env);
	if (code != 0)
		return code;
	mdb_env_set_mapsize(store->env, map);
	mdb_env_set_maxdbs(store->env, DATABASES);
	mdb_env_set_maxreaders(store->env, STORE_READERS);
	// Without read-ahead a start over a cold disk would be seeks; the map is
	// read from one end to the other then.
	code = mdb_env_open(store->env, path, MDB_NOSUBDIR | MDB_NOTLS, 0600);
	if (code != 0) {
		mdb_env_close(store->env);
		store->env = NULL;
	}
	return code;
}

static int open_map(struct store *store, const char *path)
{
	size_t map = MAP_WANTED;
	int code = try_open(store, path, map);
	while (code == ENOMEM && map > MAP_LEAST) {
		map /= 4;
		code = try_open(store, path, map);
	}
	if (code == 0 && map != MAP_WANTED)
		log_line(LEVEL_WARNING, store->directory,
		         "the address space is limited (ulimit -v, or LimitAS= in the unit), so the store can grow "
		         "to %zu MiB only", map >> 20);
	return code;
}

// The format's number and the latest time, or, in a new store, the number.
static int read_meta(struct store *store, MDB_txn *txn, char why[static 256])
{
	uint8_t row[2];
	MDB_val key = store_value("format", 6), value;
	int code = mdb_get(txn, store->meta, &key, &value);
	if (code == MDB_NOTFOUND) {
		le_put(row, STORE_FORMAT, 2);
		value = store_value(row, sizeof row);
		code = mdb_put(txn, store->meta, &key, &value, 0);
	} else if (code == 0 && (value.mv_size != 2 || le_get(value.mv_data, 2) != STORE_FORMAT)) {
		snprintf(why, 256, "the store in %.120s was written by another release, which this one cannot read",
		         store->directory);
		return ERR_UNSUPPORTED;
	}
	if (code != 0)
		return store_mdb_error(code, "opened", why);
	key = store_value("latest", 6);
	code = mdb_get(txn, store->meta, &key, &value);
	if (code == 0 && value.mv_size == 8)
		atomic_store(&store->latest_time, (int64_t)le_get(value.mv_data, 8));
	return code == 0 || code == MDB_NOTFOUND ? 0 : store_mdb_error(code, "opened", why);
}

static int open_databases(struct store *store, char why[static 256])
{
	MDB_txn *txn;
	int code = mdb_txn_begin(store->env, NULL, 0, &txn);
	if (code != 0)
		return store_mdb_error(code, "opened", why);
	const struct { const char *name; MDB_dbi *to; } databases[] = {
		{ "meta", &store->meta }, { "state", &store->state },
		{ "snapshot", &store->snapshot }, { "file", &store->file },
		{ "journal", &store->journal }, { "step", &store->step }, { "chain", &store->chain },
		{ "pin", &store->pin },
	};
	for (size_t i = 0; code == 0 && i < sizeof databases / sizeof databases[0]; i++)
		code = mdb_dbi_open(txn, databases[i].name, MDB_CREATE, databases[i].to);
	int error = code != 0 ? store_mdb_error(code, "opened", why) : read_meta(store, txn, why);
	if (error != 0) {
		mdb_txn_abort(txn);
		return error;
	}
	code = mdb_txn_commit(txn);
	return code != 0 ? store_mdb_error(code, "opened", why) : 0;
}

// LMDB follows links, and root opens the store before it becomes the user whose
// folder this is: who may write there must not choose what root writes to.
static int check_file(const struct store *store, const char *name, char why[static 256])
{
	struct stat st;
	char *path;
	if (asprintf(&path, "%s/%s", store->directory, name) < 0) {
		snprintf(why, 256, "out of memory");
		return ERR_MEMORY;
	}
	int found = lstat(path, &st);
	free(path);
	if (found != 0 || (S_ISREG(st.st_mode) && st.st_nlink == 1))
		return 0;
	snprintf(why, 256, "%.120s/%s is a link, or no file at all: put the file itself there, or remove it",
	         store->directory, name);
	return ERR_IO;
}

int store_open_environment(struct store *store, char why[static 256])
{
	char *path;
	int error = check_file(store, "store.mdb", why);
	if (error == 0)
		error = check_file(store, "store.mdb-lock", why);
	if (error != 0)
		return error;
	if (asprintf(&path, "%s/store.mdb", store->directory) < 0) {
		snprintf(why, 256, "out of memory");
		return ERR_MEMORY;
	}
	int code = open_map(store, path);
	free(path);
	if (code != 0) {
		char reason[256];
		error = store_mdb_error(code, "opened", reason);
		snprintf(why, 256, "%.120s/store.mdb: %.120s", store->directory, reason);
		return error;
	}
	return open_databases(store, why);
}

// The hash multiplies with the words of the key: with one that is 0, as damage may
// leave it, names would fall together.
static bool is_names_key(const MDB_val *value)
{
	if (value->mv_size != HASH_NAMES_KEY)
		return false;
	for (size_t at = 0; at < HASH_NAMES_KEY; at += 8)
		if (le_get((const uint8_t *)value->mv_data + at, 8) == 0)
			return false;
	return true;
}

void store_take_names_key(struct store *store)
{
	uint8_t own[HASH_NAMES_KEY];
	char why[256];
	MDB_txn *txn;
	MDB_val key = store_value("names", 5), value;
	if (mdb_txn_begin(store->env, NULL, 0, &txn) != 0)
		return;
	int code = mdb_get(txn, store->meta, &key, &value);
	if (code == 0 && is_names_key(&value)) {
		hash_take_names_key(value.mv_data);
	} else if (code == 0 || code == MDB_NOTFOUND) {
		hash_names_key(own);
		value = store_value(own, sizeof own);
		code = mdb_put(txn, store->meta, &key, &value, 0);
		if (code == 0) {
			if (mdb_txn_commit(txn) != 0)
				(void)store_revive_environment(store, why);
			return;
		}
	}
	mdb_txn_abort(txn);
}

// LMDB does not tell of an environment that it gave up but by refusing to work.
static bool is_alive(const struct store *store)
{
	MDB_txn *txn;
	if (store->env == NULL)
		return false;
	int code = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn);
	if (code == 0)
		mdb_txn_abort(txn);
	return code != MDB_PANIC;
}

int store_revive_environment(struct store *store, char why[static 256])
{
	if (is_alive(store))
		return 0;
	pthread_rwlock_wrlock(&store->env_lock);
	if (store->env != NULL)
		mdb_env_close(store->env);
	store->env = NULL;
	int error = store_open_environment(store, why);
	if (error != 0 && store->env != NULL) {
		mdb_env_close(store->env);
		store->env = NULL;
	}
	pthread_rwlock_unlock(&store->env_lock);
	if (error == 0)
		log_line(LEVEL_WARNING, store->directory, "a write to the store failed so that it had to be opened again");
	return error;
}

void store_drop_pages(void)
{
	char line[4352]; // a path and what stands before it
	FILE *maps = fopen("/proc/self/maps", "re");
	if (maps == NULL)
		return;
	while (fgets(line, sizeof line, maps) != NULL) {
		// LMDB does not tell where its map is, but its file's name does.
		const char *name = strrchr(line, '/');
		uintptr_t start, end;
		if (name != NULL && strcmp(name, "/store.mdb\n") == 0 &&
		    sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &start, &end) == 2)
			madvise((void *)start, end - start, MADV_DONTNEED); // it is shared: nothing is lost
	}
	fclose(maps);
}
