// SPDX-License-Identifier: GPL-3.0-or-later
// Asking a primary for the zone's serial, or for what changed since ours (IXFR),
// by UDP: a fresh socket, so a fresh port, and a random ID each time; asked again
// on silence. While many serials are asked of one primary, further ones go
// together over a TCP connection (replicate/pipe.h), and by UDP where that fails.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/model.h"
#include "replicate/endpoint.h"

struct primary;
struct query;
struct replicate;
struct poll;

enum poll_outcome {
	POLL_SERIAL,   // the serial is there
	POLL_MESSAGE,  // an answer to IXFR, neither verified nor read
	POLL_USE_TCP,  // truncated; to IXFR, or refused
	POLL_SILENT,   // no answer at all, or unreachable
	POLL_REFUSED,  // an answer that is no use: `why`
};

struct poll_result {
	enum poll_outcome outcome;
	uint32_t serial;
	uint32_t round_trip_us; // of the question that was sent last; not of POLL_SILENT; 0 by TCP
	int error;     // POLL_REFUSED: of query_read_soa(); POLL_SILENT: a uv error, 0: nothing came
	uint16_t rcode;         // of an answer
	bool is_authoritative;
	uint32_t expire;   // EDNS EXPIRE (RFC 7314), 0: none
	char why[256];
	const uint8_t *message; // POLL_MESSAGE: with its length, as long as the callback runs
	size_t length;
};

// The result comes on the loop, never before poll_start…() has returned.
typedef void poll_done(void *context, const struct poll_result *result);

// `origin` and `remote` outlive the poll. With wants_expire it asks for EDNS
// EXPIRE too, and without EDNS again where that is not understood. ERR_MEMORY, ERR_IO with `why`.
int poll_start(struct replicate *room, const uint8_t *origin, const struct config_remote *remote, bool wants_expire,
               poll_done *done, void *context, struct poll **poll, char why[static 256]);

// The same of a primary whose polls may share a connection.
int poll_start_shared(struct replicate *room, struct primary *primary, const uint8_t *origin,
                      const struct config_remote *remote, bool wants_expire, poll_done *done, void *context,
                      struct poll **poll, char why[static 256]);

// The same for IXFR, with the question as it was built (copied). The answer is
// whoever's who knows ID and port: its TSIG is for the caller to verify.
int poll_start_ixfr(struct replicate *room, const struct query *query, const struct config_remote *remote,
                    poll_done *done, void *context, struct poll **poll);

// Ends it without a result.
void poll_cancel(struct poll *poll);
