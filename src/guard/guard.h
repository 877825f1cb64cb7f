// SPDX-License-Identifier: GPL-3.0-or-later
// May this content be published? The guard knows nothing of how it came or
// where it goes.
//
// Two kinds of "no". What is not a zone at all is refused: it cannot be sealed,
// so nobody can ask for it to be served all the same. What merely looks wrong
// is held: the operator may approve it. The checks in their order:
//
//   structure    refused  on the draft, O(change)
//   max-records  held     on the sealed version, O(1)
//   max-records-per-type, max-types-per-name
//                held     of the owners that changed; of all in a first copy
//   max-shrink   held     against the version that it replaces, O(1)
//   zonemd       held     where the zone has a digest: a walk of the whole zone
//   verifier     held     where one is configured: guard/verifier.h
#pragma once

#include "config/model.h"
#include "zone/delta.h"
#include "zone/draft.h"

struct guard_verdict {
	const char *check; // the name of the check that failed, a constant; NULL: none
	char text[256];    // what is wrong, a phrase; empty where nothing is
};

// Checks the structure of a draft, before it is sealed. O(change). Returns 0,
// or ERR_DENIED with the verdict.
int guard_check_draft(const struct zone_draft *draft, struct guard_verdict *verdict);

// All other checks but the verifier. `previous` is the version that is served
// and that this one shall replace, NULL where none is: what nobody is answered
// from, nothing can be worse than. The delta leads to the version; NULL: not
// known. Returns 0, ERR_HELD with the verdict, or ERR_MEMORY.
int guard_examine(const struct zone_version *version, const struct zone_version *previous,
                  const struct delta *delta, const struct config_policy *policy, struct guard_verdict *verdict);

// Whether guard_examine() will walk the whole zone.
bool guard_walks(const struct zone_version *version, const struct delta *delta, const struct config_policy *policy);
