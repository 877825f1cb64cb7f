// SPDX-License-Identifier: GPL-3.0-or-later
// Which zones' status changed since when: one word a zone, beside the list of
// zones, so that a look at 100,000 of them is one at 400 kB in a row. Written
// on the loop between room_enter() and room_leave().
#pragma once

#include <stdatomic.h>
#include <stdint.h>

struct replica;
struct replicate;

struct changes {
	_Atomic uint64_t count;   // changes of all zones together
	_Atomic uint64_t removed; // zones that went
	uint32_t *last;           // of each of room->replicas: the low half of the count at its last change
};

// Room for so many zones. ERR_MEMORY.
int changes_reserve(struct changes *changes, uint32_t zones);
void changes_free(struct changes *changes);

// The zone's status is another than before. Nothing for a zone that is not, or
// not yet, in the list.
void changes_mark(struct replica *replica);

// The zone at the first place was taken out, and the last of the list, which
// was at the second, has its place.
void changes_move(struct replicate *room, uint32_t to, uint32_t from);
