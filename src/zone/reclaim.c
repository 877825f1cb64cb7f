// SPDX-License-Identifier: GPL-3.0-or-later
// Giving back what versions hold, and what sets two of them apart.
#include <stdlib.h>

#include "base/error.h"
#include "zone/denial.h"
#include "zone/version.h"

void block_free(arena_ref ref, enum block_kind kind)
{
	switch (kind) {
	case BLOCK_NODE:
		node_free(ref, NULL);
		break;
	case BLOCK_PAGE:
		arena_free(ref, sizeof(struct page), NULL);
		break;
	case BLOCK_RADIX:
		arena_free(ref, radix_size(((const struct radix *)arena_at(ref))->bits), NULL);
		break;
	case BLOCK_LEAF:
		arena_free(ref, sizeof(struct leaf), NULL);
		break;
	}
}

static void visit_free_node(void *unused, arena_ref ref)
{
	(void)unused;
	node_free(ref, NULL);
}

static void visit_free_block(void *unused, arena_ref ref, enum block_kind kind)
{
	(void)unused;
	block_free(ref, kind);
}

void version_free_head(struct zone_version *v)
{
	if (v->denial != 0)
		arena_free(v->denial, denial_size(arena_at(v->denial)), NULL);
	arena_free(arena_ref_of(v), sizeof(*v), NULL);
}

void version_free_whole(struct zone_version *v)
{
	const struct denial *d = version_denial(v);
	if (d != NULL)
		denial_each_nsec3(d, visit_free_node, NULL);
	index_each(&v->index, visit_free_node, NULL);
	index_each_block(&v->index, 0, visit_free_block, NULL);
	if (d != NULL) {
		order_each_block(&d->nsec, 0, visit_free_block, NULL);
		for (unsigned i = 0; i < d->chain_count; ++i)
			order_each_block(&d->chain[i].order, 0, visit_free_block, NULL);
	}
	version_free_head(v);
}

// --- differences

struct collecting {
	struct refset pages;   // of the other version
	struct difference *difference;
	int error;
};

static void note_page(void *context, arena_ref ref, enum block_kind kind)
{
	struct collecting *c = context;
	(void)kind;
	if (refset_add(&c->pages, ref) != 0)
		c->error = ERR_MEMORY;
}

static void note_node(void *context, arena_ref ref)
{
	struct collecting *c = context;
	if (refset_add(&c->difference->nodes, ref) != 0)
		c->error = ERR_MEMORY;
}

static void forget_node(void *context, arena_ref ref)
{
	struct collecting *c = context;
	refset_remove(&c->difference->nodes, ref);
}

// Notes a page that the other version has not.
static void take_page(void *context, arena_ref ref, enum block_kind kind)
{
	struct collecting *c = context;
	struct difference *d = c->difference;
	if (refset_has(&c->pages, ref))
		return;
	if (d->page_count == d->page_room) {
		size_t room = d->page_room * 2 + 64;
		struct retired_block *grown = realloc(d->page, room * sizeof(*grown));
		if (grown == NULL) {
			c->error = ERR_MEMORY;
			return;
		}
		d->page = grown;
		d->page_room = room;
	}
	d->page[d->page_count++] = (struct retired_block){ ref, 0, (uint32_t)kind };
}

static void version_each_block(const struct zone_version *v,
                               void (*visit)(void *context, arena_ref ref, enum block_kind kind), void *context)
{
	const struct denial *d = version_denial(v);
	index_each_block(&v->index, 0, visit, context);
	if (d == NULL)
		return;
	order_each_block(&d->nsec, 0, visit, context);
	for (unsigned i = 0; i < d->chain_count; ++i)
		order_each_block(&d->chain[i].order, 0, visit, context);
}

// Nodes on the pages of `v` that are not among `common`, and in its head. The
// tree of NSECs holds no node that the index does not.
struct page_nodes {
	const struct refset *common;
	void (*visit)(void *context, arena_ref ref);
	void *context;
};

static void each_node_of_page(void *context, arena_ref ref, enum block_kind kind)
{
	const struct page_nodes *p = context;
	if (refset_has(p->common, ref))
		return;
	if (kind == BLOCK_PAGE) {
		const struct page *page = arena_at(ref);
		for (unsigned b = 0; b < PAGE_BUCKETS; ++b)
			for (unsigned i = 0; i < page->bucket[b].count; ++i)
				p->visit(p->context, page->bucket[b].ref[i]);
	} else if (kind == BLOCK_LEAF) {
		const struct leaf *page = arena_at(ref);
		for (unsigned i = 0; i < page->count && page->level == 0; ++i)
			p->visit(p->context, page->ref[i]);
	}
}

static void version_each_node_apart(const struct zone_version *v, const struct refset *common,
                                    void (*visit)(void *context, arena_ref ref), void *context)
{
	struct page_nodes p = { common, visit, context };
	version_each_block(v, each_node_of_page, &p);
	for (unsigned i = 0; v->index.root == 0 && i < v->index.bucket.count; ++i)
		visit(context, v->index.bucket.ref[i]);
}

int version_differ(const struct zone_version *these, const struct zone_version *those, struct difference *d)
{
	struct collecting theirs = { .difference = d }, ours = { .difference = d };
	version_each_block(those, note_page, &theirs);
	version_each_block(these, note_page, &ours);
	if (theirs.error == 0 && ours.error == 0) {
		version_each_block(these, take_page, &theirs);
		version_each_node_apart(these, &theirs.pages, note_node, &theirs);
		version_each_node_apart(those, &ours.pages, forget_node, &ours);
	}
	refset_free(&theirs.pages);
	refset_free(&ours.pages);
	return theirs.error != 0 ? theirs.error : ours.error;
}

void difference_free(struct difference *d)
{
	refset_free(&d->nodes);
	free(d->page);
	*d = (struct difference){ 0 };
}
