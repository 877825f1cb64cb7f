// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/provide_chain.h"

#include <stdlib.h>

#include "base/error.h"
#include "dns/serial.h"

// A client that is so many versions behind gets the whole zone: reading each
// step takes some microseconds of a thread that has other clients.
#define STEPS_MAX 1000u

void provide_chain_free(struct provide_chain *chain)
{
	for (unsigned i = 0; i < chain->count; i++)
		delta_release(chain->delta[i]);
	free(chain->delta);
	*chain = (struct provide_chain){ 0 };
}

static int append(struct provide_chain *chain, struct delta *delta)
{
	struct delta **grown;
	size_t length;

	// At each power of two there is no room left.
	if ((chain->count & (chain->count - 1)) == 0) {
		grown = realloc(chain->delta, (chain->count == 0 ? 1 : 2 * (size_t)chain->count) * sizeof(struct delta *));
		if (grown == NULL)
			return ERR_MEMORY;
		chain->delta = grown;
	}
	(void)delta_bytes(delta, &length);
	chain->delta[chain->count++] = delta;
	chain->bytes += length;
	return 0;
}

static int take_step(struct store *store, const uint8_t *origin, uint32_t *at, uint32_t to,
                     struct provide_chain *chain)
{
	struct delta *delta;
	int error = store_delta_get(store, origin, *at, &delta);

	if (error != 0)
		return error;
	// What is stored may be newer than what is served: it must not lead past it.
	if (!serial_newer(delta_to(delta), *at) || serial_newer(delta_to(delta), to))
		error = ERR_NOT_FOUND;
	if (error == 0)
		error = append(chain, delta);
	if (error != 0) {
		delta_release(delta);
		return error;
	}
	*at = delta_to(delta);
	return 0;
}

int provide_chain_read(struct store *store, const uint8_t *origin, uint32_t from, uint32_t to, size_t max_bytes,
                       struct provide_chain *chain)
{
	int error = 0;

	*chain = (struct provide_chain){ 0 };
	while (error == 0 && from != to) {
		error = chain->count < STEPS_MAX ? take_step(store, origin, &from, to, chain) : ERR_LIMIT;
		if (error == 0 && chain->bytes > max_bytes)
			error = ERR_LIMIT;
	}
	if (error != 0)
		provide_chain_free(chain);
	return error;
}
