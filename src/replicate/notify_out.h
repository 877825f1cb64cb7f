// SPDX-License-Identifier: GPL-3.0-or-later
// NOTIFY out (RFC 1996): a queue for each target, so that a dead one delays
// none of the others; by UDP, again and again with growing pauses, at last by TCP.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "replicate/deadline.h"
#include "replicate/endpoint.h"

struct config;
struct config_key;
struct notify_target;
struct replica;
struct replicate;

#define OWN_ADDRESSES_MAX 64

struct notify_out {
	struct notify_target *targets;
	struct endpoint own[OWN_ADDRESSES_MAX]; // where we listen: not told of our own news
	unsigned own_count;
	struct deadline pace;
	uint64_t tokens_at;
	uint64_t tokens;                        // thousandths of a NOTIFY that may go
};

// Who is to be told of a zone.
struct notify_recipient {
	struct endpoint endpoint;
	struct endpoint source;       // AF_UNSPEC: the system chooses
	const struct config_key *key; // NULL: unsigned
};

#define RECIPIENTS_MAX 64

// As the zone's policy says: also_notify, and the NS targets whose addresses
// are in zones served here; names of other NS targets are put into `missing`,
// separated by commas. Returns how many.
unsigned notify_recipients(struct replica *replica, struct notify_recipient recipients[static RECIPIENTS_MAX],
                           char missing[static 256]);

// Tells the zone's recipients of what is served now.
void notify_out_zone(struct replica *replica);

// Nobody is told of this zone any more.
void notify_out_forget(struct replica *replica);

// Notes where we listen.
void notify_out_configure(struct replicate *room, const struct config *config);

// Ends all; for the end.
void notify_out_stop(struct replicate *room);
