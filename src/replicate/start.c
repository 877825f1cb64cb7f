// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/start.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "replicate/held.h"
#include "replicate/replica.h"
#include "replicate/rollback.h"
#include "replicate/room.h"
#include "replicate/start_find.h"

#define THREADS_MAX 32

// Overdue refreshes after a start are spread over so much a zone, in all at
// most a minute.
#define SPREAD_MS_A_ZONE 5u
#define SPREAD_MS_MAX 60000u

struct gang {
	struct replicate *room;
	struct found *found;
	_Atomic uint32_t next;
};

// --- on the threads

static void *work(void *context)
{
	struct gang *gang = context;
	struct start_folder folder = { 0 };
	uint32_t i;

	while ((i = atomic_fetch_add_explicit(&gang->next, 1, memory_order_relaxed)) < gang->room->replica_count) {
		gang->found[i].stamp.size = -1;
		start_find(gang->room->replicas[i], &folder, &gang->found[i]);
	}
	start_folder_close(&folder);
	arena_thread_end();
	return NULL;
}

static void run_gang(struct gang *gang)
{
	pthread_t threads[THREADS_MAX];
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned wanted = cores < 1 ? 1 : cores > THREADS_MAX ? THREADS_MAX : (unsigned)cores;
	unsigned started = 0;

	if (wanted > gang->room->replica_count)
		wanted = gang->room->replica_count;
	while (started + 1 < wanted && pthread_create(&threads[started], NULL, work, gang) == 0)
		started++;
	work(gang);
	while (started > 0)
		pthread_join(threads[--started], NULL);
}

// --- on the loop

// Whether the wall clock would expire every copy that was good when it was last
// stored: then the clock is what is in doubt.
static bool clock_is_doubtful(const struct replicate *room, const struct found *found, int64_t latest, int64_t wall)
{
	uint32_t good = 0, gone = 0;

	for (uint32_t i = 0; i < room->replica_count; i++) {
		if (room->replicas[i]->role != CONFIG_SECONDARY || found[i].from != FROM_STORE
		    || found[i].state.expires_at <= latest)
			continue;
		good++;
		gone += found[i].state.expires_at <= wall;
	}
	return good > 0 && gone == good;
}

static void log_found(const struct replica *replica, const struct found *found)
{
	enum log_level level = replica->room->replica_count <= 100 ? LEVEL_INFO : LEVEL_DEBUG;
	char name[NAME_MAX_TEXT];

	if (found->version != NULL)
		log_event(level, "loaded", replica_name(replica, name),
		         LOG_FIELDS(log_number("serial", zone_serial(found->version)),
		                    log_text("source", found->from == FROM_STORE ? "store" : "file")),
		         "serial %u loaded from %s%s", zone_serial(found->version),
		         found->from == FROM_STORE ? "the store" : "its file",
		         replica->refresh.phase == REPLICA_EXPIRED ? ": expired, not answered for" : "");
}

// The step to the new text goes to the store with it, once that has its thread.
static void wait_for_store(struct replica *replica, struct delta *delta)
{
	struct aside *aside = delta != NULL && replica->wants_store ? aside_of(replica) : NULL;

	if (aside != NULL)
		aside->unstored = delta;
	else
		delta_release(delta);
}

static void take_up(struct replica *replica, struct found *found, int64_t wall, bool is_doubtful, int64_t latest)
{
	struct replicate *room = replica->room;
	uint64_t now = clock_boot_ms();
	uint64_t spread = (uint64_t)room->replica_count * SPREAD_MS_A_ZONE;
	struct store_state state;
	bool ask_first = is_doubtful && found->state.expires_at > latest && found->state.expires_at <= wall;

	if (spread > SPREAD_MS_MAX)
		spread = SPREAD_MS_MAX;
	replica_take_stamp(replica, &found->stamp);
	replica->is_file_served = found->is_file_served;
	start_unkeep(&found->state, &state);
	if (found->version != NULL) {
		replica_resume(replica, found->version, &state, wall, ask_first);
		replica->wants_store = !found->is_stored;
		wait_for_store(replica, found->delta);
		replica->wants_notify = found->is_changed;
	}
	if (found->version != NULL)
		held_served(replica, zone_serial(found->version));
	rollback_settle(replica, found->version);
	if (found->error != NULL)
		replica_note_error(replica, found->error);
	// What there is no copy of is wanted at once, as fast as slots allow.
	if (found->version != NULL && replica->role == CONFIG_SECONDARY && replica->refresh.refresh_at <= now
	    && spread > 100)
		replica->refresh.refresh_at = now + ((spread * room_random(room)) >> 32);
	if (found->is_export_behind)
		replica->export_at = now + spread;
	log_found(replica, found);
}

// --- one that comes with a reload

struct resumption {
	struct mail mail;
	struct replica *replica; // held
	struct found found;
};

static void resume_on_lane(void *context)
{
	struct resumption *resumption = context;

	start_find_stored(resumption->replica, &resumption->found);
	room_post(resumption->replica->room, &resumption->mail);
}

// Without a copy in the store there may be one in its file, or its primaries
// are asked.
static void look_further(struct replica *replica)
{
	if (replica_zone(replica)->file != NULL)
		replica->wants_load = true;
	else
		replica_wake(replica, false);
}

static void end_resumption(struct resumption *resumption)
{
	struct replica *replica = resumption->replica;
	struct found *found = &resumption->found;
	int64_t latest = store_latest_time(replica->room->store), wall = clock_wall_s();

	if (replica->is_removed || replica->room->is_stopping || replica->role != CONFIG_SECONDARY) {
		if (found->version != NULL)
			zone_release(found->version);
		free(found->state.last_error);
	} else if (found->version == NULL) {
		free(found->state.last_error);
		look_further(replica);
	} else {
		// What wanted a copy has one.
		replica->is_woken = replica->is_asked;
		take_up(replica, found, wall < latest ? latest : wall, false, latest);
		load_tell(replica);
	}
}

static void on_resumed(struct mail *mail, void *receiver)
{
	struct resumption *resumption = (struct resumption *)((char *)mail - offsetof(struct resumption, mail));
	struct replica *replica = resumption->replica;
	struct replicate *room = receiver;

	replica->is_loading = false;
	replica->is_strand_busy = false;
	end_resumption(resumption);
	free(resumption);
	room->loads.running--;
	replica_settle(replica);
	replica_drop(replica);
	load_run(room);
	room_job_end(room);
}

void start_resume(struct replica *replica)
{
	struct replicate *room = replica->room;
	struct resumption *resumption = calloc(1, sizeof *resumption);

	replica->wants_resume = false;
	if (resumption == NULL) {
		look_further(replica);
		return;
	}
	resumption->mail.deliver = on_resumed;
	resumption->replica = replica;
	resumption->found.stamp.size = -1;
	replica->is_loading = true;
	replica->is_strand_busy = true;
	replica_hold(replica);
	room->loads.running++;
	room_job_begin(room);
	if (lane_post(room->long_lane, resume_on_lane, resumption) != 0)
		resume_on_lane(resumption);
}

// --- all, at the start

void start_load_all(struct replicate *room)
{
	struct gang gang = { .room = room };
	int64_t latest = store_latest_time(room->store), wall = clock_wall_s();
	uint64_t start = clock_boot_ms();
	unsigned counts[3] = { 0 };
	bool is_doubtful;

	if (room->replica_count == 0)
		return;
	gang.found = calloc(room->replica_count, sizeof *gang.found);
	if (gang.found == NULL) {
		log_line(LEVEL_ERROR, NULL, "no memory to load the zones from the store: all are transferred");
		return;
	}
	held_resume_all(room);
	rollback_resume_all(room);
	run_gang(&gang);
	if (wall < latest) {
		log_line(LEVEL_WARNING, NULL, "the clock stands %lld s before the last time that was stored: "
		         "no zone is expired by it", (long long)(latest - wall));
		wall = latest;
	}
	is_doubtful = clock_is_doubtful(room, gang.found, latest, wall);
	if (is_doubtful)
		log_line(LEVEL_WARNING, NULL, "by the clock every copy has expired since the last stop: "
		         "primaries are asked before any is given up");
	for (uint32_t i = 0; i < room->replica_count; i++) {
		counts[gang.found[i].from]++;
		take_up(room->replicas[i], &gang.found[i], wall, is_doubtful, latest);
		free(gang.found[i].error);
	}
	free(gang.found);
	log_line(LEVEL_NOTICE, NULL, "%u %s: %u from the store, %u from files, %u without a copy yet, %llu ms",
	         room->replica_count, room->replica_count == 1 ? "zone" : "zones", counts[FROM_STORE], counts[FROM_FILE], counts[FROM_NOWHERE],
	         (unsigned long long)(clock_boot_ms() - start));
}
