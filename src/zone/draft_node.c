// SPDX-License-Identifier: GPL-3.0-or-later
// Nodes of a draft: made, put together anew, taken out, and the child counts
// and empty non-terminals that follow from it.
#include "base/error.h"
#include "zone/draft_internal.h"

bool draft_made(const struct zone_draft *d, arena_ref node)
{
	return d->base == NULL || refset_has(&d->made, node);
}

static int made_add(struct zone_draft *d, arena_ref node)
{
	return d->base == NULL ? 0 : refset_add(&d->made, node);
}

static void made_remove(struct zone_draft *d, arena_ref node)
{
	if (d->base != NULL)
		refset_remove(&d->made, node);
}

static bool spot_is_apex(const struct spot *spot)
{
	return spot->owner.length == 0 && !spot->nsec3;
}

// Half done is undone only by abandoning the draft.
static int draft_break(struct zone_draft *d)
{
	d->broken = true;
	return ERR_MEMORY;
}

// The tree of NSECs follows a node: from `old` with these flags to `ref` with those.
static int nsec_follow(struct zone_draft *d, struct owner owner, uint8_t was, uint8_t is, arena_ref old,
                       arena_ref ref)
{
	if (!((was | is) & NODE_NSEC))
		return 0;
	if (!(was & NODE_NSEC))
		return order_insert(&d->nsec, &d->strand, owner, ref);
	if (!(is & NODE_NSEC))
		return order_remove(&d->nsec, &d->strand, owner);
	return old == ref ? 0 : order_replace(&d->nsec, &d->strand, owner, ref);
}

static void spot_follow(struct zone_draft *d, struct spot *spot, arena_ref ref)
{
	arena_ref old = spot->node;
	spot->node = ref;
	if (spot_is_apex(spot))
		d->apex = ref;
	if (d->last.node == old && old != 0)
		d->last.node = ref;
}

static void faults_count(struct zone_draft *d, const struct zone_node *n, uint32_t by)
{
	struct set_part parts[NODE_SETS_MAX];
	// A sole record is wrong only where it is a SOA.
	if ((n->flags & NODE_SHAPE) == NODE_EMPTY ||
	    ((n->flags & NODE_SHAPE) == NODE_SINGLE && record_type(node_body(n)) != TYPE_SOA))
		return;
	unsigned count = node_parts(n, parts);
	d->faults[node_fault(parts, count, n->owner_length == 0)] += by;
}

// Writes over the node where it stands. False where it does not fit there.
static bool node_overwrite(struct spot *spot, uint32_t children, const struct set_part *parts, unsigned count,
                           size_t size)
{
	uint8_t scratch[NODE_BYTES_MAX];
	struct zone_node *n = arena_at(spot->node);
	size_t old_size = node_size(n);
	if (arena_cost(old_size) != arena_cost(size))
		return false;
	node_write((struct zone_node *)scratch, spot->owner, children, parts, count);
	arena_resize(spot->node, old_size, size);
	memcpy(n, scratch, size);
	return true;
}

// In a block of its own, found by the index or the chains instead of the old
// one. 0 where there is no memory; nothing has changed then.
static arena_ref node_move(struct zone_draft *d, const struct spot *spot, uint32_t children,
                           const struct set_part *parts, unsigned count, size_t size)
{
	arena_ref fresh = arena_alloc(size, &d->strand.bytes);
	if (fresh == 0)
		return 0;
	node_write(arena_at(fresh), spot->owner, children, parts, count);
	if (strand_reserve(&d->strand, 1) == 0 && made_add(d, fresh) == 0) {
		if (spot->nsec3 || index_replace(&d->index, &d->strand, spot->hash, spot->node, fresh) == 0)
			return fresh;
		made_remove(d, fresh);
	}
	arena_free(fresh, size, &d->strand.bytes);
	return 0;
}

// What is left behind when the draft lets go of a node.
static void node_leave(struct zone_draft *d, arena_ref node)
{
	size_t size = node_size(arena_at(node));
	if (draft_made(d, node)) {
		made_remove(d, node);
		arena_free(node, size, &d->strand.bytes);
	} else {
		strand_retire(&d->strand, node, 0, BLOCK_NODE, size);
		++d->nodes_copied;
	}
}

int draft_node_rewrite(struct zone_draft *d, struct spot *spot, uint32_t children, const struct set_part *parts,
                       unsigned count, unsigned changed)
{
	const arena_ref old = spot->node;
	const struct zone_node *n = arena_at(old);
	const uint8_t was = n->flags;
	const bool mine = draft_made(d, old);
	size_t size = node_layout(spot->owner, children, parts, count);
	struct set_part chained;
	uint32_t from = 0, to = 0;
	if (spot->nsec3) {
		from = draft_nsec3_chains(d, &chained, node_find(n, set_key(TYPE_NSEC3, false), &chained));
		to = draft_nsec3_chains(d, parts, count);
	} else {
		faults_count(d, n, UINT32_MAX);
	}
	if (!mine || !node_overwrite(spot, children, parts, count, size)) {
		arena_ref fresh = node_move(d, spot, children, parts, count, size);
		if (fresh == 0)
			return draft_break(d);
		for (unsigned i = 0; i < count && !mine; ++i)
			if (parts[i].block != 0 && i != changed)
				set_block_hold(parts[i].block);
		spot_follow(d, spot, fresh);
	}
	n = arena_at(spot->node);
	int error = spot->nsec3 ? draft_nsec3_move(d, spot->owner, from, to, spot->node)
	                        : nsec_follow(d, spot->owner, was, n->flags, old, spot->node);
	if (!spot->nsec3)
		faults_count(d, n, 1);
	if (spot->node != old)
		node_leave(d, old);
	return error == 0 ? 0 : draft_break(d);
}

// --- parents

static struct spot parent_spot(const struct zone_draft *d, unsigned labels)
{
	struct spot spot = { .hash = d->q.hash[labels],
	                     .owner = owner_relative(&d->q, labels, d->line->label_count) };
	spot.node = labels == d->line->label_count ? d->apex
	                                            : index_find(&d->index, spot.hash, node_has_owner, &spot.owner);
	return spot;
}

static int children_set(struct zone_draft *d, struct spot *spot, uint32_t word)
{
	struct set_part parts[NODE_SETS_MAX];
	struct zone_node *n = arena_at(spot->node);
	if (word != 0 && n->flags & NODE_CHILDREN && draft_made(d, spot->node)) {
		memcpy(n->rest + n->owner_length, &word, sizeof(word));
		return 0;
	}
	unsigned count = node_parts(n, parts);
	return draft_node_rewrite(d, spot, word, parts, count, PART_NONE);
}

// 1, and the mark of a wildcard where the name's first label is "*".
static uint32_t child_word(const struct zone_draft *d, unsigned labels)
{
	const uint8_t *label = d->q.wire + d->q.offset[labels];
	return 1 | (label[0] == 1 && label[1] == '*' ? CHILDREN_WILDCARD : 0);
}

static int node_add(struct zone_draft *d, struct spot *spot, uint32_t children, const struct set_part *parts,
                    unsigned count)
{
	const struct index_owner owner = { node_hash, &d->line->hash };
	size_t size = node_layout(spot->owner, children, parts, count);
	arena_ref ref = arena_alloc(size, &d->strand.bytes);
	if (ref == 0)
		return ERR_MEMORY;
	struct zone_node *n = arena_at(ref);
	node_write(n, spot->owner, children, parts, count);
	int error = made_add(d, ref);
	if (error == 0 && !spot->nsec3)
		error = index_insert(&d->index, &d->strand, &owner, spot->hash, ref);
	if (error != 0) {
		made_remove(d, ref);
		arena_free(ref, size, &d->strand.bytes);
		return error;
	}
	spot->node = ref;
	if (spot->nsec3)
		error = draft_nsec3_move(d, spot->owner, 0, draft_nsec3_chains(d, parts, count), ref);
	else
		error = nsec_follow(d, spot->owner, 0, n->flags, 0, ref);
	if (!spot->nsec3)
		faults_count(d, n, 1);
	return error;
}

int draft_node_create(struct zone_draft *d, struct spot *spot, const struct set_part *parts, unsigned count)
{
	if (node_add(d, spot, 0, parts, count) != 0)
		return draft_break(d);
	for (unsigned labels = d->q.label_count; !spot->nsec3 && labels > d->line->label_count; --labels) {
		uint32_t word = child_word(d, labels);
		struct spot parent = parent_spot(d, labels - 1);
		if (parent.node != 0) {
			uint32_t have = node_children(arena_at(parent.node));
			return children_set(d, &parent, (have | (word & CHILDREN_WILDCARD)) + 1);
		}
		if (node_add(d, &parent, word, NULL, 0) != 0)
			return draft_break(d);
	}
	return 0;
}

// The node at the spot goes: out of the index or the chains.
static int node_drop(struct zone_draft *d, struct spot *spot)
{
	const struct zone_node *n = arena_at(spot->node);
	struct set_part chained;
	int error = strand_reserve(&d->strand, 1);
	if (error != 0)
		return error;
	if (spot->nsec3) {
		uint32_t from = draft_nsec3_chains(d, &chained, node_find(n, set_key(TYPE_NSEC3, false), &chained));
		error = draft_nsec3_move(d, spot->owner, from, 0, 0);
	} else {
		faults_count(d, n, UINT32_MAX);
		error = nsec_follow(d, spot->owner, n->flags, 0, spot->node, 0);
		if (error == 0)
			error = index_remove(&d->index, &d->strand, spot->hash, spot->node);
	}
	if (error != 0)
		return error;
	arena_ref node = spot->node;
	spot_follow(d, spot, 0);
	node_leave(d, node);
	return 0;
}

int draft_node_clear(struct zone_draft *d, struct spot *spot)
{
	uint32_t children = node_children(arena_at(spot->node));
	if (!spot->nsec3 && (children != 0 || spot_is_apex(spot)))
		return draft_node_rewrite(d, spot, children, NULL, 0, PART_NONE);
	if (node_drop(d, spot) != 0)
		return draft_break(d);
	for (unsigned labels = d->q.label_count; !spot->nsec3 && labels > d->line->label_count; --labels) {
		struct spot parent = parent_spot(d, labels - 1);
		uint32_t word = node_children(arena_at(parent.node)) - 1;
		if (child_word(d, labels) & CHILDREN_WILDCARD)
			word &= ~CHILDREN_WILDCARD;
		if (word != 0 || spot_is_apex(&parent) || !zone_node_is_empty(arena_at(parent.node)))
			return children_set(d, &parent, word);
		if (node_drop(d, &parent) != 0)
			return draft_break(d);
	}
	return 0;
}
