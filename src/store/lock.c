// SPDX-License-Identifier: GPL-3.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "store/internal.h"

static long read_pid(int fd)
{
	char text[24];
	ssize_t got = pread(fd, text, sizeof text - 1, 0);
	if (got <= 0)
		return 0;
	text[got] = '\0';
	return strtol(text, NULL, 10);
}

static int refuse(int fd, const char *directory, char why[static 256])
{
	int reason = errno;
	long pid = read_pid(fd);
	close(fd);
	if (reason != EWOULDBLOCK) {
		snprintf(why, 256, "%.160s cannot be locked: %s", directory, strerror(reason));
		return ERR_IO;
	}
	if (pid > 0)
		snprintf(why, 256, "%.160s is in use by process %ld; stop that, or give this one another state directory",
		         directory, pid);
	else
		snprintf(why, 256, "%.160s is in use by another process", directory);
	return ERR_BUSY;
}

int store_lock(const char *directory, char why[static 256])
{
	char *path;
	if (asprintf(&path, "%s/lock", directory) < 0) {
		snprintf(why, 256, "out of memory");
		return ERR_MEMORY;
	}
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	free(path);
	if (fd < 0) {
		snprintf(why, 256, "%.120s/lock cannot be opened: %s%s", directory, strerror(errno),
		         errno == EACCES ? STORE_ADVICE : "");
		return ERR_IO;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		return refuse(fd, directory, why);
	char text[24];
	int length = snprintf(text, sizeof text, "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)length, 0) != length) {
		snprintf(why, 256, "%.160s/lock cannot be written: %s", directory, strerror(errno));
		close(fd);
		return ERR_IO;
	}
	return fd;
}

void store_unlock(int lock)
{
	// Empty, so that nobody takes an old pid for ours; the file stays, since
	// removing it would race with who is just opening it.
	if (ftruncate(lock, 0) != 0)
		errno = 0;
	close(lock);
}
