// SPDX-License-Identifier: GPL-3.0-or-later
// Unpredictable numbers for message IDs and jitter: the kernel's, fetched by
// the buffer. For one thread.
#pragma once

#include <stdint.h>

struct random_pool {
	uint32_t left;
	uint8_t bytes[252];
};

uint32_t random_next(struct random_pool *pool);
