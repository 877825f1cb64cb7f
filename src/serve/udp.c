// SPDX-License-Identifier: GPL-3.0-or-later
#include "serve/udp.h"

#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <stdalign.h>
#include <stdlib.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/epoch.h"
#include "base/error.h"
#include "dns/message.h"
#include "serve/batch.h"
#include "serve/counters.h"
#include "serve/exchange.h"

// A worker looks at its orders at least so often, even if a wake-up is lost.
#define PATIENCE_MS 1000
// How long a batch waits for room in a full send buffer before it is dropped.
#define SEND_WAIT_MS 1

struct udp_worker {
	struct serve *serve;
	struct udp_set *set;
	struct batch *batch;
	pthread_t thread;
	_Atomic(struct udp_set *) fresh; // a set to switch to
	_Atomic bool ending;
	sem_t obeyed;                    // posted when it has switched or ended
	alignas(64) struct serve_counters counters;
};

struct udp_set *udp_set_new(unsigned count)
{
	struct udp_set *set = calloc(1, sizeof(*set) + count * (sizeof(struct udp_socket) + sizeof(struct pollfd)));
	if (set == NULL)
		return NULL;
	set->polls = (struct pollfd *)(void *)(set->socket + count);
	return set;
}

void udp_set_add(struct udp_set *set, int fd, uint16_t family, bool wildcard)
{
	set->polls[set->count] = (struct pollfd){ .fd = fd, .events = POLLIN };
	set->socket[set->count++] = (struct udp_socket){ fd, family, wildcard };
}

// --- one batch

// Whether the message has records beyond its OPT: a TSIG, or what NOTIFY and
// IXFR carry. Those take the long way, which looks for the TSIG.
static inline bool needs_exchange(const struct answer_request *request, const struct answer *answer)
{
	return request->length >= MESSAGE_HEADER &&
	       message_count(request->bytes, SECTION_ADDITIONAL) != (answer->edns.present ? 1 : 0);
}

static size_t exchange_datagram(struct udp_worker *w, const struct runtime *runtime,
                                const struct udp_socket *socket, unsigned slot)
{
	struct batch *b = w->batch;
	struct exchange x = {
		.serve = w->serve, .runtime = runtime, .counters = &w->counters,
		.identity = runtime_udp(runtime, socket->family),
		.bytes = b->requests[slot], .length = b->request[slot].length,
		.source = &b->address[slot].any, .transport = TRANSPORT_UDP,
		.reply = b->replies[slot], .reply_room = RUNTIME_UDP_MAX,
	};
	return exchange_run(&x);
}

// Finishes one request whose node is at hand. Returns the length to send.
static inline size_t finish(struct udp_worker *w, const struct runtime *runtime,
                            const struct udp_socket *socket, unsigned slot)
{
	struct answer_request *request = &w->batch->request[slot];
	struct answer *answer = &w->batch->answer[slot];
	if (__builtin_expect(needs_exchange(request, answer), 0))
		return exchange_datagram(w, runtime, socket, slot);
	if (__builtin_expect(answer->edns.expire, 0))
		request->now = (uint32_t)(clock_boot_ms() / 1000);
	answer_write(runtime_udp(runtime, socket->family), request, answer);
	if (__builtin_expect(answer->action == ANSWER_NOTIFY || answer->action == ANSWER_TRANSFER, 0))
		return exchange_datagram(w, runtime, socket, slot);
	counter_add_question(&w->counters, answer);
	if (runtime->log_queries)
		exchange_log(request->source, answer, TRANSPORT_UDP);
	if (answer->action != ANSWER_REPLY) {
		counter_add(&w->counters.dropped, 1);
		return 0;
	}
	counter_add_rcode(&w->counters, answer->rcode);
	if (answer->truncated)
		counter_add(&w->counters.truncated, 1);
	return answer->length;
}

static unsigned answer_batch(struct udp_worker *w, const struct udp_socket *socket, unsigned count)
{
	struct batch *b = w->batch;
	const struct runtime *runtime = runtime_get(&w->serve->runtime);
	unsigned queued = 0;
	for (unsigned i = 0; i < count; i++) {
		bool whole = (b->in[i].msg_hdr.msg_flags & MSG_TRUNC) == 0;
		b->request[i].length = whole ? b->in[i].msg_len : 0;
	}
	answer_prepare(w->serve->zones, b->request, b->answer, count);
	for (unsigned i = 0; i < count; i++) {
		size_t length = finish(w, runtime, socket, i);
		if (length == 0)
			continue;
		if (socket->wildcard)
			batch_turn_control(b, i);
		batch_queue(b, queued++, i, length);
	}
	counter_add(&w->counters.udp_queries, count);
	if (socket->family == AF_INET6)
		counter_add(&w->counters.udp6_queries, count);
	return queued;
}

static bool wait_for_room(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	epoch_offline();
	int ready = poll(&p, 1, SEND_WAIT_MS);
	epoch_online();
	return ready > 0;
}

// Sends what can be sent. A datagram that the kernel refuses (a firewall, an
// unreachable or impossible address) is passed over, the rest goes on.
static void send_batch(struct udp_worker *w, int fd, unsigned count)
{
	unsigned done = 0;
	bool waited = false;
	while (done < count) {
		int sent = sendmmsg(fd, w->batch->out + done, count - done, MSG_DONTWAIT);
		if (sent > 0) {
			done += (unsigned)sent;
		} else if (errno == EAGAIN || errno == ENOBUFS) {
			if (waited || !wait_for_room(fd)) {
				counter_add(&w->counters.dropped, count - done);
				return;
			}
			waited = true;
		} else if (errno != EINTR) {
			counter_add(&w->counters.dropped, 1);
			done++;
		}
	}
}

// Receives once and answers what came. Returns how many came.
static unsigned take_batch(struct udp_worker *w, const struct udp_socket *socket, bool block)
{
	struct batch *b = w->batch;
	batch_rearm(b, socket->wildcard);
	if (block)
		epoch_offline();
	int count = recvmmsg(socket->fd, b->in, BATCH_MOST, block ? MSG_WAITFORONE : MSG_DONTWAIT, NULL);
	if (block)
		epoch_online();
	if (count <= 0) {
		b->received = BATCH_MOST; // what a failed call has touched is not told
		return 0;
	}
	b->received = (unsigned)count;
	unsigned queued = answer_batch(w, socket, (unsigned)count);
	if (queued > 0)
		send_batch(w, socket->fd, queued);
	if (!block) // else it goes offline before the next batch anyway
		epoch_quiescent();
	return (unsigned)count;
}

// --- life

// With several sockets: wait for any, then go round them while they are full,
// so that a busy one neither starves the others nor costs a poll a batch.
static void serve_several(struct udp_worker *w)
{
	enum { ROUNDS = 16 };
	struct udp_set *set = w->set;
	epoch_offline();
	int ready = poll(set->polls, set->count, PATIENCE_MS);
	epoch_online();
	if (ready <= 0)
		return;
	bool more = true;
	for (unsigned round = 0; more && round < ROUNDS; round++) {
		more = false;
		for (unsigned i = 0; i < set->count; i++) {
			if (set->polls[i].revents == 0)
				continue;
			if (take_batch(w, &set->socket[i], false) == BATCH_MOST)
				more = true;
			else
				set->polls[i].revents = 0;
		}
	}
}

static void adopt(struct udp_worker *w, struct udp_set *set)
{
	struct timeval patience = { .tv_sec = PATIENCE_MS / 1000 };
	free(w->set);
	w->set = set;
	for (unsigned i = 0; i < set->count; i++) {
		setsockopt(set->socket[i].fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	}
}

static void *worker_main(void *argument)
{
	struct udp_worker *w = argument;
	epoch_register();
	while (!atomic_load_explicit(&w->ending, memory_order_acquire)) {
		struct udp_set *fresh = atomic_exchange_explicit(&w->fresh, NULL, memory_order_acq_rel);
		if (fresh != NULL) {
			adopt(w, fresh);
			sem_post(&w->obeyed);
		}
		// A lone socket needs no poll(): one system call a batch fewer.
		if (w->set->count == 1)
			take_batch(w, &w->set->socket[0], true);
		else
			serve_several(w);
	}
	epoch_unregister();
	arena_thread_end();
	sem_post(&w->obeyed);
	return NULL;
}

// The signal interrupts a call that blocks; one that comes just before the
// call is lost, so it is sent until the worker has obeyed.
static void wait_obeyed(struct udp_worker *w)
{
	struct timespec until;
	do {
		pthread_kill(w->thread, SIGURG);
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += 2000000;
		if (until.tv_nsec >= 1000000000) {
			until.tv_nsec -= 1000000000;
			until.tv_sec++;
		}
	} while (sem_timedwait(&w->obeyed, &until) != 0);
}

static void worker_free(struct udp_worker *w)
{
	sem_destroy(&w->obeyed);
	batch_free(w->batch);
	free(w->set);
	free(w);
}

int udp_worker_start(struct serve *serve, unsigned number, struct udp_set *set,
                     struct udp_worker **worker)
{
	struct udp_worker *w = aligned_alloc(64, (sizeof(*w) + 63) / 64 * 64);
	if (w == NULL) {
		free(set);
		return ERR_MEMORY;
	}
	*w = (struct udp_worker){ .serve = serve };
	sem_init(&w->obeyed, 0, 0);
	w->batch = batch_new();
	int error = ERR_MEMORY;
	if (w->batch == NULL) {
		free(set);
		goto fail;
	}
	adopt(w, set);
	error = serve_thread_start(&w->thread, "udp", number, worker_main, w);
	if (error != 0)
		goto fail;
	*worker = w;
	return 0;
fail:
	worker_free(w);
	return error;
}

void udp_worker_switch(struct udp_worker *w, struct udp_set *set)
{
	atomic_store_explicit(&w->fresh, set, memory_order_release);
	wait_obeyed(w);
}

void udp_worker_stop(struct udp_worker *w)
{
	atomic_store_explicit(&w->ending, true, memory_order_release);
	wait_obeyed(w);
	pthread_join(w->thread, NULL);
	worker_free(w);
}

const struct serve_counters *udp_worker_counters(const struct udp_worker *worker)
{
	return &worker->counters;
}
