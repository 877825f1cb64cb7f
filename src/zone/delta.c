// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "dns/message.h"
#include "dns/types.h"
#include "zone/delta_layout.h"

struct delta *delta_hold(struct delta *delta)
{
	atomic_fetch_add_explicit(&delta->holds, 1, memory_order_relaxed);
	return delta;
}

void delta_release(struct delta *delta)
{
	if (delta != NULL && atomic_fetch_sub_explicit(&delta->holds, 1, memory_order_acq_rel) == 1)
		free(delta);
}

uint32_t delta_from(const struct delta *delta)
{
	return wire_get32(delta->bytes + DELTA_AT_FROM);
}

uint32_t delta_to(const struct delta *delta)
{
	return wire_get32(delta->bytes + DELTA_AT_TO);
}

size_t delta_removed(const struct delta *delta)
{
	return wire_get32(delta->bytes + DELTA_AT_REMOVED);
}

size_t delta_added(const struct delta *delta)
{
	return wire_get32(delta->bytes + DELTA_AT_ADDED);
}

const uint8_t *delta_bytes(const struct delta *delta, size_t *length)
{
	*length = delta->length;
	return delta->bytes;
}

// --- checking what comes from a disk

// Takes a record apart where it is whole. NULL where it is not.
static const uint8_t *record_check(const uint8_t *at, const uint8_t *end, struct delta_record *record)
{
	int owner = name_check(at, (size_t)(end - at));
	if (owner < 0 || end - at - owner < DELTA_RECORD_FIXED)
		return NULL;
	size_t left = (size_t)(end - at - owner - DELTA_RECORD_FIXED);
	if (left < wire_get16(at + owner + DELTA_RECORD_LENGTH))
		return NULL;
	return delta_record_get(at, record);
}

static bool soa_is(const struct delta_record *record, const uint8_t *origin, uint32_t serial)
{
	struct soa soa;
	return record->type == TYPE_SOA && name_equal(record->owner, origin) &&
	       soa_read(record->rdata, record->rdata_length, &soa) == 0 && soa.serial == serial;
}

// So many records of this zone, and none of them a SOA. Returns the place
// behind them, NULL where they are otherwise.
static const uint8_t *part_check(const uint8_t *at, const uint8_t *end, const uint8_t *origin, uint32_t count)
{
	struct delta_record record;
	for (; at != NULL && count > 0; --count) {
		at = record_check(at, end, &record);
		if (at != NULL && (record.type == TYPE_SOA || !name_is_within(record.owner, origin)))
			return NULL;
	}
	return at;
}

static bool records_are_whole(const uint8_t *bytes, size_t length)
{
	const uint8_t *at = bytes + DELTA_HEAD, *end = bytes + length, *origin = at;
	struct delta_record record;
	at = record_check(at, end, &record);
	if (at == NULL || !soa_is(&record, origin, wire_get32(bytes + DELTA_AT_FROM)))
		return false;
	at = part_check(at, end, origin, wire_get32(bytes + DELTA_AT_REMOVED));
	if (at == NULL || (size_t)(at - bytes) != wire_get32(bytes + DELTA_AT_NEW_SOA))
		return false;
	at = record_check(at, end, &record);
	if (at == NULL || !soa_is(&record, origin, wire_get32(bytes + DELTA_AT_TO)))
		return false;
	return part_check(at, end, origin, wire_get32(bytes + DELTA_AT_ADDED)) == end;
}

int delta_from_bytes(const uint8_t *bytes, size_t length, struct delta **delta)
{
	if (length < DELTA_HEAD || length > DELTA_MAX || wire_get32(bytes + DELTA_AT_LENGTH) != length ||
	    wire_get16(bytes + DELTA_AT_FORMAT) != DELTA_FORMAT || wire_get16(bytes + DELTA_AT_ZERO) != 0)
		return ERR_CORRUPT;
	XXH128_canonical_t sum = delta_sum(bytes, length);
	if (memcmp(&sum, bytes, DELTA_SUM) != 0 || !records_are_whole(bytes, length))
		return ERR_CORRUPT;
	struct delta *d = malloc(sizeof *d + length);
	if (d == NULL)
		return ERR_MEMORY;
	atomic_init(&d->holds, 1);
	d->length = length;
	memcpy(d->bytes, bytes, length);
	*delta = d;
	return 0;
}

// --- its records

void delta_cursor_start(struct delta_cursor *cursor, const struct delta *delta)
{
	*cursor = (struct delta_cursor){ delta, DELTA_HEAD };
}

bool delta_cursor_next(struct delta_cursor *cursor, enum delta_phase *phase, struct delta_record *record)
{
	const struct delta *d = cursor->delta;
	size_t place = cursor->place, new_soa = wire_get32(d->bytes + DELTA_AT_NEW_SOA);
	if (place >= d->length)
		return false;
	if (place == DELTA_HEAD)
		*phase = DELTA_OLD_SOA;
	else if (place < new_soa)
		*phase = DELTA_REMOVED;
	else
		*phase = place == new_soa ? DELTA_NEW_SOA : DELTA_ADDED;
	cursor->place = (size_t)(delta_record_get(d->bytes + place, record) - d->bytes);
	return true;
}

// --- applying it

static bool draft_has_serial(const struct zone_draft *draft, const uint8_t *origin, uint32_t serial)
{
	struct rrset set;
	struct soa soa;
	return zone_draft_rrset(draft, origin, TYPE_SOA, &set) &&
	       soa_read(set.wire + RECORD_RDATA, wire_get16(set.wire + RECORD_RDLENGTH), &soa) == 0 &&
	       soa.serial == serial;
}

static bool phase_went(enum delta_phase phase)
{
	return phase == DELTA_OLD_SOA || phase == DELTA_REMOVED;
}

// Removes, or adds, what the phases of one side hold.
static int take_side(const struct delta *delta, struct zone_draft *draft, bool went, bool add)
{
	struct delta_cursor cursor;
	struct delta_record r;
	enum delta_phase phase;
	int error = 0;
	delta_cursor_start(&cursor, delta);
	if (!went)
		cursor.place = wire_get32(delta->bytes + DELTA_AT_NEW_SOA);
	while (error == 0 && delta_cursor_next(&cursor, &phase, &r) && phase_went(phase) == went) {
		if (add)
			error = zone_draft_add(draft, r.owner, r.type, r.ttl, r.rdata, r.rdata_length, NULL);
		else
			error = zone_draft_remove(draft, r.owner, r.type, r.rdata, r.rdata_length);
	}
	return error;
}

static int turn(const struct delta *delta, struct zone_draft *draft, bool back)
{
	uint32_t serial = back ? delta_to(delta) : delta_from(delta);
	// The first record is a SOA, so its owner is the origin.
	if (!draft_has_serial(draft, delta->bytes + DELTA_HEAD, serial))
		return ERR_STATE;
	int error = take_side(delta, draft, !back, false);
	return error != 0 ? error : take_side(delta, draft, back, true);
}

int delta_apply(const struct delta *delta, struct zone_draft *draft)
{
	return turn(delta, draft, false);
}

int delta_revert(const struct delta *delta, struct zone_draft *draft)
{
	return turn(delta, draft, true);
}
