// SPDX-License-Identifier: GPL-3.0-or-later
// What a primary has now against what is served: its whole zone is fetched into
// a draft that nobody publishes, in a transfer slot as any other, and giving way
// to what is to be published.
#pragma once

#include "replicate/replicate.h"

struct replica;

// `done` is called on the loop, with the delta where it went well. Else not 0
// and `why`: ERR_STATE (no secondary zone, or no copy yet), ERR_BUSY (another
// asks already), ERR_MEMORY. A NOTIFY or a refresh meanwhile goes first, and it
// begins anew after that; ERR_BUSY where that happens again and again.
int compare_begin(struct replica *replica, replicate_done *done, void *context, char why[static 256]);

// Whether one waits for the zone to be idle; and it is idle: begins it.
bool compare_waits(const struct replica *replica);
void compare_run(struct replica *replica);

// The zone wants to take up something new: a transfer to compare with makes way.
void compare_yield(struct replica *replica);

// The zone goes away, or everything stops: who asked is told so.
void compare_cancel(struct replica *replica);
