// SPDX-License-Identifier: GPL-3.0-or-later
// Look-ups by name, and what nodes tell.
#include "base/hash.h"
#include "zone/version.h"

static const struct zone_node *node_probe(const struct zone_version *v, uint64_t hash, struct owner owner)
{
	arena_ref ref = index_find(&v->index, hash, node_has_owner, &owner);
	return ref == 0 ? NULL : arena_at(ref);
}

// As node_probe(), where the bucket that the hash is at home in is known.
static inline const struct zone_node *bucket_probe(const struct bucket *b, const struct zone_version *v, uint64_t hash,
                                                   struct owner owner)
{
	arena_ref ref = index_probe(b, hash, node_has_owner, &owner);
	if (ref != 0)
		return arena_at(ref);
	return b->reach == 0 ? NULL : node_probe(v, hash, owner);
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

// The node of the last `labels` labels, below one of one label fewer.
static inline const struct zone_node *step_down(const struct zone_version *v, const struct qname *q,
                                                const struct zone_way *way, unsigned labels, unsigned origin)
{
	struct owner owner = owner_relative(q, labels, origin);
	const struct bucket *b = labels == origin + 1 ? way->first : labels == q->label_count ? way->whole : NULL;
	return b != NULL ? bucket_probe(b, v, q->hash[labels], owner) : node_probe(v, q->hash[labels], owner);
}

void zone_find_on(const struct zone_version *version, const struct qname *q, const struct zone_way *way,
                  struct zone_find *find)
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
			next = step_down(version, q, way, labels + 1, origin);
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

void zone_find(const struct zone_version *version, const struct qname *q, struct zone_find *find)
{
	const struct zone_way nowhere = { NULL, NULL, 0, 0 };
	zone_find_on(version, q, &nowhere, find);
}

const struct zone_node *zone_node_at(const struct zone_version *version, const struct qname *q)
{
	unsigned origin = version->line->label_count;
	return node_probe(version, q->hash[q->label_count], owner_relative(q, q->label_count, origin));
}

const struct zone_node *zone_node_below(const struct zone_version *version, uint64_t hash, const void *bucket,
                                        const uint8_t *name, size_t length)
{
	struct owner owner = { name, length - version->line->origin_length };
	return bucket != NULL ? bucket_probe(bucket, version, hash, owner) : node_probe(version, hash, owner);
}

// The radix nodes of two levels are few and at hand; what is below is not.
#define LEVELS_AT_HAND 2u

static inline void go_on(const void **at, unsigned *level, uint64_t hash, unsigned nodes)
{
	struct index_way way = { *at, *level };
	if (way.level == INDEX_ARRIVED)
		return;
	index_go_on(&way, hash, nodes);
	prefetch(way.at);
	*at = way.at;
	*level = way.level;
}

static inline void set_out(const struct zone_version *version, uint64_t hash, const void **at, unsigned *level)
{
	struct index_way way;
	index_set_out(&version->index, hash, &way);
	index_go_on(&way, hash, LEVELS_AT_HAND);
	prefetch(way.at);
	*at = way.at;
	*level = way.level;
}

// The way down begins right below the apex and ends, where it is not cut short
// by a delegation, at the name: both ends are asked for.
void zone_prefetch_index(const struct zone_version *version, const struct qname *q, struct zone_way *way)
{
	unsigned first = version->line->label_count + 1u;
	set_out(version, q->hash[q->label_count], &way->whole, &way->whole_level);
	if (first < q->label_count) {
		set_out(version, q->hash[first], &way->first, &way->first_level);
	} else {
		way->first = way->whole;
		way->first_level = way->whole_level;
	}
}

void zone_prefetch_bucket(const struct zone_version *version, const struct qname *q, struct zone_way *way)
{
	unsigned first = version->line->label_count + 1u;
	go_on(&way->whole, &way->whole_level, q->hash[q->label_count], INDEX_LEVELS);
	if (first < q->label_count)
		go_on(&way->first, &way->first_level, q->hash[first], INDEX_LEVELS);
	else
		way->first = way->whole;
}

// A node of one record takes about 30 bytes, so every third or so lies across
// two cache lines.
#define NODE_USUAL 32u

static inline void prefetch_node(const struct bucket *b, uint64_t hash)
{
	uint32_t match = bucket_match(b, bucket_tag(hash));
	if (match != 0) {
		const uint8_t *node = arena_at(b->ref[__builtin_ctz(match)]);
		prefetch(node);
		prefetch(node + NODE_USUAL);
	} else if (b->reach != 0) {
		// Behind a page's last bucket comes its first: then this asks for something
		// else in vain.
		prefetch(b + 1);
	}
}

void zone_prefetch_node(const struct zone_version *version, const struct qname *q, const struct zone_way *way)
{
	unsigned first = version->line->label_count + 1u;
	prefetch_node(way->whole, q->hash[q->label_count]);
	if (first < q->label_count)
		prefetch_node(way->first, q->hash[first]);
}

const void *zone_prefetch_hash(const struct zone_version *version, uint64_t hash)
{
	const struct bucket *b = index_bucket(&version->index, hash);
	prefetch(b);
	return b;
}

void zone_prefetch_in_bucket(const void *bucket, uint64_t hash)
{
	prefetch_node(bucket, hash);
}

void zone_prefetch_set(const struct zone_node *node)
{
	const uint8_t *at = node_body(node);
	uint16_t head;
	arena_ref block;
	if ((node->flags & NODE_SHAPE) != NODE_SETS)
		return;
	memcpy(&head, at + 2, sizeof(head));
	memcpy(&block, at + 6, sizeof(block));
	if (head & SET_OUT) {
		const struct set_block *b = arena_at(block);
		prefetch(b);
		prefetch(b->wire + NODE_USUAL);
		return;
	}
	// The node's first lines have come; those of a long set behind them have not.
	for (unsigned line = 64; line < (head & SET_LENGTH) && line < 256; line += 64)
		prefetch(at + line);
}

// Its owner, an NSEC3 and a signature of 64 octets take about 250 bytes.
void zone_prefetch_nsec3(const struct zone_node *node)
{
	const uint8_t *at = (const uint8_t *)node;
	for (unsigned line = 0; line < 256; line += 64)
		prefetch(at + line);
}

size_t zone_origin_length(const struct zone_version *version)
{
	return version->line->origin_length;
}

unsigned zone_origin_labels(const struct zone_version *version)
{
	return version->line->label_count;
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

static inline bool set_view(const uint8_t *wire, uint32_t length, uint16_t count, bool targets, struct rrset *set)
{
	set->wire = wire;
	set->length = length;
	set->ttl = wire_get32(wire + RECORD_TTL);
	set->count = count;
	set->type = record_type(wire);
	set->targets_in_zone = targets;
	return true;
}

// As node_find() and set_part_view() in one, for the answer path.
static bool node_view(const struct zone_node *node, uint32_t key, struct rrset *set)
{
	const uint8_t *at = node_body(node);
	unsigned shape = node->flags & NODE_SHAPE;
	uint16_t left = 0, head, second;
	if (shape == NODE_SINGLE)
		return record_key(at) == key &&
		       set_view(at, record_length(at), 1, (node->flags & NODE_TARGETS) != 0, set);
	if (shape == NODE_SETS)
		memcpy(&left, at, sizeof(left));
	for (at += 2; left > 0; --left) {
		memcpy(&head, at, sizeof(head));
		memcpy(&second, at + 2, sizeof(second));
		bool out = (head & SET_OUT) != 0;
		uint32_t here = out ? set_key(second, (head & SET_SIGNATURES) != 0) : record_key(at + 4);
		if (here > key)
			return false;
		if (here < key) {
			at += out ? 8 : 4 + (head & SET_LENGTH);
			continue;
		}
		if (!out)
			return set_view(at + 4, head & SET_LENGTH, second, (head & SET_TARGETS) != 0, set);
		arena_ref block;
		memcpy(&block, at + 4, sizeof(block));
		const struct set_block *b = arena_at(block);
		return set_view(b->wire, b->length, (uint16_t)b->count, (head & SET_TARGETS) != 0, set);
	}
	return false;
}

bool zone_node_rrset(const struct zone_node *node, uint16_t type, struct rrset *set)
{
	return node_view(node, set_key(type, false), set);
}

bool zone_node_rrsig(const struct zone_node *node, uint16_t covered, struct rrset *set)
{
	return node_view(node, set_key(covered, true), set);
}

unsigned zone_node_addresses(const struct zone_node *node, struct rrset sets[static 2])
{
	const uint32_t a = set_key(TYPE_A, false), aaaa = set_key(TYPE_AAAA, false);
	if ((node->flags & NODE_SHAPE) == NODE_SINGLE) { // as nearly all glue is
		const uint8_t *record = node_body(node);
		uint32_t key = record_key(record);
		return (key == a || key == aaaa) && set_view(record, record_length(record), 1, false, sets);
	}
	unsigned count = node_view(node, a, &sets[0]);
	return count + node_view(node, aaaa, &sets[count]);
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
	bytes_copy(owner, node->rest, node->owner_length);
	bytes_copy(owner + node->owner_length, version->line->origin, version->line->origin_length);
	return (size_t)node->owner_length + version->line->origin_length;
}
