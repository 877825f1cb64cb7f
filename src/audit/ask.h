// SPDX-License-Identifier: GPL-3.0-or-later
// A question to a server, and what came of it.
#pragma once

#include <sys/socket.h>

#include "audit/reply.h"
#include "dns/tsig.h"

enum ask_flag {
	ASK_TCP = 1,            // by TCP from the start
	ASK_RECURSION = 2,      // RD set
	ASK_PLAIN = 4,          // without EDNS
	ASK_DNSSEC = 8,         // DO set
	ASK_VERSION_1 = 16,     // EDNS version 1, which does not exist yet
	ASK_UNKNOWN_OPTION = 32,
	ASK_KEEP_TRUNCATED = 64,// TC set is an answer, no reason to go on by TCP
};

struct ask {
	struct sockaddr_storage server;
	const uint8_t *name;        // wire; outlives the ask
	const struct tsig_key *key; // NULL: unsigned
	uint16_t type;
	uint16_t payload;           // EDNS buffer; 0: 1232
	unsigned flags;             // enum ask_flag

	// Filled in by asker_run().
	const struct reply *reply;  // NULL: none; of a transfer the first message
	int error;                  // 0, or why there is no reply (base/error.h)
	int system_error;           // errno of it, 0 none
	uint32_t took_ms;
	bool was_truncated;         // the reply by UDP was; `reply` is then that by TCP
	struct tsig_verdict verdict;
};

#define ASK_MOST_BYTES 1024 // of a question

// What is on the wire, and what accepting the answer needs.
struct ask_wire {
	uint8_t bytes[ASK_MOST_BYTES];
	size_t length;
	uint16_t id;
	uint8_t mac[TSIG_MAX_MAC];
	size_t mac_length;
};

// Writes the question. Returns 0, ERR_SPACE or ERR_MEMORY.
int ask_write(const struct ask *ask, uint16_t id, struct ask_wire *wire);

// Takes a message for the answer to it, verifying its signature where the question
// was signed, and parses it into ask->reply. Returns 1; 0 where it is not the
// answer and waiting goes on; or an error that ends it. `message` is changed.
int ask_read(struct ask *ask, const struct ask_wire *wire, struct pool *pool,
             uint8_t *message, size_t length);

// Why there is no reply, in a few words: "no answer in time", "connection refused".
const char *ask_failure(const struct ask *ask);

// Whether it failed because this host has no way to addresses of that family.
bool ask_has_no_route(const struct ask *ask);
