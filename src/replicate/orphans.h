// SPDX-License-Identifier: GPL-3.0-or-later
// Copies in the store of zones that are not configured: kept for a week, since
// a line lost from a configuration comes back sooner than its primary may.
#pragma once

#include <stdbool.h>

struct replicate;

struct orphans {
	unsigned char *names; // in wire form, one behind another; NULL: none
	unsigned long used, room;
	unsigned long at;     // up to where they are forgotten
	unsigned forgotten;
};

// Before the store has its thread, with the first configuration in place:
// finds those whose week is over.
void orphans_find(struct replicate *room);

// Once it has: they are forgotten, some in each step of the loop. True once all
// are.
bool orphans_forget(struct replicate *room);
