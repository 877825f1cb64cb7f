// SPDX-License-Identifier: GPL-3.0-or-later
// The buffers of one batch of datagrams.
#pragma once

#include <assert.h>

#include <netinet/in.h>
#include <stdalign.h>
#include <sys/socket.h>

#include "answer/answer.h"
#include "serve/runtime.h"

// Datagrams a system call moves. More gains nothing measurable and the batch
// would leave the L2 cache.
#define BATCH_MOST 64

// Longest request taken: far above what a query with every option and a TSIG
// needs. A longer datagram is cut by the kernel and dropped.
#define BATCH_REQUEST 4096

// Slots are an odd number of cache lines apart: at a power of two the heads of
// all requests would share one set of the L1 cache and evict each other.
#define BATCH_STRIDE (4096 + 192)
static_assert(BATCH_STRIDE % 64 == 0 && BATCH_STRIDE / 64 % 2 == 1, "an odd number of lines");
static_assert(BATCH_REQUEST <= BATCH_STRIDE && RUNTIME_UDP_MAX <= BATCH_STRIDE, "slots hold a message");

union batch_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

union batch_control {
	size_t length; // as a control message begins, for its alignment
	uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};
static_assert(alignof(size_t) >= alignof(struct cmsghdr), "alignment of control messages");
static_assert(sizeof(struct in_pktinfo) <= sizeof(struct in6_pktinfo), "one size serves both");

struct batch {
	unsigned received;             // by the last call; these slots need a reset
	struct mmsghdr in[BATCH_MOST];
	struct mmsghdr out[BATCH_MOST];
	struct iovec in_vector[BATCH_MOST];
	struct iovec out_vector[BATCH_MOST];
	union batch_address address[BATCH_MOST];
	union batch_control control[BATCH_MOST];
	struct answer_request request[BATCH_MOST];
	struct answer answer[BATCH_MOST];
	uint8_t requests[BATCH_MOST][BATCH_STRIDE];
	uint8_t replies[BATCH_MOST][BATCH_STRIDE];
};

// NULL where there is no memory.
struct batch *batch_new(void);
void batch_free(struct batch *batch);

// Makes what the last receiving call filled ready to be filled again.
void batch_rearm(struct batch *batch, bool with_control);

// Queues the reply of slot `slot` as number `number` of what is to be sent.
static inline void batch_queue(struct batch *batch, unsigned number, unsigned slot, size_t length)
{
	struct msghdr *out = &batch->out[number].msg_hdr;
	const struct msghdr *in = &batch->in[slot].msg_hdr;
	batch->out_vector[number] = (struct iovec){ batch->replies[slot], length };
	out->msg_name = in->msg_name;
	out->msg_namelen = in->msg_namelen;
	out->msg_control = in->msg_controllen > 0 ? in->msg_control : NULL;
	out->msg_controllen = in->msg_controllen;
}

// Turns the received packet information of a slot into the one to send with:
// the same local address, the interface left to routing.
void batch_turn_control(struct batch *batch, unsigned slot);
