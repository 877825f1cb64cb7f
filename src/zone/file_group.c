// SPDX-License-Identifier: GPL-3.0-or-later
#include "zone/file_group.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "zone/file.h"

// Up to so few are synced one by one: more, and the whole file system is, which
// others write to as well.
#define ONE_BY_ONE 4u

// File systems that a group is spread over; files of more are synced alone.
#define SYSTEMS_MAX 4u

struct fresh_file {
	char *temporary;  // the path, and until it is in place a suffix of 7 bytes
	size_t length;    // of the path
	int fd;           // still open, to be synced; -1: the file system is
	int error;
	char message[256];
};

// A folder held open from before the first write to its file system, so that
// syncfs() tells of whatever went wrong since.
struct file_system {
	dev_t device;
	int fd;
	int reason; // errno of its sync
};

struct zone_file_group {
	size_t room, count;
	struct file_system system[SYSTEMS_MAX];
	unsigned systems;
	struct fresh_file file[];
};

static int say(char message[static 256], const char *path, const char *what, int reason)
{
	snprintf(message, 256, "%.160s: %s: %s", path, what, strerror(reason));
	return reason == ENOMEM ? ERR_MEMORY : ERR_IO;
}

int zone_file_group_new(size_t count, struct zone_file_group **group)
{
	struct zone_file_group *made = calloc(1, sizeof *made + count * sizeof made->file[0]);

	if (made == NULL)
		return ERR_MEMORY;
	made->room = count;
	*group = made;
	return 0;
}

// --- writing

struct file_sink {
	int fd;
	int failed; // errno
};

static int write_to_file(void *context, const char *text, size_t length)
{
	struct file_sink *file = context;
	int error = file_write_all(file->fd, text, length);
	if (error != 0)
		file->failed = errno;
	return error;
}

static int write_text(const struct zone_version *version, const char *path, int fd, char message[static 256])
{
	struct file_sink file = { .fd = fd };
	int error = zone_text_write(version, write_to_file, &file);
	if (error == ERR_IO)
		return say(message, path, "cannot be written", file.failed);
	if (error != 0) {
		snprintf(message, 256, "%.160s: cannot be written: %s", path, error_text(error));
		return error;
	}
	return fchmod(fd, 0644) != 0 ? say(message, path, "cannot be written", errno) : 0;
}

static int open_folder(const char *path)
{
	char *folder = strdup(path);
	if (folder == NULL) {
		errno = ENOMEM;
		return -1;
	}
	char *slash = strrchr(folder, '/');
	if (slash != NULL)
		slash[slash == folder] = '\0';
	int fd = open(slash != NULL ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int reason = errno;
	free(folder);
	errno = reason;
	return fd;
}

// Whether the file's system is one of those that are synced at the end.
static bool joins_system(struct zone_file_group *group, const char *path, int fd)
{
	struct stat file;

	if (group->room <= ONE_BY_ONE || fstat(fd, &file) != 0)
		return false;
	for (unsigned i = 0; i < group->systems; i++)
		if (group->system[i].device == file.st_dev)
			return true;
	if (group->systems == SYSTEMS_MAX)
		return false;
	int folder = open_folder(path);
	if (folder < 0)
		return false;
	group->system[group->systems++] = (struct file_system){ .device = file.st_dev, .fd = folder };
	return true;
}

static int write_fresh(struct zone_file_group *group, struct fresh_file *file, const struct zone_version *version,
                       const char *path, char message[static 256])
{
	file->fd = mkostemp(file->temporary, O_CLOEXEC);
	if (file->fd < 0)
		return say(message, path, "no file can be made in its folder", errno);
	bool is_synced_later = joins_system(group, path, file->fd);
	int error = write_text(version, path, file->fd, message);
	if (error == 0 && !is_synced_later)
		return 0;
	if (close(file->fd) != 0 && error == 0)
		error = say(message, path, "cannot be written", errno);
	file->fd = -1;
	if (error != 0)
		unlink(file->temporary);
	return error;
}

int zone_file_group_add(struct zone_file_group *group, const struct zone_version *version, const char *path,
                        char message[static 256])
{
	struct fresh_file *file = &group->file[group->count];

	message[0] = '\0';
	if (group->count == group->room) {
		snprintf(message, 256, "%.160s: %s", path, error_text(ERR_LIMIT));
		return ERR_LIMIT;
	}
	*file = (struct fresh_file){ .length = strlen(path), .fd = -1 };
	file->temporary = malloc(file->length + 8);
	if (file->temporary == NULL)
		return say(message, path, "cannot be written", ENOMEM);
	memcpy(file->temporary, path, file->length);
	memcpy(file->temporary + file->length, ".XXXXXX", 8);
	int error = write_fresh(group, file, version, path, message);
	if (error != 0)
		free(file->temporary);
	else
		group->count++;
	return error;
}

// --- putting in place

// What syncfs() said of the system that the file is on.
static int sync_reason(const struct zone_file_group *group, const struct fresh_file *file)
{
	struct stat found;

	if (file->fd >= 0)
		return fsync(file->fd) != 0 ? errno : 0;
	if (stat(file->temporary, &found) != 0)
		return errno;
	for (unsigned i = 0; i < group->systems; i++)
		if (group->system[i].device == found.st_dev)
			return group->system[i].reason;
	return EIO;
}

static void put_in_place(const struct zone_file_group *group, struct fresh_file *file, char *path)
{
	int reason = sync_reason(group, file);

	if (file->fd >= 0 && close(file->fd) != 0 && reason == 0)
		reason = errno;
	file->fd = -1;
	if (reason != 0)
		file->error = say(file->message, path, "cannot be written", reason);
	else if (rename(file->temporary, path) != 0)
		file->error = say(file->message, path, "cannot be replaced", errno);
	if (file->error != 0)
		unlink(file->temporary);
}

static bool is_same_folder(const struct fresh_file *a, const struct fresh_file *b)
{
	const char *slash = strrchr(a->temporary, '/');
	size_t length = slash != NULL ? (size_t)(slash - a->temporary) : 0;
	const char *other = strrchr(b->temporary, '/');

	return (other != NULL ? (size_t)(other - b->temporary) : 0) == length
	       && memcmp(a->temporary, b->temporary, length) == 0;
}

// Zones of one folder mostly come in a row.
static void sync_folders(struct zone_file_group *group)
{
	const struct fresh_file *synced = NULL;
	int reason = 0;

	for (size_t i = 0; i < group->count; i++) {
		struct fresh_file *file = &group->file[i];
		if (file->error != 0)
			continue;
		if (synced == NULL || !is_same_folder(synced, file)) {
			int fd = open_folder(file->temporary);
			reason = fd < 0 || fsync(fd) != 0 ? errno : 0;
			if (fd >= 0)
				close(fd);
			synced = file;
		}
		if (reason != 0)
			file->error = say(file->message, file->temporary, "its folder cannot be synced", reason);
	}
}

void zone_file_group_end(struct zone_file_group *group, zone_file_put *put, void *context)
{
	for (unsigned i = 0; i < group->systems; i++)
		group->system[i].reason = syncfs(group->system[i].fd) != 0 ? errno : 0;
	for (size_t i = 0; i < group->count; i++) {
		struct fresh_file *file = &group->file[i];
		char *path = strndup(file->temporary, file->length);
		if (path != NULL)
			put_in_place(group, file, path);
		else
			file->error = ERR_MEMORY;
		free(path);
		file->temporary[file->length] = '\0'; // the path, from here
	}
	sync_folders(group);
	for (size_t i = 0; i < group->count; i++) {
		struct fresh_file *file = &group->file[i];
		put(context, file->temporary, file->error, file->message);
		free(file->temporary);
	}
	for (unsigned i = 0; i < group->systems; i++)
		close(group->system[i].fd);
	free(group);
}

// --- one alone

struct one {
	int error;
	char *message;
};

static void put_one(void *context, const char *path, int error, const char *message)
{
	struct one *one = context;

	(void)path;
	one->error = error;
	if (error != 0)
		snprintf(one->message, 256, "%s", message);
}

int zone_file_write(const struct zone_version *version, const char *path, char message[static 256])
{
	struct zone_file_group *group;
	struct one one = { .message = message };
	int error = zone_file_group_new(1, &group);

	message[0] = '\0';
	if (error != 0)
		return say(message, path, "cannot be written", ENOMEM);
	error = zone_file_group_add(group, version, path, message);
	zone_file_group_end(group, put_one, &one);
	return error != 0 ? error : one.error;
}
