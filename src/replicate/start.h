// SPDX-License-Identifier: GPL-3.0-or-later
// The first load: all zones at once, by as many threads as there are cores,
// before questions are answered and before the store has its thread.
#pragma once

struct replica;
struct replicate;

// Gives every zone of the room the best copy at hand: a secondary from the
// store, else from its file; a primary from its file, else from the store.
// Then sets all clocks. What concerns one zone fails that zone, with a line.
void start_load_all(struct replicate *room);

// A zone that a reload brings back takes up the copy that the store has kept of
// it, on a lane; where there is none, its file is read or its primaries asked.
void start_resume(struct replica *replica);
