// SPDX-License-Identifier: GPL-3.0-or-later
// A lane: background threads that run jobs in the order they came, so that
// short work never waits behind long work of another lane.
#pragma once

#include <stddef.h>

struct lane;

// Starts `threads` threads named `name` (at most 15 bytes). ERR_MEMORY, ERR_IO.
int lane_start(const char *name, unsigned threads, struct lane **lane);

// The same at a lower priority: for what nobody waits for.
int lane_start_low(const char *name, unsigned threads, struct lane **lane);

// Queues a job; thread-safe. ERR_MEMORY. The job's context is the caller's.
int lane_post(struct lane *lane, void (*job)(void *context), void *context);

// Jobs queued or running.
size_t lane_length(struct lane *lane);

// Runs what is queued to its end, then ends the threads.
void lane_stop(struct lane *lane);
