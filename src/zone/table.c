// SPDX-License-Identifier: GPL-3.0-or-later
// The table of zones. Readers see one immutable edition of the index; a change
// makes the next one by copying a page and its path, and the old parts go after
// a grace period.
#include "zone/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/epoch.h"
#include "base/error.h"
#include "dns/message.h"
#include "zone/index.h"

#define MASK_WORDS ((NAME_MAX_LABELS + 64) / 64)

// What readers see. `labels` has a bit for each label count that some zone has,
// so that a name of many labels is sought only where it may be found.
struct edition {
	struct index index;
	uint64_t labels[MASK_WORDS];
};

struct zone_table {
	_Atomic(struct edition *) edition;
	struct strand strand;                       // the changing thread's, as all below
	uint32_t counts[NAME_MAX_LABELS + 1]; // zones by label count
	struct edition *open;                       // the next one, while a batch is under way; else NULL
};

struct slot_key {
	const uint8_t *name;
	size_t length;
};

static size_t slot_size(const struct zone_slot *slot)
{
	return sizeof(*slot) + slot->origin_length;
}

static bool slot_is_name(const void *key, arena_ref ref)
{
	const struct slot_key *k = key;
	const struct zone_slot *slot = arena_at(ref);
	return slot->origin_length == k->length && bytes_equal(slot->origin, k->name, k->length);
}

static uint64_t slot_hash(const void *context, arena_ref ref)
{
	const struct zone_slot *slot = arena_at(ref);
	struct qname q;
	(void)context;
	qname_init(&q, slot->origin);
	return q.hash[q.label_count];
}

static const struct index_owner slot_owner = { slot_hash, NULL };

int zone_table_new(struct zone_table **out)
{
	struct zone_table *table = calloc(1, sizeof(*table));
	struct edition *edition = aligned_alloc(64, (sizeof(*edition) + 63) / 64 * 64);
	if (table == NULL || edition == NULL) {
		free(table);
		free(edition);
		return ERR_MEMORY;
	}
	memset(edition, 0, sizeof(*edition));
	atomic_init(&table->edition, edition);
	table->strand.depth_max = INDEX_DEPTH_MAX;
	*out = table;
	return 0;
}

static void version_release(void *version)
{
	zone_release(version);
}

void zone_slot_free(struct zone_slot *slot)
{
	zone_release(atomic_load(&slot->version));
	arena_free(arena_ref_of(slot), slot_size(slot), NULL);
}

static void visit_free_slot(void *unused, arena_ref ref)
{
	(void)unused;
	zone_slot_free(arena_at(ref));
}

static void page_free(arena_ref ref, enum block_kind kind)
{
	const struct radix *node = arena_at(ref);
	arena_free(ref, kind == BLOCK_PAGE ? sizeof(struct page) : radix_size(node->bits), NULL);
}

static void visit_free_page(void *unused, arena_ref ref, enum block_kind kind)
{
	(void)unused;
	page_free(ref, kind);
}

void zone_table_free(struct zone_table *table)
{
	if (table == NULL)
		return;
	zone_table_batch_end(table);
	struct edition *edition = atomic_load(&table->edition);
	epoch_barrier();
	index_each(&edition->index, visit_free_slot, NULL);
	index_each_block(&edition->index, 0, visit_free_page, NULL);
	free(table->strand.retired);
	free(edition);
	free(table);
}

static const struct edition *edition_now(const struct zone_table *table)
{
	return atomic_load_explicit(&table->edition, memory_order_acquire);
}

static struct zone_slot *edition_find(const struct edition *e, const struct qname *q, unsigned labels)
{
	struct slot_key key = { q->wire + q->offset[labels], (size_t)(q->length - q->offset[labels]) };
	arena_ref ref = index_find(&e->index, q->hash[labels], slot_is_name, &key);
	return ref == 0 ? NULL : arena_at(ref);
}

// --- changes

// What an edition left behind.
struct leavings {
	struct edition *edition;
	size_t count;
	struct retired_block block[];
};

static void leavings_free(void *argument)
{
	struct leavings *l = argument;
	for (size_t i = 0; i < l->count; ++i)
		page_free(l->block[i].ref, (enum block_kind)l->block[i].kind);
	free(l->edition);
	free(l);
}

// A copy of the edition to change; its pages are of a birth of their own.
static struct edition *edition_begin(struct zone_table *table)
{
	struct edition *next = aligned_alloc(64, (sizeof(*next) + 63) / 64 * 64);
	if (next == NULL || strand_reserve(&table->strand, 2 * INDEX_LEVELS) != 0) {
		free(next);
		return NULL;
	}
	*next = *atomic_load_explicit(&table->edition, memory_order_relaxed);
	++table->strand.birth;
	return next;
}

static void edition_label(const struct zone_table *table, struct edition *next)
{
	memset(next->labels, 0, sizeof(next->labels));
	for (unsigned i = 0; i <= NAME_MAX_LABELS; ++i)
		next->labels[i / 64] |= (uint64_t)(table->counts[i] != 0) << (i % 64);
}

static void edition_publish(struct zone_table *table, struct edition *next, struct leavings *leavings)
{
	edition_label(table, next);
	leavings->count = table->strand.retired_count;
	memcpy(leavings->block, table->strand.retired, leavings->count * sizeof(leavings->block[0]));
	table->strand.retired_count = 0;
	leavings->edition = atomic_exchange_explicit(&table->edition, next, memory_order_acq_rel);
	epoch_retire(leavings_free, leavings);
}

static void visit_undo(void *unused, arena_ref ref, enum block_kind kind)
{
	(void)unused;
	page_free(ref, kind);
}

static void edition_undo(struct zone_table *table, struct edition *next, struct leavings *leavings)
{
	index_each_block(&next->index, table->strand.birth, visit_undo, NULL);
	table->strand.retired_count = 0;
	free(next);
	free(leavings);
}

static struct leavings *leavings_new(const struct zone_table *table)
{
	struct leavings *l = malloc(sizeof(*l) + (table->strand.retired_count + 1) * sizeof(l->block[0]));
	return l;
}

static struct zone_slot *slot_new(const struct qname *q, arena_ref *ref)
{
	*ref = arena_alloc(sizeof(struct zone_slot) + q->length, NULL);
	if (*ref == 0)
		return NULL;
	struct zone_slot *slot = arena_at(*ref);
	memset(slot, 0, sizeof(*slot));
	slot->origin_length = q->length;
	memcpy(slot->origin, q->wire, q->length);
	return slot;
}

// Puts the slot into an edition of its own. ERR_MEMORY.
static int slot_publish_alone(struct zone_table *table, struct zone_slot *slot)
{
	struct edition *next = edition_begin(table);
	struct leavings *leavings = NULL;
	if (next == NULL ||
	    index_insert(&next->index, &table->strand, &slot_owner, slot_hash(NULL, arena_ref_of(slot)), arena_ref_of(slot)) != 0 ||
	    (leavings = leavings_new(table)) == NULL) {
		if (next != NULL)
			edition_undo(table, next, leavings);
		return ERR_MEMORY;
	}
	++table->counts[name_label_count(slot->origin)];
	edition_publish(table, next, leavings);
	return 0;
}

// Puts the slot into the edition that is open. ERR_MEMORY.
static int slot_add_to_batch(struct zone_table *table, struct zone_slot *slot)
{
	if (strand_reserve(&table->strand, 2 * INDEX_LEVELS) != 0 ||
	    index_insert(&table->open->index, &table->strand, &slot_owner, slot_hash(NULL, arena_ref_of(slot)), arena_ref_of(slot)) != 0)
		return ERR_MEMORY;
	++table->counts[name_label_count(slot->origin)];
	return 0;
}

int zone_table_add(struct zone_table *table, const uint8_t *origin, struct zone_slot **out)
{
	const struct edition *now = table->open != NULL ? table->open : edition_now(table);
	struct qname q;
	arena_ref ref;
	qname_init(&q, origin);
	if (edition_find(now, &q, q.label_count) != NULL)
		return ERR_EXISTS;
	struct zone_slot *slot = slot_new(&q, &ref);
	if (slot == NULL)
		return ERR_MEMORY;
	int error = table->open != NULL ? slot_add_to_batch(table, slot) : slot_publish_alone(table, slot);
	if (error != 0) {
		arena_free(ref, slot_size(slot), NULL);
		return error;
	}
	*out = slot;
	return 0;
}

void zone_table_batch_begin(struct zone_table *table)
{
	// Without memory each addition is an edition of its own, as outside a batch.
	if (table->open == NULL)
		table->open = edition_begin(table);
}

void zone_table_batch_end(struct zone_table *table)
{
	struct edition *next = table->open;
	struct leavings *leavings;
	if (next == NULL)
		return;
	table->open = NULL;
	leavings = leavings_new(table);
	if (leavings != NULL) {
		edition_publish(table, next, leavings);
		return;
	}
	edition_label(table, next);
	struct edition *old = atomic_exchange_explicit(&table->edition, next, memory_order_acq_rel);
	epoch_synchronize();
	for (size_t i = 0; i < table->strand.retired_count; ++i)
		page_free(table->strand.retired[i].ref, (enum block_kind)table->strand.retired[i].kind);
	table->strand.retired_count = 0;
	free(old);
}

bool zone_table_remove(struct zone_table *table, struct zone_slot *slot)
{
	arena_ref ref = arena_ref_of(slot);
	zone_table_batch_end(table);
	struct edition *next = edition_begin(table);
	struct leavings *leavings = NULL;
	if (next == NULL || index_remove(&next->index, &table->strand, slot_hash(NULL, ref), ref) != 0 ||
	    (leavings = leavings_new(table)) == NULL) {
		// No memory to take it out: it stays, empty, and answers SERVFAIL.
		if (next != NULL)
			edition_undo(table, next, leavings);
		zone_slot_set_state(slot, ZONE_STATE_EMPTY);
		return false;
	}
	--table->counts[name_label_count(slot->origin)];
	edition_publish(table, next, leavings);
	return true;
}

// --- look-ups

// The greatest label count in use that is not above `most`; -1: none.
static inline int labels_below(const struct edition *e, int most)
{
	// Names of 64 labels and more are not worth being quick for.
	if (most < 64) {
		uint64_t bits = most < 0 ? 0 : e->labels[0] << (63 - most);
		return bits == 0 ? -1 : most - __builtin_clzll(bits);
	}
	for (int word = most / 64; most >= 0 && word >= 0; --word) {
		unsigned top = word == most / 64 ? (unsigned)most % 64 : 63;
		uint64_t bits = e->labels[word] << (63 - top);
		if (bits != 0)
			return word * 64 + (int)top - __builtin_clzll(bits);
	}
	return -1;
}

struct zone_slot *zone_table_find(const struct zone_table *table, const struct qname *q, bool above)
{
	const struct edition *e = edition_now(table);
	int labels = labels_below(e, above ? q->label_count - 1 : q->label_count);
	for (; labels >= 0; labels = labels_below(e, labels - 1)) {
		struct zone_slot *slot = edition_find(e, q, (unsigned)labels);
		if (slot != NULL)
			return slot;
	}
	return NULL;
}

struct zone_slot *zone_table_get(const struct zone_table *table, const uint8_t *origin)
{
	struct qname q;
	qname_init(&q, origin);
	return edition_find(edition_now(table), &q, q.label_count);
}

void zone_table_prefetch(const struct zone_table *table, const struct qname *q)
{
	const struct edition *e = edition_now(table);
	int labels = labels_below(e, q->label_count);
	if (labels >= 0)
		prefetch(index_bucket(&e->index, q->hash[labels]));
}

struct each {
	void (*visit)(void *context, struct zone_slot *slot);
	void *context;
};

static void each_slot(void *context, arena_ref ref)
{
	const struct each *each = context;
	each->visit(each->context, arena_at(ref));
}

void zone_table_each(const struct zone_table *table, void (*visit)(void *context, struct zone_slot *slot),
                     void *context)
{
	struct each each = { visit, context };
	index_each(&edition_now(table)->index, each_slot, &each);
}

size_t zone_table_count(const struct zone_table *table)
{
	return edition_now(table)->index.count;
}

// --- slots

void zone_slot_publish(struct zone_slot *slot, const struct zone_version *version)
{
	const struct zone_version *old = atomic_exchange_explicit(&slot->version, version, memory_order_acq_rel);
	zone_slot_set_state(slot, ZONE_STATE_SERVED);
	if (old != NULL)
		epoch_retire(version_release, arena_at(arena_ref_of(old)));
}

uint32_t zone_slot_expire(const struct zone_slot *slot, const struct zone_version *version, uint32_t now)
{
	uint32_t at = atomic_load_explicit(&slot->expires_at, memory_order_relaxed);
	struct rrset set;
	struct soa soa = { 0 };

	if (at != 0)
		return at > now ? at - now - 1 : 0;
	zone_soa(version, &set);
	(void)soa_read(set.wire + RECORD_RDATA, wire_get16(set.wire + RECORD_RDLENGTH), &soa);
	return soa.expire;
}

void zone_slot_set_state(struct zone_slot *slot, enum zone_state state)
{
	atomic_store_explicit(&slot->state, (uint8_t)state, memory_order_release);
}
