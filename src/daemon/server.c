// SPDX-License-Identifier: GPL-3.0-or-later
// Start and end, in order.
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/epoch.h"
#include "base/error.h"
#include "base/hash.h"
#include "daemon/log_setup.h"
#include "daemon/loop.h"
#include "daemon/place.h"
#include "daemon/server.h"

static int fail(const char *why)
{
	log_event(LEVEL_ERROR, "start-failed", NULL, LOG_FIELDS(log_text("reason", why)), "%s", why);
	return ERR_STATE;
}

// --- what needs the rights that we were started with

static int read_config_first(struct server *s)
{
	struct config_report report = { 0 };
	int error = server_read_config(s->options, &report, &s->config);
	if (error == 0)
		log_setup(s->options, s->config);
	server_log_report(&report);
	if (error != 0)
		log_event(LEVEL_ERROR, "start-failed", NULL, LOG_FIELDS(log_number("errors", report.errors)),
		          "not started: %s in the configuration", report.errors == 1 ? "an error" : "errors");
	config_report_free(&report);
	return error;
}

// All folders of the path that are missing, as mkdir -p does; the store makes
// the last one with its own mode.
static void make_parents(const char *path)
{
	char part[PATH_MAX];
	snprintf(part, sizeof(part), "%s", path);
	for (char *at = part + 1; (at = strchr(at, '/')) != NULL; at++) {
		*at = '\0';
		mkdir(part, 0755);
		*at = '/';
	}
}

static int open_store(struct server *s)
{
	char why[256];
	int error = place_state_dir(s->config->server.state_dir, s->state_dir);
	if (error != 0)
		return fail("there is no place for the state: name one with --state-dir");
	make_parents(s->state_dir);
	if (store_open(s->state_dir, &s->store, why) != 0)
		return fail(why);
	store_take_names_key(s->store);
	if (privileges_give(&s->identity, s->state_dir, why) != 0)
		return fail(why);
	return 0;
}

// Its folder may be the user's whom we become: what stands there may be a link
// to a file that only root may write.
static FILE *open_pid_file(const char *path)
{
	struct stat st;
	int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);
	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1 || ftruncate(fd, 0) != 0) {
		close(fd);
		errno = EINVAL;
		return NULL;
	}
	return fdopen(fd, "w");
}

static void write_pid_file(struct server *s)
{
	const char *path = s->config->server.pid_file;
	if (path == NULL)
		return;
	FILE *file = open_pid_file(path);
	if (file == NULL || fprintf(file, "%d\n", (int)getpid()) < 0) {
		log_line(LEVEL_WARNING, NULL, "%s: cannot write the pid file: %s", path, strerror(errno));
	} else {
		snprintf(s->pid_file, sizeof(s->pid_file), "%s", path);
		if (!privileges_give_file(&s->identity, fileno(file), path))
			log_line(LEVEL_WARNING, NULL, "%s: cannot give the pid file away", path);
	}
	if (file != NULL)
		fclose(file);
}

// Or the next reload could not open it again.
static void give_log_file(const struct server *s)
{
	if (log_setup_uses_file(s->config))
		(void)privileges_give_file(&s->identity, STDERR_FILENO, s->config->server.log_file);
}

static int prepare(struct server *s)
{
	char why[256];
	int error = read_config_first(s);
	if (error != 0)
		return error;
	if (privileges_find(s->config->server.user, s->config->server.group, &s->identity, why) != 0)
		return fail(why);
	privileges_raise_files();
	error = open_store(s);
	if (error != 0)
		return error;
	if (zone_table_new(&s->table) != 0)
		return fail("out of memory");
	if (serve_open(s->config, s->table, &s->serve, why) != 0)
		return fail(why);
	if (http_open(s->config, &s->http, why) != 0)
		return fail(why);
	write_pid_file(s);
	give_log_file(s);
	if (privileges_drop(&s->identity, why) != 0)
		return fail(why);
	return 0;
}

// --- the loop and what wakes it

static void on_hangup(uv_signal_t *signal, int number)
{
	struct server *s = signal->data;
	(void)number;
	if (s->stopping)
		return;
	// Also where the configuration turns out to have errors: logrotate sent it.
	log_setup_reopen(s->config);
	log_line(LEVEL_NOTICE, NULL, "SIGHUP: reloading");
	server_reload(s, NULL);
}

static void on_end(uv_signal_t *signal, int number)
{
	struct server *s = signal->data;
	if (s->stopping)
		return;
	log_event(LEVEL_NOTICE, "stop", NULL, LOG_FIELDS(log_text("reason", number == SIGTERM ? "SIGTERM" : "SIGINT")),
	          "%s: ending", number == SIGTERM ? "SIGTERM" : "SIGINT");
	server_stop(s);
}

static void on_watchdog(uv_timer_t *timer)
{
	(void)timer;
	sd_notify(0, "WATCHDOG=1");
}

static void on_mail(uv_async_t *async)
{
	struct server *s = async->data;
	mailbox_deliver(s->box, s, 16); // what is left wakes us again
}

static void wake_loop(void *context)
{
	uv_async_send(context);
}

static int make_loop(struct server *s)
{
	uint64_t watchdog_us = 0;
	if (uv_loop_init(&s->loop) != 0)
		return fail("cannot make the control loop");
	s->loop_made = true;
	uv_signal_init(&s->loop, &s->hangup);
	uv_signal_init(&s->loop, &s->terminate);
	uv_signal_init(&s->loop, &s->interrupt);
	s->hangup.data = s->terminate.data = s->interrupt.data = s->wake.data = s;
	if (uv_async_init(&s->loop, &s->wake, on_mail) != 0 ||
	    mailbox_new(wake_loop, &s->wake, &s->box) != 0)
		return fail("cannot make the control loop");
	uv_signal_start(&s->hangup, on_hangup, SIGHUP);
	uv_signal_start(&s->terminate, on_end, SIGTERM);
	uv_signal_start(&s->interrupt, on_end, SIGINT);
	uv_timer_init(&s->loop, &s->watchdog);
	if (sd_watchdog_enabled(0, &watchdog_us) > 0)
		uv_timer_start(&s->watchdog, on_watchdog, 0, watchdog_us / 2000);
	return 0;
}

// --- start

#define NO_THREADS ": is the limit of processes (ulimit -u, TasksMax=) or of open files (ulimit -n, LimitNOFILE=) too low?"

static int start_rooms(struct server *s)
{
	char why[256];
	if (lane_start("short", 1, &s->short_lane) != 0 || lane_start("long", 1, &s->long_lane) != 0)
		return fail("cannot start threads" NO_THREADS);
	struct replicate_setup setup = {
		.loop = &s->loop, .table = s->table, .store = s->store,
		.short_lane = s->short_lane, .long_lane = s->long_lane,
	};
	if (replicate_new(&setup, &s->replicate) != 0)
		return fail("out of memory");
	int error = replicate_configure(s->replicate, s->config);
	if (error != 0)
		return fail(error_text(error));
	if (alert_new(s->replicate, s->state_dir, &s->alert) != 0)
		return fail("out of memory");
	if (store_start(s->store) != 0)
		return fail("cannot start the store's thread" NO_THREADS);
	if (serve_start(s->serve, s->replicate) != 0)
		return fail("cannot start the threads that answer" NO_THREADS);
	struct http_sources shown = {
		.replicate = s->replicate, .serve = s->serve, .table = s->table, .store = s->store,
		.state_dir = s->state_dir, .version = UNDERSTUDY_VERSION, .started = s->started,
	};
	if (http_start(s->http, &shown) != 0)
		return fail("cannot start the HTTP listener" NO_THREADS);
	if (control_start(s, &s->control, why) != 0)
		return fail(why);
	alert_configure(s->alert, s->config);
	return 0;
}

// The C library takes the size of what was given back as a sign that such blocks
// come and go, and keeps them: the table of an export, of a zone with a million
// names 32 MB, would stay for good.
#define HEAP_BLOCK_MAX (256 << 10)
#define HEAP_SLACK_MAX (1 << 20)

static void keep_heap_small(void)
{
	mallopt(M_MMAP_THRESHOLD, HEAP_BLOCK_MAX);
	mallopt(M_TRIM_THRESHOLD, HEAP_SLACK_MAX);
}

static int start(struct server *s)
{
	char why[256];
	// SIGUSR1 and SIGUSR2 mean something to other servers: here they must not kill.
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); // a limit on the size of files is a full disk, not the end
	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
	signal(SIGCHLD, SIG_DFL); // ignored, as it may be inherited, it would lose what verifiers say
	keep_heap_small();
	hash_seed_randomly();
	if (arena_open(ARENA_DEFAULT_RESERVE, why) != 0)
		return fail(why);
	int error = prepare(s);
	if (error == 0)
		error = make_loop(s);
	return error == 0 ? start_rooms(s) : error;
}

static void announce(const struct server *s)
{
	uint32_t count = s->config->zone_count;
	log_event(LEVEL_NOTICE, "start", NULL,
	          LOG_FIELDS(log_text("version", UNDERSTUDY_VERSION), log_number("zones", count),
	                     log_text("state_dir", s->state_dir)),
	          "understudy %s is ready: %u %s, state in %s", UNDERSTUDY_VERSION, count, count == 1 ? "zone" : "zones",
	          s->state_dir);
	sd_notifyf(0, "READY=1\nSTATUS=%u %s", count, count == 1 ? "zone" : "zones");
}

// --- end

static void on_replicate_stopped(void *context)
{
	struct server *s = context;
	s->ended = true;
}

static void end_reading(struct server *s)
{
	pthread_rwlock_wrlock(&s->reading);
	s->reads_end = true;
	pthread_rwlock_unlock(&s->reading);
}

void server_stop(struct server *s)
{
	s->stopping = true;
	sd_notify(0, "STOPPING=1");
	end_reading(s);
	epoch_offline();
	http_stop(s->http);
	alert_free(s->alert);
	s->alert = NULL;
	serve_stop(s->serve);
	epoch_online();
	s->http = NULL;
	s->serve = NULL;
	replicate_stop(s->replicate, on_replicate_stopped, s);
}

// In the opposite order of the start; each may be missing where that failed.
// The control socket goes last: as long as it is there, the server runs.
static void release(struct server *s)
{
	end_reading(s);
	if (s->box != NULL)
		mailbox_deliver(s->box, s, SIZE_MAX);
	epoch_offline(); // what is waited for may wait for a grace period
	http_stop(s->http);
	alert_free(s->alert);
	serve_stop(s->serve);
	if (s->short_lane != NULL)
		lane_stop(s->short_lane);
	if (s->long_lane != NULL)
		lane_stop(s->long_lane);
	if (s->store != NULL)
		store_close(s->store);
	if (s->replicate != NULL)
		replicate_free(s->replicate);
	epoch_barrier();
	if (s->table != NULL)
		zone_table_free(s->table);
	if (s->pid_file[0] != '\0')
		unlink(s->pid_file);
	// What is under way on the loop still has askers to tell: a reload's, which
	// the control socket waits for.
	if (s->loop_made)
		loop_close(&s->loop);
	if (s->control != NULL)
		control_stop(s->control);
	if (s->box != NULL)
		mailbox_free(s->box);
	config_release(s->config);
	epoch_barrier();
	epoch_online();
}

int daemon_run(const struct daemon_options *options)
{
	struct server *s = calloc(1, sizeof(*s));
	if (s == NULL)
		return 1;
	s->options = options;
	s->started = clock_wall_s();
	pthread_rwlock_init(&s->reading, NULL);
	if (options->level_given)
		log_set_level(options->level);
	epoch_register();
	int error = start(s);
	if (error == 0) {
		announce(s);
		loop_run(&s->loop, &s->ended);
	}
	s->stopping = true;
	release(s);
	epoch_unregister();
	arena_thread_end();
	arena_close();
	if (error == 0)
		log_event(LEVEL_NOTICE, "ended", NULL, NULL, "ended");
	pthread_rwlock_destroy(&s->reading);
	free(s);
	return error == 0 ? 0 : 1;
}
