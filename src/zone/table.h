// SPDX-License-Identifier: GPL-3.0-or-later
// The zones that are served: name → slot. A slot is stable as long as its zone
// is configured; publishing a version writes one word in it.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "config/acl.h"
#include "dns/name.h"
#include "zone/zone.h"

// What answers for the zone are at present.
enum zone_state {
	ZONE_STATE_EMPTY,   // nothing loaded or transferred yet: SERVFAIL, EDE 14
	ZONE_STATE_SERVED,
	ZONE_STATE_EXPIRED, // SERVFAIL, EDE 24... the copy is too old (RFC 1034, 4.3.5)
};

struct zone_slot {
	_Atomic(const struct zone_version *) version; // NULL where none is published
	_Atomic uint8_t state;                        // enum zone_state
	uint8_t origin_length;                        // with the root byte
	_Atomic uint32_t expires_at;                  // boot seconds; 0: not a copy, or without a version
	_Atomic(const struct acl *) allow_query;      // NULL: anyone
	_Atomic(const struct acl *) allow_transfer;   // NULL: nobody
	_Atomic(void *) owner;     // the replication state of the zone; opaque here
	uint8_t origin[];          // wire, lower case
};

// One table a server. Look-ups take no lock (workers, under the epoch);
// changes come from one thread.
struct zone_table;
int zone_table_new(struct zone_table **table);
void zone_table_free(struct zone_table *table); // slots still in it too; no reader may be left

// Makes a slot in state EMPTY. ERR_EXISTS, ERR_MEMORY.
int zone_table_add(struct zone_table *table, const uint8_t *origin, struct zone_slot **slot);

// Between begin and end readers see nothing of what is added; at the end they see
// all of it. For the many zones of a configuration: a change alone copies a part
// of the table. A removal ends it too. Where none was begun, end does nothing.
void zone_table_batch_begin(struct zone_table *table);
void zone_table_batch_end(struct zone_table *table);

// Takes a slot out. Readers may see it for a grace period more; after that it is
// the caller's to give back, when nobody of his needs it. False without memory:
// it stays in the table, in state EMPTY.
bool zone_table_remove(struct zone_table *table, struct zone_slot *slot) __attribute__((warn_unused_result));

// Gives back a slot that was taken out, with its version.
void zone_slot_free(struct zone_slot *slot);

// The deepest zone that the name lies in, or NULL. For DS pass above = true:
// the deepest zone strictly above the name (RFC 4035, 3.1.4.1), where one is
// served; the caller falls back to above = false.
struct zone_slot *zone_table_find(const struct zone_table *table, const struct qname *q, bool above);

// The zone of exactly this name, or NULL.
struct zone_slot *zone_table_get(const struct zone_table *table, const uint8_t *origin);

// Has the bucket of the deepest candidate ready for zone_table_find().
void zone_table_prefetch(const struct zone_table *table, const struct qname *q);

// Each slot once, in no order, from the changing thread.
void zone_table_each(const struct zone_table *table, void (*visit)(void *context, struct zone_slot *slot), void *context);

size_t zone_table_count(const struct zone_table *table);

// Publishes a version: takes over the caller's hold, sets state SERVED, and
// releases the version that was there after a grace period.
void zone_slot_publish(struct zone_slot *slot, const struct zone_version *version);

// For who asks with EDNS EXPIRE at `now`, boot seconds: what is left of a copy's
// life, else the SOA's EXPIRE of the version (RFC 7314, 3.2). Both times are cut to
// seconds, so one is taken off: a copy of the copy never lives longer than this one.
uint32_t zone_slot_expire(const struct zone_slot *slot, const struct zone_version *version, uint32_t now);

// Changes the state alone (expiry keeps the version, so that it can come back).
void zone_slot_set_state(struct zone_slot *slot, enum zone_state state);
