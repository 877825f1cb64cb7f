// SPDX-License-Identifier: GPL-3.0-or-later
#include "serve/serve.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/error.h"
#include "base/log.h"
#include "serve/counters.h"
#include "serve/server.h"
#include "serve/stream.h"
#include "serve/udp.h"

#define WORKERS_MOST 256
// TCP is a small part of the traffic, and one thread fills a fast link with
// transfers; more than this would only be idle.
#define STREAMS_MOST 4

// --- threads

static void on_wake(int number)
{
	(void)number;
}

// Without SA_RESTART, so that a call which blocks ends.
static void install_wake_signal(void)
{
	struct sigaction action = { .sa_handler = on_wake };
	sigaction(SIGURG, &action, NULL);
}

int serve_thread_start(pthread_t *thread, const char *name, unsigned number,
                       void *(*run)(void *), void *argument)
{
	sigset_t all, before;
	char full[16];
	sigfillset(&all);
	sigdelset(&all, SIGURG);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = pthread_create(thread, NULL, run, argument);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error != 0)
		return ERR_IO;
	snprintf(full, sizeof(full), "%s-%u", name, number % 10000);
	pthread_setname_np(*thread, full);
	return 0;
}

static unsigned choose_workers(uint32_t configured)
{
	cpu_set_t cpus;
	unsigned count = configured;
	if (count == 0)
		count = sched_getaffinity(0, sizeof(cpus), &cpus) == 0 ? (unsigned)CPU_COUNT(&cpus) : 1;
	return count < 1 ? 1 : count > WORKERS_MOST ? WORKERS_MOST : count;
}

// --- listeners

// A wildcard of the same port answers for its family's addresses already.
static bool is_covered(const struct config_server *server, uint32_t index)
{
	const struct config_listen *want = &server->listen[index];
	const struct sockaddr *address = (const struct sockaddr *)&want->address;
	for (uint32_t i = 0; i < server->listen_count; i++) {
		const struct config_listen *other = &server->listen[i];
		const struct sockaddr *wide = (const struct sockaddr *)&other->address;
		if (i == index || other->device != NULL || want->device != NULL ||
		    wide->sa_family != address->sa_family || address_port(wide) != address_port(address))
			continue;
		if (address_is_wildcard(wide) && (!address_is_wildcard(address) || i < index))
			return true;
		if (i < index && address_equal(wide, address))
			return true;
	}
	return false;
}

static struct listener *find_listener(const struct serve *s, const struct config_listen *want)
{
	for (unsigned i = 0; i < s->listener_count; i++)
		if (listener_matches(s->listeners[i], want))
			return s->listeners[i];
	return NULL;
}

static bool port_is_ours(const struct serve *s, const struct config_listen *want)
{
	for (unsigned i = 0; i < s->listener_count; i++)
		if (address_port((const struct sockaddr *)&s->listeners[i]->address) ==
		    address_port((const struct sockaddr *)&want->address))
			return true;
	return false;
}

static void log_listener(const struct listener *l, const char *what)
{
	char text[ADDRESS_TEXT];
	log_line(LEVEL_INFO, NULL, "%s %s", what,
	         address_to_text((const struct sockaddr *)&l->address, text));
}

// Opens all that is configured and not open yet; marks what is to be kept.
// Those that fail are told in `why`, the last one's reason wins.
static int open_missing(struct serve *s, const struct config_server *server, bool first,
                        char why[static 256])
{
	int worst = 0;
	char reason[256];
	struct listener **list = realloc(s->listeners, (s->listener_count + server->listen_count + 1) *
	                                 sizeof(*list));
	if (list == NULL) {
		snprintf(why, 256, "out of memory");
		return ERR_MEMORY;
	}
	s->listeners = list;
	for (uint32_t i = 0; i < server->listen_count; i++) {
		const struct config_listen *want = &server->listen[i];
		struct listener *listener = find_listener(s, want);
		int error = 0;
		if (listener != NULL || is_covered(server, i)) {
			if (listener != NULL)
				listener->kept = true;
			continue;
		}
		// Between our own sockets the probe would find a conflict that is none.
		if (first && !port_is_ours(s, want))
			error = listener_probe(want, reason);
		if (error == 0)
			error = listener_open(want, s->worker_count, server->tcp_mss, &listener, reason);
		if (error == 0) {
			listener->kept = true;
			s->listeners[s->listener_count++] = listener;
			log_listener(listener, "listening on");
		} else if (!want->is_default || error == ERR_MEMORY) {
			worst = error;
			memcpy(why, reason, sizeof(reason));
		} else {
			log_line(LEVEL_WARNING, NULL, "%s", reason);
		}
	}
	return worst;
}

static void close_listeners(struct serve *s, bool all)
{
	unsigned kept = 0;
	for (unsigned i = 0; i < s->listener_count; i++) {
		struct listener *l = s->listeners[i];
		if (!all && l->kept) {
			l->kept = false;
			s->listeners[kept++] = l;
			continue;
		}
		if (!all)
			log_listener(l, "no longer listening on");
		listener_close(l);
	}
	s->listener_count = kept;
}

static struct udp_set *make_udp_set(const struct serve *s, unsigned worker, bool kept_only)
{
	struct udp_set *set = udp_set_new(s->listener_count);
	if (set == NULL)
		return NULL;
	for (unsigned i = 0; i < s->listener_count; i++) {
		const struct listener *l = s->listeners[i];
		if (l->kept || !kept_only)
			udp_set_add(set, l->udp[worker], l->address.ss_family, l->wildcard);
	}
	return set;
}

static struct stream_set *make_stream_set(const struct serve *s, bool kept_only)
{
	struct stream_set *set = calloc(1, sizeof(*set) + s->listener_count * sizeof(int));
	if (set == NULL)
		return NULL;
	for (unsigned i = 0; i < s->listener_count; i++)
		if (s->listeners[i]->kept || !kept_only)
			set->fd[set->count++] = s->listeners[i]->tcp;
	return set;
}

// --- the face

static void serve_free(struct serve *s)
{
	if (s == NULL)
		return;
	close_listeners(s, true);
	runtime_swap(&s->runtime, NULL);
	peers_free(s->peers);
	free(s->listeners);
	free(s->workers);
	free(s->streams);
	free(s);
}

int serve_open(const struct config *config, const struct zone_table *table, struct serve **serve,
               char why[static 256])
{
	struct serve *s = calloc(1, sizeof(*s));
	struct runtime *runtime = NULL;
	snprintf(why, 256, "out of memory");
	if (s == NULL)
		return ERR_MEMORY;
	s->zones = table;
	s->worker_count = choose_workers(config->server.workers);
	s->stream_count = s->worker_count < STREAMS_MOST ? s->worker_count : STREAMS_MOST;
	s->workers = calloc(s->worker_count, sizeof(struct udp_worker *));
	s->streams = calloc(s->stream_count, sizeof(struct stream_thread *));
	int error = ERR_MEMORY;
	if (s->workers == NULL || s->streams == NULL || peers_new(&s->peers) != 0 ||
	    runtime_new(config, &runtime) != 0)
		goto fail;
	atomic_store(&s->runtime, runtime);
	error = open_missing(s, &config->server, true, why);
	if (error == 0 && s->listener_count == 0) {
		snprintf(why, 256, "there is no address to listen on: name one (listen-on, ip-address or --listen)");
		error = ERR_IO;
	}
	if (error != 0)
		goto fail;
	*serve = s;
	return 0;
fail:
	serve_free(s);
	return error;
}

static int start_threads(struct serve *s)
{
	int error = 0;
	for (unsigned i = 0; error == 0 && i < s->worker_count; i++) {
		struct udp_set *set = make_udp_set(s, i, false);
		error = set == NULL ? ERR_MEMORY : udp_worker_start(s, i, set, &s->workers[i]);
	}
	for (unsigned i = 0; error == 0 && i < s->stream_count; i++) {
		struct stream_set *set = make_stream_set(s, false);
		error = set == NULL ? ERR_MEMORY : stream_thread_start(s, i, set, &s->streams[i]);
	}
	return error;
}

int serve_start(struct serve *serve, struct replicate *replicate)
{
	serve->replicate = replicate;
	install_wake_signal();
	for (unsigned i = 0; i < serve->listener_count; i++)
		serve->listeners[i]->kept = false;
	return start_threads(serve);
}

// Moves every thread to the listeners that are kept. Where memory fails a
// thread stays with the sockets it has, and none of them may be closed.
static int switch_threads(struct serve *s)
{
	for (unsigned i = 0; i < s->worker_count; i++) {
		struct udp_set *set = make_udp_set(s, i, true);
		if (set == NULL)
			return ERR_MEMORY;
		udp_worker_switch(s->workers[i], set);
	}
	for (unsigned i = 0; i < s->stream_count; i++) {
		struct stream_set *set = make_stream_set(s, true);
		if (set == NULL)
			return ERR_MEMORY;
		stream_thread_switch(s->streams[i], set);
	}
	return 0;
}

int serve_reconfigure(struct serve *s, const struct config *config, char why[static 256])
{
	struct runtime *runtime = NULL;
	why[0] = '\0';
	if (runtime_new(config, &runtime) != 0) {
		snprintf(why, 256, "out of memory");
		return ERR_MEMORY;
	}
	runtime_swap(&s->runtime, runtime);
	if (config->server.workers != 0 && choose_workers(config->server.workers) != s->worker_count)
		log_line(LEVEL_WARNING, NULL, "the number of workers stays %u until the next start", s->worker_count);
	unsigned before = s->listener_count;
	int error = open_missing(s, &config->server, false, why);
	bool changed = s->listener_count != before;
	for (unsigned i = 0; i < s->listener_count; i++)
		changed = changed || !s->listeners[i]->kept;
	if (changed && switch_threads(s) != 0) {
		snprintf(why, 256, "out of memory; the addresses listened on are as before");
		return ERR_MEMORY;
	}
	close_listeners(s, false);
	return error;
}

void serve_stop(struct serve *s)
{
	if (s == NULL)
		return;
	for (unsigned i = 0; i < s->stream_count; i++)
		if (s->streams[i] != NULL)
			stream_thread_end(s->streams[i]);
	for (unsigned i = 0; i < s->worker_count; i++)
		if (s->workers[i] != NULL)
			udp_worker_stop(s->workers[i]);
	for (unsigned i = 0; i < s->stream_count; i++)
		if (s->streams[i] != NULL)
			stream_thread_join(s->streams[i]);
	serve_free(s);
}

void serve_counters(const struct serve *s, struct serve_counters *sum)
{
	*sum = (struct serve_counters){ 0 };
	for (unsigned i = 0; i < s->worker_count; i++)
		if (s->workers[i] != NULL)
			counters_sum(udp_worker_counters(s->workers[i]), sum);
	for (unsigned i = 0; i < s->stream_count; i++)
		if (s->streams[i] != NULL)
			counters_sum(stream_thread_counters(s->streams[i]), sum);
}
