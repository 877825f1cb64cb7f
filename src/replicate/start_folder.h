// SPDX-License-Identifier: GPL-3.0-or-later
// Looking at many files of one folder, or of folders within it: the way to the
// folder is gone once, and not once a file.
#pragma once

#include <stddef.h>

struct stat;

struct start_folder {
	char *path;    // of the first file; NULL: none yet
	size_t length; // of the folder's part of it, with the "/"
	int fd;        // of the folder; -1: files are looked at by their whole path
};

// As stat(2), `errno` included. The folder is the one that all paths so far have
// in common; before the first all of it is zero.
int start_folder_stat(struct start_folder *folder, const char *path, struct stat *file);

void start_folder_close(struct start_folder *folder);
