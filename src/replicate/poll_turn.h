// SPDX-License-Identifier: GPL-3.0-or-later
// Whose turn it is to ask a primary for a serial: only so many are asked of one
// at a time, as more overrun the receive buffer of a server that keeps the
// system's default size, and each packet lost costs a second. All on the loop.
#pragma once

#include <stdbool.h>

struct primary;
struct replicate;

// Serials asked of one primary at a time.
#define POLL_TURNS 128u

struct poll_turn {
	struct poll_turn *next, *previous;
	struct primary *primary;  // NULL: neither waiting nor holding
	bool is_holding;
	void (*ready)(struct poll_turn *turn);
};

// In each primary. Those that wait, in the order of asking.
struct poll_turns {
	struct poll_turn *first, *last;
	unsigned taken;
	struct primary *next_due; // of those that have turns to hand out
	bool is_due;
};

// Takes one: turn->ready is called at once where one is free and nobody waits,
// else by poll_turns_run(), while fewer than ATTEMPTS_MAX run.
void poll_turn_take(struct replicate *room, struct primary *primary, struct poll_turn *turn);

// Gives it back, or stops waiting. Fine where neither holds.
void poll_turn_give(struct replicate *room, struct poll_turn *turn);

// Hands out what has become free, at most `most`, to each primary's in turn; the
// end of each step of the loop calls it. True where it should be called again soon.
bool poll_turns_run(struct replicate *room, unsigned most);
