// SPDX-License-Identifier: GPL-3.0-or-later
// The face to the network: UDP workers and stream threads. Bytes in, bytes
// out; TSIG is verified before answer() and signed after it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "answer/answer.h"
#include "config/model.h"
#include "replicate/replicate.h"
#include "zone/table.h"

struct serve;

// Binds UDP and TCP sockets for all listeners (a UDP socket per worker and
// address, SO_REUSEPORT), while privileges may still be there. `why` names the
// address and the reason ("192.0.2.1@53: address in use; is another name
// server running?"). ERR_IO, ERR_MEMORY.
int serve_open(const struct config *config, const struct zone_table *table, struct serve **serve,
               char why[static 256]);

// Starts the threads. From now on questions are answered.
int serve_start(struct serve *serve, struct replicate *replicate);

// Takes over what can change while running: identity, keys, sizes, limits.
// Listeners that were added are opened, those gone are closed; where one
// cannot be opened `why` says so and the rest goes on. Not a query is lost.
int serve_reconfigure(struct serve *serve, const struct config *config, char why[static 256]);

// Ends the threads: UDP at once, streams within a second.
void serve_stop(struct serve *serve);

#define SERVE_TYPES 258 // counted one by one: all that are in use

// Requests, however they ended, unless said. Of opcodes and classes only the odd
// ones are counted: what is left of all requests is QUERY, and IN.
struct serve_counters {
	uint64_t udp_queries, tcp_queries, tcp_connections;
	uint64_t udp6_queries, tcp6_queries;   // of them, over IPv6
	uint64_t rcode[24];                    // of replies
	uint64_t type[SERVE_TYPES];            // [0]: another type, or no question could be read
	uint64_t odd_opcode[16];               // [0] stays 0
	uint64_t class_chaos, class_any, class_other; // other: no question could be read, too
	uint64_t dropped, truncated, notifies;
	uint64_t transfers_out;                // begun
	uint64_t transfers_out_ixfr;           // of them, asked for by IXFR
};
void serve_counters(const struct serve *serve, struct serve_counters *sum);
