// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/endpoints.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"

#define ROOM_FIRST 16u

const struct endpoint endpoint_none = { .family = AF_UNSPEC };

// Where it is, or where it is to come.
static arena_ref *find(const struct endpoints *endpoints, const struct endpoint *endpoint)
{
	uint32_t at = (uint32_t)hash_bytes(endpoint, sizeof *endpoint) & (endpoints->room - 1);

	while (endpoints->slots[at] != 0 && !endpoint_equal(endpoints_at(endpoints->slots[at]), endpoint))
		at = (at + 1) & (endpoints->room - 1);
	return &endpoints->slots[at];
}

static int grow(struct endpoints *endpoints)
{
	struct endpoints grown = { .count = endpoints->count, .room = endpoints->room != 0 ? endpoints->room * 2 : ROOM_FIRST };

	grown.slots = calloc(grown.room, sizeof *grown.slots);
	if (grown.slots == NULL)
		return ERR_MEMORY;
	for (uint32_t i = 0; i < endpoints->room; i++)
		if (endpoints->slots[i] != 0)
			*find(&grown, endpoints_at(endpoints->slots[i])) = endpoints->slots[i];
	free(endpoints->slots);
	*endpoints = grown;
	return 0;
}

arena_ref endpoints_keep(struct endpoints *endpoints, const struct endpoint *endpoint)
{
	arena_ref *place;

	if (endpoint->family == AF_UNSPEC || (endpoints->count * 2 >= endpoints->room && grow(endpoints) != 0))
		return 0;
	place = find(endpoints, endpoint);
	if (*place == 0 && (*place = arena_alloc(sizeof *endpoint, NULL)) != 0) {
		memcpy(arena_at(*place), endpoint, sizeof *endpoint);
		endpoints->count++;
	}
	return *place;
}

void endpoints_free(struct endpoints *endpoints)
{
	for (uint32_t i = 0; i < endpoints->room; i++)
		if (endpoints->slots[i] != 0)
			arena_free(endpoints->slots[i], sizeof(struct endpoint), NULL);
	free(endpoints->slots);
	*endpoints = (struct endpoints){ 0 };
}
