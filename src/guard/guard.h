// SPDX-License-Identifier: GPL-3.0-or-later
// May this content be published? The guard knows nothing of how it came or
// where it goes.
#pragma once

#include "config/model.h"
#include "zone/draft.h"

struct guard_verdict {
	const char *check; // the name of the check that failed: "structure", "size"; NULL: none
	char text[256];    // what is wrong and what lets it pass; empty where nothing is
};

// Checks a draft, before it is sealed, against the policy; `previous` is the
// version it shall replace (NULL: none). O(change). Returns 0, or ERR_DENIED
// with the verdict.
int guard_check(const struct zone_draft *draft, const struct zone_version *previous,
                const struct config_policy *policy, struct guard_verdict *verdict);
