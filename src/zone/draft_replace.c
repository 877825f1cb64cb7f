// SPDX-License-Identifier: GPL-3.0-or-later
// Replacing all content: records that come again are marked where they stand in
// the version that the draft began with; what has no mark at the end goes.
//
// A mark is a bit for each unit of the arena. Records take twelve bytes and
// references to blocks of sets eight, so no two begin in the same unit. Of a
// block of its own, which several owners may hold, only the reference in the
// node can bear the mark: it means all records; which of them, as long as not
// all, is kept in a list beside.
#include <stdlib.h>

#include "base/error.h"
#include "zone/draft_internal.h"

#define LEAF_BITS 32768u
// Leaves of a branch, branches of the table: together the 2^32 units that there
// are. Small, so that a small zone's replacement costs little.
#define BRANCH_LEAVES 512u
#define BRANCHES 256u
_Static_assert((uint64_t)LEAF_BITS * BRANCH_LEAVES * BRANCHES == UINT64_C(1) << 32, "a leaf for each unit");

struct branch {
	uint64_t *leaf[BRANCH_LEAVES];
};
#define PARTIAL_SLOTS 1024u

struct partial {
	struct partial *next;
	const uint8_t *at;
	uint32_t count, marked;
	uint8_t bits[];
};

struct replacing {
	struct branch *branch[BRANCHES];
	struct partial *partial[PARTIAL_SLOTS];
	const uint8_t *expect;    // records mostly come in the order in which they stand
	uint32_t expect_ordinal;  // in its set
	struct zone_draft *draft; // while removing
	int error;
};

static uint64_t unit_of(const uint8_t *at)
{
	return (uint64_t)(at - arena_base) / ARENA_UNIT;
}

static bool marked(const struct replacing *r, const uint8_t *at)
{
	uint64_t unit = unit_of(at);
	const struct branch *branch = r->branch[unit / LEAF_BITS / BRANCH_LEAVES];
	const uint64_t *leaf = branch != NULL ? branch->leaf[unit / LEAF_BITS % BRANCH_LEAVES] : NULL;
	return leaf != NULL && leaf[unit % LEAF_BITS / 64] >> (unit % 64) & 1;
}

static int mark(struct replacing *r, const uint8_t *at)
{
	uint64_t unit = unit_of(at);
	struct branch **branch = &r->branch[unit / LEAF_BITS / BRANCH_LEAVES];
	if (*branch == NULL && (*branch = calloc(1, sizeof(**branch))) == NULL)
		return ERR_MEMORY;
	uint64_t **leaf = &(*branch)->leaf[unit / LEAF_BITS % BRANCH_LEAVES];
	if (*leaf == NULL && (*leaf = calloc(LEAF_BITS / 64, sizeof(uint64_t))) == NULL)
		return ERR_MEMORY;
	(*leaf)[unit % LEAF_BITS / 64] |= UINT64_C(1) << (unit % 64);
	return 0;
}

// --- sets of which some records are marked

static struct partial **partial_find(struct replacing *r, const uint8_t *at)
{
	struct partial **link = &r->partial[unit_of(at) * UINT64_C(0x9e3779b97f4a7c15) >> 54];
	while (*link != NULL && (*link)->at != at)
		link = &(*link)->next;
	return link;
}
_Static_assert(PARTIAL_SLOTS == 1u << (64 - 54), "partial_find() takes the top bits of a product");

static int partial_mark(struct replacing *r, const struct set_part *part, uint32_t ordinal)
{
	if (marked(r, part->at))
		return 0;
	struct partial **link = partial_find(r, part->at), *p = *link;
	if (p == NULL) {
		p = calloc(1, sizeof(*p) + (part->count + 7) / 8);
		if (p == NULL)
			return ERR_MEMORY;
		p->at = part->at;
		p->count = part->count;
		p->next = NULL;
		*link = p;
	}
	uint8_t bit = (uint8_t)(1u << (ordinal % 8));
	p->marked += !(p->bits[ordinal / 8] & bit);
	p->bits[ordinal / 8] |= bit;
	if (p->marked < p->count)
		return 0;
	*link = p->next;
	free(p);
	return mark(r, part->at);
}

// --- marking

static const struct zone_node *from_node(const struct zone_draft *d, const struct spot *spot)
{
	if (spot->node != 0 && !draft_made(d, spot->node))
		return arena_at(spot->node);
	arena_ref ref = 0;
	if (!spot->nsec3) {
		ref = index_find(&d->from->index, spot->hash, node_has_owner, &spot->owner);
	} else {
		const struct denial *denial = version_denial(d->from);
		bool exact = false;
		for (unsigned i = 0; denial != NULL && i < denial->chain_count && !exact; ++i)
			ref = order_find(&denial->chain[i].order, spot->owner, &exact);
		ref = exact ? ref : 0;
	}
	return ref == 0 ? NULL : arena_at(ref);
}

static const uint8_t *find_in_set(struct replacing *r, const struct set_part *part, const uint8_t *record,
                                  uint32_t *ordinal)
{
	uint16_t type = record_type(record), length = wire_get16(record + RECORD_RDLENGTH);
	const uint8_t *rdata = record + RECORD_RDATA, *end = part->wire + part->length, *found = NULL;
	*ordinal = r->expect_ordinal;
	if (r->expect >= part->wire && r->expect < end)
		found = records_find(r->expect, record_length(r->expect), type, rdata, length);
	if (found == NULL && (found = records_find(part->wire, part->length, type, rdata, length)) != NULL) {
		*ordinal = 0;
		for (const uint8_t *at = part->wire; at < found; at = record_next(at))
			++*ordinal;
	}
	if (found != NULL) {
		r->expect = record_next(found);
		r->expect_ordinal = *ordinal + 1;
	}
	return found;
}

int draft_replace_mark(struct zone_draft *d, const struct spot *spot, uint32_t key, const uint8_t *record,
                       bool *kept)
{
	struct replacing *r = d->replacing;
	struct set_part part;
	uint32_t ordinal;
	const struct zone_node *n = from_node(d, spot);
	*kept = false;
	if (n == NULL || !node_find(n, key, &part))
		return 0;
	const uint8_t *found = find_in_set(r, &part, record, &ordinal);
	if (found == NULL)
		return 0;
	*kept = spot->node != 0 && !draft_made(d, spot->node) &&
	        memcmp(found + RECORD_TTL, record + RECORD_TTL, 4) == 0;
	return part.block != 0 ? partial_mark(r, &part, ordinal) : mark(r, found);
}

int zone_draft_replace_begin(struct zone_draft *draft)
{
	if (draft->pending || draft->changed || draft->replacing != NULL)
		return ERR_STATE;
	if (draft->from == NULL)
		return 0;
	struct replacing *r = calloc(1, sizeof(*r));
	if (r == NULL)
		return ERR_MEMORY;
	draft->replacing = r;
	return 0;
}

// --- the end

static bool record_marked(struct replacing *r, const struct set_part *part, const uint8_t *record, uint32_t ordinal)
{
	if (part->block == 0)
		return marked(r, record);
	const struct partial *p = *partial_find(r, part->at);
	return p != NULL && p->bits[ordinal / 8] >> (ordinal % 8) & 1;
}

static void remove_unmarked(void *context, arena_ref ref)
{
	struct replacing *r = context;
	struct zone_draft *d = r->draft;
	const struct zone_node *n = arena_at(ref);
	uint8_t owner[NAME_MAX_WIRE];
	struct set_walk walk;
	struct set_part part;
	zone_node_owner(d->from, n, owner);
	for (set_walk_start(&walk, n); r->error == 0 && set_walk_next(&walk, &part);) {
		uint32_t ordinal = 0;
		if (part.block != 0 && marked(r, part.at))
			continue;
		for (const uint8_t *record = part.wire; record < part.wire + part.length; record = record_next(record)) {
			if (record_marked(r, &part, record, ordinal++))
				continue;
			int error = zone_draft_remove(d, owner, record_type(record), record + RECORD_RDATA,
			                              wire_get16(record + RECORD_RDLENGTH));
			if (error != 0 && error != ERR_NOT_FOUND)
				r->error = error;
		}
	}
}

int zone_draft_replace_end(struct zone_draft *draft)
{
	struct replacing *r = draft->replacing;
	if (r == NULL)
		return draft->from == NULL ? 0 : ERR_STATE;
	const struct denial *denial = version_denial(draft->from);
	r->draft = draft;
	index_each(&draft->from->index, remove_unmarked, r);
	if (denial != NULL)
		denial_each_nsec3(denial, remove_unmarked, r);
	int error = r->error;
	draft_replace_free(draft);
	return error;
}

void draft_replace_free(struct zone_draft *d)
{
	struct replacing *r = d->replacing;
	if (r == NULL)
		return;
	for (unsigned i = 0; i < BRANCHES; ++i) {
		for (unsigned j = 0; r->branch[i] != NULL && j < BRANCH_LEAVES; ++j)
			free(r->branch[i]->leaf[j]);
		free(r->branch[i]);
	}
	for (unsigned i = 0; i < PARTIAL_SLOTS; ++i) {
		while (r->partial[i] != NULL) {
			struct partial *next = r->partial[i]->next;
			free(r->partial[i]);
			r->partial[i] = next;
		}
	}
	free(r);
	d->replacing = NULL;
}
