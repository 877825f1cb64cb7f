// SPDX-License-Identifier: GPL-3.0-or-later
// Look-ups by name, and what nodes tell.
#include "base/hash.h"
#include "zone/version.h"

static inline const struct zone_node *node_probe(const struct zone_version *v, uint64_t hash, struct owner owner)
{
	arena_ref ref = index_find(&v->index, hash, node_has_owner, &owner);
	return ref == 0 ? NULL : arena_at(ref);
}

// The node "*." right below `node`, whose hash and owner are given.
static const struct zone_node *wildcard_below(const struct zone_version *v, uint64_t hash, struct owner encloser)
{
	uint8_t labels[NAME_MAX_WIRE] = { 1, '*' };
	if (encloser.length + 2 >= NAME_MAX_WIRE)
		return NULL;
	memcpy(labels + 2, encloser.labels, encloser.length);
	return node_probe(v, hash_label(hash, labels + 1, 1), (struct owner){ labels, encloser.length + 2 });
}

void zone_find(const struct zone_version *version, const struct qname *q, struct zone_find *find)
{
	unsigned origin = version->line->label_count, labels = origin;
	const struct zone_node *node = arena_at(version->apex);
	find->wildcard = NULL;
	for (;; ++labels) {
		const struct zone_node *next = NULL;
		if (labels == q->label_count) {
			find->match = ZONE_EXACT;
			break;
		}
		if (node->flags & NODE_DNAME) {
			find->match = ZONE_DNAME;
			break;
		}
		if (node->flags & NODE_CHILDREN)
			next = node_probe(version, q->hash[labels + 1], owner_relative(q, labels + 1, origin));
		if (next == NULL) {
			find->match = ZONE_ABSENT;
			if (node_children(node) & CHILDREN_WILDCARD)
				find->wildcard = wildcard_below(version, q->hash[labels], node_owner(node));
			break;
		}
		node = next;
		if (node->flags & NODE_CUT) {
			find->match = ZONE_CUT;
			++labels;
			break;
		}
	}
	find->node = node;
	find->labels = (uint8_t)labels;
}

const struct zone_node *zone_node_at(const struct zone_version *version, const struct qname *q)
{
	unsigned origin = version->line->label_count;
	return node_probe(version, q->hash[q->label_count], owner_relative(q, q->label_count, origin));
}

// The way down begins right below the apex and ends, where it is not cut short
// by a delegation, at the name: both ends are asked for.
void zone_prefetch_bucket(const struct zone_version *version, const struct qname *q)
{
	unsigned first = version->line->label_count + 1u;
	__builtin_prefetch(index_bucket(&version->index, q->hash[q->label_count]));
	if (first < q->label_count)
		__builtin_prefetch(index_bucket(&version->index, q->hash[first]));
}

static void prefetch_node(const struct zone_version *version, uint64_t hash)
{
	const struct bucket *b = index_bucket(&version->index, hash);
	uint32_t match = bucket_match(b, bucket_tag(hash));
	if (match != 0)
		__builtin_prefetch(arena_at(b->ref[__builtin_ctz(match)]));
}

void zone_prefetch_node(const struct zone_version *version, const struct qname *q)
{
	unsigned first = version->line->label_count + 1u;
	prefetch_node(version, q->hash[q->label_count]);
	if (first < q->label_count)
		prefetch_node(version, q->hash[first]);
}

// --- nodes

bool zone_node_is_empty(const struct zone_node *node)
{
	return (node->flags & NODE_SHAPE) == NODE_EMPTY;
}

bool zone_node_is_cut(const struct zone_node *node)
{
	return node->flags & NODE_CUT;
}

bool zone_node_has_dname(const struct zone_node *node)
{
	return node->flags & NODE_DNAME;
}

static bool node_view(const struct zone_node *node, uint32_t key, struct rrset *set)
{
	struct set_part part;
	if (!node_find(node, key, &part))
		return false;
	set_part_view(&part, set);
	return true;
}

bool zone_node_rrset(const struct zone_node *node, uint16_t type, struct rrset *set)
{
	return node_view(node, set_key(type, false), set);
}

bool zone_node_rrsig(const struct zone_node *node, uint16_t covered, struct rrset *set)
{
	return node_view(node, set_key(covered, true), set);
}

bool zone_node_set(const struct zone_node *node, unsigned index, struct rrset *set, uint16_t *covered)
{
	struct set_walk walk;
	struct set_part part;
	set_walk_start(&walk, node);
	if (index >= walk.left)
		return false;
	do
		set_walk_next(&walk, &part);
	while (index-- > 0);
	set_part_view(&part, set);
	*covered = part.key & 1 ? (uint16_t)(part.key >> 1) : 0;
	return true;
}

size_t zone_node_owner(const struct zone_version *version, const struct zone_node *node,
                       uint8_t owner[static NAME_MAX_WIRE])
{
	memcpy(owner, node->rest, node->owner_length);
	memcpy(owner + node->owner_length, version->line->origin, version->line->origin_length);
	return (size_t)node->owner_length + version->line->origin_length;
}
