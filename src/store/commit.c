// SPDX-License-Identifier: GPL-3.0-or-later
// One transaction: what it puts into the databases, and the files that come
// and go with it. A file that it replaces is removed after the commit, one
// that it brought is removed where the commit fails.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "store/bytes.h"
#include "store/internal.h"
#include "store/writer.h"

// A journal below this is not worth a new snapshot, however small the zone is.
#define REWRITE_LEAST ((uint64_t)4 << 10)

typedef void remove_file(struct store *store, uint64_t number);

static void finish(struct commit *commit, const uint64_t *files, size_t count, remove_file *remove)
{
	for (size_t i = 0; i < count; i++)
		remove(commit->store, files[i]);
	free(commit->replaced);
	free(commit->made);
	commit->replaced = commit->made = NULL;
	commit->replaced_count = commit->replaced_room = 0;
	commit->made_count = commit->made_room = 0;
	commit->txn = NULL;
}

int commit_mdb_failed(struct commit *commit, int code)
{
	return store_mdb_error(code, "written", commit->why);
}

int commit_begin(struct commit *commit)
{
	commit->why[0] = '\0';
	commit->broken = false;
	int error = store_revive_environment(commit->store, commit->why);
	if (error != 0)
		return error;
	int code = mdb_txn_begin(commit->store->env, NULL, 0, &commit->txn);
	if (code != 0)
		commit->txn = NULL;
	return code != 0 ? commit_mdb_failed(commit, code) : 0;
}

// Puts the snapshot that was made, with the state beside it.
static int put_whole(struct commit *commit, const struct commit_order *order, const struct content *content)
{
	const uint8_t *origin = zone_origin(order->version);
	int error = content_put(commit, origin, zone_serial(order->version), content);
	if (error == 0)
		error = journal_break(commit, origin, zone_serial(order->version), content->length);
	if (error == 0)
		error = commit_state(commit, origin, order->state_row, order->state_length);
	commit->broken |= error != 0;
	return error;
}

int commit_version(struct commit *commit, const struct commit_order *order)
{
	struct content content = { order->number, order->file_length };
	int error = order->number == 0 ? content_make(commit, order->version, &content) : 0;
	if (error == 0 && content.number != 0)
		error = commit_made(commit, content.number);
	return error != 0 ? error : put_whole(commit, order, &content);
}

// --- deltas

static uint64_t rewrite_when(const struct row_chain *chain, uint64_t journal_bytes)
{
	uint64_t half = chain->snapshot_length / 2;
	uint64_t when = half < REWRITE_LEAST ? REWRITE_LEAST : half;
	return when < journal_bytes ? when : journal_bytes;
}

// The snapshot that a long journal is due: made here where it fits a row, else
// asked for in *rewrite.
static int rewrite_snapshot(struct commit *commit, const struct commit_order *order, struct row_chain *chain,
                            struct commit_rewrite *rewrite)
{
	struct content content = { 0 };
	int error = chain->snapshot_length > SNAPSHOT_LARGE ? ERR_SPACE
	                                                    : content_make_inline(commit, order->version, &content);
	if (error == ERR_SPACE) {
		*rewrite = (struct commit_rewrite){ chain->epoch, chain->next, chain->since, false };
		return 0;
	}
	if (error == 0)
		error = content_put(commit, zone_origin(order->version), zone_serial(order->version), &content);
	if (error == 0) {
		chain->snapshot = chain->next;
		chain->snapshot_length = content.length;
		chain->since = 0;
		rewrite->made = true;
	}
	return error;
}

static int put_delta(struct commit *commit, const struct commit_order *order, struct row_chain *chain,
                     struct commit_rewrite *rewrite)
{
	const uint8_t *origin = zone_origin(order->version);
	int error = journal_append(commit, origin, order->delta, chain);
	if (error == 0 && chain->since > rewrite_when(chain, order->journal_bytes))
		error = rewrite_snapshot(commit, order, chain, rewrite);
	if (error == 0)
		error = journal_trim(commit, origin, order->journal_bytes, order->history, chain);
	if (error == 0)
		error = journal_put_chain(commit, origin, chain);
	if (error == 0)
		error = commit_state(commit, origin, order->state_row, order->state_length);
	return error;
}

int commit_delta(struct commit *commit, const struct commit_order *order, struct commit_rewrite *rewrite)
{
	const uint8_t *origin = zone_origin(order->version);
	struct row_chain chain;
	*rewrite = (struct commit_rewrite){ 0 };
	int error = journal_chain(commit, origin, &chain);
	if (error == ERR_IO || error == ERR_MEMORY)
		return error;
	if (error != 0 || chain.serial != delta_from(order->delta) || store_is_damaged(commit->store, origin))
		return ERR_STATE;
	error = put_delta(commit, order, &chain, rewrite);
	commit->broken |= error != 0;
	return error;
}

int commit_snapshot(struct commit *commit, const struct commit_order *order, const struct commit_rewrite *rewrite)
{
	const uint8_t *origin = zone_origin(order->version);
	struct content content = { order->number, order->file_length };
	struct row_chain chain;
	MDB_val key = store_value(origin, name_length(origin)), value;
	int code = mdb_get(commit->txn, commit->store->chain, &key, &value);
	if (code != 0 && code != MDB_NOTFOUND)
		return commit_mdb_failed(commit, code);
	// Meanwhile the zone may have been forgotten, or stored whole.
	if (code != 0 || row_get_chain(value.mv_data, value.mv_size, &chain) != 0 || chain.epoch != rewrite->epoch ||
	    rewrite->reached <= chain.snapshot || rewrite->reached > chain.next)
		return ERR_STATE;
	int error = commit_made(commit, content.number);
	if (error != 0)
		return error;
	error = content_put(commit, origin, zone_serial(order->version), &content);
	chain.snapshot = rewrite->reached;
	chain.snapshot_length = content.length;
	chain.since -= rewrite->since < chain.since ? rewrite->since : chain.since;
	if (error == 0)
		error = journal_trim(commit, origin, order->journal_bytes, order->history, &chain);
	if (error == 0)
		error = journal_put_chain(commit, origin, &chain);
	commit->broken |= error != 0;
	return error;
}

// --- state, and forgetting

int commit_state(struct commit *commit, const uint8_t *origin, const uint8_t *row, size_t length)
{
	MDB_val key = store_value(origin, name_length(origin));
	MDB_val value = store_value(row, length);
	int code = mdb_put(commit->txn, commit->store->state, &key, &value, 0);
	commit->broken |= code != 0;
	return code != 0 ? commit_mdb_failed(commit, code) : 0;
}

int commit_forget(struct commit *commit, const uint8_t *origin)
{
	MDB_val key = store_value(origin, name_length(origin));
	commit->broken = true; // until all is done
	int error = content_drop(commit, origin);
	if (error == 0)
		error = journal_forget(commit, origin);
	if (error == 0)
		error = commit_pin(commit, origin, NULL, 0);
	if (error != 0)
		return error;
	int code = mdb_del(commit->txn, commit->store->state, &key, NULL);
	if (code != 0 && code != MDB_NOTFOUND)
		return commit_mdb_failed(commit, code);
	commit->broken = false;
	return 0;
}

// The clock may have been set back: the latest time only grows.
static int put_latest(struct commit *commit, int64_t latest)
{
	uint8_t row[8];
	MDB_val key = store_value("latest", 6), value = store_value(row, sizeof row);
	le_put(row, (uint64_t)latest, 8);
	int code = mdb_put(commit->txn, commit->store->meta, &key, &value, 0);
	return code != 0 ? commit_mdb_failed(commit, code) : 0;
}

int commit_end(struct commit *commit)
{
	int64_t latest = clock_wall_s();
	if (latest < atomic_load(&commit->store->latest_time))
		latest = atomic_load(&commit->store->latest_time);
	int error = put_latest(commit, latest);
	if (error != 0) {
		commit_abort(commit);
		return error;
	}
	int code = mdb_txn_commit(commit->txn);
	if (code != 0) {
		// It may be on the disk all the same, where the last write of all failed.
		char why[256];
		error = commit_mdb_failed(commit, code);
		(void)store_revive_environment(commit->store, why);
		finish(commit, commit->made, commit->made_count, snapshot_file_drop);
		return error;
	}
	atomic_store(&commit->store->latest_time, latest);
	atomic_fetch_add_explicit(&commit->store->did_transactions, 1, memory_order_relaxed);
	finish(commit, commit->replaced, commit->replaced_count, writer_remove_file);
	return 0;
}

void commit_abort(struct commit *commit)
{
	mdb_txn_abort(commit->txn);
	finish(commit, commit->made, commit->made_count, snapshot_file_remove);
}
