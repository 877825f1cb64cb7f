// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/pin.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "store/bytes.h"
#include "store/internal.h"
#include "store/writer.h"

// pin:      version, 0 (3), serial, newest (4 each), since (8)
enum pin_offset { PIN_VERSION = 0, PIN_SERIAL = 4, PIN_NEWEST = 8, PIN_SINCE = 12, PIN_ROW = 20 };
#define PIN_LAYOUT 1

static_assert(PIN_ROW <= ROW_STATE_MAX, "a pin travels where a state does");

static void put_row(const struct store_pin *pin, uint8_t row[static PIN_ROW])
{
	memset(row, 0, PIN_ROW);
	row[PIN_VERSION] = PIN_LAYOUT;
	le_put(row + PIN_SERIAL, pin->serial, 4);
	le_put(row + PIN_NEWEST, pin->newest, 4);
	le_put(row + PIN_SINCE, (uint64_t)pin->since, 8);
}

static bool get_row(const MDB_val *value, struct store_pin *pin)
{
	const uint8_t *row = value->mv_data;
	if (value->mv_size != PIN_ROW || row[PIN_VERSION] != PIN_LAYOUT)
		return false;
	*pin = (struct store_pin){
		.serial = (uint32_t)le_get(row + PIN_SERIAL, 4),
		.newest = (uint32_t)le_get(row + PIN_NEWEST, 4),
		.since = (int64_t)le_get(row + PIN_SINCE, 8),
	};
	return true;
}

int store_pin_put(struct store *store, const uint8_t *origin, const struct store_pin *pin, store_done *done,
                  void *context)
{
	if (store->writer == NULL)
		return ERR_STATE;
	struct item *item = item_new(ITEM_PIN, origin, done, context);
	if (item == NULL)
		return ERR_MEMORY;
	if (pin != NULL) {
		put_row(pin, item->state);
		item->state_length = PIN_ROW;
	}
	int error = writer_enqueue_pin(store->writer, item);
	if (error != 0)
		item_free(item);
	return error;
}

int commit_pin(struct commit *commit, const uint8_t *origin, const uint8_t *row, size_t length)
{
	MDB_val key = store_value(origin, name_length(origin)), value = store_value(row, length);
	int code = length > 0 ? mdb_put(commit->txn, commit->store->pin, &key, &value, 0)
	                      : mdb_del(commit->txn, commit->store->pin, &key, NULL);
	if (code == 0 || code == MDB_NOTFOUND)
		return 0;
	commit->broken = true;
	return commit_mdb_failed(commit, code);
}

// --- reading

struct pins {
	struct store_pin *pin;
	uint8_t (*origin)[NAME_MAX_WIRE];
	size_t count, room;
};

static int grow(struct pins *pins)
{
	size_t room = pins->room == 0 ? 8 : 2 * pins->room;
	void *pin = realloc(pins->pin, room * sizeof *pins->pin);
	if (pin == NULL)
		return ERR_MEMORY;
	pins->pin = pin;
	void *origin = realloc(pins->origin, room * sizeof *pins->origin);
	if (origin == NULL)
		return ERR_MEMORY;
	pins->origin = origin;
	pins->room = room;
	return 0;
}

static int read_all(struct store *store, MDB_txn *txn, struct pins *pins, char why[static 256])
{
	MDB_cursor *cursor;
	MDB_val key, value;
	int error = 0, code = mdb_cursor_open(txn, store->pin, &cursor);
	if (code != 0)
		return store_mdb_error(code, "read", why);
	while (error == 0 && (code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
		error = pins->count == pins->room ? grow(pins) : 0;
		if (error != 0)
			break;
		if (name_check(key.mv_data, key.mv_size) != (int)key.mv_size ||
		    !get_row(&value, &pins->pin[pins->count])) {
			log_line(LEVEL_ERROR, NULL, "a zone was rolled back, but the row that tells to what is damaged, or of "
			         "a later release: its newest version is served");
			continue;
		}
		memcpy(pins->origin[pins->count++], key.mv_data, key.mv_size);
	}
	mdb_cursor_close(cursor);
	return error != 0 || code == MDB_NOTFOUND ? error : store_mdb_error(code, "read", why);
}

int store_pin_each(struct store *store, store_visit_pin *visit, void *context)
{
	struct pins pins = { 0 };
	char why[256];
	MDB_txn *txn;
	int error = store_begin_read(store, &txn, why);
	if (error != 0)
		return error;
	error = read_all(store, txn, &pins, why);
	store_end_read(store, txn);
	for (size_t i = 0; error == 0 && i < pins.count; i++)
		error = visit(context, pins.origin[i], &pins.pin[i]);
	free(pins.pin);
	free(pins.origin);
	return error;
}
