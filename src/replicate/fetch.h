// SPDX-License-Identifier: GPL-3.0-or-later
// Fetching from a primary over TCP, an IXFR by UDP first where that is wanted: the socket and its clocks on the control
// loop, the parsing on a lane, a bounded number of buffers between them. While
// the lane lags, the socket is not read.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "config/model.h"
#include "replicate/fetch_stream.h"

struct replica;
struct fetch;

struct fetch_order {
	struct replica *replica;
	const struct config *config;        // held by the fetch as long as it needs
	const struct config_policy *policy;
	const struct config_remote *remote;
	enum fetch_kind kind;
	bool is_forced;
	bool wants_expire;                  // EDNS EXPIRE (RFC 7314)
	bool is_udp_first;                  // an IXFR: by UDP, then by TCP where that does not do (RFC 1995, 2)
};

struct fetch_result {
	int outcome;               // enum fetch_progress, or an error
	bool is_silent;            // no connection, or no byte came: the primary's health
	struct fetch_figures figures;
	bool is_by_udp;            // it came so
	bool was_udp_silent;       // UDP was tried, and brought nothing at all
	uint64_t elapsed_ms;
	struct zone_draft *draft;  // FETCH_DONE: the receiver's
	struct delta_writer *changes; // … with what it changes of the served version; NULL: none was served
	char why[256];             // on error: "refused: …" or "failed: …"
};

typedef void fetch_done(void *context, struct fetch_result *result);

// The result comes on the loop, never before this has returned; the draft's
// strand of the zone is busy from here to then (replica->is_strand_busy), unless
// the serial alone is fetched.
// ERR_MEMORY, ERR_IO with `why`.
int fetch_start(const struct fetch_order *order, fetch_done *done, void *context,
                struct fetch **fetch, char why[static 256]);

// What came so far, as far as it was read.
void fetch_so_far(const struct fetch *fetch, struct fetch_figures *figures);

// Ends it without a result. The strand is busy until the lane has let go.
void fetch_cancel(struct fetch *fetch);
