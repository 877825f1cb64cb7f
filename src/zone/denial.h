// SPDX-License-Identifier: GPL-3.0-or-later
// NSEC and NSEC3 as a sealed version has them. Internal to the zone room.
#pragma once

#include "zone/version.h"

// Each NSEC3 node once, though it may stand in several chains.
void denial_each_nsec3(const struct denial *d, void (*visit)(void *context, arena_ref ref), void *context);

// The parameters that an NSEC3 record's rdata begins with (RFC 5155, 3.2), or
// those of an NSEC3PARAM (4.2): both begin alike. False where it is too short.
bool denial_parameters(const uint8_t *rdata, size_t length, struct nsec3_parameters *parameters, uint8_t *flags);

// The chain of these parameters, 0 where there is none.
unsigned denial_chain(const struct denial *d, const struct nsec3_parameters *parameters);

// The first chain that an NSEC3 node stands in: the one that lists it in walks
// over all chains.
unsigned denial_first_chain(const struct denial *d, const struct zone_node *n);

// The tree's key of an NSEC3 owner.
#define NSEC3_LABEL_LENGTH 32 // base32 of the hash

// The owner's label from the hash, lower case, with its length byte.
void denial_hash_to_label(const uint8_t hash[static NSEC3_HASH_LENGTH], uint8_t label[static NSEC3_LABEL_LENGTH + 1]);

// Fills in what the chain in use says of the apex and of "*" below it.
void denial_know_apex(struct denial *d, const struct zone_line *line);
