// SPDX-License-Identifier: GPL-3.0-or-later
// A file read through a moving window, so that a large zone file takes neither
// memory nor, as a mapping would, the process with it when it is cut short
// while being read.
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct file_window {
	int fd;
	bool regular;
	char *buffer;
	size_t size;    // of buffer
	size_t start;   // first byte not yet handed out
	size_t filled;  // one past the last byte read
	size_t cleaned; // up to here carriage returns are gone (text only)
	bool at_end;    // the file has no more
};

// Opens a regular file or a pipe. ERR_IO (errno says why; a folder is EISDIR),
// ERR_MEMORY. On error there is nothing to close.
int file_window_open(struct file_window *window, const char *path);
void file_window_close(struct file_window *window);

// Has at least `bytes` bytes ready at buffer + start where the file still has
// so many. Returns 0, ERR_IO, ERR_LIMIT (more than 1 GiB) or ERR_MEMORY. What
// is ready is filled - start.
int file_window_need(struct file_window *window, size_t bytes);

static inline const char *file_window_at(const struct file_window *window)
{
	return window->buffer + window->start;
}
static inline size_t file_window_ready(const struct file_window *window)
{
	return window->filled - window->start;
}

// Hands out the next run of whole records of a text file, carriage returns
// before a newline stripped, a missing last newline added. *length is 0 at the
// end. The bytes are valid until the next call. Returns as file_window_need();
// ERR_LIMIT is a record of more than 64 MiB.
int file_window_lines(struct file_window *window, const char **text, size_t *length);

// Strips each CR that stands before a LF, in place. Returns the new length.
size_t file_strip_cr(char *text, size_t length);
