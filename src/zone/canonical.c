// SPDX-License-Identifier: GPL-3.0-or-later
// All nodes in canonical order: references and key prefixes are gathered and
// sorted, the owners decide between equal prefixes.
#include <stdlib.h>

#include "base/error.h"
#include "zone/denial.h"

struct placed {
	uint64_t prefix;
	arena_ref node;
};

struct gathering {
	struct placed *entry;
	size_t count;
};

static void gather(void *context, arena_ref ref)
{
	struct gathering *g = context;
	const struct zone_node *n = arena_at(ref);
	if (!zone_node_is_empty(n))
		g->entry[g->count++] = (struct placed){ owner_prefix(node_owner(n)), ref };
}

static int placed_compare(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;
	if (x->prefix != y->prefix)
		return x->prefix < y->prefix ? -1 : 1;
	int difference = owner_compare(node_owner(arena_at(x->node)), node_owner(arena_at(y->node)));
	// An owner's node of the name index before the one of the NSEC3 trees: any
	// fixed order would do.
	return difference != 0 ? difference : (x->node > y->node) - (x->node < y->node);
}

int zone_walk_canonical(const struct zone_version *version, zone_visit *visit, void *context)
{
	const struct denial *d = version_denial(version);
	size_t room = version->index.count;
	for (unsigned i = 0; d != NULL && i < d->chain_count; ++i)
		room += d->chain[i].order.count;
	struct gathering g = { malloc(room * sizeof(struct placed)), 0 };
	if (g.entry == NULL)
		return ERR_MEMORY;
	index_each(&version->index, gather, &g);
	if (d != NULL)
		denial_each_nsec3(d, gather, &g);
	qsort(g.entry, g.count, sizeof(struct placed), placed_compare);
	int stopped = 0;
	for (size_t i = 0; i < g.count && stopped == 0; ++i) {
		uint8_t owner[NAME_MAX_WIRE];
		const struct zone_node *n = arena_at(g.entry[i].node);
		zone_node_owner(version, n, owner);
		stopped = visit(context, owner, n);
	}
	free(g.entry);
	return stopped;
}
