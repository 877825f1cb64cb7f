// SPDX-License-Identifier: GPL-3.0-or-later
// One message in, one out, with all that surrounds answer(): TSIG, NOTIFY,
// transfers. The workers' hot path does without it; streams use it for every
// message.
#pragma once

#include "serve/server.h"

struct transfer;

struct exchange {
	// Set by the caller.
	struct serve *serve;
	const struct runtime *runtime;
	const struct answer_identity *identity;
	struct serve_counters *counters;
	uint8_t *bytes;               // the message; its TSIG is taken off in place
	size_t length;
	const struct sockaddr *source;
	enum answer_transport transport;
	uint8_t *reply;
	size_t reply_room;
	// Set by exchange_run().
	struct answer_request request;
	struct answer answer;
	struct tsig_request tsig;
	struct transfer *transfer;    // streams: to be drawn instead of a reply; the caller's
};

// Returns the length of the reply; 0: nothing is to be sent (or a transfer is
// to be drawn). The calling thread is registered and online.
size_t exchange_run(struct exchange *x);

// Says of an exchange what `log-queries` promises. Bounded.
void exchange_log(const struct sockaddr *source, const struct answer *answer,
                  enum answer_transport transport);
