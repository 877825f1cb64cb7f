// SPDX-License-Identifier: GPL-3.0-or-later
// Equal sets of NS, MX, TXT, CAA and CNAME become one block, held by all owners
// that have it. They are found through a small table by fingerprint that
// forgets: the second owner of a set makes the block, the third shares it. It
// grows with what it has seen, since most zones have a handful of sets.
#include <stdlib.h>

#include "base/hash.h"
#include "zone/draft_internal.h"

#define SHARE_MIN 24u // bytes of records: below, eight for the reference and a block save nothing
#define SHARE_FIRST 16u
#define SHARE_MAX 4096u // 64 KiB, which the second-level cache holds

static bool part_sharable(const struct set_part *part)
{
	if (part->block != 0 || part->length < SHARE_MIN || part->key & 1)
		return false;
	uint16_t type = (uint16_t)(part->key >> 1);
	return type == TYPE_NS || type == TYPE_MX || type == TYPE_TXT || type == TYPE_CAA || type == TYPE_CNAME;
}

static arena_ref share_block_new(struct zone_draft *d, const struct set_part *part)
{
	arena_ref ref = arena_alloc(set_block_size(part->length), &d->strand.bytes);
	if (ref == 0)
		return 0;
	struct set_block *block = arena_at(ref);
	atomic_init(&block->holders, 1);
	block->length = part->length;
	block->count = part->count;
	memcpy(block->wire, part->wire, part->length);
	return ref;
}

// Makes room where as many sets were seen as there are slots. Without memory
// the table stays as it is: sharing saves memory, the zone is right without it.
static void share_grow(struct zone_draft *d)
{
	uint32_t room = d->share_room == 0 ? SHARE_FIRST : d->share_room * 4;
	struct share_slot *grown = room > SHARE_MAX ? NULL : calloc(room, sizeof(*grown));
	if (grown == NULL)
		return;
	for (uint32_t i = 0; i < d->share_room; ++i)
		if (d->share[i].fingerprint != 0 || d->share[i].block != 0)
			grown[d->share[i].fingerprint % room] = d->share[i];
	free(d->share);
	d->share = grown;
	d->share_room = room;
}

// The block for a set that was seen before, with a hold for the asker; 0: none.
static arena_ref share_find(struct zone_draft *d, const struct set_part *part)
{
	uint64_t fingerprint = hash_bytes(part->wire, part->length);
	if (d->share_seen >= d->share_room)
		share_grow(d);
	if (d->share_room == 0)
		return 0;
	struct share_slot *slot = &d->share[fingerprint % d->share_room];
	if (slot->fingerprint != fingerprint) {
		++d->share_seen;
		if (slot->block != 0)
			set_block_drop(slot->block, &d->strand.bytes);
		*slot = (struct share_slot){ fingerprint, 0 };
		return 0;
	}
	if (slot->block == 0)
		slot->block = share_block_new(d, part);
	if (slot->block == 0)
		return 0;
	const struct set_block *block = arena_at(slot->block);
	if (block->length != part->length || memcmp(block->wire, part->wire, part->length) != 0)
		return 0;
	set_block_hold(slot->block);
	return slot->block;
}

void draft_settle(struct zone_draft *d)
{
	struct set_part parts[NODE_SETS_MAX];
	struct spot spot = d->last;
	d->unsettled = false;
	if (spot.node == 0 || spot.nsec3 || d->broken || !draft_made(d, spot.node))
		return;
	const struct zone_node *n = arena_at(spot.node);
	unsigned count = node_parts(n, parts);
	bool shared = false;
	for (unsigned i = 0; i < count; ++i) {
		if (!part_sharable(&parts[i]))
			continue;
		parts[i].block = share_find(d, &parts[i]);
		shared |= parts[i].block != 0;
	}
	// The node is the draft's own, so holds go over to its new form.
	if (shared)
		(void)draft_node_rewrite(d, &spot, node_children(n), parts, count, PART_NONE);
}

void draft_share_end(struct zone_draft *d)
{
	for (uint32_t i = 0; i < d->share_room; ++i)
		if (d->share[i].block != 0)
			set_block_drop(d->share[i].block, NULL);
	free(d->share);
}
