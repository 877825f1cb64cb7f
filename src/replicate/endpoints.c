// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/endpoints.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/hash.h"

#define ROOM_FIRST 16u

const struct endpoint endpoint_none = { .family = AF_UNSPEC };

// Where it is, or where it is to come.
static struct endpoint **find(const struct endpoints *endpoints, const struct endpoint *endpoint)
{
	uint32_t at = (uint32_t)hash_bytes(endpoint, sizeof *endpoint) & (endpoints->room - 1);

	while (endpoints->slots[at] != NULL && !endpoint_equal(endpoints->slots[at], endpoint))
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
		if (endpoints->slots[i] != NULL)
			*find(&grown, endpoints->slots[i]) = endpoints->slots[i];
	free(endpoints->slots);
	*endpoints = grown;
	return 0;
}

const struct endpoint *endpoints_keep(struct endpoints *endpoints, const struct endpoint *endpoint)
{
	struct endpoint **place;

	if (endpoint->family == AF_UNSPEC || (endpoints->count * 2 >= endpoints->room && grow(endpoints) != 0))
		return &endpoint_none;
	place = find(endpoints, endpoint);
	if (*place == NULL && (*place = malloc(sizeof **place)) != NULL) {
		**place = *endpoint;
		endpoints->count++;
	}
	return *place != NULL ? *place : &endpoint_none;
}

void endpoints_free(struct endpoints *endpoints)
{
	for (uint32_t i = 0; i < endpoints->room; i++)
		free(endpoints->slots[i]);
	free(endpoints->slots);
	*endpoints = (struct endpoints){ 0 };
}
