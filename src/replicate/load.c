// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/log.h"
#include "dns/serial.h"
#include "dns/types.h"
#include "replicate/fetch_stream.h"
#include "replicate/publish.h"
#include "replicate/replica.h"
#include "replicate/room.h"
#include "replicate/start.h"
#include "zone/file.h"

// Files being looked at at once: bounds what a reload of many zones has queued.
#define LOADS_MAX 64u

// Versions on their way to the store at once. Each transaction waits for the
// disk, so there are to be few: this is what one takes.
#define STORES_MAX 4096u

// A step of the loop looks at so many zones, and starts so many.
#define SCAN_STEP 4096u
#define START_STEP 128u

// About 10,000 records: larger files go to the long lane.
#define LARGE_FILE (400 * 1024)

struct load {
	struct mail mail;
	struct replicate *room;
	struct replica *replica;         // held
	const struct config *config;     // held
	const struct config_zone *zone;
	const struct zone_version *base; // held; NULL: none
	struct zone_line *line;
	uint64_t known;                  // digest; 0: nothing is
	struct file_stamp found;
	bool is_large;                   // go on in the long lane
	bool is_in_long_lane;
	bool is_unchanged;
	bool is_read;                    // the text, and not the stamp alone
	struct zone_draft *draft;        // good and complete
	struct delta_writer *changes;    // of the base; NULL: none
	int error;
	struct zone_file_result result;
};

void load_stamp(struct file_stamp *stamp, const struct stat *file)
{
	stamp->mtime_ns = (int64_t)file->st_mtim.tv_sec * 1000000000 + file->st_mtim.tv_nsec;
	stamp->inode = file->st_ino;
	stamp->size = clock_wall_ns() - stamp->mtime_ns < FILE_UNSETTLED_NS ? -1 : file->st_size;
	stamp->includes = 0;
}

uint64_t load_digest(const struct file_stamp *stamp)
{
	uint64_t digest;

	if (stamp->size <= 0)
		return 0;
	digest = hash_for_good(stamp, sizeof *stamp);
	return digest != 0 ? digest : 1;
}

// --- on the lane

static void read_file(struct load *load)
{
	const struct config_policy *policy = load->zone->policy;
	struct zone_draft_cost cost = { 0 };
	char path[CONFIG_PATH_MOST];
	int error = load->base != NULL ? zone_draft_from(load->line, load->base, &load->draft)
	                               : zone_draft_new(load->line, &load->draft);

	if (error != 0) {
		load->draft = NULL;
		load->error = error;
		snprintf(load->result.message, sizeof load->result.message, "%s", error_text(error));
		return;
	}
	zone_draft_limit(load->draft, policy->max_records, (size_t)policy->max_zone_size);
	if (load->base != NULL && policy->ixfr_from_differences)
		error = delta_writer_new(load->draft, fetch_delta_bound(load->base), &load->changes);
	if (error == 0 && load->base != NULL)
		error = zone_draft_replace_begin(load->draft);
	if (error == 0)
		error = zone_file_read(config_zone_file(load->zone, path), load->zone->name, load->draft, &load->result);
	if (error == 0 && load->base != NULL)
		error = zone_draft_replace_end(load->draft);
	load->is_read = true;
	load->found.includes = load->result.includes;
	load->error = error;
	if (error == 0 && load->base != NULL)
		zone_draft_cost(load->draft, &cost);
	// Touched, or written anew with what we have: nothing to publish.
	load->is_unchanged = error == 0 && load->base != NULL && cost.records_added == 0 && cost.records_removed == 0
	                     && cost.nodes_copied == 0 && cost.pages_copied == 0;
	if (error == 0 && !load->is_unchanged)
		return;
	if (error != 0 && load->result.message[0] == '\0')
		snprintf(load->result.message, sizeof load->result.message, "%s", error_text(error));
	zone_draft_abandon(load->draft);
	delta_writer_abandon(load->changes);
	load->draft = NULL;
	load->changes = NULL;
}

static void look_on_lane(void *context)
{
	struct load *load = context;
	char text[CONFIG_PATH_MOST];
	const char *path = config_zone_file(load->zone, text);
	struct stat file;

	if (stat(path, &file) != 0) {
		load->error = errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
		snprintf(load->result.message, sizeof load->result.message, "%s: %s", path, strerror(errno));
	} else {
		load_stamp(&load->found, &file);
		load->is_unchanged = load->known != 0 && load_digest(&load->found) == load->known;
		load->is_large = file.st_size > LARGE_FILE && !load->is_in_long_lane;
		if (!load->is_unchanged && !load->is_large)
			read_file(load);
	}
	room_post(load->room, &load->mail);
}

// --- on the loop

static void end(struct load *load)
{
	struct replica *replica = load->replica;
	struct replicate *room = load->room;

	if (load->base != NULL)
		zone_release(load->base);
	config_release(load->config);
	free(load);
	room->loads.running--;
	replica_settle(replica);
	replica_drop(replica);
	load_run(room);
	room_job_end(room);
}

static void log_bad_file(struct load *load)
{
	struct replica *replica = load->replica;
	char name[NAME_MAX_TEXT], why[256];
	// A secondary that has no file yet is nothing to speak of.
	enum log_level level = replica->role == CONFIG_PRIMARY ? LEVEL_ERROR
	                       : load->error == ERR_NOT_FOUND ? LEVEL_DEBUG : LEVEL_WARNING;

	log_line(level, replica_name(replica, name), "%s; %s", load->result.message,
	         load->base != NULL ? "the old version stays"
	         : replica->role == CONFIG_PRIMARY ? "the zone is not served" : "the zone is transferred instead");
	if (replica->role == CONFIG_PRIMARY) {
		snprintf(why, sizeof why, "%.255s", load->result.message);
		replica_note_error(replica, why);
	}
	// So that the next reload looks at it again, changed or not.
	replica->file = 0;
}

static void warn_of_serial(struct load *load)
{
	struct rrset set;
	struct soa soa;
	char name[NAME_MAX_TEXT], path[CONFIG_PATH_MOST];
	uint32_t old;

	if (load->base == NULL || !zone_draft_rrset(load->draft, load->zone->name, TYPE_SOA, &set)
	    || soa_read(set.wire + RECORD_RDATA, wire_get16(set.wire + RECORD_RDLENGTH), &soa) != 0)
		return;
	old = zone_serial(load->base);
	if (!serial_newer(soa.serial, old))
		log_line(LEVEL_WARNING, replica_name(load->replica, name),
		         "%s has changed, but its serial %u is not newer than %u: secondaries will not take it",
		         config_zone_file(load->zone, path), soa.serial, old);
}

static void publish(struct load *load)
{
	struct replica *replica = load->replica;
	struct publish_order order = {
		.replica = replica,
		.config = load->config,
		.policy = load->zone->policy,
		.draft = load->draft,
		.changes = load->changes,
		.is_large = load->is_in_long_lane,
		.is_stored_already = load->base == NULL,
	};
	char name[NAME_MAX_TEXT];
	int error;

	if (load->result.warnings > 0)
		log_line(LEVEL_WARNING, replica_name(replica, name), "%s (%zu warning%s)", load->result.message,
		         load->result.warnings, plural(load->result.warnings));
	if (replica->role == CONFIG_PRIMARY)
		warn_of_serial(load);
	replica_take_stamp(replica, &load->found);
	replica->is_file_served = false; // … until it is published
	load->draft = NULL;
	load->changes = NULL;
	replica->room->loads.storing++; // until the publication ends
	error = publish_start(&order);
	if (error != 0) {
		replica->room->loads.storing--;
		load_published(replica, error, error_text(error));
	}
}

static void took_unchanged(struct load *load)
{
	struct replica *replica = load->replica;

	replica_take_stamp(replica, &load->found);
	replica_clear_error(replica);
	if (!load->is_read)
		return;
	// Touched: the next start shall know it.
	replica->is_file_served = true;
	if (replica->role != CONFIG_PRIMARY)
		return;
	// The copy of a secondary that was made the primary: it ages no more.
	if (replica->refresh.phase == REPLICA_EXPIRED)
		zone_slot_set_state(replica->slot, ZONE_STATE_SERVED);
	replica->refresh.phase = REPLICA_CURRENT;
	replica_put_state(replica);
}

static void on_looked(struct mail *mail, void *receiver)
{
	struct load *load = (struct load *)((char *)mail - offsetof(struct load, mail));
	struct replica *replica = load->replica;

	(void)receiver;
	if (load->is_large && !load->is_unchanged && load->error == 0) {
		load->is_in_long_lane = true;
		if (lane_post(load->room->long_lane, look_on_lane, load) != 0)
			look_on_lane(load);
		return;
	}
	replica->is_loading = false;
	replica->is_strand_busy = false;
	if (replica->is_removed || load->room->is_stopping) {
		if (load->draft != NULL)
			zone_draft_abandon(load->draft);
		delta_writer_abandon(load->changes);
	} else if (load->error != 0) {
		log_bad_file(load);
		if (replica->role == CONFIG_SECONDARY)
			replica_wake(replica, false);
	} else if (load->draft != NULL) {
		publish(load);
	} else {
		took_unchanged(load);
	}
	end(load);
}

static void start_load(struct replica *replica)
{
	struct replicate *room = replica->room;
	const struct zone_version *base = replica_version(replica);
	struct load *load;

	replica->wants_load = false;
	if (replica_zone(replica)->file == NULL)
		return;
	load = calloc(1, sizeof *load);
	if (load == NULL) {
		replica_note_error(replica, error_text(ERR_MEMORY));
		return;
	}
	load->mail.deliver = on_looked;
	load->room = room;
	load->replica = replica;
	load->config = config_hold(room_config(room));
	load->zone = replica_zone(replica);
	load->base = base != NULL ? zone_hold(base) : NULL;
	load->line = replica_line(replica);
	load->known = replica->file;
	replica->is_loading = true;
	replica->is_strand_busy = true;
	replica_hold(replica);
	room->loads.running++;
	room_job_begin(room);
	if (lane_post(room->short_lane, look_on_lane, load) != 0)
		look_on_lane(load);
}

void load_tell(struct replica *replica)
{
	if (replica->wants_notify)
		notify_out_zone(replica, NOTIFY_OF_START);
	replica->wants_notify = false;
}

static void start_store(struct replica *replica)
{
	bool is_step = replica->aside->unstored != NULL;
	int error;

	replica->wants_store = false;
	replica->room->loads.storing++; // until the publication ends
	error = publish_store_only(replica);
	if (error != 0) {
		replica->room->loads.storing--;
		load_published(replica, error, error_text(error));
	}
	// Who is told of a step asks for it at once: it is to be in the journal then.
	if (!is_step)
		load_tell(replica);
}

static bool may_start(const struct replica *replica)
{
	return replica->wants_resume ? !replica->is_loading && !replica->is_removed : replica_is_idle(replica);
}

static void start(struct replica *replica)
{
	if (replica->wants_resume)
		start_resume(replica);
	else if (replica->wants_store && replica_version(replica) != NULL)
		start_store(replica);
	else if (replica->wants_load)
		start_load(replica);
}

// Where the store was full, it is to have taken half before it gets more: what
// comes one by one makes many small transactions.
static bool has_room(struct loads *all)
{
	if (all->storing >= STORES_MAX)
		all->is_full = true;
	else if (all->storing <= STORES_MAX / 2)
		all->is_full = false;
	return !all->is_full && all->running < LOADS_MAX;
}

void load_request(struct replica *replica)
{
	struct replicate *room = replica->room;

	if (!room->loads.is_begun || room->is_stopping || replica->is_removed)
		return;
	if (may_start(replica) && has_room(&room->loads))
		start(replica);
	else if (replica_index(replica) < room->loads.cursor)
		room->loads.cursor = replica_index(replica);
}

void load_run(struct replicate *room)
{
	struct loads *all = &room->loads;
	unsigned seen = 0, started = 0;

	if (room->is_stopping || all->begin.place != 0)
		return; // … or goes on in the next step
	while (all->cursor < room->replica_count && has_room(all)) {
		struct replica *replica = room->replicas[all->cursor];
		if (seen++ == SCAN_STEP || started == START_STEP) {
			deadline_set(&room->deadlines, &all->begin, clock_boot_ms() + 1); // another step
			return;
		}
		all->cursor++;
		// What the stop came before: paced as all that a start tells.
		if (replica->wants_notify && !replica->wants_store && replica->aside->publication == NULL) {
			load_tell(replica);
			started++;
		}
		if ((replica->wants_load || replica->wants_store || replica->wants_resume) && may_start(replica)) {
			start(replica);
			started++;
		}
	}
}

void load_published(struct replica *replica, int error, const char *why)
{
	struct replicate *room = replica->room;
	char name[NAME_MAX_TEXT], path[CONFIG_PATH_MOST];

	// What is held the file need not be read again for.
	if (error != 0 && error != ERR_CLOSED && error != ERR_HELD) {
		log_line(LEVEL_ERROR, replica_name(replica, name), "zone file %s: %s",
		         config_zone_file(replica_zone(replica), path), why);
		replica_note_error(replica, why);
		replica->file = 0;
	}
	load_tell(replica);
	if (error == 0)
		replica->is_file_served = true;
	if (error == 0 && replica->role == CONFIG_SECONDARY && replica->refresh.phase != REPLICA_CURRENT)
		replica_wake(replica, false);
	load_run(room);
}
