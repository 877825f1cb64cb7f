// SPDX-License-Identifier: GPL-3.0-or-later
// The lines that make a server one of the domain's name servers. Inside src/audit
// only.
#pragma once

#include "audit/facts.h"

#define LINES_MOST (2 * AUDIT_ADDRESSES_MOST + 2)

struct lines {
	const char *name;             // of the server, presentation form; NULL: there is nothing to enter
	bool name_is_ours;            // made up: another may be chosen
	bool in_zone;                 // it stands there already
	bool at_parent;
	uint32_t zone_count, registrar_count;
	const char *zone[LINES_MOST]; // records
	const char *registrar[LINES_MOST];
};

// For the secondary that --new names; else for the server of the configuration,
// where it serves the zone and none of the domain's name servers is it.
void lines_make(const struct facts *facts, struct lines *lines);
