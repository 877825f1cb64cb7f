// SPDX-License-Identifier: GPL-3.0-or-later
#include "zone/refset.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/error.h"

static size_t home(const struct refset *set, arena_ref ref)
{
	return (size_t)((uint64_t)ref * UINT64_C(0x9e3779b97f4a7c15) >> 20) & set->mask;
}

static void put(struct refset *set, arena_ref ref)
{
	size_t i = home(set, ref);
	while (set->slot[i] != 0 && set->slot[i] != ref)
		i = (i + 1) & set->mask;
	set->count += set->slot[i] == 0;
	set->slot[i] = ref;
}

static int grow(struct refset *set)
{
	size_t room = set->slot == NULL ? 16 : 2 * (set->mask + 1);
	struct refset grown = { calloc(room, sizeof(arena_ref)), 0, room - 1 };
	if (grown.slot == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; set->slot != NULL && i <= set->mask; ++i)
		if (set->slot[i] != 0)
			put(&grown, set->slot[i]);
	free(set->slot);
	*set = grown;
	return 0;
}

int refset_add(struct refset *set, arena_ref ref)
{
	if ((set->slot == NULL || set->count * 3 >= (set->mask + 1) * 2) && grow(set) != 0)
		return ERR_MEMORY;
	put(set, ref);
	return 0;
}

bool refset_has(const struct refset *set, arena_ref ref)
{
	if (set->slot == NULL)
		return false;
	for (size_t i = home(set, ref); set->slot[i] != 0; i = (i + 1) & set->mask)
		if (set->slot[i] == ref)
			return true;
	return false;
}

void refset_remove(struct refset *set, arena_ref ref)
{
	if (!refset_has(set, ref))
		return;
	size_t hole = home(set, ref);
	while (set->slot[hole] != ref)
		hole = (hole + 1) & set->mask;
	// Entries behind that could not stand at home move up, so no search stops short.
	for (size_t i = (hole + 1) & set->mask; set->slot[i] != 0; i = (i + 1) & set->mask) {
		size_t wanted = home(set, set->slot[i]);
		if (((i - wanted) & set->mask) >= ((i - hole) & set->mask)) {
			set->slot[hole] = set->slot[i];
			hole = i;
		}
	}
	set->slot[hole] = 0;
	--set->count;
}

void refset_free(struct refset *set)
{
	free(set->slot);
	*set = (struct refset){ 0 };
}
