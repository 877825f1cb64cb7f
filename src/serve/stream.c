// SPDX-License-Identifier: GPL-3.0-or-later
#include "serve/stream.h"

#include <errno.h>
#include <semaphore.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/address.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/epoch.h"
#include "base/error.h"
#include "base/log.h"
#include "serve/connection.h"
#include "serve/counters.h"
#include "serve/transfer.h"

#define EVENTS_MOST 64
#define ACCEPTS_MOST 16        // of one listener in a row
#define WAIT_MS 1000           // longest sleep
#define TICK_MS 100            // how often what cannot go on is tried again
#define SWEEP_MS 1000          // how often transfers are looked over
#define ENDING_MS 1000
#define EVICT_AFTER_MS 200     // an idle connection younger than this is not closed for another
#define EVICT_TRANSFER_MS 10000 // nor one whose peer has taken a buffer of a transfer since

struct connection_list {
	struct connection *oldest, *newest; // by active_ms
};

struct stream_thread {
	struct serve *serve;
	struct stream_set *set;
	int epoll, wake;
	pthread_t thread;
	_Atomic(struct stream_set *) fresh;
	_Atomic bool ending;
	sem_t obeyed;
	bool accepting;               // the listeners are in the epoll
	uint64_t accept_again_ms;
	uint64_t sweep_ms;            // when transfers are looked over next
	struct connection_list idle;  // connections between requests
	struct connection_list busy;  // connections with a transfer
	struct connection *queue, **queue_end; // those that are READY or WAITING
	struct connection *dead;      // ended in this round
	struct stream_pool pool;
	struct connection_context context;
	alignas(64) struct serve_counters counters;
};

static struct log_limit refused = { .per_second = 1, .burst = 5 };

// --- what an epoll event stands for

#define MARK_WAKE UINT64_MAX
static uint64_t mark_listener(int fd) { return (uint64_t)fd << 1 | 1; }
static uint64_t mark_connection(struct connection *c) { return (uint64_t)(uintptr_t)c; }

static int watch(struct stream_thread *t, int operation, int fd, uint32_t events, uint64_t mark)
{
	struct epoll_event event = { .events = events, .data.u64 = mark };
	return epoll_ctl(t->epoll, operation, fd, &event);
}

// --- lists

static void list_leave(struct connection *c)
{
	struct connection_list *list = c->list;
	if (list == NULL)
		return;
	*(c->older != NULL ? &c->older->newer : &list->oldest) = c->newer;
	*(c->newer != NULL ? &c->newer->older : &list->newest) = c->older;
	c->list = NULL;
	c->older = c->newer = NULL;
}

static void list_enter(struct connection_list *list, struct connection *c)
{
	c->list = list;
	c->older = list->newest;
	c->newer = NULL;
	*(list->newest != NULL ? &list->newest->newer : &list->oldest) = c;
	list->newest = c;
}

static void queue_put(struct stream_thread *t, struct connection *c)
{
	c->queued = true;
	c->next_queued = NULL;
	*t->queue_end = c;
	t->queue_end = &c->next_queued;
}

// --- connections

// Its memory goes at the end of the round: events of it may still lie in hand.
static void bury(struct stream_thread *t, struct connection *c)
{
	list_leave(c);
	c->state = CONNECTION_FINISHED;
	peers_leave(t->serve->peers, &c->peer.any);
	connection_close(c, &t->pool);
	if (!c->queued) { // else the queue buries it
		c->next_queued = t->dead;
		t->dead = c;
	}
}

static void free_dead(struct stream_thread *t)
{
	while (t->dead != NULL) {
		struct connection *c = t->dead;
		t->dead = c->next_queued;
		free(c);
	}
}

static void arrange(struct stream_thread *t, struct connection *c)
{
	static const uint32_t wanted[] = {
		[CONNECTION_READING] = EPOLLIN, [CONNECTION_WRITING] = EPOLLOUT,
	};
	if (c->state == CONNECTION_READY || c->state == CONNECTION_WAITING) {
		queue_put(t, c);
		if (c->state == CONNECTION_READY)
			return; // what epoll tells of it until its next turn is passed over
	}
	uint32_t events = c->state == CONNECTION_WAITING ? 0 : wanted[c->state];
	if (events == c->events)
		return;
	c->events = events;
	watch(t, EPOLL_CTL_MOD, c->fd, events, mark_connection(c));
}

static void run_turn(struct stream_thread *t, struct connection *c)
{
	uint64_t before = c->active_ms;
	if (connection_turn(c, &t->context) == CONNECTION_FINISHED) {
		bury(t, c);
		return;
	}
	struct connection_list *list = c->transfer != NULL ? &t->busy : &t->idle;
	if (list != c->list || c->active_ms != before) {
		list_leave(c);
		list_enter(list, c);
	}
	arrange(t, c);
}

// One round of the queue: those put back into it have their turn in the next.
static void run_queue(struct stream_thread *t)
{
	struct connection *c = t->queue;
	t->queue = NULL;
	t->queue_end = &t->queue;
	while (c != NULL) {
		struct connection *next = c->next_queued;
		c->queued = false;
		if (c->state == CONNECTION_FINISHED) {
			c->next_queued = t->dead;
			t->dead = c;
		} else {
			run_turn(t, c);
		}
		c = next;
	}
}

static uint64_t age(const struct stream_thread *t, const struct connection *c)
{
	return t->context.now_ms > c->active_ms ? t->context.now_ms - c->active_ms : 0;
}

static void end_transfer(struct stream_thread *t, struct connection *c, const char *why)
{
	transfer_blame(c->transfer, why);
	bury(t, c);
}

// Ends those whose peers take nothing (max-transfer-idle-out), and the oldest of
// those that keep too much of what is no longer served.
static void sweep_transfers(struct stream_thread *t)
{
	struct connection *oldest = NULL;
	uint64_t since = UINT64_MAX;
	t->sweep_ms = t->context.now_ms + SWEEP_MS;
	for (struct connection *c = t->busy.oldest, *next; c != NULL; c = next) {
		next = c->newer;
		if (c->transfer == NULL)
			continue;
		if (age(t, c) >= transfer_idle_ms(c->transfer)) {
			end_transfer(t, c, "they took nothing for max-transfer-idle-out");
			continue;
		}
		uint64_t pins_since = transfer_pins_since(c->transfer);
		if (pins_since < since) {
			since = pins_since;
			oldest = c;
		}
	}
	if (oldest != NULL)
		end_transfer(t, oldest, "it is the oldest of those that keep too much memory of versions no longer served");
}

static void end_overdue(struct stream_thread *t)
{
	while (t->idle.oldest != NULL && age(t, t->idle.oldest) >= t->context.runtime->tcp_idle_ms)
		bury(t, t->idle.oldest);
	if (t->context.now_ms >= t->sweep_ms)
		sweep_transfers(t);
}

// --- accepting

static void set_accepting(struct stream_thread *t, bool on)
{
	if (t->accepting == on)
		return;
	t->accepting = on;
	for (unsigned i = 0; i < t->set->count; i++) {
		int fd = t->set->fd[i];
		if (on)
			watch(t, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLEXCLUSIVE, mark_listener(fd));
		else
			epoll_ctl(t->epoll, EPOLL_CTL_DEL, fd, NULL);
	}
}

static void pause_accepting(struct stream_thread *t)
{
	set_accepting(t, false);
	t->accept_again_ms = t->context.now_ms + TICK_MS;
}

// Closes the connection that has said nothing for longest (RFC 7766, 6.2.3), or
// the transfer whose peer does not read.
static bool evict_one(struct stream_thread *t)
{
	struct connection *c = t->idle.oldest;
	if (c == NULL || age(t, c) < EVICT_AFTER_MS)
		c = t->busy.oldest;
	if (c == NULL || age(t, c) < (c->list == &t->busy ? EVICT_TRANSFER_MS : EVICT_AFTER_MS))
		return false;
	bury(t, c);
	return true;
}

static void log_refused(const union batch_address *peer, const char *why)
{
	uint64_t suppressed;
	char text[ADDRESS_TEXT];
	if (log_limit_allows(&refused, &suppressed))
		log_line(LEVEL_WARNING, NULL, "TCP connection from %s closed at once: %s",
		         address_to_text(&peer->any, text), why);
}

static void refuse_connection(int fd, const union batch_address *peer, const char *why)
{
	log_refused(peer, why);
	close(fd);
}

static void admit(struct stream_thread *t, int fd, const union batch_address *peer)
{
	const struct runtime *runtime = t->context.runtime;
	enum peers_verdict verdict = peers_enter(t->serve->peers, &peer->any, runtime->tcp_clients,
	                                         runtime->tcp_per_peer);
	if (verdict == PEERS_ONE_HAS_TOO_MANY) {
		refuse_connection(fd, peer, "it has its share of them open already (half of tcp-clients)");
		return;
	}
	if (verdict == PEERS_FULL) {
		refuse_connection(fd, peer, "all are in use; raise tcp-clients if this goes on");
		return;
	}
	struct connection *c = calloc(1, sizeof(*c));
	if (c == NULL || watch(t, EPOLL_CTL_ADD, fd, EPOLLIN, mark_connection(c)) != 0) {
		free(c);
		peers_leave(t->serve->peers, &peer->any);
		refuse_connection(fd, peer, "out of memory");
		return;
	}
	c->fd = fd;
	c->peer = *peer;
	c->state = CONNECTION_READING;
	c->events = EPOLLIN;
	c->active_ms = t->context.now_ms;
	list_enter(&t->idle, c);
	counter_add(&t->counters.tcp_connections, 1);
}

// No descriptor is left: an idle connection makes room, else the rest wait in
// the kernel's queue for a tick.
static bool accept_failed(struct stream_thread *t, int error)
{
	static struct log_limit shortage = { .per_second = 1, .burst = 1 };
	uint64_t suppressed;
	if (error != EMFILE && error != ENFILE && error != ENOBUFS && error != ENOMEM)
		return error == ECONNABORTED || error == EINTR || error == EPROTO;
	if (log_limit_allows(&shortage, &suppressed))
		log_line(LEVEL_WARNING, NULL, "cannot accept TCP connections: %s; raise the limit of open files",
		         strerror(error));
	if (evict_one(t))
		return true;
	pause_accepting(t);
	return false;
}

static void accept_some(struct stream_thread *t, int listener)
{
	for (unsigned i = 0; i < ACCEPTS_MOST && t->accepting; i++) {
		union batch_address peer = { 0 };
		socklen_t length = sizeof(peer);
		if (peers_count(t->serve->peers) >= t->context.runtime->tcp_clients)
			evict_one(t);
		int fd = accept4(listener, &peer.any, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0)
			admit(t, fd, &peer);
		else if (!accept_failed(t, errno))
			return;
	}
}

// --- the thread

static void adopt(struct stream_thread *t, struct stream_set *set)
{
	set_accepting(t, false);
	free(t->set);
	t->set = set;
	set_accepting(t, true);
}

static void take_orders(struct stream_thread *t)
{
	uint64_t ignored;
	if (read(t->wake, &ignored, sizeof(ignored)) < 0 && errno != EAGAIN)
		log_line(LEVEL_ERROR, NULL, "reading an event descriptor: %s", strerror(errno));
	struct stream_set *fresh = atomic_exchange_explicit(&t->fresh, NULL, memory_order_acq_rel);
	if (fresh != NULL) {
		adopt(t, fresh);
		sem_post(&t->obeyed);
	}
}

static void handle(struct stream_thread *t, const struct epoll_event *event)
{
	uint64_t mark = event->data.u64;
	if (mark == MARK_WAKE) {
		take_orders(t);
	} else if (mark & 1) {
		accept_some(t, (int)(mark >> 1));
	} else {
		struct connection *c = (struct connection *)(uintptr_t)mark;
		if (c->state == CONNECTION_FINISHED)
			return;
		if (!c->queued)
			run_turn(t, c);
		else if ((event->events & (EPOLLHUP | EPOLLERR)) != 0)
			bury(t, c); // waits for its turn, but nobody waits for it: epoll would never be silent
	}
}

static int time_to_sleep(const struct stream_thread *t)
{
	uint64_t wait = WAIT_MS;
	for (const struct connection *c = t->queue; c != NULL; c = c->next_queued)
		if (c->state == CONNECTION_READY)
			return 0;
	if (t->queue != NULL || !t->accepting)
		wait = TICK_MS;
	const struct connection *c = t->idle.oldest;
	if (c != NULL) {
		// Of the snapshot of the last round nothing is left for sure: there has
		// been a quiescent state since.
		uint64_t end = c->active_ms + runtime_get(&t->serve->runtime)->tcp_idle_ms;
		uint64_t left = end > t->context.now_ms ? end - t->context.now_ms : 0;
		wait = left < wait ? left + 1 : wait;
	}
	return (int)wait;
}

static void turn_round(struct stream_thread *t)
{
	struct epoll_event events[EVENTS_MOST];
	int wait = time_to_sleep(t);
	if (wait > 0)
		epoch_offline();
	int count = epoll_wait(t->epoll, events, EVENTS_MOST, wait);
	if (wait > 0)
		epoch_online();
	t->context.now_ms = clock_boot_ms();
	t->context.runtime = runtime_get(&t->serve->runtime);
	for (int i = 0; i < count; i++)
		handle(t, &events[i]);
	run_queue(t);
	end_overdue(t);
	free_dead(t);
	if (!t->accepting && t->context.now_ms >= t->accept_again_ms &&
	    !atomic_load_explicit(&t->ending, memory_order_acquire))
		set_accepting(t, true);
	epoch_quiescent();
}

static void bury_all(struct stream_thread *t, struct connection_list *list, bool idle_only)
{
	for (struct connection *c = list->oldest, *next; c != NULL; c = next) {
		next = c->newer;
		if (!idle_only || c->state == CONNECTION_READING)
			bury(t, c);
	}
}

static void wind_up(struct stream_thread *t)
{
	uint64_t until = clock_boot_ms() + ENDING_MS;
	set_accepting(t, false);
	while ((t->idle.oldest != NULL || t->busy.oldest != NULL) && clock_boot_ms() < until) {
		bury_all(t, &t->idle, true);
		turn_round(t);
	}
	bury_all(t, &t->idle, false);
	bury_all(t, &t->busy, false);
	run_queue(t);
	free_dead(t);
	stream_pool_free(&t->pool);
}

static void *thread_main(void *argument)
{
	struct stream_thread *t = argument;
	epoch_register();
	t->context.now_ms = clock_boot_ms();
	t->context.runtime = runtime_get(&t->serve->runtime);
	set_accepting(t, true);
	while (!atomic_load_explicit(&t->ending, memory_order_acquire))
		turn_round(t);
	wind_up(t);
	epoch_unregister();
	arena_thread_end();
	return NULL;
}

static void wake_up(struct stream_thread *t)
{
	uint64_t one = 1;
	if (write(t->wake, &one, sizeof(one)) < 0)
		log_line(LEVEL_ERROR, NULL, "waking a stream thread: %s", strerror(errno));
}

static void thread_free(struct stream_thread *t)
{
	if (t->epoll >= 0)
		close(t->epoll);
	if (t->wake >= 0)
		close(t->wake);
	sem_destroy(&t->obeyed);
	free(t->set);
	free(t);
}

int stream_thread_start(struct serve *serve, unsigned number, struct stream_set *set,
                        struct stream_thread **thread)
{
	struct stream_thread *t = aligned_alloc(64, (sizeof(*t) + 63) / 64 * 64);
	if (t == NULL) {
		free(set);
		return ERR_MEMORY;
	}
	*t = (struct stream_thread){ .serve = serve, .set = set };
	t->queue_end = &t->queue;
	t->context = (struct connection_context){
		.serve = serve, .counters = &t->counters, .pool = &t->pool,
	};
	sem_init(&t->obeyed, 0, 0);
	t->epoll = epoll_create1(EPOLL_CLOEXEC);
	t->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int error = ERR_IO;
	if (t->epoll >= 0 && t->wake >= 0 && watch(t, EPOLL_CTL_ADD, t->wake, EPOLLIN, MARK_WAKE) == 0)
		error = serve_thread_start(&t->thread, "stream", number, thread_main, t);
	if (error != 0) {
		thread_free(t);
		return error;
	}
	*thread = t;
	return 0;
}

void stream_thread_switch(struct stream_thread *t, struct stream_set *set)
{
	atomic_store_explicit(&t->fresh, set, memory_order_release);
	wake_up(t);
	while (sem_wait(&t->obeyed) != 0) {
	}
}

void stream_thread_end(struct stream_thread *t)
{
	atomic_store_explicit(&t->ending, true, memory_order_release);
	wake_up(t);
}

void stream_thread_join(struct stream_thread *t)
{
	pthread_join(t->thread, NULL);
	thread_free(t);
}

const struct serve_counters *stream_thread_counters(const struct stream_thread *thread)
{
	return &thread->counters;
}
