// SPDX-License-Identifier: GPL-3.0-or-later
// Reading the journal. What is found is copied out, so that no transaction
// lives on: one that did would keep every page that is replaced meanwhile.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "store/bytes.h"
#include "store/internal.h"

static int get_chain(struct store *store, MDB_txn *txn, const uint8_t *origin, struct row_chain *chain,
                     char why[static 256])
{
	MDB_val value;
	int error = store_get_row(txn, store->chain, origin, name_length(origin), &value, why);
	if (error == 0 && row_get_chain(value.mv_data, value.mv_size, chain) != 0) {
		snprintf(why, 256, "what tells where its journal begins and ends is damaged");
		error = ERR_CORRUPT;
	}
	return error;
}

static int get_step(struct store *store, MDB_txn *txn, const uint8_t *origin, uint64_t number, struct row_step *step,
                    char why[static 256])
{
	uint8_t key[ROW_STEP_KEY];
	MDB_val value;
	size_t length = row_step_key(origin, number, key);
	int error = store_get_row(txn, store->journal, key, length, &value, why);
	if (error == ERR_NOT_FOUND || (error == 0 && row_get_step(value.mv_data, value.mv_size, step) != 0)) {
		snprintf(why, 256, "step %llu of its journal is %s", (unsigned long long)number,
		         error != 0 ? "missing" : "damaged");
		error = ERR_CORRUPT;
	}
	return error;
}

// Room for one more behind `count`; how many there will be, a row tells that may
// be damaged.
static int grow(void **list, size_t count, size_t size)
{
	if (count >= 8 ? (count & (count - 1)) != 0 : count != 0)
		return 0;
	void *grown = realloc(*list, (count < 8 ? 8 : 2 * count) * size);
	if (grown == NULL)
		return ERR_MEMORY;
	*list = grown;
	return 0;
}

// The delta of a step, as long as it is whole and is what the row says.
static int take_delta(const struct row_step *step, struct delta **delta)
{
	int error = delta_from_bytes(step->delta, step->delta_length, delta);
	if (error == 0 && (delta_from(*delta) != step->from || delta_to(*delta) != step->to)) {
		delta_release(*delta);
		error = ERR_CORRUPT;
	}
	return error;
}

// --- for loading

static int read_step(struct store *store, MDB_txn *txn, const uint8_t *origin, uint64_t number, uint32_t serial,
                     struct delta **delta, char why[static 256])
{
	struct row_step step;
	int error = get_step(store, txn, origin, number, &step, why);
	if (error != 0)
		return error;
	error = step.from == serial ? take_delta(&step, delta) : ERR_CORRUPT;
	if (error != 0)
		snprintf(why, 256, "the step of its journal from serial %u to %u cannot be used: %s", step.from, step.to,
		         step.from == serial ? error_text(error) : "it does not begin where the one before ended");
	return error;
}

// Takes over the hold.
static int add_step(struct journal_steps *steps, struct delta *delta, char why[static 256])
{
	void *list = steps->delta;
	if (grow(&list, steps->count, sizeof(struct delta *)) != 0) {
		snprintf(why, 256, "out of memory");
		delta_release(delta);
		return ERR_MEMORY;
	}
	steps->delta = list;
	steps->delta[steps->count++] = delta;
	return 0;
}

int journal_read_steps(struct store *store, MDB_txn *txn, const uint8_t *origin, uint32_t snapshot_serial,
                       struct journal_steps *steps, char why[static 256])
{
	struct row_chain chain;
	uint32_t serial = snapshot_serial;
	*steps = (struct journal_steps){ 0 };
	int error = get_chain(store, txn, origin, &chain, why);
	if (error == ERR_NOT_FOUND)
		return 0;
	if (error != 0)
		return error;
	for (uint64_t number = chain.snapshot; error == 0 && number < chain.next; number++) {
		struct delta *delta;
		error = read_step(store, txn, origin, number, serial, &delta, why);
		if (error == 0) {
			serial = delta_to(delta);
			error = add_step(steps, delta, why);
		}
	}
	return error;
}

void journal_release_steps(struct journal_steps *steps)
{
	for (size_t i = 0; i < steps->count; i++)
		delta_release(steps->delta[i]);
	free(steps->delta);
	*steps = (struct journal_steps){ 0 };
}

// --- for IXFR out and history

// Runs `read` in a transaction of its own, with the name in lower case.
typedef int journal_read(struct store *store, MDB_txn *txn, const uint8_t *origin, void *context);

static int read_journal(struct store *store, const uint8_t *origin, journal_read *read, void *context)
{
	uint8_t lower[NAME_MAX_WIRE];
	char why[256];
	MDB_txn *txn;
	name_lower(lower, origin);
	int error = store_begin_read(store, &txn, why);
	if (error != 0)
		return error;
	error = read(store, txn, lower, context);
	store_end_read(store, txn);
	return error;
}

struct delta_search {
	uint32_t serial;
	struct delta *found;
};

static int find_delta(struct store *store, MDB_txn *txn, const uint8_t *origin, void *context)
{
	struct delta_search *search = context;
	struct row_chain chain;
	struct row_step step;
	uint8_t key[ROW_FROM_KEY];
	char why[256];
	MDB_val value;
	int error = get_chain(store, txn, origin, &chain, why);
	if (error != 0)
		return error;
	error = store_get_row(txn, store->step, key, row_from_key(origin, search->serial, key), &value, why);
	if (error != 0)
		return error;
	uint64_t number = value.mv_size == 8 ? le_get(value.mv_data, 8) : 0;
	if (number < chain.start || number >= chain.next)
		return ERR_NOT_FOUND; // of before a break
	error = get_step(store, txn, origin, number, &step, why);
	if (error == 0 && step.from != search->serial)
		error = ERR_CORRUPT;
	return error != 0 ? error : take_delta(&step, &search->found);
}

int store_delta_get(struct store *store, const uint8_t *origin, uint32_t from_serial, struct delta **delta)
{
	struct delta_search search = { .serial = from_serial };
	int error = read_journal(store, origin, find_delta, &search);
	*delta = error == 0 ? search.found : NULL;
	return error;
}

struct history {
	struct store_step *step;
	size_t count;
};

static int read_history(struct store *store, MDB_txn *txn, const uint8_t *origin, void *context)
{
	struct history *history = context;
	struct row_chain chain;
	struct row_step row;
	char why[256];
	int error = get_chain(store, txn, origin, &chain, why);
	if (error != 0)
		return error == ERR_NOT_FOUND ? 0 : error;
	for (uint64_t number = chain.start; error == 0 && number < chain.next; number++) {
		void *list = history->step;
		error = get_step(store, txn, origin, number, &row, why);
		if (error == 0)
			error = grow(&list, history->count, sizeof *history->step);
		if (error != 0)
			break;
		history->step = list;
		history->step[history->count++] = (struct store_step){
			.from = row.from, .to = row.to, .stored = row.stored, .removed = row.removed,
			.added = row.added, .bytes = row.delta_length,
		};
	}
	return error;
}

int store_history_each(struct store *store, const uint8_t *origin, store_visit_step *visit, void *context)
{
	struct history history = { 0 };
	int error = read_journal(store, origin, read_history, &history);
	int stopped = 0;
	for (size_t i = 0; i < history.count && stopped == 0; i++)
		stopped = visit(context, &history.step[i]);
	free(history.step);
	return stopped != 0 ? stopped : error;
}
