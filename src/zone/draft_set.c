// SPDX-License-Identifier: GPL-3.0-or-later
// Records of a draft: into a set and out of it.
#include "base/error.h"
#include "dns/name.h"
#include "zone/draft_internal.h"

// A set being changed.
struct edit {
	struct zone_draft *draft;
	struct spot *spot;
	uint32_t children;
	unsigned count, at; // parts, and the one that changes
	bool mine;          // the node is the draft's own
	arena_ref dropped;  // a block that the draft's own node no longer holds
	struct set_part parts[NODE_SETS_MAX + 1];
};

static bool edit_open(struct edit *e, struct zone_draft *d, struct spot *spot, uint32_t key)
{
	const struct zone_node *n = arena_at(spot->node);
	e->draft = d;
	e->spot = spot;
	e->children = node_children(n);
	e->count = node_parts(n, e->parts);
	e->mine = draft_made(d, spot->node);
	e->dropped = 0;
	for (e->at = 0; e->at < e->count && e->parts[e->at].key < key;)
		++e->at;
	return e->at < e->count && e->parts[e->at].key == key;
}

static int edit_close(struct edit *e)
{
	int error = draft_node_rewrite(e->draft, e->spot, e->children, e->parts, e->count, e->at);
	if (error == 0 && e->dropped != 0)
		set_block_drop(e->dropped, &e->draft->strand.bytes);
	return error;
}

// Whether the part's block is held by this node of the draft's alone, so that
// it may be written to.
static bool edit_exclusive(const struct edit *e, const struct set_part *part)
{
	const struct set_block *block = arena_at(part->block);
	return part->block != 0 && e->mine && atomic_load_explicit(&block->holders, memory_order_acquire) == 1;
}

// The node lets go of the part's block.
static void edit_leave_block(struct edit *e, const struct set_part *part)
{
	if (part->block == 0)
		return;
	if (e->mine)
		e->dropped = part->block;
	else if (atomic_load_explicit(&((const struct set_block *)arena_at(part->block))->holders,
	                              memory_order_relaxed) == 1)
		e->draft->strand.bytes -= arena_cost(set_block_size(part->length));
}

// Room for `length` bytes of records, what is there copied into it: inside the
// node, in the block as it is, or in a new one. NULL: no memory.
static uint8_t *edit_room(struct edit *e, struct set_part *part, uint32_t length)
{
	struct zone_draft *d = e->draft;
	uint32_t keep = part->length < length ? part->length : length;
	if (edit_exclusive(e, part) && arena_resize(part->block, set_block_size(part->length), set_block_size(length))) {
		struct set_block *block = arena_at(part->block);
		block->length = length;
		return block->wire;
	}
	bool fits = (part->block == 0 && length <= part->length) || node_size(arena_at(e->spot->node)) <= NODE_INLINE_MAX;
	if (fits && length <= (part->block == 0 ? SET_INLINE_MAX : SET_INLINE_MAX / 2)) {
		edit_leave_block(e, part);
		memcpy(d->set, part->wire, keep);
		part->block = 0;
		return d->set;
	}
	arena_ref ref = arena_alloc(set_block_size(length), &d->strand.bytes);
	if (ref == 0)
		return NULL;
	struct set_block *block = arena_at(ref);
	atomic_init(&block->holders, 1);
	block->length = length;
	block->count = part->count;
	memcpy(block->wire, part->wire, keep);
	edit_leave_block(e, part);
	part->block = ref;
	return block->wire;
}

static bool edit_targets(const struct edit *e, const uint8_t *record)
{
	return record_type(record) == TYPE_NS && name_is_within(record + RECORD_RDATA, e->draft->line->origin);
}

static void edit_finish(struct set_part *part, const uint8_t *wire, uint32_t length, uint32_t count)
{
	part->wire = wire;
	part->length = length;
	part->count = count;
	if (part->block != 0)
		((struct set_block *)arena_at(part->block))->count = count;
}

static int set_first(struct edit *e, uint32_t key, const uint8_t *record)
{
	struct zone_draft *d = e->draft;
	uint32_t length = record_length(record);
	struct set_part *part = &e->parts[e->at];
	if (e->count == NODE_SETS_MAX)
		return ERR_LIMIT;
	memmove(part + 1, part, (e->count - e->at) * sizeof(*part));
	*part = (struct set_part){ .key = key, .length = length, .count = 1, .wire = record,
	                           .targets = edit_targets(e, record) };
	++e->count;
	if (length > SET_INLINE_MAX || node_size(arena_at(e->spot->node)) > NODE_INLINE_MAX) {
		part->block = arena_alloc(set_block_size(length), &d->strand.bytes);
		if (part->block == 0)
			return ERR_MEMORY;
		struct set_block *block = arena_at(part->block);
		atomic_init(&block->holders, 1);
		block->length = length;
		block->count = 1;
		memcpy(block->wire, record, length);
	}
	draft_tell(d, true, record, wire_get32(record + RECORD_TTL));
	if (e->count == 1)
		++d->names;
	return edit_close(e);
}

// Tells of the records whose TTL changes: `only`, or all.
static void set_tell_ttl(const struct zone_draft *d, const struct set_part *part, const uint8_t *only, uint32_t ttl)
{
	const uint8_t *end = part->wire + part->length;
	for (const uint8_t *record = part->wire; record < end; record = record_next(record)) {
		if (only != NULL && record != only)
			continue;
		draft_tell(d, false, record, wire_get32(record + RECORD_TTL));
		draft_tell(d, true, record, ttl);
	}
}

static void set_write_ttl(uint8_t *wire, uint32_t length, size_t only, uint32_t ttl)
{
	for (uint8_t *record = wire; record < wire + length; record += record_length(record))
		if (only == SIZE_MAX || record == wire + only)
			wire_put32(record + RECORD_TTL, ttl);
}

int draft_set_add(struct zone_draft *d, struct spot *spot, uint32_t key, const uint8_t *record, bool *came)
{
	struct edit e;
	uint32_t length = record_length(record), ttl = wire_get32(record + RECORD_TTL);
	*came = true;
	if (!edit_open(&e, d, spot, key)) {
		int error = draft_room(d);
		return error != 0 ? error : set_first(&e, key, record);
	}
	struct set_part *part = &e.parts[e.at];
	const uint8_t *found = records_find(part->wire, part->length, record_type(record), record + RECORD_RDATA,
	                                    (uint16_t)(length - RECORD_RDATA));
	// RRSIGs keep their own TTLs (RFC 4034, 3); others take the last (RFC 2181, 5.2).
	const uint8_t *timed = key & 1 ? found : part->wire;
	bool retime = timed != NULL && wire_get32(timed + RECORD_TTL) != ttl;
	size_t only = key & 1 && retime ? (size_t)(found - part->wire) : SIZE_MAX;
	*came = found == NULL;
	if (found != NULL && !retime)
		return 0;
	if (found == NULL && (part->count == SET_RECORDS_MAX || draft_room(d) != 0))
		return ERR_LIMIT;
	d->changed = true;
	if (retime)
		set_tell_ttl(d, part, key & 1 ? found : NULL, ttl);
	uint32_t old = part->length, grown = found == NULL ? old + length : old;
	arena_ref block = part->block;
	bool targets = part->targets;
	uint8_t *wire = edit_room(&e, part, grown);
	if (wire == NULL)
		return ERR_MEMORY;
	if (found == NULL) {
		memcpy(wire + old, record, length);
		part->targets |= edit_targets(&e, record);
		draft_tell(d, true, record, ttl);
	}
	if (retime)
		set_write_ttl(wire, grown, only, ttl);
	edit_finish(part, wire, grown, part->count + (found == NULL));
	bool same_node = block != 0 && part->block == block && part->targets == targets;
	return same_node ? 0 : edit_close(&e);
}

static bool set_has_targets(const struct edit *e, const struct set_part *part)
{
	bool targets = false;
	for (const uint8_t *record = part->wire; record < part->wire + part->length; record = record_next(record))
		targets |= edit_targets(e, record);
	return targets;
}

// The only record of the set goes, and the set with it.
static int set_last(struct edit *e)
{
	struct set_part *part = &e->parts[e->at];
	edit_leave_block(e, part);
	memmove(part, part + 1, (--e->count - e->at) * sizeof(*part));
	e->at = PART_NONE;
	if (e->count > 0)
		return edit_close(e);
	--e->draft->names;
	int error = draft_node_clear(e->draft, e->spot);
	if (error == 0 && e->dropped != 0)
		set_block_drop(e->dropped, &e->draft->strand.bytes);
	return error;
}

int draft_set_remove(struct zone_draft *d, struct spot *spot, uint32_t key, const uint8_t *rdata, uint16_t length)
{
	struct edit e;
	if (spot->node == 0 || !edit_open(&e, d, spot, key))
		return ERR_NOT_FOUND;
	struct set_part *part = &e.parts[e.at];
	const uint8_t *found = records_find(part->wire, part->length, record_type(part->wire), rdata, length);
	if (found == NULL)
		return ERR_NOT_FOUND;
	d->changed = true;
	draft_tell(d, false, found, wire_get32(found + RECORD_TTL));
	if (part->count == 1)
		return set_last(&e);
	uint32_t at = (uint32_t)(found - part->wire), gone = record_length(found), left = part->length - gone;
	arena_ref block = part->block;
	bool targets = part->targets;
	const uint8_t *old = part->wire;
	if (edit_exclusive(&e, part)) {
		// Closed up first: the room may be made in the same block.
		struct set_block *own = arena_at(part->block);
		memmove(own->wire + at, own->wire + at + gone, left - at);
	}
	bool closed = edit_exclusive(&e, part);
	uint8_t *wire = edit_room(&e, part, left);
	if (wire == NULL) {
		d->broken |= closed;
		return ERR_MEMORY;
	}
	if (!closed)
		memcpy(wire + at, old + at + gone, left - at);
	edit_finish(part, wire, left, part->count - 1);
	part->targets = set_has_targets(&e, part);
	bool same_node = block != 0 && part->block == block && part->targets == targets;
	return same_node ? 0 : edit_close(&e);
}
