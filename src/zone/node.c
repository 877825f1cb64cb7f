// SPDX-License-Identifier: GPL-3.0-or-later
#include "zone/node.h"

#include "dns/message.h"

static void part_from_record(struct set_part *part, const uint8_t *wire, bool targets)
{
	*part = (struct set_part){ .key = record_key(wire), .length = record_length(wire), .count = 1,
	                           .targets = targets, .wire = wire, .at = wire };
}

bool set_walk_next(struct set_walk *walk, struct set_part *part)
{
	uint16_t head, second;
	if (walk->left == 0)
		return false;
	--walk->left;
	if ((walk->flags & NODE_SHAPE) == NODE_SINGLE) {
		part_from_record(part, walk->at, (walk->flags & NODE_TARGETS) != 0);
		walk->at += part->length;
		return true;
	}
	memcpy(&head, walk->at, 2);
	memcpy(&second, walk->at + 2, 2);
	part->at = walk->at;
	part->targets = (head & SET_TARGETS) != 0;
	if (head & SET_OUT) {
		memcpy(&part->block, walk->at + 4, 4);
		const struct set_block *block = arena_at(part->block);
		part->key = set_key(second, (head & SET_SIGNATURES) != 0);
		part->length = block->length;
		part->count = block->count;
		part->wire = block->wire;
		walk->at += 8;
		return true;
	}
	part->block = 0;
	part->wire = walk->at + 4;
	part->key = record_key(part->wire);
	part->length = head & SET_LENGTH;
	part->count = second;
	walk->at += 4 + part->length;
	return true;
}

size_t node_size(const struct zone_node *n)
{
	const uint8_t *at = node_body(n);
	if ((n->flags & NODE_SHAPE) == NODE_SINGLE) {
		at += record_length(at);
	} else if ((n->flags & NODE_SHAPE) == NODE_SETS) {
		uint16_t count, head;
		memcpy(&count, at, 2);
		for (at += 2; count > 0; --count) {
			memcpy(&head, at, 2);
			at += head & SET_OUT ? 8 : 4 + (head & SET_LENGTH);
		}
	}
	return (size_t)(at - (const uint8_t *)n);
}

unsigned node_parts(const struct zone_node *n, struct set_part parts[static NODE_SETS_MAX])
{
	struct set_walk walk;
	unsigned count = 0;
	set_walk_start(&walk, n);
	while (set_walk_next(&walk, &parts[count]))
		++count;
	return count;
}

// A sole record needs no header.
static bool parts_are_single(const struct set_part *parts, unsigned count)
{
	return count == 1 && parts->count == 1 && parts->block == 0;
}

size_t node_layout(struct owner owner, uint32_t children, const struct set_part *parts, unsigned count)
{
	size_t size = offsetof(struct zone_node, rest) + owner.length + (children != 0 ? 4 : 0);
	if (count == 0)
		return size;
	if (parts_are_single(parts, count))
		return size + parts->length;
	size += 2;
	for (unsigned i = 0; i < count; ++i)
		size += parts[i].block != 0 ? 8 : 4 + parts[i].length;
	return size;
}

static uint8_t *part_write(uint8_t *at, const struct set_part *part)
{
	uint16_t head = part->targets ? SET_TARGETS : 0, second = (uint16_t)part->count;
	if (part->block != 0) {
		head |= part->key & 1 ? SET_OUT | SET_SIGNATURES : SET_OUT;
		second = (uint16_t)(part->key >> 1);
		memcpy(at + 4, &part->block, 4);
	} else {
		head |= (uint16_t)part->length;
		memcpy(at + 4, part->wire, part->length);
	}
	memcpy(at, &head, 2);
	memcpy(at + 2, &second, 2);
	return at + (part->block != 0 ? 8 : 4 + part->length);
}

static uint8_t part_flags(const struct set_part *part, bool apex)
{
	if (part->key == set_key(TYPE_NS, false) && !apex)
		return NODE_CUT;
	if (part->key == set_key(TYPE_DNAME, false))
		return NODE_DNAME;
	if (part->key == set_key(TYPE_NSEC, false))
		return NODE_NSEC;
	return 0;
}

void node_write(struct zone_node *n, struct owner owner, uint32_t children, const struct set_part *parts,
                unsigned count)
{
	uint8_t flags = children != 0 ? NODE_CHILDREN : 0;
	n->owner_length = (uint8_t)owner.length;
	memcpy(n->rest, owner.labels, owner.length);
	uint8_t *at = n->rest + owner.length;
	if (children != 0) {
		memcpy(at, &children, 4);
		at += 4;
	}
	for (unsigned i = 0; i < count; ++i)
		flags |= part_flags(&parts[i], owner.length == 0);
	if (parts_are_single(parts, count)) {
		flags |= NODE_SINGLE | (parts->targets ? NODE_TARGETS : 0);
		memcpy(at, parts->wire, parts->length);
	} else if (count > 0) {
		uint16_t sets = (uint16_t)count;
		flags |= NODE_SETS;
		memcpy(at, &sets, 2);
		at += 2;
		for (unsigned i = 0; i < count; ++i)
			at = part_write(at, &parts[i]);
	}
	n->flags = flags;
}

// The key of the set at the walk's place, without touching a block of its own.
static uint32_t walk_key(const struct set_walk *walk)
{
	uint16_t head, second;
	if ((walk->flags & NODE_SHAPE) == NODE_SINGLE)
		return record_key(walk->at);
	memcpy(&head, walk->at, 2);
	memcpy(&second, walk->at + 2, 2);
	return head & SET_OUT ? set_key(second, (head & SET_SIGNATURES) != 0) : record_key(walk->at + 4);
}

bool node_find(const struct zone_node *n, uint32_t key, struct set_part *part)
{
	struct set_walk walk;
	for (set_walk_start(&walk, n); walk.left > 0;) {
		uint32_t here = walk_key(&walk);
		if (here == key)
			return set_walk_next(&walk, part);
		if (here > key)
			return false;
		uint16_t head;
		memcpy(&head, walk.at, 2);
		walk.at += head & SET_OUT ? 8 : 4 + (head & SET_LENGTH);
		--walk.left;
	}
	return false;
}

void set_part_view(const struct set_part *part, struct rrset *set)
{
	set->wire = part->wire;
	set->length = part->length;
	set->ttl = wire_get32(part->wire + RECORD_TTL);
	set->count = (uint16_t)part->count;
	set->type = record_type(part->wire);
	set->targets_in_zone = part->targets;
}

// Types whose rdata holds names that are compared without regard to case
// (RFC 4034, 6.2; RFC 6840, 5.1): elsewhere equal means equal bytes.
static bool type_has_names(uint16_t type)
{
	return (type >= TYPE_NS && type <= TYPE_MINFO && type != TYPE_NULL && type != TYPE_WKS && type != TYPE_HINFO) ||
	       type == TYPE_MX || type == TYPE_MD || type == TYPE_MF || (type >= TYPE_RP && type <= TYPE_NXT) ||
	       (type >= TYPE_SRV && type <= TYPE_DNAME) || type == TYPE_RRSIG;
}

const uint8_t *records_find(const uint8_t *wire, uint32_t length, uint16_t type, const uint8_t *rdata,
                            uint16_t rdata_length)
{
	const uint8_t *end = wire + length;
	bool names = type_has_names(type);
	for (const uint8_t *record = wire; record < end; record = record_next(record)) {
		if (wire_get16(record + RECORD_RDLENGTH) != rdata_length)
			continue;
		if (memcmp(record + RECORD_RDATA, rdata, rdata_length) == 0)
			return record;
		if (names && rdata_compare(type, record + RECORD_RDATA, rdata_length, rdata, rdata_length) == 0)
			return record;
	}
	return NULL;
}

void set_block_drop(arena_ref ref, size_t *account)
{
	struct set_block *block = arena_at(ref);
	if (atomic_fetch_sub_explicit(&block->holders, 1, memory_order_acq_rel) == 1)
		arena_free(ref, set_block_size(block->length), account);
}

void node_free(arena_ref ref, size_t *account)
{
	struct zone_node *n = arena_at(ref);
	struct set_walk walk;
	struct set_part part;
	set_walk_start(&walk, n);
	while ((n->flags & NODE_SHAPE) == NODE_SETS && set_walk_next(&walk, &part)) {
		if (part.block != 0)
			set_block_drop(part.block, account);
	}
	arena_free(ref, node_size(n), account);
}
