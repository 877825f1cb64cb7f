// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/file.h"

#include <errno.h>
#include <stdint.h>
#include <unistd.h>

#include "base/error.h"

int file_write_all(int fd, const void *bytes, size_t length)
{
	const uint8_t *at = bytes;
	while (length > 0) {
		ssize_t wrote = write(fd, at, length);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return ERR_IO;
		at += wrote;
		length -= (size_t)wrote;
	}
	return 0;
}
