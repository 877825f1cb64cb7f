// SPDX-License-Identifier: GPL-3.0-or-later
// Looks at a domain from outside, as the world's resolvers and its own secondaries
// see it, and says what is wrong, where, why it matters and how to mend it. Works
// over the wire alone; no server of ours need run.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>

#include "config/model.h"

#define AUDIT_ADDRESSES_MOST 16 // of each kind that is given
#define AUDIT_TIMEOUT_MS 2000   // for one try, unless said
#define AUDIT_PORT 53

struct audit_addresses {
	uint32_t count;
	struct sockaddr_storage at[AUDIT_ADDRESSES_MOST]; // with ports
};

struct audit_options {
	const uint8_t *domain;            // wire
	struct audit_addresses roots;     // empty: those of the Internet
	struct audit_addresses parents;   // empty: found from the roots
	struct audit_addresses servers;   // to look at beside those delegated to
	const uint8_t *new_name;          // a secondary to be; NULL none
	struct audit_addresses new_addresses;
	const struct config *config;      // NULL none
	const struct tsig_key *key;       // to ask `servers` for the zone with; NULL none
	uint32_t timeout_ms;              // for one try
	uint16_t port;                    // of servers that are found
	bool no_parent;                   // leave the delegation out
	bool no_origin;                   // do not look up autonomous systems
};

enum audit_severity { AUDIT_INFO, AUDIT_WARNING, AUDIT_ERROR };

struct audit;

// Does it. Takes a minute at most. Returns 0 or ERR_MEMORY. What options point to
// outlives the audit.
int audit_run(const struct audit_options *options, struct audit **audit);
void audit_free(struct audit *audit);

// Findings of that severity.
uint32_t audit_count(const struct audit *audit, enum audit_severity severity);

// Whether nobody at all could be asked, so that nothing is known.
bool audit_is_blind(const struct audit *audit);

// For people: at most 100 columns, in colour where asked.
void audit_print_text(const struct audit *audit, bool colour, FILE *to);

// One object. Returns 0 or ERR_MEMORY.
int audit_print_json(const struct audit *audit, FILE *to);

// One line for Nagios and its kin. Returns the exit code it wants: 0 OK,
// 1 WARNING, 2 CRITICAL, 3 UNKNOWN.
int audit_print_nagios(const struct audit *audit, FILE *to);
