// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/clock.h"

#include <time.h>

static struct timespec now(clockid_t id)
{
	struct timespec t = { 0 };
	clock_gettime(id, &t); // cannot fail for these clocks on Linux
	return t;
}

uint64_t clock_boot_ns(void)
{
	struct timespec t = now(CLOCK_BOOTTIME);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t clock_boot_ms(void)
{
	struct timespec t = now(CLOCK_BOOTTIME);
	return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

int64_t clock_wall_s(void)
{
	return (int64_t)now(CLOCK_REALTIME).tv_sec;
}

int64_t clock_wall_ns(void)
{
	struct timespec t = now(CLOCK_REALTIME);
	return (int64_t)t.tv_sec * 1000000000 + (int64_t)t.tv_nsec;
}
