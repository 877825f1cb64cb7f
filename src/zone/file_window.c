// SPDX-License-Identifier: GPL-3.0-or-later
#include "zone/file_window.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "zone/file_line.h"

// Large enough that the system calls do not count, small enough for the
// second-level cache and for a bounded resident set.
#define WINDOW_SIZE ((size_t)512 << 10)
#define WINDOW_MAX ((size_t)1 << 30)
#define RECORD_MAX ((size_t)64 << 20)

int file_window_open(struct file_window *window, const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return ERR_IO;
	if (fstat(fd, &st) != 0 || S_ISDIR(st.st_mode)) {
		int reason = S_ISDIR(st.st_mode) ? EISDIR : errno;
		close(fd);
		errno = reason;
		return ERR_IO;
	}
	size_t size = WINDOW_SIZE;
	// Room for a newline at the end, and for the read that finds the end.
	if (S_ISREG(st.st_mode) && st.st_size >= 0 && (size_t)st.st_size + 2 < size)
		size = (size_t)st.st_size + 2;
	char *buffer = malloc(size);
	if (buffer == NULL) {
		close(fd);
		return ERR_MEMORY;
	}
	*window = (struct file_window){ .fd = fd, .regular = S_ISREG(st.st_mode), .buffer = buffer, .size = size };
	return 0;
}

void file_window_close(struct file_window *window)
{
	free(window->buffer);
	close(window->fd);
	window->buffer = NULL;
}

static void move_to_front(struct file_window *window)
{
	if (window->start == 0)
		return;
	memmove(window->buffer, window->buffer + window->start, window->filled - window->start);
	window->filled -= window->start;
	window->cleaned -= window->cleaned < window->start ? window->cleaned : window->start;
	window->start = 0;
}

// One byte always stays free for the newline that a last line may lack.
static int make_room(struct file_window *window, size_t bytes)
{
	if (bytes >= WINDOW_MAX)
		return ERR_LIMIT;
	size_t size = window->size;
	while (size < bytes + 1)
		size *= 2;
	if (size == window->size)
		return 0;
	char *buffer = realloc(window->buffer, size);
	if (buffer == NULL)
		return ERR_MEMORY;
	window->buffer = buffer;
	window->size = size;
	return 0;
}

static int read_more(struct file_window *window)
{
	while (!window->at_end && window->filled + 1 < window->size) {
		size_t room = window->size - 1 - window->filled;
		ssize_t got = read(window->fd, window->buffer + window->filled, room);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return ERR_IO;
		// A regular file gives less than was asked for only at its end.
		window->at_end = got == 0 || (window->regular && (size_t)got < room);
		window->filled += (size_t)got;
	}
	return 0;
}

int file_window_need(struct file_window *window, size_t bytes)
{
	if (file_window_ready(window) >= bytes || window->at_end)
		return 0;
	move_to_front(window);
	int error = make_room(window, bytes);
	return error != 0 ? error : read_more(window);
}

size_t file_strip_cr(char *text, size_t length)
{
	char *end = text + length;
	char *cr = memchr(text, '\r', length);
	if (cr == NULL)
		return length;
	char *to = cr;
	for (char *from = cr; from < end;) {
		if (from + 1 < end && from[1] == '\n')
			from++;
		char *next = memchr(from + 1, '\r', (size_t)(end - from) - 1);
		if (next == NULL)
			next = end;
		memmove(to, from, (size_t)(next - from));
		to += next - from;
		from = next;
	}
	return (size_t)(to - text);
}

static void clean(struct file_window *window)
{
	// A CR at the very end waits for what follows it.
	bool wait = !window->at_end && window->filled > window->cleaned &&
	            window->buffer[window->filled - 1] == '\r';
	size_t length = window->filled - window->cleaned - wait;
	size_t kept = file_strip_cr(window->buffer + window->cleaned, length);
	window->cleaned += kept;
	window->filled = window->cleaned + wait;
	if (wait)
		window->buffer[window->filled - 1] = '\r';
}

static void end_last_line(struct file_window *window)
{
	if (file_window_ready(window) > 0 && window->buffer[window->filled - 1] != '\n')
		window->buffer[window->filled++] = '\n';
}

int file_window_lines(struct file_window *window, const char **text, size_t *length)
{
	size_t wanted = window->size - 1;
	for (;;) {
		int error = file_window_need(window, wanted);
		if (error != 0)
			return error;
		clean(window);
		if (window->at_end)
			end_last_line(window);
		size_t ready = window->at_end ? file_window_ready(window)
		                              : line_last_cut(file_window_at(window), window->cleaned - window->start);
		if (ready > 0 || window->at_end) {
			*text = file_window_at(window);
			*length = ready;
			window->start += ready;
			return 0;
		}
		if (window->size >= RECORD_MAX)
			return ERR_LIMIT;
		wanted = window->size * 2 - 1;
	}
}
