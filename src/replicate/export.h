// SPDX-License-Identifier: GPL-3.0-or-later
// Writing the zone files that secondary zones name in the configuration: at
// once after the first transfer, later no sooner than a hundred times what the
// last one took, and on stop.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct replica;
struct replicate;

struct exports {
	struct replica **ring;       // waiting their turn, each held; room is a power of two, or 0
	uint32_t first, count, room;
	bool is_writing;
};

// The zone's file is behind what is served.
void export_request(struct replica *replica);

// Written now, whatever the pause, or as soon as what is being written is done.
void export_now(struct replica *replica);

// The zone's deadline came: writes it where it is time.
void export_tick(struct replica *replica, uint64_t now);

// All that wait are written now; for the end.
void export_all(struct replicate *room);

void exports_free(struct exports *exports);

// The zone goes away.
void export_cancel(struct replica *replica);
