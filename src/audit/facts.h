// SPDX-License-Identifier: GPL-3.0-or-later
// What was seen of a domain, before anything is made of it. Inside src/audit only.
#pragma once

#include "audit/audit.h"
#include "audit/resolve.h"
#include "base/address.h"

#define TARGETS_MOST 24
#define SERVERS_MOST 40

// What each server is asked. The first three show whether it is worth going on.
enum probe {
	PROBE_SOA,          // with EDNS and DO
	PROBE_SOA_PLAIN,    // without EDNS
	PROBE_SOA_TCP,
	PROBE_NS,
	PROBE_NS_PLAIN,     // at most 512 bytes may come
	PROBE_DNSKEY,
	PROBE_DNSKEY_SMALL, // at most 512 bytes, by EDNS
	PROBE_MX,
	PROBE_TXT,
	PROBE_VERSION,      // EDNS version 1
	PROBE_OPTION,       // an EDNS option that nobody knows
	PROBE_RECURSION,
	PROBE_TRANSFER,     // AXFR, unsigned
	PROBE_COUNT,
	PROBE_FIRST_COUNT = PROBE_NS,
};

struct server {
	const uint8_t *name;       // as an NS record has it; NULL where only the address is known
	struct sockaddr_storage address;
	bool was_given, is_new;    // by --server, --new
	bool is_probed, is_asked_all;
	bool has_no_route;         // this host cannot send there: nothing is known
	bool speaks_edns;
	bool is_authoritative;     // gave the SOA with authority
	const struct reply *reply; // the best answer to SOA; NULL: none
	const struct reply_record *soa_record; // where authoritative
	struct soa soa;
	uint32_t origin;           // autonomous system; 0 not known
	struct ask probes[PROBE_COUNT];
	struct ask *target_asks;   // A and AAAA of each target inside, in turn
	uint32_t target_ask_count;
};

// A name that an NS record points to.
struct target {
	const uint8_t *name;
	bool at_parent, at_apex;
	bool is_inside;            // at or below the domain: its addresses are in the zone
	bool is_looked_up;         // outside: by the resolver
	bool own_is_known;         // `own` is all there is
	struct address_list glue;  // from the parent
	struct address_list own;   // from who has authority over the name
	struct lookup lookup;      // how that went
};

// What a server is asked that this host may want to fetch the zone from. The first
// two are signed where there is a key.
enum { SOURCE_SOA, SOURCE_TRANSFER, SOURCE_UNSIGNED, SOURCE_ASKS };

struct facts {
	const struct audit_options *options;
	struct pool *pool;
	struct asker asker;
	struct resolver resolver;
	const uint8_t *domain;
	char domain_text[NAME_MAX_TEXT];
	int64_t now;               // wall seconds
	uint32_t elapsed_ms;

	struct zone_servers *parent; // NULL: not found, or not looked for
	const char *parent_why;      // why not
	struct ask *parent_ns, *parent_ds; // parent->addresses.count of each
	bool parent_answered;
	bool is_delegated;           // a server of the parent referred to the domain
	bool parent_serves;          // or served it itself
	bool is_unknown;             // or said that it does not exist

	struct target targets[TARGETS_MOST];
	uint32_t target_count;
	struct server *servers[SERVERS_MOST];
	uint32_t server_count;
	uint32_t newest;             // serial of the servers; where has_serial
	uint32_t wanted;             // the same, or what a primary has that is newer
	bool has_serial;
	struct ask (*sources)[SOURCE_ASKS];
	uint32_t source_count;
};

// Everything that is asked is asked here. The pool's escape is set.
void facts_gather(struct facts *facts);

void gather_parent(struct facts *facts);
// Learns of targets from servers that have authority, finds their addresses.
void gather_targets(struct facts *facts);
// Asks the primaries that the configuration names, and with --tsig the servers that
// were given, as a transfer would.
void gather_sources(struct facts *facts);
// Autonomous systems of all servers.
void gather_origins(struct facts *facts);

struct target *facts_target(struct facts *facts, const uint8_t *name); // NULL: not there
struct target *facts_add_target(struct facts *facts, const uint8_t *name); // NULL: too many
struct server *facts_add_server(struct facts *facts, const uint8_t *name,
                                const struct sockaddr_storage *address); // NULL: too many
// The zone in the configuration; NULL none.
const struct config_zone *facts_zone(const struct facts *facts);

// Whether the two replies have equal sets, TTLs aside.
bool facts_sets_equal(const struct reply *a, enum message_section in_a, const struct reply *b,
                      enum message_section in_b, const uint8_t *owner, uint16_t type);

// Whether the answer to AXFR is a transfer: it then begins with the SOA.
bool facts_gives_zone(const struct facts *facts, const struct ask *ask);

// "ns1.example.com (192.0.2.1)": the address with its port where that is not 53.
#define PLACE_TEXT (NAME_MAX_TEXT + 96)
const char *facts_place(const struct facts *facts, const struct server *server, char text[static PLACE_TEXT]);
const char *facts_address(const struct facts *facts, const struct sockaddr_storage *address,
                          char text[static ADDRESS_TEXT]);
