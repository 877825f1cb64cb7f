// SPDX-License-Identifier: GPL-3.0-or-later
// Time. Running timers use the boot clock, which counts through suspend and
// cannot be set; wall time only bridges restarts and signs TSIG.
#pragma once

#include <stdint.h>

// Nanoseconds of CLOCK_BOOTTIME.
uint64_t clock_boot_ns(void);

// Milliseconds of CLOCK_BOOTTIME.
uint64_t clock_boot_ms(void);

// Seconds since 1970 (CLOCK_REALTIME).
int64_t clock_wall_s(void);

// Nanoseconds since 1970 (CLOCK_REALTIME).
int64_t clock_wall_ns(void);
