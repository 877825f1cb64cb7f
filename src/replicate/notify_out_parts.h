// SPDX-License-Identifier: GPL-3.0-or-later
// What the files of NOTIFY out share: the queues, and the steps that lead from
// one file to the other.
#pragma once

#include <uv.h>

#include "config/model.h"
#include "replicate/deadline.h"
#include "replicate/notify_out.h"
#include "replicate/notify_tcp.h"
#include "replicate/query.h"

// After so many zones without any answer a target counts as silent: it is
// told of each change once, and not again until it answers.
#define NOTIFY_SILENT_AFTER 3u

#define NOTIFY_ANSWER_ROOM 2048u

// One zone that one target is to be told of.
struct notify_entry {
	struct notify_entry *next, *previous; // of the target: waiting, or on its way
	struct notify_entry *next_of_zone;
	struct notify_target *target;
	struct replica *replica;              // held
	const struct config *config;          // held
	const struct config_key *key;
	struct query *query;                  // NULL: waiting
	struct deadline deadline;
	enum notify_lane lane;
	unsigned tries, tries_max;
	struct notify_tcp *tcp;               // the last try
};

struct notify_list {
	struct notify_entry *first, *last;
};

struct notify_target {
	struct notify_target *next;
	struct replicate *room;
	struct endpoint endpoint, source;
	uv_udp_t *socket;                     // open while something is on its way
	struct notify_list waiting[NOTIFY_LANES], sent;
	unsigned sent_count[NOTIFY_LANES];
	unsigned silent;                      // zones in a row without an answer
	uint8_t answer[NOTIFY_ANSWER_ROOM];
};

// The queues (notify_out.c).
void notify_list_append(struct notify_list *list, struct notify_entry *entry);
void notify_list_take_out(struct notify_list *list, struct notify_entry *entry);

// Takes it out of its queue, and ends what is on its way for it.
void notify_entry_free(struct notify_entry *entry);

// Lets the target's queue go on, after whatever happened to it; the target may
// be gone after this.
void notify_target_settle(struct notify_target *target);

// What is on its way (notify_out_send.c). Begins with the first that waits in
// the lane, and takes over `query`.
void notify_entry_begin(struct notify_target *target, enum notify_lane lane, struct query *query);

// The newest version is told; one that is on its way with an older one starts anew.
void notify_entry_renew(struct notify_entry *entry);

// One of the zone's was answered: where that was the last, all know of what is
// served, and the store is told.
void notify_out_answered(struct replica *replica);

// Nothing was heard in time (deadline_fire).
void notify_entry_due(struct deadline *deadline, uint64_t now);

void notify_target_close(struct notify_target *target);

// How fast (notify_out_pace.c). Begins with those that wait, as far as the
// window and the pace of their lane allow.
void notify_target_pump(struct notify_target *target);

// Joins the room's deadlines, where that was not done.
void notify_pace_join(struct replicate *room);
