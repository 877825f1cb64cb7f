// SPDX-License-Identifier: GPL-3.0-or-later
// NOTIFY out (RFC 1996): a queue for each target, so that a dead one delays
// none of the others; by UDP, again and again with growing pauses, at last by TCP.
// What a start or a first copy tells has a lane and a rate of its own: news of
// a change never waits behind it.
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

enum notify_lane { NOTIFY_OF_CHANGE, NOTIFY_OF_START, NOTIFY_LANES };

// How fast NOTIFYs of one lane leave, to all targets together.
struct notify_pace {
	struct deadline wake; // when the next may go, while some wait for that
	uint64_t at;          // boot ms: when it was last filled; 0: never
	uint64_t tokens;      // thousandths of a NOTIFY
};

// Takes one, where there is one: `rate` a second, as many at once after a
// quiet second. 0 in `wait`: it may go, else after so many ms. Rate 0: no limit.
bool notify_pace_take(struct notify_pace *pace, uint32_t rate, uint64_t now, uint64_t *wait);

struct notify_out {
	struct notify_target *targets;
	uint32_t target_count;
	struct endpoint own[OWN_ADDRESSES_MAX]; // where we listen: not told of our own news
	unsigned own_count;
	struct notify_pace pace[NOTIFY_LANES];
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

// Whether we listen there ourselves.
bool notify_is_own(const struct notify_out *out, const struct endpoint *endpoint);

// Tells the zone's recipients of what is served now. One that waits in the
// lane of the start is moved to that of changes when there is one.
void notify_out_zone(struct replica *replica, enum notify_lane lane);

// NOTIFYs of this zone that wait or are on their way.
unsigned notify_out_count(const struct replica *replica) __attribute__((pure));

// Nobody is told of this zone any more.
void notify_out_forget(struct replica *replica);

// Notes where we listen.
void notify_out_configure(struct replicate *room, const struct config *config);

// Ends all; for the end.
void notify_out_stop(struct replicate *room);
