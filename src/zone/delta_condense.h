// SPDX-License-Identifier: GPL-3.0-or-later
// Several deltas, one behind another, as the one difference between their ends:
// what came and went again, or went and came again, is in none of it.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "zone/delta.h"

struct delta_change {
	struct delta_record record; // points into the deltas
	bool is_added;
};

struct delta_changes {
	struct delta_change *change;
	size_t count;
};

// In canonical order of the owners; at each by type, the SOA first and RRSIGs
// behind what they sign; of each type what went, then what came. The SOAs of
// both ends are among them where they differ. The deltas begin where the one
// before ended, and outlive the result. With is_backward it is the way back:
// what went came, and the reverse. ERR_LIMIT (more than max_records in all the
// deltas; 0: no bound), ERR_MEMORY, ERR_STATE (they do not fit each other).
int delta_condense(struct delta *const *delta, size_t count, bool is_backward, size_t max_records,
                   struct delta_changes *changes);

// One that is empty is fine.
void delta_changes_free(struct delta_changes *changes);
