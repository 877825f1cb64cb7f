// SPDX-License-Identifier: GPL-3.0-or-later
// What a configuration means to the threads that answer: an immutable
// snapshot, swapped as a whole and freed a grace period after it was replaced.
#pragma once

#include <stdatomic.h>

#include "answer/answer.h"
#include "config/model.h"

// The longest reply by UDP that the workers have buffers for.
#define RUNTIME_UDP_MAX 4096

struct runtime {
	const struct config *config; // held: texts, keys
	struct answer_identity udp4, udp6, tcp;
	bool log_queries;
	uint32_t tcp_clients;     // connections at once
	uint32_t tcp_per_peer;    // of them from one address (IPv6: /64)
	uint32_t tcp_queries;     // on one connection; 0: no limit
	uint32_t tcp_idle_ms;
	uint32_t transfers_out;   // at once; 0: no limit
};

// Holds the configuration. ERR_MEMORY.
int runtime_new(const struct config *config, struct runtime **runtime);
void runtime_free(struct runtime *runtime);

// The identity for datagrams of that address family.
static inline const struct answer_identity *runtime_udp(const struct runtime *runtime, uint16_t family)
{
	return family == AF_INET6 ? &runtime->udp6 : &runtime->udp4;
}

// Where the snapshot in force is published.
typedef _Atomic(struct runtime *) runtime_slot;

// The snapshot in force; valid until the calling thread's next quiescent state.
static inline const struct runtime *runtime_get(runtime_slot *slot)
{
	return atomic_load_explicit(slot, memory_order_acquire);
}

// Puts the new one in force (NULL at the end) and retires the old one.
void runtime_swap(runtime_slot *slot, struct runtime *runtime);
