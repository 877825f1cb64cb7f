// SPDX-License-Identifier: GPL-3.0-or-later
// What few zones have at a time, kept aside so that the many others need not
// have room for it: what is under way, trouble, what the guard holds back, turns
// of the operator's.
#pragma once

#include <stdint.h>

#include "replicate/endpoint.h"

struct attempt;
struct compare;
struct delta;
struct publication;
struct replica;
struct rollback;
struct store_held;
struct store_pin;

// Primaries whose trouble each is told once, however they take turns.
#define REPLICA_TOLD 4

struct aside {
	struct attempt *attempt;         // to refresh, under way
	struct publication *publication; // a draft is on its way to be served
	struct store_held *held;     // what the guard holds back, or the operator rejected; NULL: nothing
	struct store_pin *pin;       // it is rolled back; NULL: the newest is served
	struct rollback *rollback;   // a turn back or forth is under way
	struct compare *compare;     // what a primary has is being compared with it
	char *last_error;            // NULL: none since the last success
	char *file_error;            // why the zone file could not be written; NULL: it could
	struct delta *unstored;      // leads to the version that is served, from the one that is stored; held
	uint32_t told[REPLICA_TOLD]; // hashes of what was logged since the last success, the newest at turns
	struct endpoint notifier;    // who is believed to have news, by NOTIFY; family 0: nobody
	uint8_t told_at;
};

// What replica->aside points to where there is nothing.
extern const struct aside aside_nothing;

// To write into; NULL where there is no memory.
struct aside *aside_of(struct replica *replica);

// To take something out of it that is there.
struct aside *aside_have(struct replica *replica);

// After something was taken out: gives it back where it is empty.
void aside_tidy(struct replica *replica);

// At the zone's end: with the texts and notes that are its own.
void aside_free(struct replica *replica);
