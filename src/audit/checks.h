// SPDX-License-Identifier: GPL-3.0-or-later
// The checks: each looks at the facts and adds what it finds. None asks anybody.
// Inside src/audit only.
#pragma once

#include "audit/facts.h"
#include "audit/finding.h"

// The fields of a finding that say which server it is about.
#define AT_SERVER(facts, server) (server)->name, &(server)->address, (facts)->options->port

void check_delegation(const struct facts *facts, struct findings *findings); // NS, glue, targets
void check_protocol(const struct facts *facts, struct findings *findings);   // lameness, TCP, EDNS, size
void check_transfer(const struct facts *facts, struct findings *findings);   // open AXFR, recursion
void check_serials(const struct facts *facts, struct findings *findings);    // serials, contents
void check_soa(const struct facts *facts, struct findings *findings);        // timers, MNAME
void check_networks(const struct facts *facts, struct findings *findings);
void check_dnssec(const struct facts *facts, struct findings *findings);
void check_sources(const struct facts *facts, struct findings *findings);    // transfers to this host
void check_configuration(const struct facts *facts, struct findings *findings);     // NOTIFY, TSIG, access lists
