// SPDX-License-Identifier: GPL-3.0-or-later
// What the files of this room share: the running server.
#pragma once

#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <uv.h>

#include "base/lane.h"
#include "base/mailbox.h"
#include "daemon/daemon.h"
#include "daemon/privileges.h"
#include "observe/alert.h"
#include "observe/http.h"
#include "replicate/replicate.h"
#include "serve/serve.h"
#include "store/store.h"

struct control;

enum order_verb { ORDER_REFRESH, ORDER_RETRANSFER, ORDER_NOTIFY, ORDER_WRITE, ORDER_REREAD, ORDER_APPROVE, ORDER_REJECT,
                  ORDER_ROLLBACK, ORDER_RESUME, ORDER_COMPARE, ORDER_CONFIG, ORDER_RELOAD, ORDER_STOP };

// What a control connection asks of the loop. Shared by the two until both
// have let go.
struct order {
	struct mail mail;
	enum order_verb verb;
	uint8_t origin[NAME_MAX_WIRE]; // of the zone, where the verb is about one
	uint32_t serial;               // ROLLBACK; APPROVE where has_serial
	bool has_serial;
	atomic_uint holders;
	sem_t done;
	int code;                      // exit code
	bool is_not_for_it;            // … because the verb is not for such a zone
	char text[2048];               // what to print, lines
	struct delta *delta;           // COMPARE, where it went well; held
	char from[64];                 // … and whose it is
	const struct config *config;   // CONFIG: what is in force; held
	struct order *next;            // those that wait for the reload under way
};

struct order *order_new(enum order_verb verb); // two holders; NULL: no memory
void order_release(struct order *order);
// On the loop: gives the outcome and lets go.
void order_finish(struct order *order, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

struct server {
	const struct daemon_options *options;
	const struct config *config;   // in force; held
	struct identity identity;
	char state_dir[PATH_MAX];
	char pid_file[PATH_MAX];       // "" where there is none
	int64_t started;               // wall seconds
	struct store *store;
	struct zone_table *table;
	struct lane *short_lane, *long_lane;
	struct replicate *replicate;
	struct serve *serve;
	struct http *http;
	struct control *control;
	struct alert *alert;
	uv_loop_t loop;
	uv_signal_t hangup, terminate, interrupt;
	uv_timer_t watchdog;
	uv_async_t wake;               // there is mail
	struct mailbox *box;
	bool loop_made;
	bool stopping, ended;
	struct reload *reload;         // under way
	bool reload_again;             // asked for meanwhile
	struct order *reload_waiters;
	pthread_rwlock_t reading;      // held by verbs that read, taken to end
	bool reads_end;                // under `reading`: no verb may read any more
};

// --- reload.c

// Reads the configuration as the options say; tells the report as the log or
// on standard error. Returns 0, ERR_FORMAT, ERR_MEMORY.
int server_read_config(const struct daemon_options *options, struct config_report *report,
                       const struct config **config);

// Reads the configuration anew in the background and puts it in force, or
// refuses it whole. `order` (may be NULL) gets the outcome.
void server_reload(struct server *server, struct order *order);

// Logs each warning and error.
void server_log_report(const struct config_report *report);

// --- server.c

void server_stop(struct server *server);

// --- control.c

// Opens the control socket and its thread. ERR_IO, ERR_MEMORY; `why`.
int control_start(struct server *server, struct control **control, char why[static 256]);
// Ends it; last of all, because the socket tells that the server still runs.
void control_stop(struct control *control);
