// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/row.h"

#include <assert.h>
#include <netinet/in.h>
#include <string.h>

#include "base/error.h"
#include "store/bytes.h"

#define ROW_VERSION 1
#define ROW_VERSION_FILE_ONCE 2 // of states
#define ROW_VERSION_FILE 3
#define FLAG_HAS_VERSION 1u
#define FLAG_UNTOLD 2u

enum state_offset {
	AT_VERSION = 0, AT_FLAGS = 1, AT_PORT = 2, AT_SERIAL = 4, AT_TRANSFERRED = 8, AT_CONFIRMED = 16,
	AT_REFRESH = 24, AT_EXPIRES = 32, AT_ERROR_TIME = 40, AT_FAMILY = 48, AT_TEXT_LENGTH = 49,
	AT_LIFE = 50, AT_SCOPE = 52, AT_ADDRESS = 56, AT_TEXT = 72,
};
static_assert(AT_TEXT == ROW_STATE_FIXED, "the text stands behind the fixed part");
static_assert(sizeof((struct store_state *)0)->last_error == 256, "a text's length fits one byte");

static void put_address(const struct sockaddr_storage *address, uint8_t *row)
{
	if (address->ss_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)address;
		row[AT_FAMILY] = 4;
		le_put(row + AT_PORT, ntohs(in->sin_port), 2);
		memcpy(row + AT_ADDRESS, &in->sin_addr, 4);
	} else if (address->ss_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
		row[AT_FAMILY] = 6;
		le_put(row + AT_PORT, ntohs(in6->sin6_port), 2);
		le_put(row + AT_SCOPE, in6->sin6_scope_id, 4);
		memcpy(row + AT_ADDRESS, &in6->sin6_addr, 16);
	}
}

static int get_address(const uint8_t *row, struct sockaddr_storage *address)
{
	uint16_t port = htons((uint16_t)le_get(row + AT_PORT, 2));
	if (row[AT_FAMILY] == 4) {
		struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = port };
		memcpy(&in.sin_addr, row + AT_ADDRESS, 4);
		memcpy(address, &in, sizeof in);
	} else if (row[AT_FAMILY] == 6) {
		struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = port,
		                            .sin6_scope_id = (uint32_t)le_get(row + AT_SCOPE, 4) };
		memcpy(&in6.sin6_addr, row + AT_ADDRESS, 16);
		memcpy(address, &in6, sizeof in6);
	} else if (row[AT_FAMILY] != 0) {
		return ERR_CORRUPT;
	}
	return 0;
}

static size_t behind_text(uint8_t version)
{
	return version == ROW_VERSION_FILE ? ROW_STATE_FILE : version == ROW_VERSION_FILE_ONCE ? ROW_STATE_FILE_ONCE : 0;
}

size_t row_put_state(const struct store_state *state, uint8_t row[static ROW_STATE_MAX])
{
	size_t text = strnlen(state->last_error, sizeof state->last_error - 1);
	memset(row, 0, ROW_STATE_FIXED);
	row[AT_VERSION] = ROW_VERSION;
	row[AT_FLAGS] = (uint8_t)((state->has_version ? FLAG_HAS_VERSION : 0) | (state->is_untold ? FLAG_UNTOLD : 0));
	le_put(row + AT_SERIAL, state->serial, 4);
	le_put(row + AT_TRANSFERRED, (uint64_t)state->transferred, 8);
	le_put(row + AT_CONFIRMED, (uint64_t)state->confirmed, 8);
	le_put(row + AT_REFRESH, (uint64_t)state->refresh_at, 8);
	le_put(row + AT_EXPIRES, (uint64_t)state->expires_at, 8);
	le_put(row + AT_LIFE, state->life, 2);
	le_put(row + AT_ERROR_TIME, (uint64_t)state->last_error_at, 8);
	put_address(&state->primary, row);
	row[AT_TEXT_LENGTH] = (uint8_t)text;
	memcpy(row + AT_TEXT, state->last_error, text);
	if (state->file == 0)
		return ROW_STATE_FIXED + text;
	row[AT_VERSION] = ROW_VERSION_FILE;
	le_put(row + AT_TEXT + text, state->file, 8);
	return ROW_STATE_FIXED + text + ROW_STATE_FILE;
}

void row_set_serial(uint8_t row[static ROW_STATE_MAX], uint32_t serial)
{
	row[AT_FLAGS] |= FLAG_HAS_VERSION;
	le_put(row + AT_SERIAL, serial, 4);
}

int row_get_state(const uint8_t *row, size_t length, struct store_state *state)
{
	memset(state, 0, sizeof *state);
	if (length < 1)
		return ERR_CORRUPT;
	if (row[AT_VERSION] > ROW_VERSION_FILE)
		return ERR_UNSUPPORTED;
	size_t behind = behind_text(row[AT_VERSION]);
	if (row[AT_VERSION] < ROW_VERSION || length < ROW_STATE_FIXED ||
	    length != ROW_STATE_FIXED + (size_t)row[AT_TEXT_LENGTH] + behind)
		return ERR_CORRUPT;
	state->has_version = (row[AT_FLAGS] & FLAG_HAS_VERSION) != 0;
	state->is_untold = (row[AT_FLAGS] & FLAG_UNTOLD) != 0;
	state->serial = (uint32_t)le_get(row + AT_SERIAL, 4);
	state->transferred = (int64_t)le_get(row + AT_TRANSFERRED, 8);
	state->confirmed = (int64_t)le_get(row + AT_CONFIRMED, 8);
	state->refresh_at = (int64_t)le_get(row + AT_REFRESH, 8);
	state->expires_at = (int64_t)le_get(row + AT_EXPIRES, 8);
	state->life = (uint16_t)le_get(row + AT_LIFE, 2);
	state->last_error_at = (int64_t)le_get(row + AT_ERROR_TIME, 8);
	memcpy(state->last_error, row + AT_TEXT, row[AT_TEXT_LENGTH]);
	// Of a row as it once was the file counts as unknown: it is read again.
	if (row[AT_VERSION] == ROW_VERSION_FILE)
		state->file = le_get(row + AT_TEXT + row[AT_TEXT_LENGTH], 8);
	return get_address(row, &state->primary);
}

void row_put_snapshot_head(uint8_t *row, enum row_kind kind, uint32_t serial)
{
	memset(row, 0, ROW_SNAPSHOT_HEAD);
	row[0] = ROW_VERSION;
	row[1] = (uint8_t)kind;
	le_put(row + 4, serial, 4);
}

size_t row_put_snapshot_file(uint8_t row[static ROW_SNAPSHOT_FILE], uint32_t serial, uint64_t number,
                             uint64_t file_length)
{
	row_put_snapshot_head(row, ROW_FILE, serial);
	le_put(row + ROW_SNAPSHOT_HEAD, number, 8);
	le_put(row + ROW_SNAPSHOT_HEAD + 8, file_length, 8);
	return ROW_SNAPSHOT_FILE;
}

int row_get_snapshot(const uint8_t *row, size_t length, struct row_snapshot *snapshot)
{
	memset(snapshot, 0, sizeof *snapshot);
	if (length < ROW_SNAPSHOT_HEAD)
		return ERR_CORRUPT;
	if (row[0] > ROW_VERSION)
		return ERR_UNSUPPORTED;
	if (row[0] != ROW_VERSION || row[1] > ROW_FILE || (row[1] == ROW_FILE && length != ROW_SNAPSHOT_FILE))
		return ERR_CORRUPT;
	snapshot->kind = (enum row_kind)row[1];
	snapshot->serial = (uint32_t)le_get(row + 4, 4);
	if (snapshot->kind == ROW_FILE) {
		snapshot->number = le_get(row + ROW_SNAPSHOT_HEAD, 8);
		snapshot->file_length = le_get(row + ROW_SNAPSHOT_HEAD + 8, 8);
	} else {
		snapshot->content = row + ROW_SNAPSHOT_HEAD;
		snapshot->content_length = length - ROW_SNAPSHOT_HEAD;
	}
	return 0;
}
