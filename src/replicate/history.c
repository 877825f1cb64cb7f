// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/history.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

// What is read at once to go from one version to another.
#define STEPS_BYTES_MAX ((size_t)1 << 30)

// A difference of more records nobody reads; sorting them takes seconds and
// about 100 bytes each.
#define CHANGES_MAX ((size_t)5000000)

// How many serials a sentence names.
#define SERIALS_TOLD 30u

static int add(struct history *history, const struct history_version *version)
{
	size_t count = history->count;

	if (count < 8 ? count == 0 : (count & (count - 1)) == 0) {
		void *grown = realloc(history->version, (count < 8 ? 8 : 2 * count) * sizeof *version);
		if (grown == NULL)
			return ERR_MEMORY;
		history->version = grown;
	}
	history->version[history->count++] = *version;
	return 0;
}

static int on_step(void *context, const struct store_step *step)
{
	struct history *history = context;
	struct history_version first = { .serial = step->from };
	struct history_version next = {
		.serial = step->to, .since = step->stored, .removed = step->removed, .added = step->added,
		.bytes = step->bytes,
	};
	int error = history->count == 0 ? add(history, &first) : 0;

	return error != 0 ? error : add(history, &next);
}

int history_read(struct store *store, const uint8_t *origin, struct history *history)
{
	*history = (struct history){ 0 };
	int error = store_history_each(store, origin, on_step, history);
	if (error != 0)
		history_free(history);
	return error;
}

void history_free(struct history *history)
{
	free(history->version);
	*history = (struct history){ 0 };
}

const struct history_version *history_find(const struct history *history, uint32_t serial)
{
	for (size_t i = history->count; i > 0; i--)
		if (history->version[i - 1].serial == serial)
			return &history->version[i - 1];
	return NULL;
}

const char *history_serials(const struct history *history, char text[static HISTORY_SERIALS_TEXT])
{
	size_t first = history->count > SERIALS_TOLD ? history->count - SERIALS_TOLD : 0, length = 0;

	text[0] = '\0';
	if (first > 0)
		length = (size_t)snprintf(text, HISTORY_SERIALS_TEXT, "%zu older ones, ", first);
	for (size_t i = first; i < history->count; i++) {
		const char *behind = i + 2 < history->count ? ", " : i + 2 == history->count ? " and " : "";
		length += (size_t)snprintf(text + length, HISTORY_SERIALS_TEXT - length, "%" PRIu32 "%s",
		                           history->version[i].serial, behind);
	}
	return text;
}

// --- between two versions

// The steps between them, whichever is the older: from `to` to `from` where
// *is_backward.
static int read_steps(struct store *store, const uint8_t *origin, uint32_t from, uint32_t to,
                      struct provide_chain *steps, bool *is_backward)
{
	int error = provide_chain_read(store, origin, from, to, STEPS_BYTES_MAX, steps);

	*is_backward = error == ERR_NOT_FOUND;
	if (error == ERR_NOT_FOUND)
		error = provide_chain_read(store, origin, to, from, STEPS_BYTES_MAX, steps);
	return error;
}

int history_changes_read(struct store *store, const uint8_t *origin, uint32_t from, uint32_t to,
                         struct history_changes *changes)
{
	bool is_backward;

	*changes = (struct history_changes){ 0 };
	int error = read_steps(store, origin, from, to, &changes->steps, &is_backward);
	if (error == 0)
		error = delta_condense(changes->steps.delta, changes->steps.count, is_backward, CHANGES_MAX,
		                       &changes->changes);
	if (error != 0)
		history_changes_free(changes);
	return error;
}

void history_changes_free(struct history_changes *changes)
{
	delta_changes_free(&changes->changes);
	provide_chain_free(&changes->steps);
}

int history_turn(struct store *store, const uint8_t *origin, uint32_t from, uint32_t to, struct zone_draft *draft)
{
	struct provide_chain steps;
	bool is_backward;
	int error = read_steps(store, origin, from, to, &steps, &is_backward);

	if (error != 0)
		return error;
	for (unsigned i = 0; error == 0 && i < steps.count; i++)
		error = is_backward ? delta_revert(steps.delta[steps.count - 1 - i], draft)
		                    : delta_apply(steps.delta[i], draft);
	provide_chain_free(&steps);
	return error;
}
