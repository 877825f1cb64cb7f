// SPDX-License-Identifier: GPL-3.0-or-later
// Loading a zone: its snapshot, then the steps of the journal behind it.
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "store/internal.h"

// A snapshot's file may give way to a newer one while it is being opened.
#define LOAD_ATTEMPTS 3

// Zones loaded between two lettings go of the map's pages, which takes 50 us.
#define DROP_PAGES_AFTER 16384u

bool store_is_damaged(struct store *store, const uint8_t *origin)
{
	pthread_mutex_lock(&store->damaged_mutex);
	bool damaged = pending_has(&store->damaged, origin);
	pthread_mutex_unlock(&store->damaged_mutex);
	return damaged;
}

void store_set_damaged(struct store *store, const uint8_t *origin, bool damaged)
{
	pthread_mutex_lock(&store->damaged_mutex);
	if (damaged)
		(void)pending_put(&store->damaged, origin, origin, 0); // its serial tells too, nearly always
	else
		pending_drop(&store->damaged, origin, false);
	pthread_mutex_unlock(&store->damaged_mutex);
}

// What one transaction saw of a zone.
struct stored {
	struct row_snapshot row;
	const struct zone_version *version; // of an inline snapshot
	struct journal_steps steps;
	bool steps_damaged;
	char steps_why[256];
};

static int read_rows(struct store *store, MDB_txn *txn, const uint8_t *origin, struct zone_line *line,
                     struct stored *stored, char why[static 256])
{
	MDB_val value;
	int error = store_get_row(txn, store->snapshot, origin, name_length(origin), &value, why);
	if (error != 0)
		return error;
	error = row_get_snapshot(value.mv_data, value.mv_size, &stored->row);
	if (error != 0) {
		snprintf(why, 256, "the row of its snapshot is damaged, or of a later release");
		return error;
	}
	error = journal_read_steps(store, txn, origin, stored->row.serial, &stored->steps, stored->steps_why);
	stored->steps_damaged = error == ERR_CORRUPT;
	if (error != 0 && error != ERR_CORRUPT) {
		memcpy(why, stored->steps_why, 256);
		return error;
	}
	if (stored->row.kind != ROW_INLINE)
		return 0;
	struct snapshot_source source = { stored->row.content, stored->row.content_length, NULL };
	return snapshot_read(&source, origin, line, &stored->version, why);
}

static int read_snapshot(struct store *store, const uint8_t *origin, struct zone_line *line, struct stored *stored,
                         char why[static 256])
{
	MDB_txn *txn;
	int error = store_begin_read(store, &txn, why);
	if (error != 0)
		return error;
	error = read_rows(store, txn, origin, line, stored, why);
	store_end_read(store, txn);
	if (error == 0 && stored->row.kind == ROW_FILE)
		error = snapshot_file_read(store, stored->row.number, stored->row.file_length, origin, line, &stored->version,
		                           why);
	return error;
}

// Applies the first `count` steps to a draft from the version. *applied tells
// how many went well before an error.
static int apply_steps(struct zone_line *line, const struct zone_version *base, const struct journal_steps *steps,
                       size_t count, size_t *applied, const struct zone_version **version)
{
	struct zone_draft *draft;
	int error = zone_draft_from(line, base, &draft);
	*applied = 0;
	if (error != 0)
		return error;
	for (; error == 0 && *applied < count; *applied += error == 0)
		error = delta_apply(steps->delta[*applied], draft);
	if (error == 0)
		error = zone_draft_seal(draft, version);
	if (error != 0)
		zone_draft_abandon(draft);
	return error;
}

// Brings the snapshot's version up to the last step, or the last that fits.
static int go_on(struct zone_line *line, struct stored *stored, const struct zone_version **version)
{
	size_t count = stored->steps.count, applied;
	while (count > 0) {
		int error = apply_steps(line, stored->version, &stored->steps, count, &applied, version);
		if (error == 0) {
			zone_release(stored->version);
			return 0;
		}
		if (error == ERR_MEMORY || error == ERR_BUSY) {
			zone_release(stored->version);
			return error;
		}
		if (!stored->steps_damaged || applied < count)
			snprintf(stored->steps_why, 256, "a step of its journal, from serial %u, does not fit: %s",
			         delta_from(stored->steps.delta[applied < count ? applied : count - 1]), error_text(error));
		stored->steps_damaged = true;
		count = applied < count ? applied : count - 1;
	}
	*version = stored->version;
	return 0;
}

// A start reads all of the map: what of it is done with need not count as ours.
static void drop_pages_now_and_then(struct store *store)
{
	if ((atomic_fetch_add_explicit(&store->loads, 1, memory_order_relaxed) + 1) % DROP_PAGES_AFTER == 0)
		store_drop_pages();
}

int store_load(struct store *store, const uint8_t *origin, struct zone_line *line,
               const struct zone_version **version, char why[static 256])
{
	struct stored stored = { 0 };
	uint8_t lower[NAME_MAX_WIRE];
	int error = ERR_CORRUPT;
	*version = NULL;
	name_lower(lower, origin);
	int attempts = store->writer != NULL ? LOAD_ATTEMPTS : 1;
	for (int attempt = 0; error == ERR_CORRUPT && attempt < attempts; attempt++) {
		journal_release_steps(&stored.steps);
		stored = (struct stored){ 0 };
		why[0] = '\0';
		error = read_snapshot(store, lower, line, &stored, why);
	}
	if (error == 0)
		error = go_on(line, &stored, version);
	if (error == 0 && stored.steps_damaged) {
		error = ERR_CORRUPT;
		memcpy(why, stored.steps_why, 256);
	}
	if (error == ERR_CORRUPT)
		store_set_damaged(store, lower, true);
	journal_release_steps(&stored.steps);
	drop_pages_now_and_then(store);
	return error;
}
