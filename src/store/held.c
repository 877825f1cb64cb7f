// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/held.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "store/bytes.h"
#include "store/internal.h"
#include "store/snapshot_layout.h"

#define HELD_MAGIC "USHELD\r\n"
#define HELD_VERSION 1
#define HELD_REJECTED 1

enum head_offset {
	HEAD_VERSION = 8, HEAD_LENGTH = 10, HEAD_FLAGS = 12, HEAD_NAMES = 13, HEAD_RECORDS = 21, HEAD_SINCE = 29,
	HEAD_SERIAL = 37, HEAD_CHECK_LENGTH = 41, HEAD_WHY_LENGTH = 42, HEAD_ORIGIN_LENGTH = 43, HEAD_TEXTS = 44,
};
#define HEAD_MAX (HEAD_TEXTS + (sizeof ((struct store_held *)0)->check - 1) + 255 + NAME_MAX_WIRE + SUM_BYTES)

// HASH, ".tmp" and the NUL.
#define FILE_NAME 40

// --- names

static void file_name(const uint8_t *origin, char name[static FILE_NAME])
{
	uint8_t lower[NAME_MAX_WIRE];
	XXH128_canonical_t sum;

	name_lower(lower, origin);
	XXH128_canonicalFromHash(&sum, XXH3_128bits(lower, name_length(lower)));
	for (unsigned i = 0; i < SUM_BYTES; i++)
		snprintf(name + 2 * i, 3, "%02x", sum.digest[i]);
}

// The folder, opened; -1 with errno.
static int open_folder(const struct store *store, bool make)
{
	char *path;
	int fd;

	if (asprintf(&path, "%s/held", store->directory) < 0) {
		errno = ENOMEM;
		return -1;
	}
	if (make && mkdir(path, 0700) != 0 && errno != EEXIST) {
		free(path);
		return -1;
	}
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(path);
	return fd;
}

static int failed(char why[static 256], const char *what, int reason)
{
	snprintf(why, 256, "the held version %s: %s", what, strerror(reason));
	return reason == ENOMEM ? ERR_MEMORY : ERR_IO;
}

// --- the head

static size_t put_head(const uint8_t *origin, const struct store_held *held, uint8_t head[static HEAD_MAX])
{
	size_t check = strnlen(held->check, sizeof held->check - 1);
	size_t why = strnlen(held->why, sizeof held->why - 1);
	size_t name = name_length(origin);
	size_t length = HEAD_TEXTS + check + why + name + SUM_BYTES;

	memcpy(head, HELD_MAGIC, 8);
	le_put(head + HEAD_VERSION, HELD_VERSION, 2);
	le_put(head + HEAD_LENGTH, length, 2);
	head[HEAD_FLAGS] = held->is_rejected ? HELD_REJECTED : 0;
	le_put(head + HEAD_NAMES, held->names, 8);
	le_put(head + HEAD_RECORDS, held->records, 8);
	le_put(head + HEAD_SINCE, (uint64_t)held->since, 8);
	le_put(head + HEAD_SERIAL, held->serial, 4);
	head[HEAD_CHECK_LENGTH] = (uint8_t)check;
	head[HEAD_WHY_LENGTH] = (uint8_t)why;
	head[HEAD_ORIGIN_LENGTH] = (uint8_t)name;
	memcpy(head + HEAD_TEXTS, held->check, check);
	memcpy(head + HEAD_TEXTS + check, held->why, why);
	memcpy(head + HEAD_TEXTS + check + why, origin, name);
	XXH128_canonicalFromHash((XXH128_canonical_t *)(void *)(head + length - SUM_BYTES),
	                         XXH3_128bits(head, length - SUM_BYTES));
	return length;
}

// Returns the head's length, ERR_CORRUPT or ERR_UNSUPPORTED.
static int get_head(const uint8_t *head, size_t ready, uint8_t origin[static NAME_MAX_WIRE], struct store_held *held)
{
	XXH128_canonical_t sum;

	if (ready < HEAD_TEXTS || memcmp(head, HELD_MAGIC, 8) != 0)
		return ERR_CORRUPT;
	if (le_get(head + HEAD_VERSION, 2) != HELD_VERSION)
		return ERR_UNSUPPORTED;
	size_t length = le_get(head + HEAD_LENGTH, 2);
	size_t check = head[HEAD_CHECK_LENGTH], why = head[HEAD_WHY_LENGTH], name = head[HEAD_ORIGIN_LENGTH];
	if (length != HEAD_TEXTS + check + why + name + SUM_BYTES || length > ready || check >= sizeof held->check)
		return ERR_CORRUPT;
	XXH128_canonicalFromHash(&sum, XXH3_128bits(head, length - SUM_BYTES));
	if (memcmp(head + length - SUM_BYTES, &sum, SUM_BYTES) != 0)
		return ERR_CORRUPT;
	const uint8_t *texts = head + HEAD_TEXTS;
	if (name_check(texts + check + why, name) != (int)name)
		return ERR_CORRUPT;
	memset(held, 0, sizeof *held);
	held->is_rejected = (head[HEAD_FLAGS] & HELD_REJECTED) != 0;
	held->names = le_get(head + HEAD_NAMES, 8);
	held->records = le_get(head + HEAD_RECORDS, 8);
	held->since = (int64_t)le_get(head + HEAD_SINCE, 8);
	held->serial = (uint32_t)le_get(head + HEAD_SERIAL, 4);
	memcpy(held->check, texts, check);
	memcpy(held->why, texts + check, why);
	memcpy(origin, texts + check + why, name);
	return (int)length;
}

// --- writing

static int sink_to_file(void *context, const uint8_t *bytes, size_t length)
{
	const int *fd = context;

	return file_write_all(*fd, bytes, length);
}

// Writes, syncs and closes. 0, ERR_MEMORY, or ERR_IO with errno.
static int write_whole(int fd, const uint8_t *origin, const struct store_held *held, const struct zone_version *version)
{
	struct snapshot_buffer buffer = { 0 };
	uint8_t head[HEAD_MAX];
	size_t length = put_head(origin, held, head);
	int error = sink_to_file(&fd, head, length);

	if (error == 0 && version != NULL)
		error = snapshot_write(version, held->since, &buffer, sink_to_file, &fd);
	snapshot_buffer_free(&buffer);
	if (error == 0 && fsync(fd) != 0)
		error = ERR_IO;
	int reason = errno;
	if (close(fd) != 0 && error == 0)
		return ERR_IO;
	errno = reason;
	return error;
}

int store_held_put(struct store *store, const uint8_t *origin, const struct store_held *held,
                   const struct zone_version *version, char why[static 256])
{
	char name[FILE_NAME], temporary[FILE_NAME];
	int folder = open_folder(store, true);
	int error;

	if (folder < 0)
		return failed(why, "cannot be kept: its folder cannot be opened", errno);
	file_name(origin, name);
	snprintf(temporary, sizeof temporary, "%.32s.tmp", name);
	int fd = openat(folder, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	error = fd < 0 ? ERR_IO : write_whole(fd, origin, held, version);
	if (error == 0 && (renameat(folder, temporary, folder, name) != 0 || fsync(folder) != 0))
		error = ERR_IO;
	if (error != 0) {
		failed(why, "cannot be kept", error == ERR_MEMORY ? ENOMEM : errno);
		unlinkat(folder, temporary, 0);
	}
	close(folder);
	return error;
}

void store_held_drop(struct store *store, const uint8_t *origin)
{
	char name[FILE_NAME];
	int folder = open_folder(store, false);

	if (folder < 0)
		return;
	file_name(origin, name);
	if (unlinkat(folder, name, 0) != 0 && errno != ENOENT)
		log_line(LEVEL_WARNING, name, "a held version cannot be removed: %s", strerror(errno));
	close(folder);
}

// --- reading

static char *file_path(const struct store *store, const char *name)
{
	char *path;

	return asprintf(&path, "%s/held/%s", store->directory, name) < 0 ? NULL : path;
}

// Opens the file and reads its head; the window stands behind it then. On
// error there is nothing to close.
static int open_held(const struct store *store, const char *name, struct file_window *window,
                     uint8_t origin[static NAME_MAX_WIRE], struct store_held *held, char why[static 256])
{
	char *path = file_path(store, name);
	int error = path == NULL ? ERR_MEMORY : file_window_open(window, path);

	free(path);
	if (error == ERR_IO && errno == ENOENT) {
		snprintf(why, 256, "nothing is held");
		return ERR_NOT_FOUND;
	}
	if (error != 0)
		return failed(why, "cannot be read", error == ERR_MEMORY ? ENOMEM : errno);
	error = file_window_need(window, HEAD_MAX);
	int length = error != 0 ? error : get_head((const uint8_t *)file_window_at(window), file_window_ready(window),
	                                           origin, held);
	if (length < 0) {
		snprintf(why, 256, "the held version cannot be read: %s", error_text(length));
		file_window_close(window);
		return length;
	}
	window->start += (size_t)length;
	return 0;
}

int store_held_read(struct store *store, const uint8_t *origin, struct zone_draft *draft, char why[static 256])
{
	uint8_t lower[NAME_MAX_WIRE], found[NAME_MAX_WIRE];
	char name[FILE_NAME];
	struct file_window window;
	struct store_held held;
	int error;

	file_name(origin, name);
	name_lower(lower, origin);
	error = open_held(store, name, &window, found, &held, why);
	if (error != 0)
		return error;
	if (held.is_rejected) {
		snprintf(why, 256, "it was rejected, its content is gone");
		error = ERR_NOT_FOUND;
	} else {
		struct snapshot_source source = { (const uint8_t *)file_window_at(&window), file_window_ready(&window),
		                                  &window };
		error = snapshot_read_into(&source, lower, draft, why);
	}
	file_window_close(&window);
	return error;
}

// What was left half written goes too.
static void remove_unreadable(int folder, const char *name, const char *why)
{
	if (strstr(name, ".tmp") == NULL)
		log_line(LEVEL_WARNING, name, "%s; it is removed", why);
	if (unlinkat(folder, name, 0) != 0)
		log_line(LEVEL_WARNING, name, "a held version cannot be removed: %s", strerror(errno));
}

int store_held_each(struct store *store, store_visit_held *visit, void *context)
{
	int fd = open_folder(store, false);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	int result = 0;

	if (folder == NULL) {
		if (fd >= 0)
			close(fd);
		return errno == ENOENT ? 0 : ERR_IO;
	}
	for (struct dirent *entry; result == 0 && (entry = readdir(folder)) != NULL;) {
		uint8_t origin[NAME_MAX_WIRE];
		struct file_window window;
		struct store_held held;
		char why[256] = "it was not written to its end";
		if (entry->d_name[0] == '.')
			continue;
		int error = strlen(entry->d_name) != 2 * SUM_BYTES ? ERR_CORRUPT
		            : open_held(store, entry->d_name, &window, origin, &held, why);
		if (error == 0) {
			file_window_close(&window);
			result = visit(context, origin, &held);
		} else if (error == ERR_CORRUPT) {
			remove_unreadable(fd, entry->d_name, why);
		} else {
			log_line(LEVEL_WARNING, entry->d_name, "%s", why);
		}
	}
	closedir(folder);
	return result;
}
