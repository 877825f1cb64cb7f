// SPDX-License-Identifier: GPL-3.0-or-later
// A small resolver: from the root servers down, iteratively, with bounds on
// depth, on aliases and on questions. It trusts only what the servers of a zone
// say about that zone, and takes glue only from above the name it is for.
#pragma once

#include "audit/asker.h"
#include "config/pool.h"

#define ADDRESSES_MOST 26 // of one name or one zone: thirteen servers, two families

struct address_list {
	uint32_t count;
	struct sockaddr_storage at[ADDRESSES_MOST];
};

// Adds it unless it is there or the list is full.
void address_list_add(struct address_list *list, const struct sockaddr_storage *address);
bool address_list_has(const struct address_list *list, const struct sockaddr_storage *address);
// Adds all addresses that the section has for that name, with that port.
void address_list_take(struct address_list *list, const struct reply *reply,
                       enum message_section section, const uint8_t *name, uint16_t port);

#define ZONE_NAMES_MOST 16

// A zone on the way down, and who serves it.
struct zone_servers {
	struct zone_servers *next;
	const uint8_t *zone;
	const uint8_t *names[ZONE_NAMES_MOST]; // of its servers; none for the root and for what was given
	uint32_t name_count;
	struct address_list addresses;
	bool is_resolved; // names without glue were looked up
	const char *silent; // why nobody is asked again: nobody answered; NULL: not so
};

// A name that is being looked up, for the sake of the one before.
struct pending_name {
	const struct pending_name *outer;
	const uint8_t *name;
};

struct resolver {
	struct asker *asker;
	struct pool *pool;
	uint16_t port;              // of every server found
	struct zone_servers *zones; // newest first; the root is the last
	struct known_name *names;   // what has been looked up
	const struct pending_name *pending;
	uint32_t depth;
};

enum lookup_state {
	LOOKUP_FOUND,
	LOOKUP_NO_DATA,  // the name is there, the type is not
	LOOKUP_NO_NAME,  // NXDOMAIN
	LOOKUP_FAILED,   // nobody gave an answer; why says more
	LOOKUP_LOOP,     // its servers can only be found by finding them first
};

struct lookup {
	enum lookup_state state;
	bool is_alias;            // a CNAME stood on the way
	const uint8_t *name;      // what it led to
	const struct reply *reply;// with the records, where found
	const char *why;          // a clause, where it failed
};

// `roots`: the addresses to begin with.
void resolver_init(struct resolver *resolver, struct asker *asker, struct pool *pool, uint16_t port,
                   const struct address_list *roots);

// Looks a name up, following aliases. Remembered.
void resolver_look_up(struct resolver *resolver, const uint8_t *name, uint16_t type, struct lookup *lookup);

// Both kinds of address; state FOUND where there is at least one.
void resolver_addresses(struct resolver *resolver, const uint8_t *name, struct address_list *list,
                        struct lookup *lookup);

// The zone that the name is delegated from: the closest one above it. NULL where
// the way down ended, with `why`. The name is not the root.
struct zone_servers *resolver_parent(struct resolver *resolver, const uint8_t *name, const char **why);

// --- inside the resolver

// Asks servers of the zone until one answers usefully: with authority, or by
// referring to a zone further down. NULL: none did. *why then tells of the last.
const struct reply *zone_ask(struct resolver *resolver, struct zone_servers *zone, const uint8_t *name,
                             uint16_t type, const char **why);

// The zone that the reply refers to on the way from `zone` to `name`, made known;
// NULL where it is no referral. `section`: authority, or the answer where the same
// servers serve the zone below too.
struct zone_servers *zone_learn(struct resolver *resolver, const struct zone_servers *zone,
                                const struct reply *reply, enum message_section section,
                                const uint8_t *name);

// The deepest zone known at or above the name.
struct zone_servers *zone_closest(const struct resolver *resolver, const uint8_t *name);
