// SPDX-License-Identifier: GPL-3.0-or-later
#include "zone/index.h"

#include <assert.h>
#include <string.h>

#include "base/error.h"

// How far from home an entry may be put before the page is split instead. More
// fills pages better and makes a miss read more lines; at 3 pages split when
// about nine in ten slots are taken.
#define REACH_MAX 3u
#define REACH_ANY (PAGE_BUCKETS - 1)

// The way from the root to a page, all of it owned by the strand.
struct path {
	arena_ref radix;  // the node above the page, 0 where the page is the root
	arena_ref above;  // the node above that, 0 where it is the root
	unsigned level;   // hash bits used to come to `radix`
	struct page *page;
	arena_ref page_ref;
};

static void page_set_birth(struct page *p, uint32_t birth)
{
	p->bucket[0].page_word = (uint16_t)birth;
	p->bucket[1].page_word = (uint16_t)(birth >> 16);
}

static void page_set_chain(struct page *p, arena_ref next)
{
	p->bucket[3].page_word = (uint16_t)next;
	p->bucket[4].page_word = (uint16_t)(next >> 16);
	for (unsigned b = 0; b < PAGE_BUCKETS; ++b)
		p->bucket[b].reach |= BUCKET_CHAINED;
}

static unsigned slot_at(const struct radix *node, uint64_t hash, unsigned level)
{
	return (unsigned)(hash << level >> (64 - node->bits));
}

static arena_ref page_new(struct strand *s, unsigned depth)
{
	arena_ref ref = arena_alloc(sizeof(struct page), &s->bytes);
	if (ref != 0) {
		struct page *page = arena_at(ref);
		memset(page, 0, sizeof(*page));
		page_set_birth(page, s->birth);
		page->bucket[2].page_word = (uint16_t)depth;
	}
	return ref;
}

static bool page_put(struct page *page, uint64_t hash, arena_ref ref, unsigned reach_max)
{
	unsigned home = page_home(hash);
	for (unsigned i = 0; i <= reach_max; ++i) {
		struct bucket *b = &page->bucket[(home + i) % PAGE_BUCKETS];
		if (b->count == BUCKET_SLOTS)
			continue;
		bucket_put(b, hash, ref);
		if (bucket_reach(&page->bucket[home]) < i)
			page->bucket[home].reach = (uint8_t)(i | (page->bucket[home].reach & BUCKET_CHAINED));
		return true;
	}
	return false;
}

// The bucket and slot of an entry in a page, or NULL.
static struct bucket *page_find(struct page *page, uint64_t hash, arena_ref ref, unsigned *slot)
{
	unsigned home = page_home(hash);
	for (unsigned i = 0; i <= bucket_reach(&page->bucket[home]); ++i) {
		struct bucket *b = &page->bucket[(home + i) % PAGE_BUCKETS];
		*slot = bucket_slot(b, hash, ref);
		if (*slot < BUCKET_SLOTS)
			return b;
	}
	return NULL;
}

// --- copying what another strand made

// A copy of the page that `ref` leads to, or itself where it is the strand's.
static arena_ref page_own(struct strand *s, arena_ref ref)
{
	const struct page *old = arena_at(ref);
	if (s->alone || page_birth(old) == s->birth)
		return ref;
	arena_ref copy = arena_alloc(sizeof(struct page), &s->bytes);
	if (copy == 0)
		return 0;
	memcpy(arena_at(copy), old, sizeof(*old));
	page_set_birth(arena_at(copy), s->birth);
	strand_retire(s, ref, page_birth(old), BLOCK_PAGE, sizeof(*old));
	++s->copied;
	return copy;
}

static arena_ref radix_own(struct strand *s, arena_ref ref)
{
	const struct radix *old = arena_at(ref);
	if (s->alone || old->birth == s->birth)
		return ref;
	size_t size = radix_size(old->bits);
	arena_ref copy = arena_alloc(size, &s->bytes);
	if (copy == 0)
		return 0;
	struct radix *node = arena_at(copy);
	memcpy(node, old, size);
	node->birth = s->birth;
	strand_retire(s, ref, old->birth, BLOCK_RADIX, size);
	++s->copied;
	return copy;
}

// The slots of a radix node that lead to the page of this hash.
static void radix_range(const struct radix *node, unsigned depth, unsigned level, uint64_t hash, unsigned *first,
                        unsigned *count)
{
	*count = 1u << (level + node->bits - depth);
	*first = slot_at(node, hash, level) & ~(*count - 1);
}

static void radix_set(struct radix *node, unsigned first, unsigned count, arena_ref ref)
{
	for (unsigned i = first; i < first + count; ++i)
		node->child[i] = ref;
}

// Owns all from the root to the page of the hash.
static int path_own(struct index *x, struct strand *s, uint64_t hash, struct path *path)
{
	if (strand_reserve(s, INDEX_LEVELS + 1) != 0)
		return ERR_MEMORY;
	arena_ref *link = &x->root;
	bool is_radix = x->root_is_radix;
	*path = (struct path){ 0 };
	for (unsigned level = 0; is_radix; level += RADIX_BITS) {
		arena_ref own = radix_own(s, *link);
		if (own == 0)
			return ERR_MEMORY;
		*link = own;
		struct radix *node = arena_at(own);
		path->above = path->radix;
		path->radix = own;
		path->level = level;
		unsigned slot = slot_at(node, hash, level);
		link = &node->child[slot];
		is_radix = node->inner >> slot & 1;
	}
	arena_ref old = *link, own = page_own(s, old);
	if (own == 0)
		return ERR_MEMORY;
	path->page_ref = own;
	path->page = arena_at(own);
	if (own != old && path->radix != 0) {
		unsigned first, count;
		struct radix *node = arena_at(path->radix);
		radix_range(node, page_depth(path->page), path->level, hash, &first, &count);
		radix_set(node, first, count, own);
	} else {
		*link = own;
	}
	return 0;
}

// --- growth

// Out of the head's bucket into a page.
static int head_to_page(struct index *x, struct strand *s, const struct index_owner *owner)
{
	arena_ref ref = page_new(s, 0);
	if (ref == 0)
		return ERR_MEMORY;
	for (unsigned i = 0; i < x->bucket.count; ++i)
		page_put(arena_at(ref), owner->hash(owner->context, x->bucket.ref[i]), x->bucket.ref[i], REACH_ANY);
	memset(&x->bucket, 0, sizeof(x->bucket));
	x->root = ref;
	x->root_is_radix = 0;
	return 0;
}

// Sends the entries of a page to it and to `other`, by the bit behind its depth.
static void page_deal(struct page *page, struct page *other, const struct index_owner *owner)
{
	arena_ref refs[PAGE_BUCKETS * BUCKET_SLOTS];
	unsigned count = 0, depth = page_depth(page);
	for (unsigned b = 0; b < PAGE_BUCKETS; ++b) {
		struct bucket *bucket = &page->bucket[b];
		for (unsigned i = 0; i < bucket->count; ++i) {
			prefetch(arena_at(bucket->ref[i]));
			refs[count++] = bucket->ref[i];
		}
		bucket->count = bucket->reach = 0;
	}
	page->bucket[2].page_word = (uint16_t)(depth + 1);
	for (unsigned i = 0; i < count; ++i) {
		uint64_t hash = owner->hash(owner->context, refs[i]);
		page_put(hash >> (63 - depth) & 1 ? other : page, hash, refs[i], REACH_ANY);
	}
}

static struct radix *radix_new(struct strand *s, unsigned bits, arena_ref *ref)
{
	*ref = arena_alloc(radix_size(bits), &s->bytes);
	if (*ref == 0)
		return NULL;
	struct radix *node = arena_at(*ref);
	node->inner = 0;
	node->birth = s->birth;
	node->bits = bits;
	return node;
}

// A radix node between the path's page and what is above it.
static int path_deepen(struct index *x, struct strand *s, uint64_t hash, struct path *path)
{
	arena_ref ref;
	struct radix *node = radix_new(s, 1, &ref);
	if (node == NULL)
		return ERR_MEMORY;
	radix_set(node, 0, 2, path->page_ref);
	if (path->radix == 0) {
		x->root = ref;
		x->root_is_radix = 1;
	} else {
		struct radix *above = arena_at(path->radix);
		unsigned slot = slot_at(above, hash, path->level);
		above->child[slot] = ref;
		above->inner |= UINT64_C(1) << slot;
		path->level += RADIX_BITS;
	}
	path->above = path->radix;
	path->radix = ref;
	return 0;
}

// The path's radix node with twice the slots.
static int path_widen(struct index *x, struct strand *s, uint64_t hash, struct path *path)
{
	const struct radix *old = arena_at(path->radix);
	arena_ref ref;
	struct radix *node = radix_new(s, old->bits + 1, &ref);
	if (node == NULL)
		return ERR_MEMORY;
	for (unsigned i = 0; i < 1u << old->bits; ++i)
		node->child[2 * i] = node->child[2 * i + 1] = old->child[i];
	if (path->above == 0) {
		x->root = ref;
	} else {
		struct radix *above = arena_at(path->above);
		above->child[slot_at(above, hash, path->level - RADIX_BITS)] = ref;
	}
	arena_free(path->radix, radix_size(old->bits), &s->bytes);
	path->radix = ref;
	return 0;
}

// Sees to it that the path's page takes more than one slot.
static int path_make_slots(struct index *x, struct strand *s, uint64_t hash, struct path *path)
{
	if (path->radix == 0)
		return path_deepen(x, s, hash, path);
	unsigned bits = ((const struct radix *)arena_at(path->radix))->bits;
	if (page_depth(path->page) < path->level + bits)
		return 0;
	return bits < RADIX_BITS ? path_widen(x, s, hash, path) : path_deepen(x, s, hash, path);
}

// The path's page, which the strand owns, becomes two.
static int path_split(struct index *x, struct strand *s, const struct index_owner *owner, uint64_t hash,
                      struct path *path)
{
	unsigned depth = page_depth(path->page), first, count;
	arena_ref other = page_new(s, depth + 1);
	if (other == 0)
		return ERR_MEMORY;
	if (path_make_slots(x, s, hash, path) != 0) {
		arena_free(other, sizeof(struct page), &s->bytes);
		return ERR_MEMORY;
	}
	struct radix *node = arena_at(path->radix);
	radix_range(node, depth, path->level, hash, &first, &count);
	radix_set(node, first + count / 2, count / 2, other);
	page_deal(path->page, arena_at(other), owner);
	return 0;
}

// At the greatest depth: into the first page of the chain that has room.
static int chain_insert(struct strand *s, struct page *page, uint64_t hash, arena_ref ref)
{
	while (!page_put(page, hash, ref, REACH_ANY)) {
		if (strand_reserve(s, 1) != 0)
			return ERR_MEMORY;
		arena_ref next = page_chain(page);
		next = next == 0 ? page_new(s, page_depth(page)) : page_own(s, next);
		if (next == 0)
			return ERR_MEMORY;
		page_set_chain(page, next);
		page = arena_at(next);
	}
	return 0;
}

int index_insert(struct index *x, struct strand *s, const struct index_owner *owner, uint64_t hash, arena_ref ref)
{
	struct path path;
	if (x->root == 0) {
		if (x->bucket.count < BUCKET_SLOTS) {
			bucket_put(&x->bucket, hash, ref);
			++x->count;
			return 0;
		}
		if (head_to_page(x, s, owner) != 0)
			return ERR_MEMORY;
	}
	for (;;) {
		int error = path_own(x, s, hash, &path);
		if (error != 0)
			return error;
		if (page_put(path.page, hash, ref, REACH_MAX)) {
			++x->count;
			return 0;
		}
		if (page_depth(path.page) >= s->depth_max) {
			error = chain_insert(s, path.page, hash, ref);
			if (error == 0)
				++x->count;
			return error;
		}
		if (path_split(x, s, owner, hash, &path) != 0)
			return ERR_MEMORY;
	}
}

// --- change and removal

// The bucket and slot of an entry, in a page that the strand owns.
static int slot_own(struct index *x, struct strand *s, uint64_t hash, arena_ref ref,
                    struct bucket **bucket, unsigned *slot)
{
	struct path path;
	if (x->root == 0) {
		*bucket = &x->bucket;
		*slot = bucket_slot(&x->bucket, hash, ref);
		assert(*slot < BUCKET_SLOTS);
		return 0;
	}
	int error = path_own(x, s, hash, &path);
	if (error != 0)
		return error;
	struct page *page = path.page;
	while ((*bucket = page_find(page, hash, ref, slot)) == NULL) {
		assert(page_chain(page) != 0);
		if (strand_reserve(s, 1) != 0)
			return ERR_MEMORY;
		arena_ref next = page_own(s, page_chain(page));
		if (next == 0)
			return ERR_MEMORY;
		page_set_chain(page, next);
		page = arena_at(next);
	}
	return 0;
}

int index_replace(struct index *x, struct strand *s, uint64_t hash, arena_ref old, arena_ref ref)
{
	struct bucket *bucket;
	unsigned slot;
	int error = slot_own(x, s, hash, old, &bucket, &slot);
	if (error == 0)
		bucket->ref[slot] = ref;
	return error;
}

int index_remove(struct index *x, struct strand *s, uint64_t hash, arena_ref ref)
{
	struct bucket *bucket;
	unsigned slot;
	int error = slot_own(x, s, hash, ref, &bucket, &slot);
	if (error != 0)
		return error;
	bucket_take(bucket, slot);
	--x->count;
	return 0;
}

// --- walks

const struct page *index_page_from(const struct index *x, uint64_t from, uint64_t *next)
{
	*next = 0;
	if (x->root == 0)
		return NULL;
	const struct page *page = index_page(x, from);
	if (page_depth(page) > 0)
		*next = ((from >> (64 - page_depth(page))) + 1) << (64 - page_depth(page));
	return page;
}

static void bucket_each(const struct bucket *b, void (*visit)(void *context, arena_ref ref), void *context)
{
	for (unsigned i = 0; i < b->count; ++i)
		visit(context, b->ref[i]);
}

void index_each(const struct index *x, void (*visit)(void *context, arena_ref ref), void *context)
{
	uint64_t at = 0;
	if (x->root == 0) {
		bucket_each(&x->bucket, visit, context);
		return;
	}
	do {
		const struct page *page = index_page_from(x, at, &at);
		while (page != NULL) {
			index_prefetch_entries(page);
			for (unsigned b = 0; b < PAGE_BUCKETS; ++b)
				bucket_each(&page->bucket[b], visit, context);
			page = page_chain(page) != 0 ? arena_at(page_chain(page)) : NULL;
		}
	} while (at != 0);
}

typedef void block_visit(void *context, arena_ref ref, enum block_kind kind);

static void page_each_block(arena_ref ref, uint32_t birth, block_visit *visit, void *context)
{
	while (ref != 0) {
		const struct page *page = arena_at(ref);
		if (birth != 0 && page_birth(page) != birth)
			return;
		arena_ref next = page_chain(page);
		visit(context, ref, BLOCK_PAGE);
		ref = next;
	}
}

// At most INDEX_LEVELS deep.
static void radix_each_block(arena_ref ref, uint32_t birth, block_visit *visit, void *context)
{
	const struct radix *node = arena_at(ref);
	arena_ref last = 0;
	if (birth != 0 && node->birth != birth)
		return;
	for (unsigned slot = 0; slot < 1u << node->bits; ++slot) {
		if (node->child[slot] == last)
			continue;
		last = node->child[slot];
		if (node->inner >> slot & 1)
			radix_each_block(last, birth, visit, context);
		else
			page_each_block(last, birth, visit, context);
	}
	visit(context, ref, BLOCK_RADIX);
}

void index_each_block(const struct index *x, uint32_t birth, block_visit *visit, void *context)
{
	if (x->root != 0 && x->root_is_radix)
		radix_each_block(x->root, birth, visit, context);
	else
		page_each_block(x->root, birth, visit, context);
}
