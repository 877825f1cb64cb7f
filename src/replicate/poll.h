// SPDX-License-Identifier: GPL-3.0-or-later
// Asking a primary for the zone's serial by UDP: a fresh socket, so a fresh
// port, and a random ID each time; asked again on silence.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "config/model.h"
#include "replicate/endpoint.h"

struct replicate;
struct poll;

enum poll_outcome {
	POLL_SERIAL,   // the serial is there
	POLL_USE_TCP,  // truncated
	POLL_SILENT,   // no answer at all, or unreachable
	POLL_REFUSED,  // an answer that is no use: `why`
};

struct poll_result {
	enum poll_outcome outcome;
	uint32_t serial;
	uint32_t round_trip_us; // of the question that was sent last; not of POLL_SILENT
	int error;     // POLL_REFUSED: of query_read_soa()
	uint32_t expire;   // EDNS EXPIRE (RFC 7314), 0: none
	char why[256];
};

// The result comes on the loop, never before poll_start() has returned.
typedef void poll_done(void *context, const struct poll_result *result);

// `origin` and `remote` outlive the poll. With wants_expire it asks for EDNS
// EXPIRE too, and without EDNS again where that is not understood. ERR_MEMORY, ERR_IO with `why`.
int poll_start(struct replicate *room, const uint8_t *origin, const struct config_remote *remote, bool wants_expire,
               poll_done *done, void *context, struct poll **poll, char why[static 256]);

// Ends it without a result.
void poll_cancel(struct poll *poll);
