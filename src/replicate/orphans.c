// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/orphans.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "dns/name.h"
#include "replicate/replica.h"
#include "replicate/room.h"

// Since the copy was last confirmed by a primary, or read from a file.
#define KEEP_S (INT64_C(7) * 86400)

// Names that one start gives up at most; the next start does the rest.
#define NAMES_MAX ((size_t)1 << 20)

// A step of the loop forgets so many.
#define FORGET_STEP 512u

static int visit(void *context, const uint8_t *origin, const struct store_state *state)
{
	struct replicate *room = context;
	struct orphans *orphans = &room->orphans;
	int64_t last = state->confirmed > state->transferred ? state->confirmed : state->transferred;
	size_t length = name_length(origin);

	// By the store's clock: this one may be wrong.
	if (zone_table_get(room->table, origin) != NULL || last + KEEP_S > store_latest_time(room->store))
		return 0;
	if (orphans->used + length > orphans->room) {
		size_t wanted = orphans->room == 0 ? 4096 : orphans->room * 2;
		unsigned char *names = wanted <= NAMES_MAX ? realloc(orphans->names, wanted) : NULL;
		if (names == NULL)
			return 1;
		orphans->names = names;
		orphans->room = wanted;
	}
	memcpy(orphans->names + orphans->used, origin, length);
	orphans->used += length;
	return 0;
}

void orphans_find(struct replicate *room)
{
	(void)store_each(room->store, visit, room);
}

bool orphans_forget(struct replicate *room)
{
	struct orphans *orphans = &room->orphans;

	for (unsigned i = 0; i < FORGET_STEP && orphans->at < orphans->used; i++) {
		const uint8_t *origin = orphans->names + orphans->at;
		if (zone_table_get(room->table, origin) == NULL)
			orphans->forgotten += store_forget(room->store, origin) == 0;
		orphans->at += name_length(origin);
	}
	if (orphans->at < orphans->used)
		return false;
	if (orphans->forgotten > 0)
		log_line(LEVEL_NOTICE, NULL, "the store forgets %u zone%s not configured any more, last confirmed over 7 days ago",
		         orphans->forgotten, plural(orphans->forgotten));
	free(orphans->names);
	*orphans = (struct orphans){ 0 };
	return true;
}
