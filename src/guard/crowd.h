// SPDX-License-Identifier: GPL-3.0-or-later
// How much one owner may hold: sets of thousands of records, or names of hundreds
// of types, are more often an accident or an attack than meant (BIND's
// max-records-per-type and max-types-per-name).
#pragma once

#include <stdint.h>

#include "zone/delta.h"
#include "zone/zone.h"

// With a delta that leads to the version the owners that something was added to
// are looked at, else all of them. 0 is no limit; RRSIGs are no type of their own.
// Returns 0, or ERR_HELD and a phrase that names owner, count and limit.
int crowd_check(const struct zone_version *version, const struct delta *delta, uint32_t max_records_per_type,
                uint32_t max_types_per_name, char why[static 256]);
