// SPDX-License-Identifier: GPL-3.0-or-later
// Asks many servers at once, within bounds: so many questions outstanding, so
// many of them at one server, so many questions and seconds in all.
#pragma once

#include "audit/ask.h"

#define ASKER_OUTSTANDING 32
#define ASKER_PER_SERVER 3       // more may look like a flood to a rate limit
#define ASKER_MEMORY (64u << 20) // replies kept, bytes

struct flight;

struct asker {
	struct pool *pool;
	uint32_t timeout_ms; // for one try
	uint32_t tries;      // by UDP
	uint32_t left;       // questions that may still be asked
	uint64_t deadline;   // clock_boot_ms() when all must be done
	bool reached_bounds; // something was not asked for it
	struct flight *flights;
};

// Takes its memory from the pool, whose escape must be set, and gives itself
// bounds: `seconds` for all that it will do, `questions` in all.
void asker_init(struct asker *asker, struct pool *pool, uint32_t timeout_ms, uint32_t seconds,
                uint32_t questions);

// Asks all, each over UDP with retries and then by TCP where the answer is
// truncated, and returns when each has a reply or an error. Every try has a port
// and an ID of its own.
void asker_run(struct asker *asker, struct ask *asks, size_t count);

// Closes what is open; needed only where asker_run() was left by the escape.
void asker_close(struct asker *asker);
