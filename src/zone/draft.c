// SPDX-License-Identifier: GPL-3.0-or-later
// A draft from its beginning to its end.
#include "zone/draft.h"

#include <sched.h>
#include <stdlib.h>

#include "base/error.h"
#include "dns/message.h"
#include "zone/draft_internal.h"

#define RRSIG_MIN 18 // RFC 4034, 3.1, before the signer's name

// --- beginning

// Takes the line for a draft. ERR_BUSY where another is open.
static int draft_open(struct zone_line *line, const struct zone_version *from, struct zone_draft **out)
{
	struct zone_draft *d = calloc(1, sizeof(*d));
	if (d == NULL)
		return ERR_MEMORY;
	d->line = line;
	d->self = d;
	d->strand.depth_max = INDEX_DEPTH_MAX;
	line_lock(line);
	if (line->drafting) {
		line_unlock(line);
		free(d);
		return ERR_BUSY;
	}
	line->drafting = true;
	d->strand.birth = line->last_sequence + 1;
	d->family = from != NULL ? from->family : line->last_family + 1;
	line_unlock(line);
	line_hold(line);
	*out = d;
	return 0;
}

static void draft_close(struct zone_draft *d)
{
	struct zone_line *line = d->line;
	line_lock(line);
	line->drafting = false;
	line_unlock(line);
	zone_release(d->from);
	zone_release(d->base);
	zone_line_release(line);
	draft_share_end(d);
	draft_replace_free(d);
	refset_free(&d->made);
	free(d->chains);
	free(d->strand.retired);
	free(d->large_record);
	free(d);
}

// Holds the newest version of the family. One that is just being released is
// waited for: `from` is held, so it is not the last.
static const struct zone_version *newest_hold(struct zone_line *line, uint32_t family)
{
	for (;;) {
		line_lock(line);
		struct zone_version *v = line_newest(line, family);
		uint32_t holds = atomic_load_explicit(&v->holds, memory_order_relaxed);
		while (holds != 0 && !atomic_compare_exchange_weak(&v->holds, &holds, holds + 1))
			;
		line_unlock(line);
		if (holds != 0)
			return v;
		sched_yield();
	}
}

int zone_draft_new(struct zone_line *line, struct zone_draft **draft)
{
	struct zone_draft *d;
	int error = draft_open(line, NULL, &d);
	if (error != 0)
		return error;
	d->strand.alone = true;
	struct spot apex = { .hash = line->hash };
	qname_init(&d->q, line->origin);
	apex.owner = owner_relative(&d->q, d->q.label_count, line->label_count);
	error = draft_node_create(d, &apex, NULL, 0);
	d->apex = apex.node;
	if (error != 0) {
		zone_draft_abandon(d);
		return error;
	}
	*draft = d;
	return 0;
}

// All records of a node, added or removed.
static int draft_apply(struct zone_draft *d, const struct zone_version *v, arena_ref ref, bool add)
{
	uint8_t owner[NAME_MAX_WIRE];
	const struct zone_node *n = arena_at(ref);
	struct set_walk walk;
	struct set_part part;
	int error = 0;
	zone_node_owner(v, n, owner);
	for (set_walk_start(&walk, n); error == 0 && set_walk_next(&walk, &part);) {
		const uint8_t *end = part.wire + part.length;
		for (const uint8_t *r = part.wire; r < end && error == 0; r = record_next(r)) {
			uint16_t length = wire_get16(r + RECORD_RDLENGTH);
			if (add)
				error = zone_draft_add(d, owner, record_type(r), wire_get32(r + RECORD_TTL), r + RECORD_RDATA, length, NULL);
			else
				error = zone_draft_remove(d, owner, record_type(r), r + RECORD_RDATA, length);
		}
	}
	return error;
}

static int draft_apply_all(struct zone_draft *d, const struct zone_version *v, const struct refset *nodes, bool add)
{
	int error = 0;
	for (size_t i = 0; nodes->slot != NULL && i <= nodes->mask && error == 0; ++i)
		if (nodes->slot[i] != 0)
			error = draft_apply(d, v, nodes->slot[i], add);
	return error;
}

// A version that others followed: the family stays a row, so the draft goes on
// from the newest and turns back what sets the two apart.
static int draft_turn_back(struct zone_draft *d)
{
	struct difference newer = { 0 }, older = { 0 };
	int error = version_differ(d->base, d->from, &newer);
	if (error == 0)
		error = version_differ(d->from, d->base, &older);
	if (error == 0)
		error = draft_apply_all(d, d->base, &newer.nodes, false);
	if (error == 0)
		error = draft_apply_all(d, d->from, &older.nodes, true);
	if (error == 0)
		error = draft_flush(d);
	difference_free(&newer);
	difference_free(&older);
	d->strand.copied = d->nodes_copied = d->records_added = d->records_removed = 0;
	d->changed = false;
	return error;
}

int zone_draft_from(struct zone_line *line, const struct zone_version *base, struct zone_draft **draft)
{
	struct zone_draft *d;
	int error = draft_open(line, base, &d);
	if (error != 0)
		return error;
	d->from = zone_hold(base);
	d->base = newest_hold(line, base->family);
	d->index = d->base->index;
	d->apex = d->base->apex;
	d->records = d->base->records;
	d->names = d->base->names;
	d->strand.bytes = d->base->bytes - arena_cost(sizeof(struct zone_version));
	const struct denial *denial = version_denial(d->base);
	if (denial != NULL)
		d->strand.bytes -= arena_cost(denial_size(denial));
	error = draft_chains_from(d, denial);
	if (error == 0 && d->base != d->from)
		error = draft_turn_back(d);
	if (error != 0) {
		zone_draft_abandon(d);
		return error;
	}
	*draft = d;
	return 0;
}

void zone_draft_limit(struct zone_draft *draft, size_t max_records, size_t max_bytes)
{
	draft->max_records = max_records;
	draft->max_bytes = max_bytes;
}

void zone_draft_watch(struct zone_draft *draft, zone_change *change, void *context)
{
	(void)draft_flush(draft); // an error stays, and stops the seal
	draft->watch = change;
	draft->watch_context = context;
}

// --- records

bool draft_is_nsec3(uint16_t type, const uint8_t *rdata, uint16_t length)
{
	return type == TYPE_NSEC3 || (type == TYPE_RRSIG && length >= 2 && wire_get16(rdata) == TYPE_NSEC3);
}

int draft_room(const struct zone_draft *d)
{
	if (d->max_records != 0 && d->records >= d->max_records)
		return ERR_LIMIT;
	if (d->max_bytes != 0 && d->strand.bytes >= d->max_bytes)
		return ERR_LIMIT;
	return d->records == UINT32_MAX ? ERR_LIMIT : 0;
}

void draft_tell(const struct zone_draft *d, bool added, const uint8_t *record, uint32_t ttl)
{
	if (d->watch != NULL)
		d->watch(d->watch_context, added, d->q.wire, record_type(record), ttl, record + RECORD_RDATA,
		         wire_get16(record + RECORD_RDLENGTH));
}

static bool name_in_line(const struct zone_line *line, const struct qname *q)
{
	return q->label_count >= line->label_count && q->hash[line->label_count] == line->hash &&
	       memcmp(q->wire + q->offset[line->label_count], line->origin, line->origin_length) == 0;
}

static arena_ref spot_find(const struct zone_draft *d, const struct spot *spot)
{
	if (spot->nsec3)
		return draft_nsec3_find(d, spot->owner);
	if (spot->owner.length == 0)
		return d->apex;
	return index_find(&d->index, spot->hash, node_has_owner, &spot->owner);
}

// Whether the owner is the one of the record before, as most are in a signed
// zone.
static bool owner_again(const struct zone_draft *d, const uint8_t *owner, size_t length)
{
	return length == d->last_owner_length && memcmp(owner, d->last_owner, length) == 0;
}

static int draft_name(struct zone_draft *d, const uint8_t *owner, size_t length)
{
	if (d->unsettled)
		draft_settle(d);
	d->last_owner_length = 0;
	qname_init(&d->q, owner);
	if (!name_in_line(d->line, &d->q))
		return ERR_RANGE;
	memcpy(d->last_owner, owner, length);
	d->last_owner_length = length;
	d->last = (struct spot){ .hash = d->q.hash[d->q.label_count],
	                         .owner = owner_relative(&d->q, d->q.label_count, d->line->label_count) };
	return 0;
}

int draft_locate(struct zone_draft *d, const uint8_t *owner, bool nsec3, struct spot *spot)
{
	size_t length = name_length(owner);
	int error = draft_flush(d);
	if (error == 0 && !owner_again(d, owner, length))
		error = draft_name(d, owner, length);
	if (error != 0)
		return error;
	if (nsec3 != d->last.nsec3) {
		if (d->unsettled)
			draft_settle(d);
		d->last.node = 0;
	}
	d->last.nsec3 = nsec3;
	if (d->last.node == 0)
		d->last.node = spot_find(d, &d->last);
	*spot = d->last;
	return 0;
}

// Puts the record together in d->record. ERR_MEMORY.
static int record_build(struct zone_draft *d, uint16_t type, uint32_t ttl, const uint8_t *rdata, uint16_t length)
{
	static const uint8_t head[] = { 0xc0, 0x0c, 0, 0, 0, CLASS_IN };
	uint8_t *to = d->small_record;
	if (RECORD_RDATA + (size_t)length > RECORD_SMALL) {
		if (d->large_record == NULL)
			d->large_record = malloc(RECORD_RDATA + UINT16_MAX);
		to = d->large_record;
	}
	if (to == NULL)
		return ERR_MEMORY;
	d->record = to;
	memcpy(to, head, sizeof(head));
	wire_put16(to + 2, type);
	wire_put32(to + RECORD_TTL, ttl);
	wire_put16(to + RECORD_RDLENGTH, length);
	memcpy(to + RECORD_RDATA, rdata, length);
	return 0;
}

// The first record of an owner that has no node.
static int draft_first(struct zone_draft *d, struct spot *spot, uint32_t key, const uint8_t *record)
{
	struct set_part part = { .key = key, .length = record_length(record), .count = 1, .wire = record };
	int error = draft_room(d);
	if (error != 0)
		return error;
	if (part.length > SET_INLINE_MAX) {
		// Rare, and the way for it is there: an empty node first.
		bool came;
		error = draft_node_create(d, spot, NULL, 0);
		if (error == 0)
			error = draft_set_add(d, spot, key, record, &came);
		d->broken |= error != 0;
		return error;
	}
	part.targets = record_type(record) == TYPE_NS && name_is_within(record + RECORD_RDATA, d->line->origin);
	draft_tell(d, true, record, wire_get32(record + RECORD_TTL));
	++d->names;
	return draft_node_create(d, spot, &part, 1);
}

static bool type_may_be_shared(uint16_t type)
{
	return type == TYPE_NS || type == TYPE_MX || type == TYPE_TXT || type == TYPE_CAA || type == TYPE_CNAME;
}

// The record in d->record goes to the spot.
static int draft_take(struct zone_draft *d, struct spot *spot, bool *came)
{
	const uint8_t *record = d->record;
	uint32_t key = record_key(record);
	int error;
	*came = true;
	if (spot->node == 0)
		error = draft_first(d, spot, key, record);
	else
		error = draft_set_add(d, spot, key, record, came);
	d->last.node = spot->node;
	if (error != 0 || !*came)
		return error;
	d->changed = true;
	d->unsettled |= type_may_be_shared(record_type(record));
	++d->records;
	++d->records_added;
	return 0;
}

int draft_flush(struct zone_draft *d)
{
	bool came;
	if (!d->pending)
		return d->late;
	d->pending = false;
	d->last.node = spot_find(d, &d->last);
	struct spot spot = d->last;
	d->late = draft_take(d, &spot, &came);
	return d->late;
}

// A record of a new owner whose caller does not ask what became of it waits for
// the next: by then its bucket has come from memory. In a load of a million
// names that is most of the time.
static bool draft_postpone(struct zone_draft *d, const uint8_t *owner, int *error)
{
	size_t length = name_length(owner);
	if (d->replacing != NULL || owner_again(d, owner, length))
		return false;
	*error = draft_flush(d);
	if (*error != 0)
		return true;
	if (draft_room(d) != 0)
		return false;
	*error = draft_name(d, owner, length);
	if (*error != 0)
		return true;
	__builtin_prefetch(index_bucket(&d->index, d->last.hash), 1);
	return true;
}

int zone_draft_add(struct zone_draft *draft, const uint8_t *owner, uint16_t type, uint32_t ttl,
                   const uint8_t *rdata, uint16_t length, bool *added)
{
	struct spot spot;
	bool came, kept = false;
	int error = 0;
	if (added != NULL)
		*added = false;
	if (draft->broken)
		return ERR_MEMORY;
	if (type == TYPE_RRSIG && length < RRSIG_MIN)
		return ERR_FORMAT;
	bool nsec3 = draft_is_nsec3(type, rdata, length);
	if (added == NULL && !nsec3 && draft_postpone(draft, owner, &error)) {
		if (error == 0)
			error = record_build(draft, type, ttl, rdata, length);
		draft->pending = error == 0;
		return error;
	}
	error = draft_locate(draft, owner, nsec3, &spot);
	if (error == 0 && nsec3)
		error = draft_chains_open(draft);
	if (error == 0)
		error = record_build(draft, type, ttl, rdata, length);
	if (error != 0)
		return error;
	if (draft->replacing != NULL) {
		error = draft_replace_mark(draft, &spot, record_key(draft->record), draft->record, &kept);
		if (error != 0 || kept)
			return error;
	}
	error = draft_take(draft, &spot, &came);
	if (error == 0 && added != NULL)
		*added = came;
	return error;
}

int zone_draft_remove(struct zone_draft *draft, const uint8_t *owner, uint16_t type,
                      const uint8_t *rdata, uint16_t length)
{
	struct spot spot;
	if (draft->broken)
		return ERR_MEMORY;
	if (type == TYPE_RRSIG && length < RRSIG_MIN)
		return ERR_NOT_FOUND;
	int error = draft_locate(draft, owner, draft_is_nsec3(type, rdata, length), &spot);
	if (error != 0)
		return error == ERR_RANGE ? ERR_NOT_FOUND : error;
	uint32_t key = type == TYPE_RRSIG ? set_key(wire_get16(rdata), true) : set_key(type, false);
	error = draft_set_remove(draft, &spot, key, rdata, length);
	draft->last.node = spot.node;
	if (error == 0) {
		--draft->records;
		++draft->records_removed;
	}
	return error;
}

bool zone_draft_rrset(const struct zone_draft *draft, const uint8_t *owner, uint16_t type, struct rrset *set)
{
	struct qname q;
	struct set_part part;
	struct spot spot = { .nsec3 = type == TYPE_NSEC3 };
	qname_init(&q, owner);
	if (draft_flush(draft->self) != 0 || !name_in_line(draft->line, &q))
		return false;
	spot.hash = q.hash[q.label_count];
	spot.owner = owner_relative(&q, q.label_count, draft->line->label_count);
	spot.node = spot_find(draft, &spot);
	if (spot.node == 0 || !node_find(arena_at(spot.node), set_key(type, false), &part))
		return false;
	set_part_view(&part, set);
	return true;
}

void zone_draft_cost(const struct zone_draft *draft, struct zone_draft_cost *cost)
{
	(void)draft_flush(draft->self); // an error stays, and stops the seal
	cost->pages_copied = draft->strand.copied;
	cost->nodes_copied = draft->nodes_copied;
	cost->records_added = draft->records_added;
	cost->records_removed = draft->records_removed;
}

// --- end

static int draft_serial(const struct zone_draft *d, uint32_t *serial)
{
	struct set_part part;
	struct soa soa;
	if (!node_find(arena_at(d->apex), set_key(TYPE_SOA, false), &part) ||
	    soa_read(part.wire + RECORD_RDATA, wire_get16(part.wire + RECORD_RDLENGTH), &soa) != 0)
		return ERR_STATE;
	*serial = soa.serial;
	return 0;
}

// The list of what the version replaces; *list NULL where there is nothing.
static int draft_replaced(struct zone_draft *d, struct replaced **list)
{
	*list = NULL;
	if (d->strand.retired_count == 0)
		return 0;
	*list = malloc(sizeof(**list));
	if (*list == NULL)
		return ERR_MEMORY;
	**list = (struct replaced){ .family = d->family, .by = d->strand.birth, .keeps = d->base->sequence,
	                            .count = d->strand.retired_count };
	return 0;
}

static void draft_link(struct zone_draft *d, struct zone_version *v, struct replaced *list)
{
	struct zone_line *line = d->line;
	if (list != NULL) {
		struct retired_block *fitting = realloc(d->strand.retired, list->count * sizeof(*fitting));
		list->block = fitting != NULL ? fitting : d->strand.retired;
		d->strand.retired = NULL;
	}
	line_lock(line);
	v->older = line->newest;
	if (v->older != 0)
		version_at(v->older)->newer = arena_ref_of(v);
	line->newest = arena_ref_of(v);
	line->last_sequence = v->sequence;
	if (line->last_family < v->family)
		line->last_family = v->family;
	if (list != NULL) {
		list->next = line->replaced;
		line->replaced = list;
		line_pin(line, list);
	}
	line_unlock(line);
}

int zone_draft_seal(struct zone_draft *draft, const struct zone_version **version)
{
	uint8_t owner[NAME_MAX_WIRE];
	uint32_t serial;
	struct replaced *list = NULL;
	arena_ref ref = 0, denial = 0;
	int error = draft_flush(draft);
	if (error != 0 || draft->broken)
		return error != 0 ? error : ERR_MEMORY;
	if (draft->replacing != NULL || zone_draft_check(draft, owner) != ZONE_SOUND || draft_serial(draft, &serial) != 0)
		return ERR_STATE;
	if (draft->unsettled)
		draft_settle(draft);
	if (draft->broken || draft_replaced(draft, &list) != 0 || draft_chains_seal(draft, &denial) != 0 ||
	    (ref = arena_alloc(sizeof(struct zone_version), &draft->strand.bytes)) == 0) {
		if (denial != 0)
			arena_free(denial, denial_size(arena_at(denial)), &draft->strand.bytes);
		free(list);
		return ERR_MEMORY;
	}
	struct zone_version *v = arena_at(ref);
	*v = (struct zone_version){
		.index = draft->index, .line = line_hold(draft->line), .sequence = draft->strand.birth,
		.family = draft->family, .apex = draft->apex, .denial = denial, .names = draft->names,
		.records = draft->records, .serial = serial, .bytes = draft->strand.bytes,
	};
	atomic_init(&v->holds, 1);
	draft_link(draft, v, list);
	draft_close(draft);
	*version = v;
	return 0;
}

static void visit_free_node(void *context, arena_ref ref)
{
	(void)context;
	node_free(ref, NULL);
}

static void visit_free_block(void *context, arena_ref ref, enum block_kind kind)
{
	(void)context;
	block_free(ref, kind);
}

static void visit_free_chained(void *context, arena_ref ref)
{
	struct zone_draft *d = context;
	struct set_part part;
	uint32_t mask = draft_nsec3_chains(d, &part, node_find(arena_at(ref), set_key(TYPE_NSEC3, false), &part));
	if ((unsigned)__builtin_ctz(mask) == d->freeing)
		node_free(ref, NULL);
}

void zone_draft_abandon(struct zone_draft *draft)
{
	struct zone_draft *d = draft;
	unsigned chains = d->chains == NULL ? 0 : d->chains->count;
	if (d->base == NULL) {
		// As denial_each_nsec3(): each node where it is listed last.
		for (d->freeing = chains; d->freeing-- > 0;)
			order_each(&d->chains->chain[d->freeing].order, visit_free_chained, d);
		index_each(&d->index, visit_free_node, NULL);
	}
	for (size_t i = 0; d->made.slot != NULL && i <= d->made.mask; ++i)
		if (d->made.slot[i] != 0)
			node_free(d->made.slot[i], NULL);
	index_each_block(&d->index, d->strand.birth, visit_free_block, NULL);
	order_each_block(&d->nsec, d->strand.birth, visit_free_block, NULL);
	for (unsigned i = 0; i < chains; ++i)
		order_each_block(&d->chains->chain[i].order, d->strand.birth, visit_free_block, NULL);
	draft_close(d);
}
