// SPDX-License-Identifier: GPL-3.0-or-later
// What a primary has now against what is served: its whole zone is fetched into
// a draft that nobody publishes.
#pragma once

#include "replicate/replicate.h"

struct replica;

// `done` is called on the loop, with the delta where it went well. Else not 0
// and `why`: ERR_STATE (no secondary zone, or no copy yet), ERR_BUSY (another
// asks already), ERR_MEMORY. The zone takes up nothing new meanwhile.
int compare_begin(struct replica *replica, replicate_done *done, void *context, char why[static 256]);

// Whether one waits for the zone to be idle; and it is idle: begins it.
bool compare_waits(const struct replica *replica);
void compare_run(struct replica *replica);

// The zone goes away, or everything stops: who asked is told so.
void compare_cancel(struct replica *replica);
