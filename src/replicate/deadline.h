// SPDX-License-Identifier: GPL-3.0-or-later
// One queue of deadlines for all zones, polls, transfers and NOTIFYs: a binary
// heap of entries that lie inside what they belong to. One timer of the loop
// drives it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct deadline;
typedef void deadline_fire(struct deadline *deadline, uint64_t now);

struct deadline {
	uint64_t at;          // boot clock, milliseconds; DEADLINE_NEVER: not waiting
	deadline_fire *fire;
	uint32_t place;       // in the heap, from 1; 0: not in it
	uint32_t index;       // for its owner, who may have 100,000 of them: here it costs nothing
};

#define DEADLINE_NEVER UINT64_MAX

struct deadline_queue {
	struct deadline **heap; // [1] is the earliest
	uint32_t count;
	uint32_t members;       // registered, whether waiting or not
	uint32_t room;
};

// Registers an entry, so that deadline_set() cannot fail. ERR_MEMORY.
int deadline_join(struct deadline_queue *queue, struct deadline *deadline, deadline_fire *fire);

// Takes it out for good. An entry that never joined is left alone.
void deadline_leave(struct deadline_queue *queue, struct deadline *deadline);

// Moves the entry; DEADLINE_NEVER stops it.
void deadline_set(struct deadline_queue *queue, struct deadline *deadline, uint64_t at);

// The earliest time waited for, or DEADLINE_NEVER.
uint64_t deadline_next(const struct deadline_queue *queue);

// Fires those that are due, each taken out first, at most `most`. Returns how many.
size_t deadline_run(struct deadline_queue *queue, uint64_t now, size_t most);

void deadline_queue_free(struct deadline_queue *queue);
