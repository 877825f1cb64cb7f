// SPDX-License-Identifier: GPL-3.0-or-later
#include "zone/order.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "zone/node.h"

#define PLACE_BITS 6u

// The way from the root to an entry.
struct trail {
	struct leaf *page[ORDER_LEVELS];
	unsigned slot[ORDER_LEVELS]; // by level, 0 the lowest
	unsigned height;             // levels in use
};

static struct owner first_owner(const struct leaf *page, unsigned slot)
{
	arena_ref ref = page->ref[slot];
	for (unsigned level = page->level; level > 0; --level)
		ref = ((const struct leaf *)arena_at(ref))->ref[0];
	return node_owner(arena_at(ref));
}

// The name sought against the entry's.
static int entry_compare(const struct leaf *page, unsigned slot, uint64_t prefix, struct owner owner)
{
	if (prefix != page->key[slot])
		return prefix < page->key[slot] ? -1 : 1;
	return owner_compare(owner, first_owner(page, slot));
}

// How many entries are not behind the name; *exact: the last of them is it.
static unsigned page_upper(const struct leaf *page, uint64_t prefix, struct owner owner, bool *exact)
{
	unsigned low = 0, high = page->count;
	*exact = false;
	while (low < high) {
		unsigned middle = (low + high) / 2;
		int difference = entry_compare(page, middle, prefix, owner);
		if (difference < 0) {
			high = middle;
		} else {
			low = middle + 1;
			if (difference == 0) {
				*exact = true;
				return low;
			}
		}
	}
	return low;
}

arena_ref order_find(const struct order *o, struct owner owner, bool *exact)
{
	uint64_t prefix = owner_prefix(owner);
	*exact = false;
	for (arena_ref ref = o->root; ref != 0;) {
		const struct leaf *page = arena_at(ref);
		unsigned upper = page_upper(page, prefix, owner, exact);
		if (upper == 0)
			return 0;
		ref = page->ref[upper - 1];
		if (page->level == 0)
			return ref;
	}
	return 0;
}

arena_ref order_last(const struct order *o)
{
	for (arena_ref ref = o->root; ref != 0;) {
		const struct leaf *page = arena_at(ref);
		ref = page->ref[page->count - 1];
		if (page->level == 0)
			return ref;
	}
	return 0;
}

static arena_ref leaf_own(struct strand *s, arena_ref ref)
{
	const struct leaf *old = arena_at(ref);
	if (old->birth == s->birth)
		return ref;
	arena_ref copy = arena_alloc(sizeof(*old), &s->bytes);
	if (copy == 0)
		return 0;
	struct leaf *page = arena_at(copy);
	memcpy(page, old, sizeof(*old));
	page->birth = s->birth;
	strand_retire(s, ref, old->birth, BLOCK_LEAF, sizeof(*old));
	++s->copied;
	return copy;
}

// Owns all from the root to where the name is, or would be inserted behind:
// slot[0] is one past the last entry that is not behind it.
static int trail_own(struct order *o, struct strand *s, struct owner owner, struct trail *trail, bool *exact)
{
	uint64_t prefix = owner_prefix(owner);
	arena_ref *link = &o->root;
	if (strand_reserve(s, ORDER_LEVELS) != 0)
		return ERR_MEMORY;
	trail->height = ((const struct leaf *)arena_at(o->root))->level + 1u;
	for (unsigned level = trail->height; level-- > 0;) {
		arena_ref own = leaf_own(s, *link);
		if (own == 0)
			return ERR_MEMORY;
		*link = own;
		struct leaf *page = arena_at(own);
		unsigned upper = page_upper(page, prefix, owner, exact);
		trail->page[level] = page;
		trail->slot[level] = level > 0 && upper > 0 ? upper - 1 : upper;
		link = &page->ref[trail->slot[level]];
	}
	return 0;
}

static void page_open(struct leaf *page, unsigned slot, uint64_t key, arena_ref ref)
{
	unsigned behind = page->count - slot;
	memmove(&page->key[slot + 1], &page->key[slot], behind * sizeof(page->key[0]));
	memmove(&page->ref[slot + 1], &page->ref[slot], behind * sizeof(page->ref[0]));
	page->key[slot] = key;
	page->ref[slot] = ref;
	++page->count;
}

static void page_close(struct leaf *page, unsigned slot)
{
	unsigned behind = --page->count - slot;
	memmove(&page->key[slot], &page->key[slot + 1], behind * sizeof(page->key[0]));
	memmove(&page->ref[slot], &page->ref[slot + 1], behind * sizeof(page->ref[0]));
}

// Puts an entry into a full page and the empty one behind it. An entry at the
// end leaves the page full, so that a load in order fills pages wholly.
static void page_split(struct leaf *page, struct leaf *behind, unsigned slot, uint64_t key, arena_ref ref)
{
	unsigned keep = slot == page->count ? page->count : page->count / 2;
	behind->count = (uint16_t)(page->count - keep);
	memcpy(behind->key, &page->key[keep], behind->count * sizeof(page->key[0]));
	memcpy(behind->ref, &page->ref[keep], behind->count * sizeof(page->ref[0]));
	page->count = (uint16_t)keep;
	if (slot > keep || keep == LEAF_ENTRIES)
		page_open(behind, slot - keep, key, ref);
	else
		page_open(page, slot, key, ref);
}

static struct leaf *leaf_new(struct strand *s, unsigned level, arena_ref *ref)
{
	*ref = arena_alloc(sizeof(struct leaf), &s->bytes);
	if (*ref == 0)
		return NULL;
	struct leaf *page = arena_at(*ref);
	memset(page, 0, sizeof(*page));
	page->birth = s->birth;
	page->level = (uint16_t)level;
	return page;
}

// All pages that splits will need, before anything changes.
static int spares_take(struct strand *s, const struct trail *trail, arena_ref spares[ORDER_LEVELS + 1],
                       unsigned *count)
{
	unsigned full = 0;
	while (full < trail->height && trail->page[full]->count == LEAF_ENTRIES)
		++full;
	unsigned wanted = full == trail->height ? full + 1 : full;
	if (full == trail->height && full == ORDER_LEVELS)
		return ERR_MEMORY;
	for (*count = 0; *count < wanted; ++*count) {
		if (leaf_new(s, *count, &spares[*count]) != NULL)
			continue;
		while (*count > 0)
			arena_free(spares[--*count], sizeof(struct leaf), &s->bytes);
		return ERR_MEMORY;
	}
	return 0;
}

int order_insert(struct order *o, struct strand *s, struct owner owner, arena_ref ref)
{
	struct trail trail;
	arena_ref spares[ORDER_LEVELS + 1];
	unsigned count;
	bool exact;
	uint64_t key = owner_prefix(owner);
	if (o->root == 0 && leaf_new(s, 0, &o->root) == NULL)
		return ERR_MEMORY;
	if (trail_own(o, s, owner, &trail, &exact) != 0 || spares_take(s, &trail, spares, &count) != 0)
		return ERR_MEMORY;
	assert(!exact);
	++o->count;
	// A new least name: it is the first of every page on its way. No other
	// insertion changes what a page begins with.
	for (unsigned level = 1; level < trail.height && trail.slot[0] == 0; ++level)
		trail.page[level]->key[0] = key;
	for (unsigned level = 0; level < trail.height; ++level) {
		struct leaf *page = trail.page[level];
		unsigned slot = trail.slot[level] + (level > 0);
		if (level >= count) {
			page_open(page, slot, key, ref);
			return 0;
		}
		struct leaf *behind = arena_at(spares[level]);
		page_split(page, behind, slot, key, ref);
		key = behind->key[0];
		ref = spares[level];
	}
	struct leaf *root = arena_at(spares[trail.height]);
	root->key[0] = trail.page[trail.height - 1]->key[0];
	root->ref[0] = o->root;
	root->key[1] = key;
	root->ref[1] = ref;
	root->count = 2;
	o->root = spares[trail.height];
	return 0;
}

int order_replace(struct order *o, struct strand *s, struct owner owner, arena_ref ref)
{
	struct trail trail;
	bool exact;
	if (trail_own(o, s, owner, &trail, &exact) != 0)
		return ERR_MEMORY;
	assert(exact);
	trail.page[0]->ref[trail.slot[0] - 1] = ref;
	return 0;
}

int order_remove(struct order *o, struct strand *s, struct owner owner)
{
	struct trail trail;
	bool exact;
	if (trail_own(o, s, owner, &trail, &exact) != 0)
		return ERR_MEMORY;
	assert(exact);
	--o->count;
	trail.slot[0] -= 1;
	unsigned level = 0;
	for (;; ++level) {
		struct leaf *page = trail.page[level];
		page_close(page, trail.slot[level]);
		if (page->count > 0)
			break;
		arena_free(arena_ref_of(page), sizeof(*page), &s->bytes);
		if (level + 1 == trail.height) {
			o->root = 0;
			return 0;
		}
	}
	for (++level; level < trail.height; ++level)
		trail.page[level]->key[trail.slot[level]] = trail.page[level - 1]->key[0];
	for (const struct leaf *root = arena_at(o->root);
	     root->level > 0 && root->count == 1 && root->birth == s->birth; root = arena_at(o->root)) {
		arena_ref only = root->ref[0];
		arena_free(o->root, sizeof(*root), &s->bytes);
		o->root = only;
	}
	return 0;
}

arena_ref order_next(const struct order *o, uint64_t *place)
{
	const struct leaf *page[ORDER_LEVELS];
	if (o->root == 0 || *place == UINT64_MAX)
		return 0;
	page[0] = arena_at(o->root);
	unsigned height = page[0]->level + 1u;
	unsigned at[ORDER_LEVELS];
	for (unsigned i = 0; i < height; ++i) {
		at[i] = (unsigned)(*place >> (PLACE_BITS * (height - 1 - i))) & ((1u << PLACE_BITS) - 1);
		if (i + 1 < height)
			page[i + 1] = arena_at(page[i]->ref[at[i]]);
	}
	arena_ref found = page[height - 1]->ref[at[height - 1]];
	unsigned i = height;
	while (i > 0 && at[i - 1] + 1 == page[i - 1]->count)
		at[--i] = 0;
	if (i == 0) {
		*place = UINT64_MAX;
		return found;
	}
	++at[i - 1];
	*place = 0;
	for (unsigned j = 0; j < height; ++j)
		*place = *place << PLACE_BITS | at[j];
	return found;
}

static void leaf_each(arena_ref ref, void (*visit)(void *context, arena_ref ref), void *context)
{
	const struct leaf *page = arena_at(ref);
	for (unsigned i = 0; i < page->count; ++i) {
		if (page->level > 0)
			leaf_each(page->ref[i], visit, context);
		else
			visit(context, page->ref[i]);
	}
}

void order_each(const struct order *o, void (*visit)(void *context, arena_ref ref), void *context)
{
	if (o->root != 0)
		leaf_each(o->root, visit, context);
}

static void leaf_each_block(arena_ref ref, uint32_t birth,
                            void (*visit)(void *context, arena_ref ref, enum block_kind kind), void *context)
{
	const struct leaf *page = arena_at(ref);
	if (birth != 0 && page->birth != birth)
		return;
	for (unsigned i = 0; i < page->count && page->level > 0; ++i)
		leaf_each_block(page->ref[i], birth, visit, context);
	visit(context, ref, BLOCK_LEAF);
}

void order_each_block(const struct order *o, uint32_t birth,
                      void (*visit)(void *context, arena_ref ref, enum block_kind kind), void *context)
{
	if (o->root != 0)
		leaf_each_block(o->root, birth, visit, context);
}
