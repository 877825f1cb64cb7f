// SPDX-License-Identifier: GPL-3.0-or-later
// Making a delta: the changes of a draft, gathered by record. Each record that
// was touched has one entry, found by a hash of it, that says whether it went
// or came in the end; one that is as it was is dead and leaves its entry for
// the next time. TTL and the case of names are part of what a record is here.
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"
#include "dns/types.h"
#include "zone/delta_layout.h"
#include "zone/draft_internal.h"

// An entry: which way (1), length of the record (4), the record as in a delta.
enum entry_offset { ENTRY_WAY = 0, ENTRY_LENGTH = 1, ENTRY_RECORD = 5 };
enum way { WAY_DEAD, WAY_WENT, WAY_CAME };

#define BUFFER_FIRST 1024u
#define SLOTS_FIRST 32u

struct slot {
	uint32_t entry; // place + 1; 0: free
	uint32_t tag;
};

struct delta_writer {
	const struct zone_version *from; // what the draft began with; to compare, not to look into
	size_t max_bytes;
	int error;         // given up, with this
	uint8_t *buffer;   // entries
	size_t filled, room;
	size_t dead;       // bytes of dead entries
	struct slot *slot;
	size_t slots, used; // slots: a power of two, or 0
};

static size_t entry_size(const uint8_t *entry)
{
	return ENTRY_RECORD + wire_get32(entry + ENTRY_LENGTH);
}

static void give_up(struct delta_writer *w, int error)
{
	free(w->buffer);
	free(w->slot);
	w->buffer = NULL;
	w->slot = NULL;
	w->error = error;
}

// --- the table

// The slot of an equal record, or the free one where it belongs.
static struct slot *slot_find(const struct delta_writer *w, const uint8_t *entry)
{
	uint32_t length = wire_get32(entry + ENTRY_LENGTH);
	uint64_t hash = hash_bytes(entry + ENTRY_RECORD, length);
	uint32_t tag = (uint32_t)(hash >> 32);
	for (size_t i = hash & (w->slots - 1);; i = (i + 1) & (w->slots - 1)) {
		struct slot *slot = &w->slot[i];
		if (slot->entry == 0) {
			slot->tag = tag;
			return slot;
		}
		const uint8_t *other = w->buffer + slot->entry - 1;
		if (slot->tag == tag && wire_get32(other + ENTRY_LENGTH) == length &&
		    memcmp(other + ENTRY_RECORD, entry + ENTRY_RECORD, length) == 0)
			return slot;
	}
}

static void slots_fill(struct delta_writer *w)
{
	w->used = 0;
	for (size_t at = 0; at < w->filled; at += entry_size(w->buffer + at)) {
		slot_find(w, w->buffer + at)->entry = (uint32_t)at + 1;
		w->used++;
	}
}

static int slots_grow(struct delta_writer *w)
{
	size_t slots = w->slots == 0 ? SLOTS_FIRST : w->slots * 2;
	struct slot *slot = calloc(slots, sizeof *slot);
	if (slot == NULL)
		return ERR_MEMORY;
	free(w->slot);
	w->slot = slot;
	w->slots = slots;
	slots_fill(w);
	return 0;
}

// --- the entries

// Closes the gaps that dead entries leave.
static void compact(struct delta_writer *w)
{
	size_t to = 0;
	for (size_t at = 0, size; at < w->filled; at += size) {
		size = entry_size(w->buffer + at);
		if (w->buffer[at + ENTRY_WAY] == WAY_DEAD)
			continue;
		memmove(w->buffer + to, w->buffer + at, size);
		to += size;
	}
	w->filled = to;
	w->dead = 0;
	memset(w->slot, 0, w->slots * sizeof *w->slot);
	slots_fill(w);
}

// Room for one more entry.
static int reserve(struct delta_writer *w, size_t size)
{
	if (w->filled + size > w->max_bytes) {
		// Less to be won than a quarter would make this the usual case.
		if (w->dead >= w->filled / 4 && w->filled > 0)
			compact(w);
		if (w->filled + size > w->max_bytes)
			return ERR_LIMIT;
	}
	if (w->used >= w->slots / 4 * 3 && slots_grow(w) != 0)
		return ERR_MEMORY;
	if (w->filled + size <= w->room)
		return 0;
	size_t room = w->room == 0 ? BUFFER_FIRST : w->room;
	while (room < w->filled + size)
		room *= 2;
	uint8_t *grown = realloc(w->buffer, room);
	if (grown == NULL)
		return ERR_MEMORY;
	w->buffer = grown;
	w->room = room;
	return 0;
}

// A record went or came that has an entry: it goes back to what it was, or
// leaves that again.
static int turn(struct delta_writer *w, uint8_t *entry, enum way way)
{
	size_t size = entry_size(entry);
	if (entry[ENTRY_WAY] == (uint8_t)way)
		return ERR_STATE; // it cannot go twice
	if (entry[ENTRY_WAY] == WAY_DEAD) {
		entry[ENTRY_WAY] = (uint8_t)way;
		w->dead -= size;
	} else {
		entry[ENTRY_WAY] = WAY_DEAD;
		w->dead += size;
	}
	return 0;
}

static int note(struct delta_writer *w, enum way way, const uint8_t *owner, uint16_t type, uint32_t ttl,
                const uint8_t *rdata, uint16_t length)
{
	size_t owner_length = name_length(owner);
	size_t record = owner_length + DELTA_RECORD_FIXED + length;
	int error = reserve(w, ENTRY_RECORD + record);
	if (error != 0)
		return error;
	uint8_t *entry = w->buffer + w->filled;
	entry[ENTRY_WAY] = (uint8_t)way;
	wire_put32(entry + ENTRY_LENGTH, (uint32_t)record);
	delta_record_put(entry + ENTRY_RECORD, owner, owner_length, type, ttl, rdata, length);
	struct slot *slot = slot_find(w, entry);
	if (slot->entry != 0)
		return turn(w, w->buffer + slot->entry - 1, way);
	slot->entry = (uint32_t)w->filled + 1;
	w->used++;
	w->filled += ENTRY_RECORD + record;
	return 0;
}

static int on_change(void *context, bool added, const uint8_t *owner, uint16_t type, uint32_t ttl,
                     const uint8_t *rdata, uint16_t length)
{
	struct delta_writer *w = context;
	if (w->error != 0 || type == TYPE_SOA)
		return 0; // the SOAs are taken from the versions
	int error = note(w, added ? WAY_CAME : WAY_WENT, owner, type, ttl, rdata, length);
	if (error != 0)
		give_up(w, error);
	return 0;
}

int delta_writer_new(struct zone_draft *draft, size_t max_bytes, struct delta_writer **writer)
{
	if (draft->from == NULL || draft->pending || draft->changed)
		return ERR_STATE;
	struct delta_writer *w = calloc(1, sizeof *w);
	if (w == NULL)
		return ERR_MEMORY;
	w->from = draft->from;
	w->max_bytes = max_bytes == 0 || max_bytes > DELTA_MAX ? DELTA_MAX : max_bytes;
	zone_draft_watch(draft, on_change, w);
	*writer = w;
	return 0;
}

void delta_writer_abandon(struct delta_writer *writer)
{
	if (writer == NULL)
		return;
	give_up(writer, 0);
	free(writer);
}

// --- the block

struct totals {
	size_t bytes;
	uint32_t went, came;
};

static struct totals total(const struct delta_writer *w)
{
	struct totals t = { 0 };
	for (size_t at = 0; at < w->filled; at += entry_size(w->buffer + at)) {
		const uint8_t *entry = w->buffer + at;
		if (entry[ENTRY_WAY] == WAY_DEAD)
			continue;
		t.bytes += wire_get32(entry + ENTRY_LENGTH);
		t.went += entry[ENTRY_WAY] == WAY_WENT;
		t.came += entry[ENTRY_WAY] == WAY_CAME;
	}
	return t;
}

static uint8_t *put_soa(uint8_t *to, const struct zone_version *version)
{
	struct rrset soa;
	const uint8_t *origin = zone_origin(version);
	zone_soa(version, &soa);
	return delta_record_put(to, origin, name_length(origin), TYPE_SOA, soa.ttl, soa.wire + RECORD_RDATA,
	                        wire_get16(soa.wire + RECORD_RDLENGTH));
}

static size_t soa_size(const struct zone_version *version)
{
	struct rrset soa;
	zone_soa(version, &soa);
	return name_length(zone_origin(version)) + DELTA_RECORD_FIXED + wire_get16(soa.wire + RECORD_RDLENGTH);
}

static uint8_t *put_entries(uint8_t *to, const struct delta_writer *w, enum way way)
{
	for (size_t at = 0; at < w->filled; at += entry_size(w->buffer + at)) {
		const uint8_t *entry = w->buffer + at;
		uint32_t length = wire_get32(entry + ENTRY_LENGTH);
		if (entry[ENTRY_WAY] != (uint8_t)way)
			continue;
		memcpy(to, entry + ENTRY_RECORD, length);
		to += length;
	}
	return to;
}

static void put_all(struct delta *d, const struct delta_writer *w, const struct totals *t,
                    const struct zone_version *before, const struct zone_version *after)
{
	uint8_t *bytes = d->bytes;
	memset(bytes, 0, DELTA_HEAD);
	wire_put16(bytes + DELTA_AT_FORMAT, DELTA_FORMAT);
	wire_put32(bytes + DELTA_AT_FROM, zone_serial(before));
	wire_put32(bytes + DELTA_AT_TO, zone_serial(after));
	wire_put32(bytes + DELTA_AT_REMOVED, t->went);
	wire_put32(bytes + DELTA_AT_ADDED, t->came);
	wire_put32(bytes + DELTA_AT_LENGTH, (uint32_t)d->length);
	uint8_t *at = put_entries(put_soa(bytes + DELTA_HEAD, before), w, WAY_WENT);
	wire_put32(bytes + DELTA_AT_NEW_SOA, (uint32_t)(at - bytes));
	put_entries(put_soa(at, after), w, WAY_CAME);
	XXH128_canonical_t sum = delta_sum(bytes, d->length);
	memcpy(bytes, &sum, DELTA_SUM);
}

static int build(const struct delta_writer *w, const struct zone_version *before, const struct zone_version *after,
                 struct delta **delta)
{
	if (w->error != 0)
		return w->error;
	if (before != w->from)
		return ERR_STATE;
	struct totals t = total(w);
	size_t length = DELTA_HEAD + soa_size(before) + soa_size(after) + t.bytes;
	if (length > w->max_bytes)
		return ERR_LIMIT;
	struct delta *d = malloc(sizeof *d + length);
	if (d == NULL)
		return ERR_MEMORY;
	atomic_init(&d->holds, 1);
	d->length = length;
	put_all(d, w, &t, before, after);
	*delta = d;
	return 0;
}

int delta_writer_finish(struct delta_writer *writer, const struct zone_version *before,
                        const struct zone_version *after, struct delta **delta)
{
	*delta = NULL;
	int error = zone_serial(before) == zone_serial(after) ? ERR_STATE : build(writer, before, after, delta);
	delta_writer_abandon(writer);
	return error;
}

int delta_writer_compare(struct delta_writer *writer, const struct zone_version *before,
                         const struct zone_version *after, struct delta **delta)
{
	*delta = NULL;
	int error = build(writer, before, after, delta);
	delta_writer_abandon(writer);
	return error;
}
