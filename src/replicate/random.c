// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/random.h"

#include <string.h>
#include <sys/random.h>

uint32_t random_next(struct random_pool *pool)
{
	uint32_t value;

	if (pool->left < sizeof value) {
		// Up to 256 bytes come whole and without waiting once the kernel is seeded.
		while (getrandom(pool->bytes, sizeof pool->bytes, 0) != (ssize_t)sizeof pool->bytes)
			;
		pool->left = sizeof pool->bytes;
	}
	pool->left -= (uint32_t)sizeof value;
	memcpy(&value, pool->bytes + pool->left, sizeof value);
	memset(pool->bytes + pool->left, 0, sizeof value);
	return value;
}
