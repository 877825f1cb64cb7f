// SPDX-License-Identifier: GPL-3.0-or-later
// What is known of a zone, as other threads get it.
#pragma once

#include "replicate/replicate.h"

struct replica;

// Under the room's lock.
void status_fill(struct replica *replica, struct replica_status *status);
