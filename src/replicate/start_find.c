// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/start_find.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "guard/guard.h"
#include "replicate/fetch_stream.h"
#include "replicate/held.h"
#include "replicate/load.h"
#include "replicate/rollback.h"
#include "replicate/room.h"
#include "zone/file.h"

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

void start_unkeep(struct kept *kept, struct store_state *state)
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

void start_find_stored(const struct replica *replica, struct found *found)
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

	start_find_stored(replica, found);
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
	start_find_stored(replica, found);
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
	start_find_stored(replica, found);
	log_line(LEVEL_ERROR, replica_name(replica, name), "%s; %s", why,
	         found->version != NULL ? "the version last served is served" : "the zone is not served");
	found->error = strndup(why, 255);
}

void start_find(struct replica *replica, struct start_folder *folder, struct found *found)
{
	if (replica->role == CONFIG_SECONDARY)
		find_secondary(replica, replica_zone(replica), folder, found);
	else
		find_primary(replica, replica_zone(replica), folder, found);
}
