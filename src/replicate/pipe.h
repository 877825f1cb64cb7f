// SPDX-License-Identifier: GPL-3.0-or-later
// Many polls of one primary over one TCP connection, several under way at once
// (RFC 7766, 6.2.1.1). One connection for each primary and source address, from
// and back to the kept ones of replicate/link.h; it lasts as long as somebody
// sits in it. A primary that leaves questions unanswered twice in a row, closes
// after a few or answers out of contract is remembered, and its polls go by UDP.
// All on the loop.
#pragma once

#include "config/model.h"
#include "replicate/pipe_seats.h"

struct primary;
struct replicate;

// Takes a seat with query and user set; the question leaves in the same turn of
// the loop, or waits behind others, 1 s at most. ERR_STATE: the primary does not
// take it that way, for now; ERR_MEMORY.
int pipe_join(struct replicate *room, struct primary *primary, const struct config_remote *remote,
              struct pipe_seat *seat);

// Leaves the seat without a word. Fine where it has none.
void pipe_leave(struct pipe_seat *seat);
