// SPDX-License-Identifier: GPL-3.0-or-later
// A set of references, by open addressing. Internal to the zone room.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

struct refset {
	arena_ref *slot; // 0: free
	size_t count, mask;
};

// Zero-initialised is empty. ERR_MEMORY: nothing changed.
int refset_add(struct refset *set, arena_ref ref) __attribute__((warn_unused_result));
void refset_remove(struct refset *set, arena_ref ref);
bool refset_has(const struct refset *set, arena_ref ref);
void refset_free(struct refset *set);
