// SPDX-License-Identifier: GPL-3.0-or-later
// After a burst (many zones that came at once, a reload) the C library keeps most
// of the memory that was given back. Once it is quiet that goes to the system.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/mailbox.h"
#include "replicate/deadline.h"

struct replicate;

struct tidy {
	struct deadline deadline; // of the next look
	struct mail mail;
	uint32_t count;           // of what came and went since the last time
	uint32_t seen;            // … at the last look
	bool is_running;          // on its lane
};

// ERR_MEMORY.
int tidy_init(struct replicate *room);

// So many zones' worth of memory came and went.
void tidy_note(struct replicate *room, uint32_t zones);
