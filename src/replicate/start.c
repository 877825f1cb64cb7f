// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/start.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "guard/guard.h"
#include "replicate/fetch_stream.h"
#include "replicate/held.h"
#include "replicate/replica.h"
#include "replicate/rollback.h"
#include "replicate/room.h"
#include "replicate/start_folder.h"
#include "zone/file.h"

#define THREADS_MAX 32

// Overdue refreshes after a start are spread over so much a zone, in all at
// most a minute.
#define SPREAD_MS_A_ZONE 5u
#define SPREAD_MS_MAX 60000u

enum origin { FROM_NOWHERE, FROM_STORE, FROM_FILE };

// What is used of struct store_state, in a third of its size: all zones have
// one at once.
struct kept {
	int64_t transferred, confirmed, refresh_at, expires_at, last_error_at;
	struct endpoint primary;
	uint16_t life;
	char *last_error; // NULL: none
};

struct found {
	const struct zone_version *version;
	struct kept state;
	struct file_stamp stamp;
	uint8_t from;          // enum origin
	bool is_stored;        // the store has this very content
	bool is_as_stored;     // … found by reading the file over it
	bool is_changed;       // … another serial, or nothing; or not all were told of it
	struct delta *delta;   // from what the store has; NULL: not known
	bool is_file_served;   // it is what a primary's file has
	bool is_export_behind; // the zone file is older than the version
	char *error;           // what is wrong with a primary's file
};

struct gang {
	struct replicate *room;
	struct found *found;
	_Atomic uint32_t next;
};

// --- on the threads

static int seal(struct zone_draft *draft, const char *file, const struct zone_version **version, char why[static 512])
{
	struct guard_verdict verdict;
	int error = guard_check_draft(draft, &verdict);

	if (error != 0)
		snprintf(why, 512, "%.240s refused: %s", file, verdict.text);
	else if ((error = zone_draft_seal(draft, version)) != 0)
		snprintf(why, 512, "%.400s: %s", file, error_text(error));
	return error;
}

// The text into a draft; over a base, what has gone since goes.
static int read_text(const struct config_zone *zone, struct zone_draft *draft, bool is_over,
                     struct zone_file_result *result)
{
	int error = is_over ? zone_draft_replace_begin(draft) : 0;
	char path[CONFIG_PATH_MOST];

	if (error == 0)
		error = zone_file_read(config_zone_file(zone, path), zone->name, draft, result);
	if (error == 0 && is_over)
		error = zone_draft_replace_end(draft);
	return error;
}

static bool is_as_base(const struct zone_draft *draft)
{
	struct zone_draft_cost cost;

	zone_draft_cost(draft, &cost);
	return cost.records_added == 0 && cost.records_removed == 0 && cost.nodes_copied == 0 && cost.pages_copied == 0;
}

// Makes a version of a draft that has the whole text: the base itself where it
// says the same.
static int end_draft(struct zone_draft *draft, const struct config_zone *zone, const struct zone_version *base,
                     struct delta_writer *changes, struct found *found, char why[static 512])
{
	char path[CONFIG_PATH_MOST];
	int error;

	if (base != NULL && is_as_base(draft)) {
		found->version = zone_hold(base);
		found->is_as_stored = true;
		zone_draft_abandon(draft);
		delta_writer_abandon(changes);
		return 0;
	}
	error = seal(draft, config_zone_file(zone, path), &found->version, why);
	// Without a delta, as where the serial has not changed, it is stored whole.
	if (error == 0 && changes != NULL)
		(void)delta_writer_finish(changes, base, found->version, &found->delta);
	return error;
}

// Reads the text, as a change of the base where there is one, so that what it
// changes is known to those who ask for it (IXFR).
static int read_file(const struct replica *replica, const struct config_zone *zone, const struct zone_version *base,
                     struct found *found, char why[static 512])
{
	struct zone_file_result result = { 0 };
	struct delta_writer *changes = NULL;
	struct zone_draft *draft;
	char name[NAME_MAX_TEXT];
	int error = base != NULL ? zone_draft_from(replica_line(replica), base, &draft) : zone_draft_new(replica_line(replica), &draft);

	if (error != 0) {
		snprintf(why, 512, "%s", error_text(error));
		return error;
	}
	zone_draft_limit(draft, zone->policy->max_records, (size_t)zone->policy->max_zone_size);
	if (base != NULL)
		error = delta_writer_new(draft, fetch_delta_bound(base), &changes);
	if (error == 0)
		error = read_text(zone, draft, base != NULL, &result);
	if (error == 0 && result.warnings > 0)
		log_line(LEVEL_WARNING, replica_name(replica, name), "%s (%zu warning%s)", result.message,
		         result.warnings, plural(result.warnings));
	found->stamp.includes = result.includes;
	if (error == 0)
		error = end_draft(draft, zone, base, changes, found, result.message);
	if (error != 0) {
		snprintf(why, 512, "%s", result.message[0] != '\0' ? result.message : error_text(error));
		zone_draft_abandon(draft);
		delta_writer_abandon(changes);
	}
	return error;
}

static void keep(struct kept *kept, const struct store_state *state)
{
	*kept = (struct kept){
		.transferred = state->transferred,
		.confirmed = state->confirmed,
		.refresh_at = state->refresh_at,
		.expires_at = state->expires_at,
		.life = state->life,
		.last_error_at = state->last_error_at,
		.last_error = state->last_error[0] != '\0' ? strndup(state->last_error, sizeof state->last_error) : NULL,
	};
	endpoint_from(&kept->primary, (const struct sockaddr *)&state->primary);
}

// Gives back what is kept on the heap.
static void unkeep(struct kept *kept, struct store_state *state)
{
	*state = (struct store_state){
		.transferred = kept->transferred,
		.confirmed = kept->confirmed,
		.refresh_at = kept->refresh_at,
		.expires_at = kept->expires_at,
		.life = kept->life,
		.last_error_at = kept->last_error_at,
	};
	(void)endpoint_to(&kept->primary, &state->primary);
	if (kept->last_error != NULL)
		snprintf(state->last_error, sizeof state->last_error, "%s", kept->last_error);
	free(kept->last_error);
	kept->last_error = NULL;
}

static void try_store(const struct replica *replica, struct found *found)
{
	struct store_state state;
	struct store *store = replica->room->store;
	char why[256] = "", name[NAME_MAX_TEXT];
	int error = store_get_state(store, replica->slot->origin, &state);

	if (error == 0)
		keep(&found->state, &state);
	if (error == 0 && state.has_version)
		error = store_load(store, replica->slot->origin, replica_line(replica), &found->version, why);
	else if (error == 0)
		error = ERR_NOT_FOUND;
	if (found->version != NULL) {
		found->from = FROM_STORE;
		found->is_stored = true;
		found->is_changed = state.is_untold;
		// What is intact of a damaged copy is served, and asked about at once.
		if (error != 0)
			found->state.refresh_at = 0;
	}
	if (error != 0 && error != ERR_NOT_FOUND) {
		log_line(LEVEL_ERROR, replica_name(replica, name), "its copy in the store cannot be used: %s",
		         why[0] != '\0' ? why : error_text(error));
	}
}

static bool stamp_file(const struct config_zone *zone, struct start_folder *folder, struct file_stamp *stamp)
{
	char path[CONFIG_PATH_MOST];
	struct stat file;

	if (zone->file == NULL || start_folder_stat(folder, config_zone_file(zone, path), &file) != 0)
		return false;
	load_stamp(stamp, &file);
	return true;
}

// A file read now is as old as its last change.
static void date_by_file(struct replica *replica, struct found *found)
{
	int64_t mtime = found->stamp.mtime_ns / 1000000000;
	struct refresh timers = replica->refresh;
	struct rrset set;
	struct soa soa = { 0 };

	zone_soa(found->version, &set);
	(void)soa_read(set.wire + RECORD_RDATA, wire_get16(set.wire + RECORD_RDLENGTH), &soa);
	refresh_take_soa(&timers, &soa, replica_zone(replica)->policy);
	free(found->state.last_error);
	memset(&found->state, 0, sizeof found->state);
	found->state.transferred = found->state.confirmed = mtime;
	found->state.refresh_at = mtime;
	found->state.expires_at = mtime + timers.expire;
}

static void find_secondary(struct replica *replica, const struct config_zone *zone, struct start_folder *folder,
                           struct found *found)
{
	char why[512] = "", name[NAME_MAX_TEXT];
	bool has_file;

	try_store(replica, found);
	has_file = stamp_file(zone, folder, &found->stamp);
	if (found->version != NULL) {
		rollback_at_start(replica, &found->version);
		found->is_export_behind = zone->file != NULL
			&& (!has_file || found->stamp.mtime_ns / 1000000000 < found->state.transferred);
		return;
	}
	if (!has_file)
		return;
	if (read_file(replica, zone, NULL, found, why) != 0) {
		log_line(LEVEL_WARNING, replica_name(replica, name), "%s; the zone is transferred instead", why);
		return;
	}
	found->from = FROM_FILE;
	date_by_file(replica, found);
}

// The file has what was held back when it was last read: what was served then
// is served on.
static bool serve_instead_of_held(const struct replica *replica, struct found *found)
{
	const struct zone_version *from_file = found->version;

	found->version = NULL;
	try_store(replica, found);
	if (found->version == NULL || zone_serial(found->version) == zone_serial(from_file)) {
		if (found->version != NULL)
			zone_release(found->version);
		free(found->state.last_error);
		*found = (struct found){ .version = from_file, .stamp = found->stamp, .delta = found->delta };
		return false;
	}
	zone_release(from_file);
	delta_release(found->delta);
	found->delta = NULL;
	return true;
}

// What is stored was read from the very file that is there: it need not be read
// again. One with includes must be, since they may have changed.
static bool take_stored(struct replica *replica, struct found *found)
{
	struct store *store = replica->room->store;
	char why[256];
	int error = store_load(store, replica->slot->origin, replica_line(replica), &found->version, why);

	if (error != 0) {
		// The file is as good as ever, whatever has become of its copy.
		if (found->version != NULL)
			zone_release(found->version);
		found->version = NULL;
		return false;
	}
	found->from = FROM_STORE;
	found->is_stored = true;
	found->is_file_served = true;
	date_by_file(replica, found);
	return true;
}

// Reads a file that is not known to be what is stored.
static int read_changed(struct replica *replica, const struct config_zone *zone, const struct store_state *stored,
                        struct found *found, char why[static 512])
{
	const struct zone_version *base = NULL;
	char unused[256];
	int error;

	if (stored->has_version && zone->policy->ixfr_from_differences
	    && store_load(replica->room->store, replica->slot->origin, replica_line(replica), &base, unused) != 0 && base != NULL) {
		zone_release(base); // damaged: the file is as good as ever
		base = NULL;
	}
	error = read_file(replica, zone, base, found, why);
	if (base != NULL)
		zone_release(base);
	return error;
}

static void find_primary(struct replica *replica, const struct config_zone *zone, struct start_folder *folder,
                         struct found *found)
{
	char why[512] = "", name[NAME_MAX_TEXT], path[CONFIG_PATH_MOST];
	struct store_state stored = { 0 };
	bool has_file = stamp_file(zone, folder, &found->stamp);
	int error = 0, file_errno = errno;

	(void)store_get_state(replica->room->store, replica->slot->origin, &stored);
	if (has_file && stored.has_version && stored.file != 0 && stored.file == load_digest(&found->stamp)
	    && take_stored(replica, found)) {
		found->is_changed = stored.is_untold;
		return;
	}
	if (zone->file == NULL)
		snprintf(why, sizeof why, "the zone has no file");
	else if (!has_file)
		snprintf(why, sizeof why, "%.400s: %s", config_zone_file(zone, path), strerror(file_errno));
	else
		error = read_changed(replica, zone, &stored, found, why);
	if (found->version != NULL && held_is(replica, zone_serial(found->version)) && serve_instead_of_held(replica, found))
		return;
	if (has_file && error == 0 && found->version != NULL) {
		found->from = FROM_FILE;
		found->is_file_served = true;
		found->is_stored = found->is_as_stored
		                   || (stored.has_version && stored.serial == zone_serial(found->version)
		                       && stored.file != 0 && stored.file == load_digest(&found->stamp));
		found->is_changed = !stored.has_version || stored.is_untold
		                    || stored.serial != zone_serial(found->version);
		date_by_file(replica, found);
		return;
	}
	found->stamp.size = -1;
	try_store(replica, found);
	log_line(LEVEL_ERROR, replica_name(replica, name), "%s; %s", why,
	         found->version != NULL ? "the version last served is served" : "the zone is not served");
	found->error = strndup(why, 255);
}

static void *work(void *context)
{
	struct gang *gang = context;
	struct start_folder folder = { 0 };
	uint32_t i;

	while ((i = atomic_fetch_add_explicit(&gang->next, 1, memory_order_relaxed)) < gang->room->replica_count) {
		struct replica *replica = gang->room->replicas[i];
		gang->found[i].stamp.size = -1;
		if (replica->role == CONFIG_SECONDARY)
			find_secondary(replica, replica_zone(replica), &folder, &gang->found[i]);
		else
			find_primary(replica, replica_zone(replica), &folder, &gang->found[i]);
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
	unkeep(&found->state, &state);
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

	try_store(resumption->replica, &resumption->found);
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
