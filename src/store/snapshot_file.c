// SPDX-License-Identifier: GPL-3.0-or-later
// Snapshots too large for a row. A file gets its name only once it is whole
// and durable, and counts only once a row names it.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "store/bytes.h"
#include "store/internal.h"

static char *file_path(const struct store *store, uint64_t number, const char *suffix)
{
	char *path;
	return asprintf(&path, "%s/%016llx%s", store->snapshots, (unsigned long long)number, suffix) < 0 ? NULL : path;
}

// So much is handed to the disk at a time while the rest is written, so that the
// sync at the end waits for little.
#define WRITE_BACK ((uint64_t)4 << 20)

struct file_sink {
	int fd;
	uint64_t length, handed;
};

static int sink_to_file(void *context, const uint8_t *bytes, size_t length)
{
	struct file_sink *sink = context;
	int error = file_write_all(sink->fd, bytes, length);
	if (error != 0)
		return error;
	sink->length += length;
	if (sink->length - sink->handed >= WRITE_BACK) {
		// What goes wrong with it the sync tells.
		(void)sync_file_range(sink->fd, (off64_t)sink->handed, (off64_t)(sink->length - sink->handed),
		                      SYNC_FILE_RANGE_WRITE);
		sink->handed = sink->length;
	}
	return 0;
}

static int sync_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int error = fd < 0 || fsync(fd) != 0 ? ERR_IO : 0;
	if (fd >= 0)
		close(fd);
	return error;
}

static int write_and_sync(const struct zone_version *version, struct snapshot_buffer *buffer, const char *path,
                          uint64_t *length)
{
	struct file_sink sink = { open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), 0, 0 };
	if (sink.fd < 0)
		return ERR_IO;
	int error = snapshot_write(version, clock_wall_s(), buffer, sink_to_file, &sink);
	if (error == 0 && fdatasync(sink.fd) != 0)
		error = ERR_IO;
	int reason = errno;
	if (close(sink.fd) != 0 && error == 0)
		error = ERR_IO;
	else
		errno = reason;
	*length = sink.length;
	return error;
}

int snapshot_file_write(struct store *store, const struct zone_version *version, struct snapshot_buffer *buffer,
                        uint64_t *number, uint64_t *length, char why[static 256])
{
	*number = atomic_fetch_add(&store->next_file, 1);
	char *temporary = file_path(store, *number, ".tmp");
	char *final = file_path(store, *number, "");
	int error = temporary == NULL || final == NULL ? ERR_MEMORY : 0;
	if (error == 0)
		error = write_and_sync(version, buffer, temporary, length);
	if (error == 0 && rename(temporary, final) != 0)
		error = ERR_IO;
	if (error == 0)
		error = sync_folder(store->snapshots);
	if (error != 0) {
		snprintf(why, 256, "a snapshot in %.120s cannot be written: %s", store->snapshots,
		         error == ERR_IO ? strerror(errno) : error_text(error));
		if (temporary != NULL)
			unlink(temporary);
		if (final != NULL)
			unlink(final);
	}
	free(temporary);
	free(final);
	return error;
}

int snapshot_file_read(struct store *store, uint64_t number, uint64_t length, const uint8_t *origin,
                       struct zone_line *line, const struct zone_version **version, char why[static 256])
{
	struct file_window window;
	struct stat st;
	char *path = file_path(store, number, "");
	int error = path == NULL ? ERR_MEMORY : file_window_open(&window, path);
	free(path);
	if (error == ERR_IO && errno == ENOENT) {
		snprintf(why, 256, "the file of its snapshot, %016llx, is missing", (unsigned long long)number);
		return ERR_CORRUPT;
	}
	if (error != 0) {
		snprintf(why, 256, "the file of its snapshot, %016llx, cannot be opened: %s",
		         (unsigned long long)number, error == ERR_IO ? strerror(errno) : error_text(error));
		return error;
	}
	if (fstat(window.fd, &st) != 0 || (uint64_t)st.st_size != length) {
		snprintf(why, 256, "the file of its snapshot, %016llx, is not as long as it was written",
		         (unsigned long long)number);
		error = ERR_CORRUPT;
	} else {
		struct snapshot_source source = { NULL, 0, &window };
		error = snapshot_read(&source, origin, line, version, why);
	}
	file_window_close(&window);
	return error;
}

void snapshot_file_remove(struct store *store, uint64_t number)
{
	char *path = file_path(store, number, "");
	if (path != NULL && unlink(path) != 0 && errno != ENOENT)
		log_line(LEVEL_WARNING, path, "an old snapshot cannot be removed: %s", strerror(errno));
	free(path);
}

// True where a row names the file.
static bool is_named(struct store *store, MDB_txn *txn, uint64_t number)
{
	uint8_t bytes[8];
	le_put(bytes, number, 8);
	MDB_val key = store_value(bytes, sizeof bytes), value;
	return mdb_get(txn, store->file, &key, &value) == 0;
}

void snapshot_file_drop(struct store *store, uint64_t number)
{
	MDB_txn *txn;
	char why[256];
	if (store_begin_read(store, &txn, why) != 0)
		return;
	bool named = is_named(store, txn, number);
	store_end_read(store, txn);
	if (!named)
		snapshot_file_remove(store, number);
}

static void tidy_entry(struct store *store, MDB_txn *txn, int folder, const char *name)
{
	char *end;
	uint64_t number = strtoull(name, &end, 16);
	bool ours = end == name + 16 && (*end == '\0' || strcmp(end, ".tmp") == 0);
	if (!ours)
		return;
	if (number >= atomic_load(&store->next_file))
		atomic_store(&store->next_file, number + 1);
	if ((*end != '\0' || !is_named(store, txn, number)) && unlinkat(folder, name, 0) != 0)
		log_line(LEVEL_WARNING, name, "a leftover snapshot cannot be removed: %s", strerror(errno));
}

// Numbers of files that are gone but still named must not be given again.
static int highest_named(struct store *store, MDB_txn *txn)
{
	MDB_cursor *cursor;
	MDB_val key, value;
	int code = mdb_cursor_open(txn, store->file, &cursor);
	if (code != 0)
		return code;
	while ((code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
		uint64_t number = key.mv_size == 8 ? le_get(key.mv_data, 8) : 0;
		if (number >= atomic_load(&store->next_file))
			atomic_store(&store->next_file, number + 1);
	}
	mdb_cursor_close(cursor);
	return code == MDB_NOTFOUND ? 0 : code;
}

int snapshot_file_tidy(struct store *store, char why[static 256])
{
	MDB_txn *txn;
	DIR *folder = opendir(store->snapshots);
	if (folder == NULL) {
		snprintf(why, 256, "%.160s cannot be read: %s", store->snapshots, strerror(errno));
		return ERR_IO;
	}
	atomic_store(&store->next_file, 1);
	int code = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn);
	if (code == 0) {
		code = highest_named(store, txn);
		for (struct dirent *entry; code == 0 && (entry = readdir(folder)) != NULL;)
			tidy_entry(store, txn, dirfd(folder), entry->d_name);
		mdb_txn_abort(txn);
	}
	closedir(folder);
	return code != 0 ? store_mdb_error(code, "read", why) : 0;
}
