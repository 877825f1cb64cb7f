// SPDX-License-Identifier: GPL-3.0-or-later
#include <assert.h>
#include <string.h>

#include "base/error.h"
#include "dns/wire.h"
#include "store/bytes.h"
#include "store/row.h"

#define ROW_VERSION 1

enum step_offset {
	STEP_FROM = 4, STEP_TO = 8, STEP_STORED = 16, STEP_REMOVED = 24, STEP_ADDED = 32,
};
enum chain_offset {
	CHAIN_SERIAL = 4, CHAIN_EPOCH = 8, CHAIN_FIRST = 16, CHAIN_START = 24, CHAIN_SNAPSHOT = 32, CHAIN_NEXT = 40,
	CHAIN_BYTES = 48, CHAIN_SINCE = 56, CHAIN_SNAPSHOT_LENGTH = 64,
};
static_assert(STEP_ADDED + 8 == ROW_STEP_HEAD, "the delta stands behind the head");
static_assert(CHAIN_SNAPSHOT_LENGTH + 8 == ROW_CHAIN, "a chain's row has this length");

static int check_version(const uint8_t *row, size_t length, size_t least)
{
	if (length >= 1 && row[0] > ROW_VERSION)
		return ERR_UNSUPPORTED;
	return length < least || row[0] != ROW_VERSION ? ERR_CORRUPT : 0;
}

void row_put_step_head(const struct row_step *step, uint8_t row[static ROW_STEP_HEAD])
{
	memset(row, 0, ROW_STEP_HEAD);
	row[0] = ROW_VERSION;
	le_put(row + STEP_FROM, step->from, 4);
	le_put(row + STEP_TO, step->to, 4);
	le_put(row + STEP_STORED, (uint64_t)step->stored, 8);
	le_put(row + STEP_REMOVED, step->removed, 8);
	le_put(row + STEP_ADDED, step->added, 8);
}

int row_get_step(const uint8_t *row, size_t length, struct row_step *step)
{
	int error = check_version(row, length, ROW_STEP_HEAD);
	if (error != 0)
		return error;
	*step = (struct row_step){
		.from = (uint32_t)le_get(row + STEP_FROM, 4),
		.to = (uint32_t)le_get(row + STEP_TO, 4),
		.stored = (int64_t)le_get(row + STEP_STORED, 8),
		.removed = le_get(row + STEP_REMOVED, 8),
		.added = le_get(row + STEP_ADDED, 8),
		.delta = row + ROW_STEP_HEAD,
		.delta_length = length - ROW_STEP_HEAD,
	};
	return 0;
}

size_t row_step_key(const uint8_t *origin, uint64_t number, uint8_t key[static ROW_STEP_KEY])
{
	size_t length = name_length(origin);
	memcpy(key, origin, length);
	wire_put32(key + length, (uint32_t)(number >> 32));
	wire_put32(key + length + 4, (uint32_t)number);
	return length + 8;
}

size_t row_from_key(const uint8_t *origin, uint32_t serial, uint8_t key[static ROW_FROM_KEY])
{
	size_t length = name_length(origin);
	memcpy(key, origin, length);
	wire_put32(key + length, serial);
	return length + 4;
}

void row_put_chain(const struct row_chain *chain, uint8_t row[static ROW_CHAIN])
{
	memset(row, 0, ROW_CHAIN);
	row[0] = ROW_VERSION;
	le_put(row + CHAIN_SERIAL, chain->serial, 4);
	le_put(row + CHAIN_EPOCH, chain->epoch, 8);
	le_put(row + CHAIN_FIRST, chain->first, 8);
	le_put(row + CHAIN_START, chain->start, 8);
	le_put(row + CHAIN_SNAPSHOT, chain->snapshot, 8);
	le_put(row + CHAIN_NEXT, chain->next, 8);
	le_put(row + CHAIN_BYTES, chain->bytes, 8);
	le_put(row + CHAIN_SINCE, chain->since, 8);
	le_put(row + CHAIN_SNAPSHOT_LENGTH, chain->snapshot_length, 8);
}

int row_get_chain(const uint8_t *row, size_t length, struct row_chain *chain)
{
	int error = check_version(row, length, ROW_CHAIN);
	if (error != 0)
		return error;
	*chain = (struct row_chain){
		.serial = (uint32_t)le_get(row + CHAIN_SERIAL, 4),
		.epoch = le_get(row + CHAIN_EPOCH, 8),
		.first = le_get(row + CHAIN_FIRST, 8),
		.start = le_get(row + CHAIN_START, 8),
		.snapshot = le_get(row + CHAIN_SNAPSHOT, 8),
		.next = le_get(row + CHAIN_NEXT, 8),
		.bytes = le_get(row + CHAIN_BYTES, 8),
		.since = le_get(row + CHAIN_SINCE, 8),
		.snapshot_length = le_get(row + CHAIN_SNAPSHOT_LENGTH, 8),
	};
	bool in_order = chain->first <= chain->start && chain->start <= chain->snapshot &&
	                chain->snapshot <= chain->next && chain->since <= chain->bytes;
	return length == ROW_CHAIN && in_order ? 0 : ERR_CORRUPT;
}
