// SPDX-License-Identifier: GPL-3.0-or-later
// UDP workers: each owns one socket for each address and answers in batches.
#pragma once

#include <assert.h>
#include <poll.h>
#include <stdalign.h>

#include "serve/server.h"

struct udp_socket {
	int fd;
	uint16_t family;
	bool wildcard; // replies must name the address that was asked
};

// The sockets of one worker.
struct udp_set {
	unsigned count;
	struct pollfd *polls; // one a socket; part of the same block
	struct udp_socket socket[];
};
static_assert(alignof(struct pollfd) <= alignof(struct udp_socket), "polls stand behind the sockets");

// Empty, with room for `count`; free() gives it back. NULL: no memory.
struct udp_set *udp_set_new(unsigned count);
void udp_set_add(struct udp_set *set, int fd, uint16_t family, bool wildcard);

// Starts a worker over the set, which it takes over. ERR_MEMORY, ERR_IO.
int udp_worker_start(struct serve *serve, unsigned number, struct udp_set *set,
                     struct udp_worker **worker);

// Hands it another set, which it takes over, and returns when it has left the
// old one, so that sockets may be closed. It finishes the batch in hand first.
void udp_worker_switch(struct udp_worker *worker, struct udp_set *set);

// Ends and frees it; the sockets stay open.
void udp_worker_stop(struct udp_worker *worker);

const struct serve_counters *udp_worker_counters(const struct udp_worker *worker);
