// SPDX-License-Identifier: GPL-3.0-or-later
// Where the root servers are (IANA, root.hints). Inside src/audit only.
#pragma once

#include "audit/resolve.h"

// All thirteen, both families.
void hints_get(struct address_list *roots, uint16_t port);
