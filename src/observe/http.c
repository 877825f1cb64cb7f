// SPDX-License-Identifier: GPL-3.0-or-later
// Life of the listener, and its thread: it accepts, lets the library answer,
// and between that makes the events and looks through signatures.
#include "observe/http.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
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
#include "observe/http_room.h"

#define SAMPLE_MS 1000
#define SWEEP_MS 1000
#define ACCEPTS_MOST 16 // in a row
#define PAUSE_MS 500

// --- the thread

static void watch(struct http *h, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
	epoll_ctl(h->epoll, EPOLL_CTL_ADD, fd, &event);
}

static void watch_listeners(struct http *h)
{
	for (unsigned i = 0; i < h->listener_count; i++)
		watch(h, h->listener[i]);
}

// Where no descriptor is left the rest wait in the kernel's queue for a while.
static void pause_accepting(struct http *h)
{
	for (unsigned i = 0; i < h->listener_count; i++)
		epoll_ctl(h->epoll, EPOLL_CTL_DEL, h->listener[i], NULL);
	h->accept_again_ms = clock_boot_ms() + PAUSE_MS;
}

static void accept_some(struct http *h, int listener)
{
	for (unsigned i = 0; i < ACCEPTS_MOST; i++) {
		struct sockaddr_storage address = { 0 };
		socklen_t length = sizeof(address);
		int fd = accept4(listener, (struct sockaddr *)&address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0) {
			if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
				pause_accepting(h);
			return;
		}
		// Closed by the library where there are too many.
		(void)MHD_add_connection(h->mhd, fd, (const struct sockaddr *)&address, length);
	}
}

static bool is_listener(const struct http *h, int fd)
{
	for (unsigned i = 0; i < h->listener_count; i++)
		if (h->listener[i] == fd)
			return true;
	return false;
}

// Ends those whose request or answer takes too long as a whole: the library
// only knows how long nothing came.
static void sweep(struct http *h, uint64_t now)
{
	for (struct http_connection *c = h->connections; c != NULL; c = c->next) {
		uint64_t limit = c->is_answering ? HTTP_ANSWER_MS : HTTP_REQUEST_MS;
		if (c->listening == NULL && now - c->since_ms > limit)
			shutdown(c->fd, SHUT_RDWR);
	}
}

static void keep_time(struct http *h)
{
	uint64_t now = clock_boot_ms();
	if (h->accept_again_ms != 0 && now >= h->accept_again_ms) {
		h->accept_again_ms = 0;
		watch_listeners(h);
	}
	if (now >= h->sample_ms) {
		h->sample_ms = now + SAMPLE_MS;
		page_sample(&h->page, now);
	}
	if (now >= h->sweep_ms) {
		h->sweep_ms = now + SWEEP_MS;
		sweep(h, now);
	}
	if (now >= h->tick_ms && events_listeners(h->events) > 0) {
		h->tick_ms = now + EVENTS_TICK_MS;
		if (events_tick(h->events, now))
			http_wake_listeners(h);
	}
	signatures_step(h->signatures, now);
}

static int time_to_sleep(const struct http *h)
{
	uint64_t now = clock_boot_ms(), until = h->sample_ms, most;
	MHD_UNSIGNED_LONG_LONG left;
	if (events_listeners(h->events) > 0 && h->tick_ms < until)
		until = h->tick_ms;
	uint64_t signatures = signatures_due(h->signatures);
	if (signatures < until)
		until = signatures;
	most = until > now ? until - now : 0;
	if (MHD_get_timeout(h->mhd, &left) == MHD_YES && left < most)
		most = left;
	return (int)most;
}

static void turn_round(struct http *h)
{
	struct epoll_event events[CONFIG_HTTP_MOST + 2];
	int wait = time_to_sleep(h);
	epoch_offline();
	int count = epoll_wait(h->epoll, events, CONFIG_HTTP_MOST + 2, wait);
	epoch_online();
	for (int i = 0; i < count; i++)
		if (is_listener(h, events[i].data.fd))
			accept_some(h, events[i].data.fd);
	keep_time(h);
	MHD_run(h->mhd);
	epoch_quiescent();
}

static void *thread_main(void *argument)
{
	struct http *h = argument;
	epoch_register();
	while (!atomic_load_explicit(&h->is_ending, memory_order_acquire))
		turn_round(h);
	// The library wants nobody suspended when it ends.
	http_wake_listeners(h);
	MHD_run(h->mhd);
	MHD_stop_daemon(h->mhd);
	h->mhd = NULL;
	epoch_unregister();
	arena_thread_end();
	return NULL;
}

// --- what the thread works with

__attribute__((format(printf, 2, 0)))
__attribute__((format(printf, 2, 0)))
static void log_library(void *context, const char *format, va_list arguments)
{
	char text[256];
	(void)context;
	vsnprintf(text, sizeof(text), format, arguments);
	text[strcspn(text, "\n")] = '\0';
	log_line(LEVEL_DEBUG, NULL, "http: %s", text);
}

static struct MHD_Daemon *start_library(struct http *h)
{
	return MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0,
	                        NULL, NULL, http_answer, h,
	                        MHD_OPTION_EXTERNAL_LOGGER, log_library, NULL,
	                        MHD_OPTION_CONNECTION_LIMIT, (unsigned)HTTP_CONNECTIONS,
	                        MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)HTTP_CONNECTIONS_EACH,
	                        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)HTTP_IDLE_S,
	                        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_CONNECTION_BYTES,
	                        MHD_OPTION_STRICT_FOR_CLIENT, 1,
	                        MHD_OPTION_NOTIFY_COMPLETED, http_answered, h,
	                        MHD_OPTION_NOTIFY_CONNECTION, http_connected, h,
	                        MHD_OPTION_END);
}

static int make_parts(struct http *h)
{
	h->epoll = epoll_create1(EPOLL_CLOEXEC);
	h->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (h->epoll < 0 || h->wake < 0)
		return ERR_IO;
	if (board_new(h->page.sources.replicate, &h->page.board) != 0 || events_new(&h->page, &h->events) != 0 ||
	    signatures_new(h->page.sources.table, h->page.board, &h->signatures) != 0)
		return ERR_MEMORY;
	h->mhd = start_library(h);
	return h->mhd == NULL ? ERR_IO : 0;
}

static void free_parts(struct http *h)
{
	if (h->mhd != NULL)
		MHD_stop_daemon(h->mhd);
	events_free(h->events);
	signatures_free(h->signatures);
	board_free(h->page.board);
	if (h->epoll >= 0)
		close(h->epoll);
	if (h->wake >= 0)
		close(h->wake);
	h->mhd = NULL;
	h->events = NULL;
	h->signatures = NULL;
	h->page.board = NULL;
	h->epoll = h->wake = -1;
}

static void take_names(struct http *h)
{
	const struct config_http *config = &h->config->server.http;
	if (gethostname(h->page.host, sizeof(h->page.host) - 1) != 0)
		h->page.host[0] = '\0';
	h->names = (struct http_names){ .own = h->page.host, .other = config->host, .other_count = config->host_count };
}

static int start_thread(struct http *h)
{
	const union MHD_DaemonInfo *library;
	sigset_t all, before;
	int error = make_parts(h);
	if (error != 0) {
		free_parts(h);
		return error;
	}
	take_names(h);
	watch(h, h->wake);
	watch_listeners(h);
	library = MHD_get_daemon_info(h->mhd, MHD_DAEMON_INFO_EPOLL_FD);
	watch(h, library->epoll_fd);
	h->sample_ms = h->tick_ms = h->sweep_ms = h->accept_again_ms = 0;
	atomic_store(&h->is_ending, false);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	h->is_running = pthread_create(&h->thread, NULL, thread_main, h) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!h->is_running) {
		free_parts(h);
		return ERR_IO;
	}
	pthread_setname_np(h->thread, "http");
	return 0;
}

static void stop_thread(struct http *h)
{
	uint64_t one = 1;
	if (!h->is_running)
		return;
	atomic_store_explicit(&h->is_ending, true, memory_order_release);
	if (write(h->wake, &one, sizeof(one)) < 0)
		log_line(LEVEL_ERROR, NULL, "waking the HTTP thread: %s", strerror(errno));
	pthread_join(h->thread, NULL);
	h->is_running = false;
	free_parts(h);
}

// --- the configuration

const struct config *http_config(struct http *h)
{
	pthread_mutex_lock(&h->lock);
	const struct config *config = config_hold(h->latest);
	pthread_mutex_unlock(&h->lock);
	return config;
}

static void put_config(struct http *h, const struct config *config)
{
	pthread_mutex_lock(&h->lock);
	const struct config *before = h->latest;
	h->latest = config_hold(config);
	pthread_mutex_unlock(&h->lock);
	config_release(before);
}

// --- the face

int http_open(const struct config *config, struct http **http, char why[static 256])
{
	struct http *h = calloc(1, sizeof(*h));
	bool changed = false;
	if (h == NULL) {
		snprintf(why, 256, "out of memory");
		return ERR_MEMORY;
	}
	h->epoll = h->wake = -1;
	pthread_mutex_init(&h->lock, NULL);
	put_config(h, config);
	h->config = config_hold(config);
	int error = http_listen(h, &config->server.http, &changed, why);
	if (error != 0) {
		http_stop(h);
		return error;
	}
	*http = h;
	return 0;
}

int http_start(struct http *h, const struct http_sources *sources)
{
	h->page.sources = *sources;
	return h->listener_count == 0 ? 0 : start_thread(h);
}

static bool are_names_equal(const struct config_http *a, const struct config_http *b)
{
	if (a->host_count != b->host_count || a->metrics_zones != b->metrics_zones)
		return false;
	for (uint32_t i = 0; i < a->host_count; i++)
		if (strcmp(a->host[i], b->host[i]) != 0)
			return false;
	return true;
}

static bool are_addresses_open(const struct http *h, const struct config_http *want)
{
	if (want->listen_count != h->listener_count)
		return false;
	for (unsigned i = 0; i < h->listener_count; i++)
		if (!address_equal((const struct sockaddr *)&h->address[i], (const struct sockaddr *)&want->listen[i].address))
			return false;
	return true;
}

// The thread is ended before anything of it is touched; its sockets stay open,
// so that a connection made meanwhile waits.
int http_reconfigure(struct http *h, const struct config *config, char why[static 256])
{
	const struct config_http *want = &config->server.http;
	bool changed = false;
	put_config(h, config);
	if (are_names_equal(&h->config->server.http, want) && are_addresses_open(h, want))
		return 0;
	stop_thread(h);
	config_release(h->config);
	h->config = config_hold(config);
	int error = http_listen(h, want, &changed, why);
	if (h->listener_count > 0) {
		int failed = start_thread(h);
		if (failed != 0)
			snprintf(why, 256, "the HTTP listener cannot start: %s", error_text(failed));
		error = failed != 0 ? failed : error;
	}
	return error;
}

void http_stop(struct http *h)
{
	if (h == NULL)
		return;
	stop_thread(h);
	http_listen_close(h);
	config_release(h->config);
	config_release(h->latest);
	pthread_mutex_destroy(&h->lock);
	free(h);
}
