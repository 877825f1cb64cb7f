// SPDX-License-Identifier: GPL-3.0-or-later
// What the files of the listener share.
#pragma once

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "observe/events.h"
#include "observe/http.h"
#include "observe/http_host.h"
#include "observe/metrics_signatures.h"
#include "observe/page.h"

// Connections at once, and of one address: a proxy is one address.
#define HTTP_CONNECTIONS 256
#define HTTP_CONNECTIONS_EACH 96
// What the library may use for one: the head of a request, a part of the answer.
#define HTTP_CONNECTION_BYTES (48 << 10)
#define HTTP_IDLE_S 30      // without a byte either way
#define HTTP_REQUEST_MS 20000 // for the head of a request to come, however slowly
#define HTTP_ANSWER_MS 300000 // for an answer to be taken, events aside

struct http_connection;
struct listening;

struct http {
	const struct config *config; // held; what the thread was started with
	pthread_mutex_t lock;
	const struct config *latest; // held; in force, under the lock
	int listener[CONFIG_HTTP_MOST];
	struct sockaddr_storage address[CONFIG_HTTP_MOST];
	unsigned listener_count;
	int wake, epoll;
	pthread_t thread;
	bool is_running;
	_Atomic bool is_ending;
	// The thread's.
	struct page page;
	struct http_names names;
	struct MHD_Daemon *mhd;
	struct events *events;
	struct signatures *signatures;
	struct http_connection *connections;
	uint64_t sample_ms, tick_ms, sweep_ms; // when each is due
	uint64_t accept_again_ms;              // 0: it accepts
};

// One that is open; the library's, with us in its context.
struct http_connection {
	struct http_connection *next, **link;
	struct http *http;
	int fd;
	uint64_t since_ms; // the request began to be waited for, or to be answered
	bool is_answering;
	struct listening *listening; // to events, for as long as it likes; else NULL
	struct MHD_Connection *suspended; // until there is an event
};

// --- http_listen.c

// Opens what is configured and not open, closes what is no longer; *changed
// where either came about. ERR_IO: some could not be opened, `why`.
int http_listen(struct http *http, const struct config_http *want, bool *changed, char why[static 256]);
void http_listen_close(struct http *http);

// --- http.c

// The configuration in force, held for the caller.
const struct config *http_config(struct http *http);

// --- http_request.c

// The library's callbacks.
enum MHD_Result http_answer(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                            const char *version, const char *upload, size_t *upload_size, void **state);
void http_answered(void *context, struct MHD_Connection *connection, void **state,
                   enum MHD_RequestTerminationCode how);
void http_connected(void *context, struct MHD_Connection *connection, void **socket_context,
                    enum MHD_ConnectionNotificationCode how);

// Wakes those who listen to events, of whom all are ended where the end has come.
void http_wake_listeners(struct http *http);
