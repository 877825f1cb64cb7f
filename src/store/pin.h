// SPDX-License-Identifier: GPL-3.0-or-later
// Zones that are rolled back: which serial is served in place of the newest one
// that is stored, and since when. The newest stays stored as it is, with the
// journal that leads back from it.
#pragma once

#include <stdint.h>

#include "store/store.h"

struct store_pin {
	uint32_t serial; // that is served
	uint32_t newest; // that is stored
	int64_t since;   // wall seconds
};

// Asks that it be kept, in place of what was kept for the zone; NULL: that it be
// forgotten. Order of calls per zone is kept. Thread-safe, does not block. 0;
// else done (may be NULL) is not called: ERR_MEMORY, ERR_STATE, ERR_LIMIT.
int store_pin_put(struct store *store, const uint8_t *origin, const struct store_pin *pin, store_done *done,
                  void *context);

// Calls visit for each that is kept. What is damaged is passed over, with a log
// line. A nonzero return ends it, and is returned. ERR_IO, ERR_MEMORY.
typedef int store_visit_pin(void *context, const uint8_t *origin, const struct store_pin *pin);
int store_pin_each(struct store *store, store_visit_pin *visit, void *context);
