// SPDX-License-Identifier: GPL-3.0-or-later
// What is under way for a zone, for those who wait for it, and the orders whose
// outcome is told by that.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "replicate/replicate.h"

struct replica_progress {
	bool is_busy;       // an attempt, a load or a publication is under way, or waits for its turn
	bool is_writing;    // its zone file is being written, or is about to be
	unsigned notifies;  // NOTIFYs of ours on their way: not answered, and not given up
	uint32_t notifies_failed; // given up, or refused, since the start
	uint32_t attempts;  // to refresh it that have ended since the start, well or not
	bool is_transferring;
	uint64_t bytes, records; // that came so far by the transfer under way
	uint32_t failures;  // attempts in a row that came to nothing
	uint32_t refresh, retry, expire; // seconds, as they are in force; 0 without a copy
	char file_error[256]; // why the zone file could not be written; empty: it could
};

// Any thread: a copy of what is known at this moment. ERR_NOT_FOUND.
int replicate_progress(struct replicate *replicate, const uint8_t *origin, struct replica_progress *progress);

// --- From the control loop's thread; `why` gets a sentence where it is not 0.

// Sends NOTIFY to all that are told of the zone; *count gets how many.
// ERR_NOT_FOUND, ERR_STATE (nothing is served, or nobody is to be told).
int replicate_tell(struct replicate *replicate, const uint8_t *origin, unsigned *count, char why[static 256]);

// Writes a secondary's zone file now, or as soon as the one before is written.
// ERR_NOT_FOUND, ERR_STATE (no file, no copy, or a primary's).
int replicate_write_file(struct replicate *replicate, const uint8_t *origin, char why[static 256]);

// Reads a primary's zone file, where it changed since. ERR_NOT_FOUND, ERR_STATE
// (a secondary's).
int replicate_reread(struct replicate *replicate, const uint8_t *origin, char why[static 256]);
