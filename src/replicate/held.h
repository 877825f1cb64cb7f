// SPDX-License-Identifier: GPL-3.0-or-later
// What the guard holds back: at most one version a zone, known by its serial,
// kept in the store until it is approved, rejected or overtaken.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "store/held.h"

struct replica;
struct replicate;

// The guard has said no, and the store has the version.
void held_take(struct replica *replica, const struct store_held *held);

// Whether it is this serial that is held, or was rejected: there is no use in
// fetching it again.
bool held_is(const struct replica *replica, uint32_t serial);

// Whether the operator has rejected this serial or a newer one: not to have it is
// no lag.
bool held_is_rejected(const struct replica *replica, uint32_t serial);

// A version is served now: what is held is forgotten where it is no newer.
void held_served(struct replica *replica, uint32_t serial);

// The zone goes away.
void held_forget(struct replica *replica);

// At the start, before zones are loaded: finds what the store holds.
void held_resume_all(struct replicate *room);

// The operator's word; `why` gets a sentence either way. ERR_STATE: nothing is
// held, or not `serial`, where that is not NULL: what is held may have changed
// since it was looked at. ERR_BUSY: it is just changing. An approved version is
// published as soon as the zone is idle.
int held_approve(struct replica *replica, const uint32_t *serial, char why[static 256]);
int held_reject(struct replica *replica, const uint32_t *serial, char why[static 256]);

// The zone is idle and a version was approved: begins to publish it.
void held_publish(struct replica *replica);

// What became of it.
void held_published(struct replica *replica, int error, const char *why);
