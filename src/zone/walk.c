// SPDX-License-Identifier: GPL-3.0-or-later
// The whole content of a version: all sets in the order of the structure.
//
// A cursor's place:  [0] the phase, and above it with PHASE_NSEC3 the chain, with
//                        PHASE_NAMES the page behind the present one
//                    [1] names: the hash from which the next page is sought
//                        NSEC3: the place in the chain's tree
//                    [2] names: which slot of the page, chained ones counted on,
//                        and above it the page; 0: yet to be entered
//                    [3] the present node, and above it the next of its sets
#include "zone/denial.h"

enum phase { PHASE_SOA, PHASE_NAMES, PHASE_NSEC3, PHASE_END };

#define PAGE_SLOTS (PAGE_BUCKETS * BUCKET_SLOTS)
#define PHASE_MASK 0xffu
#define CHAIN_SHIFT 8
#define SET_SHIFT 32
#define PAGE_SHIFT 32

void zone_cursor_start(struct zone_cursor *cursor, const struct zone_version *version)
{
	*cursor = (struct zone_cursor){ .version = version };
}

static void cursor_enter(struct zone_cursor *c, arena_ref node)
{
	c->place[3] = node;
	c->owner_length = (uint8_t)zone_node_owner(c->version, arena_at(node), c->owner);
}

// Nodes that lie across two cache lines are as usual as those that do not.
static inline void node_prefetch(arena_ref ref)
{
	const uint8_t *node = arena_at(ref);
	prefetch(node);
	prefetch(node + 32);
}

// The entry at or behind slot *at of a page and its chain; 0 at the end. Asks for
// the nodes that stand at the same places of the page `ahead`: one at a time, as a
// burst of requests is more than the processor keeps in mind.
static arena_ref page_entry(const struct page *page, const struct page *ahead, uint32_t *at)
{
	uint32_t slot = *at;
	for (uint32_t skip = slot / PAGE_SLOTS; skip > 0 && page != NULL; --skip)
		page = page_chain(page) != 0 ? arena_at(page_chain(page)) : NULL;
	while (page != NULL) {
		do {
			const struct bucket *b = &page->bucket[slot % PAGE_SLOTS / BUCKET_SLOTS];
			const struct bucket *other = &ahead->bucket[slot % PAGE_SLOTS / BUCKET_SLOTS];
			uint32_t i = slot % BUCKET_SLOTS;
			if (i < b->count) {
				if (i < other->count)
					node_prefetch(other->ref[i]);
				*at = slot + 1;
				return b->ref[i];
			}
			slot += BUCKET_SLOTS - i;
			for (; i < other->count; ++i)
				node_prefetch(other->ref[i]);
		} while (slot % PAGE_SLOTS != 0);
		page = page_chain(page) != 0 ? arena_at(page_chain(page)) : NULL;
	}
	return 0;
}

static void page_prefetch(const struct page *page)
{
	for (unsigned b = 0; b < PAGE_BUCKETS; ++b)
		prefetch(&page->bucket[b]);
}

// Enters the page that has the hash place[1], and asks for the page behind the
// next one, which itself has come by now.
static void page_enter(struct zone_cursor *c)
{
	const struct index *x = &c->version->index;
	uint64_t next, further = 0, furthest;
	const struct page *page = index_page_from(x, c->place[1], &next);
	const struct page *ahead = next != 0 ? index_page_from(x, next, &further) : page;
	if (further != 0)
		page_prefetch(index_page_from(x, further, &furthest));
	c->place[0] = PHASE_NAMES | (uint64_t)arena_ref_of(ahead) << PAGE_SHIFT;
	c->place[2] = (uint64_t)arena_ref_of(page) << PAGE_SHIFT;
}

static arena_ref next_name(struct zone_cursor *c)
{
	const struct index *x = &c->version->index;
	if (x->root == 0)
		return c->place[2] < x->bucket.count ? x->bucket.ref[c->place[2]++] : 0;
	for (;;) {
		uint64_t next;
		if (c->place[2] == 0)
			page_enter(c);
		uint32_t slot = (uint32_t)c->place[2];
		arena_ref page = (arena_ref)(c->place[2] >> PAGE_SHIFT);
		arena_ref ref = page_entry(arena_at(page), arena_at((arena_ref)(c->place[0] >> PAGE_SHIFT)), &slot);
		c->place[2] = (uint64_t)page << PAGE_SHIFT | slot;
		if (ref != 0)
			return ref;
		(void)index_page_from(x, c->place[1], &next);
		if (next == 0)
			return 0;
		c->place[1] = next;
		c->place[2] = 0;
	}
}

static arena_ref next_nsec3(struct zone_cursor *c)
{
	const struct denial *d = version_denial(c->version);
	for (unsigned chain = (unsigned)(c->place[0] >> CHAIN_SHIFT); d != NULL && chain < d->chain_count; ++chain) {
		arena_ref ref;
		c->place[0] = PHASE_NSEC3 | (uint64_t)chain << CHAIN_SHIFT;
		while ((ref = order_next(&d->chain[chain].order, &c->place[1])) != 0)
			if (denial_first_chain(d, arena_at(ref)) == chain)
				return ref;
		c->place[1] = 0;
	}
	return 0;
}

static bool cursor_advance(struct zone_cursor *c)
{
	arena_ref ref = 0;
	if ((c->place[0] & PHASE_MASK) == PHASE_NAMES) {
		ref = next_name(c);
		if (ref == 0) {
			c->place[0] = PHASE_NSEC3;
			c->place[1] = 0;
		}
	}
	if (ref == 0)
		ref = next_nsec3(c);
	if (ref == 0) {
		c->place[0] = PHASE_END;
		return false;
	}
	cursor_enter(c, ref);
	return true;
}

bool zone_cursor_next(struct zone_cursor *cursor, struct rrset *set)
{
	if (cursor->place[0] == PHASE_END)
		return false;
	if (cursor->place[0] == PHASE_SOA) {
		cursor_enter(cursor, cursor->version->apex);
		cursor->place[0] = PHASE_NAMES;
		cursor->place[3] = 0;
		zone_soa(cursor->version, set);
		return true;
	}
	for (;;) {
		uint16_t covered;
		arena_ref node = (arena_ref)cursor->place[3];
		unsigned next = (unsigned)(cursor->place[3] >> SET_SHIFT);
		if (node == 0 || !zone_node_set(arena_at(node), next, set, &covered)) {
			if (!cursor_advance(cursor))
				return false;
			continue;
		}
		cursor->place[3] += UINT64_C(1) << SET_SHIFT;
		if (set->type != TYPE_SOA || node != cursor->version->apex)
			return true;
	}
}
