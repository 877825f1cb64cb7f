// SPDX-License-Identifier: GPL-3.0-or-later
// What answer_prepare() and what writes the reply share.
#pragma once

#include "answer/answer.h"

// The second stage: which zone answers, and whether it can. Asks for what is
// above the name's bucket in the zone's index.
void answer_locate(const struct zone_table *zones, struct answer *answer);

// The name in a record of type NS, if it lies at or below the cut, the last
// `cut_labels` labels of the name: its hash, the name in lower case and its
// length. False: it lies elsewhere.
bool glue_name(const struct qname *name, unsigned cut_labels, const uint8_t *record,
               uint8_t target[static NAME_MAX_WIRE], size_t *length, uint64_t *hash);
