// SPDX-License-Identifier: GPL-3.0-or-later
// The first load: all zones at once, by as many threads as there are cores,
// before questions are answered and before the store has its thread.
#pragma once

#include <stdbool.h>

struct replica;
struct replicate;

// Gives every zone of the room the best copy at hand: a secondary from the
// store, else from its file; a primary from its file, else from the store.
// Then sets all clocks. What concerns one zone fails that zone, with a line.
void start_load_all(struct replicate *room);

// A zone that a reload brings back takes up the copy that the store has kept of
// it. False where there is none. It reads a large zone in one step of the loop,
// which is better than not to serve it.
bool start_load_one(struct replica *replica);
