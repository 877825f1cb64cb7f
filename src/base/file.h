// SPDX-License-Identifier: GPL-3.0-or-later
// What every writer of files needs.
#pragma once

#include <stddef.h>

// Writes all of it, however often write(2) takes only a part or is interrupted.
// Returns 0, or ERR_IO with errno set; some of it may stand there then.
int file_write_all(int fd, const void *bytes, size_t length) __attribute__((warn_unused_result));
