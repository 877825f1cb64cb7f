// SPDX-License-Identifier: GPL-3.0-or-later
// What the files of this room share: the control loop's state.
//
// All of it belongs to the thread of the loop. Every callback of the loop does
// its step between room_enter() and room_leave(), so that the threads that
// read the status see whole steps; no step is longer than about 1 ms.
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/mailbox.h"
#include "replicate/attempt.h"
#include "replicate/changes.h"
#include "replicate/counters.h"
#include "replicate/deadline.h"
#include "replicate/endpoints.h"
#include "replicate/export.h"
#include "replicate/link.h"
#include "replicate/lists.h"
#include "replicate/load.h"
#include "replicate/monitor.h"
#include "replicate/notify_in.h"
#include "replicate/notify_out.h"
#include "replicate/orphans.h"
#include "replicate/primary.h"
#include "replicate/random.h"
#include "replicate/replicate.h"
#include "replicate/tidy.h"
#include "replicate/turnover.h"

struct replica;

struct replicate {
	uv_loop_t *loop;
	struct zone_table *table;
	struct store *store;
	struct lane *short_lane, *long_lane;
	struct lane *wide_lane;   // for large transfers, a thread a core; NULL until there is one
	struct lane *export_lane; // for zone files; NULL until one is written
	struct lane *verify_lane; // for verifiers of the operator's; NULL until one is needed

	uv_timer_t timer;
	uv_async_t wake;
	struct mailbox *box;
	pthread_mutex_t lock;
	struct deadline_queue deadlines;
	struct endpoints endpoints;
	uint64_t armed_at;
	struct random_pool random;

	_Atomic(const struct config *) config; // held; the one before is let go after a grace period
	struct replica **replicas;
	uint32_t replica_count, replica_room;
	uint32_t generation;     // of the configuration whose primaries are named
	struct lists lists;
	struct turnover turnover;
	struct changes changes;
	struct room_counters counters;
	struct monitor monitor;

	struct attempts attempts;
	struct notify_bucket notify_in;
	struct primaries primaries;
	struct primary_links links;
	struct notify_out notify_out;
	struct exports exports;
	struct loads loads;
	struct orphans orphans;
	struct tidy tidy;

	unsigned jobs;           // sockets, lane jobs, commits under way: stopping waits for them
	bool is_running;         // the first configuration is loaded
	bool is_stopping;
	bool is_closing;         // handles of the loop are being closed
	struct deadline stop_patience;
	unsigned open_handles;
	void (*stopped)(void *context);
	void *stopped_context;
};

void room_enter(struct replicate *room);
void room_leave(struct replicate *room);

// The zone of that name (wire, any case), or NULL. On the loop, or under the lock:
// zones come and go by the loop alone, within room_enter().
struct replica *room_find(const struct replicate *room, const uint8_t *origin);

// Where large transfers are taken in and made versions of: several side by side,
// each of them by its own zone's jobs in their order.
struct lane *room_wide_lane(struct replicate *room);

// Whether a small change of that version (NULL: none) is so short a piece of work,
// even where the whole zone comes, that it may be a step of the loop.
bool room_is_brief(const struct zone_version *base);

// From any thread: delivers the mail on the loop. Never fails.
void room_post(struct replicate *room, struct mail *mail);

static inline const struct config *room_config(struct replicate *room)
{
	return atomic_load_explicit(&room->config, memory_order_acquire);
}

// One thing more, one thing fewer, that stopping waits for.
static inline void room_job_begin(struct replicate *room) { room->jobs++; }
void room_job_end(struct replicate *room);

static inline uint32_t room_random(struct replicate *room) { return random_next(&room->random); }
