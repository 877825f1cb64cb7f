// SPDX-License-Identifier: GPL-3.0-or-later
// The earliest moment at which a signature of a zone runs out. It is looked for
// in the background, a few records at a time, when a signed zone has changed:
// about a hundredth of one processor's time, whatever there is to do.
#pragma once

#include <stdint.h>

#include "observe/page_board.h"
#include "zone/table.h"

struct signatures;

int signatures_new(const struct zone_table *table, struct board *board, struct signatures **signatures);
void signatures_free(struct signatures *signatures);

// Goes on where it is time to. The calling thread is registered and online.
void signatures_step(struct signatures *signatures, uint64_t now_ms);

// When it wants to go on, boot ms.
uint64_t signatures_due(const struct signatures *signatures);
