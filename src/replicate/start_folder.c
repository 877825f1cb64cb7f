// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/start_folder.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static size_t folder_length(const char *path, size_t length)
{
	while (length > 0 && path[length - 1] != '/')
		length--;
	return length;
}

static void open_folder(struct start_folder *folder)
{
	char kept = folder->path[folder->length];

	folder->path[folder->length] = '\0';
	folder->fd = folder->length > 1 ? open(folder->path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	folder->path[folder->length] = kept;
}

static void begin(struct start_folder *folder, const char *path)
{
	folder->fd = -1;
	folder->path = strdup(path);
	folder->length = folder->path != NULL ? folder_length(path, strlen(path)) : 0;
	if (folder->path != NULL)
		open_folder(folder);
}

// Up to what both paths have in common: at most as often as the path has parts.
static void shrink(struct start_folder *folder, const char *path)
{
	size_t same = 0;

	while (same < folder->length && folder->path[same] == path[same])
		same++;
	folder->length = folder_length(path, same);
	if (folder->fd >= 0)
		close(folder->fd);
	open_folder(folder);
}

int start_folder_stat(struct start_folder *folder, const char *path, struct stat *file)
{
	if (folder->path == NULL)
		begin(folder, path);
	else if (strncmp(path, folder->path, folder->length) != 0)
		shrink(folder, path);
	return folder->fd >= 0 ? fstatat(folder->fd, path + folder->length, file, 0) : stat(path, file);
}

void start_folder_close(struct start_folder *folder)
{
	if (folder->path != NULL && folder->fd >= 0)
		close(folder->fd);
	free(folder->path);
	folder->path = NULL;
}
