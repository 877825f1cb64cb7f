// SPDX-License-Identifier: GPL-3.0-or-later
#include "observe/alert.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/epoch.h"
#include "base/error.h"
#include "base/log.h"
#include "observe/alert_parts.h"

#define TICK_MS 1000
#define LOW_PRIORITY 10 // as nice(1) has it

// Messages: so many at once, then one each so often.
#define BURST 10u
#define MESSAGE_EVERY_MS 6000u

// A webhook that fails is tried again after 2 s, 4 s …, a minute at most.
#define TRIES_MOST 8u
#define PAUSE_FIRST_MS 2000u
#define PAUSE_MOST_MS 60000u
// Messages that wait for it; beyond, the oldest goes.
#define POSTS_MOST 16u

struct post {
	char *json;
	unsigned tries;
	uint64_t at; // boot ms
};

struct alert {
	struct replicate *replicate;
	char path[PATH_MAX];
	pthread_mutex_t lock;
	pthread_cond_t change;
	const struct config *config; // under the lock, as the next two; held
	bool is_new;
	bool is_running;
	atomic_bool stopping;
	pthread_t thread;
	// The thread's own.
	struct watch *watch;
	const struct config *used;
	bool is_loaded, is_unsaved;
	bool is_ill[2];              // program, webhook: the last call failed
	uint64_t since, removed;     // what was seen of replicate
	uint64_t full_at;            // boot ms: of the bucket of messages
	struct post posts[POSTS_MOST];
	size_t post_count;
	uint64_t posts_lost;
};

static const struct config_alert *wanted(const struct config *config)
{
	static const struct config_alert nobody = { 0 };
	return config != NULL ? &config->server.alert : &nobody;
}

static bool is_for_somebody(const struct config *config)
{
	return wanted(config)->program != NULL || wanted(config)->url != NULL;
}

// --- what changed

struct looking {
	struct watch *watch;
	int64_t now;
};

static int see_zone(void *context, const struct replica_status *status)
{
	struct looking *looking = context;
	return watch_see(looking->watch, status, looking->now);
}

static int see_primary(void *context, const struct primary_counters *primary)
{
	struct looking *looking = context;
	return watch_see_primary(looking->watch, primary, looking->now);
}

// Where zones went, what is kept is gone through as a whole.
static void look(struct alert *alert, int64_t now)
{
	struct looking looking = { alert->watch, now };
	uint64_t removed = replicate_removed(alert->replicate), until = alert->since;
	bool is_whole = alert->since == 0 || removed != alert->removed;
	if (is_whole)
		watch_begin_all(alert->watch);
	epoch_online();
	int error = replicate_status_changed(alert->replicate, is_whole ? 0 : alert->since, &until, see_zone, &looking);
	if (error == 0)
		error = replicate_primaries_each(alert->replicate, see_primary, &looking);
	epoch_offline();
	if (error != 0)
		return; // without memory: again the next time
	if (is_whole)
		watch_forget_unseen(alert->watch);
	alert->since = until;
	alert->removed = removed;
}

// --- telling

static bool describe(struct alert *alert, struct alert_event *event)
{
	if (event->change.is_primary) {
		snprintf(event->name, sizeof(event->name), "%s", event->change.primary);
	} else {
		name_to_text(event->change.origin, event->name);
		if (replicate_status(alert->replicate, event->change.origin, &event->status) != 0)
			return false; // it went meanwhile
	}
	alert_explain(event);
	return true;
}

static void log_change(const struct alert_event *event)
{
	log_event(event->change.state != 0 ? LEVEL_WARNING : LEVEL_NOTICE, "alert",
	          event->change.is_primary ? NULL : event->name,
	          LOG_FIELDS(log_text("primary", event->change.is_primary ? event->name : NULL),
	                     log_text("state", watch_state_text(event->change.aspect, event->change.state)),
	                     log_text("previous", watch_state_text(event->change.aspect, event->change.previous)),
	                     log_text("reason", event->reason)),
	          "alert: %s%s%s: %s", event->change.is_primary ? "primary " : "",
	          event->change.is_primary ? event->name : watch_state_text(event->change.aspect, event->change.state),
	          event->change.is_primary ? (event->change.state != 0 ? " is failing" : " is ok") : "", event->reason);
}

// What a program or a webhook that fails says is told once, and that it is well again.
enum whom { PROGRAM, WEBHOOK };

static void note_outcome(struct alert *alert, enum whom whom, int error, const char *why)
{
	static const char *const names[] = { "alert-program", "alert-url" };
	bool is_ill = error != 0 && error != ERR_CLOSED;
	if (is_ill)
		log_event(alert->is_ill[whom] ? LEVEL_DEBUG : LEVEL_ERROR, "alert-failed", NULL,
		          LOG_FIELDS(log_text("to", names[whom]), log_text("reason", why)), "%s: %s", names[whom], why);
	else if (alert->is_ill[whom] && error == 0)
		log_event(LEVEL_NOTICE, "alert-works", NULL, LOG_FIELDS(log_text("to", names[whom])), "%s: it works again",
		          names[whom]);
	alert->is_ill[whom] = error == ERR_CLOSED ? alert->is_ill[whom] : is_ill;
}

static void run_program(struct alert *alert, const struct alert_message *message, const char *json)
{
	const struct config_alert *config = wanted(alert->used);
	const struct alert_order order = { config->timeout, &alert->stopping };
	bool is_each = message->count <= ALERT_CALLS_MOST && message->rest.all == 0;
	char why[256] = "";
	if (!is_each) {
		note_outcome(alert, PROGRAM, alert_run(config->program, message, json, &order, why), why);
		return;
	}
	for (size_t i = 0; i < message->count && !atomic_load(&alert->stopping); i++) {
		const struct alert_message one = { .events = &message->events[i], .count = 1, .time = message->time };
		char *text = alert_json(&one);
		if (text != NULL)
			note_outcome(alert, PROGRAM, alert_run(config->program, &one, text, &order, why), why);
		free(text);
	}
}

static void drop_post(struct alert *alert, size_t at)
{
	free(alert->posts[at].json);
	alert->post_count--;
	memmove(&alert->posts[at], &alert->posts[at + 1], (alert->post_count - at) * sizeof(alert->posts[0]));
}

static void give_up(struct alert *alert, const char *why)
{
	drop_post(alert, 0);
	alert->posts_lost++;
	log_event(LEVEL_ERROR, "alert-failed", NULL,
	          LOG_FIELDS(log_text("reason", why), log_number("count", alert->posts_lost)),
	          "alert-url: an alert is given up: %s", why);
}

// Takes over `json`.
static void queue_post(struct alert *alert, char *json)
{
	if (alert->post_count == POSTS_MOST)
		give_up(alert, "too many wait for it");
	alert->posts[alert->post_count++] = (struct post){ .json = json, .at = clock_boot_ms() };
}

// One try of the oldest, if its time has come.
static void run_posts(struct alert *alert)
{
	const struct config_alert *config = wanted(alert->used);
	const struct alert_order order = { config->timeout, &alert->stopping };
	struct post *post = &alert->posts[0];
	char why[256] = "";
	while (alert->post_count > 0 && config->url == NULL)
		drop_post(alert, 0);
	if (alert->post_count == 0 || clock_boot_ms() < post->at)
		return;
	int error = alert_post(config->url, post->json, &order, why);
	if (atomic_load(&alert->stopping))
		return;
	note_outcome(alert, WEBHOOK, error, why);
	if (error == 0) {
		drop_post(alert, 0);
		return;
	}
	uint64_t pause = (uint64_t)PAUSE_FIRST_MS << (post->tries < 6 ? post->tries : 6);
	post->at = clock_boot_ms() + (pause < PAUSE_MOST_MS ? pause : PAUSE_MOST_MS);
	if (++post->tries >= TRIES_MOST || error == ERR_DENIED)
		give_up(alert, why);
}

static bool may_tell(struct alert *alert, uint64_t now)
{
	if (alert->full_at < now)
		alert->full_at = now;
	return alert->full_at + MESSAGE_EVERY_MS - now <= (uint64_t)BURST * MESSAGE_EVERY_MS;
}

static void describe_all(struct alert *alert, struct alert_message *message)
{
	size_t kept = 0;
	epoch_online();
	for (size_t i = 0; i < message->count; i++) {
		if (!describe(alert, &message->events[i]))
			continue;
		if (kept != i)
			message->events[kept] = message->events[i];
		log_change(&message->events[kept++]);
	}
	epoch_offline();
	message->count = kept;
}

static void tell(struct alert *alert, struct alert_message *message)
{
	describe_all(alert, message);
	char *json = message->count > 0 ? alert_json(message) : NULL;
	if (json == NULL)
		return;
	alert->full_at += MESSAGE_EVERY_MS;
	alert->is_unsaved = true;
	if (wanted(alert->used)->program != NULL)
		run_program(alert, message, json);
	if (wanted(alert->used)->url != NULL)
		queue_post(alert, json);
	else
		free(json);
}

// Asks what is to be told, as soon as something may be.
static void take(struct alert *alert, int64_t now)
{
	struct alert_message message = { .time = now };
	if (!may_tell(alert, clock_boot_ms()) || watch_count(alert->watch) == 0)
		return;
	struct watch_event *changes = malloc(ALERT_EVENTS_MOST * sizeof(*changes));
	if (changes != NULL)
		message.count = watch_take(alert->watch, now, changes, ALERT_EVENTS_MOST, &message.rest);
	if (message.count > 0)
		message.events = calloc(message.count, sizeof(*message.events));
	if (message.events != NULL) {
		for (size_t i = 0; i < message.count; i++)
			message.events[i].change = changes[i];
		tell(alert, &message);
	}
	free(message.events);
	free(changes);
}

// What was told is noted once all have heard it.
static void save(struct alert *alert)
{
	if (alert->is_unsaved && alert->post_count == 0 && watch_save(alert->watch, alert->path) == 0)
		alert->is_unsaved = false;
}

// --- the thread

static void take_config(struct alert *alert)
{
	pthread_mutex_lock(&alert->lock);
	const struct config *config = alert->is_new ? config_hold(alert->config) : NULL;
	alert->is_new = false;
	pthread_mutex_unlock(&alert->lock);
	if (config == NULL)
		return;
	config_release(alert->used);
	alert->used = config;
	watch_limit(alert->watch, &(struct watch_limits){ wanted(config)->behind, wanted(config)->delay });
}

static void tick(struct alert *alert)
{
	int64_t now = clock_wall_s();
	take_config(alert);
	if (!is_for_somebody(alert->used))
		return;
	if (!alert->is_loaded)
		watch_load(alert->watch, alert->path, now);
	alert->is_loaded = true;
	look(alert, now);
	take(alert, now);
	run_posts(alert);
	save(alert);
}

static void wait_a_tick(struct alert *alert)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += TICK_MS / 1000;
	pthread_mutex_lock(&alert->lock);
	if (!atomic_load(&alert->stopping))
		pthread_cond_timedwait(&alert->change, &alert->lock, &until);
	pthread_mutex_unlock(&alert->lock);
}

static void *alert_main(void *argument)
{
	struct alert *alert = argument;
	pthread_setname_np(pthread_self(), "alert");
	(void)setpriority(PRIO_PROCESS, 0, LOW_PRIORITY); // 0: of Linux's threads, this one
	epoch_register();
	epoch_offline();
	while (!atomic_load(&alert->stopping)) {
		tick(alert);
		wait_a_tick(alert);
	}
	epoch_online();
	epoch_unregister();
	arena_thread_end();
	return NULL;
}

int alert_new(struct replicate *replicate, const char *state_dir, struct alert **made)
{
	pthread_condattr_t attributes;
	struct alert *alert = calloc(1, sizeof(*alert));
	if (alert == NULL)
		return ERR_MEMORY;
	alert->watch = watch_new();
	if (alert->watch == NULL) {
		free(alert);
		return ERR_MEMORY;
	}
	alert->replicate = replicate;
	snprintf(alert->path, sizeof(alert->path), "%s/alerts", state_dir);
	pthread_mutex_init(&alert->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&alert->change, &attributes);
	pthread_condattr_destroy(&attributes);
	*made = alert;
	return 0;
}

void alert_configure(struct alert *alert, const struct config *config)
{
	pthread_mutex_lock(&alert->lock);
	config_release(alert->config);
	alert->config = config_hold(config);
	alert->is_new = true;
	pthread_mutex_unlock(&alert->lock);
	if (alert->is_running || !is_for_somebody(config))
		return;
	alert->is_running = pthread_create(&alert->thread, NULL, alert_main, alert) == 0;
	if (!alert->is_running)
		log_event(LEVEL_ERROR, "alert-failed", NULL, NULL, "there is no thread for the alerts: nobody is told");
}

void alert_free(struct alert *alert)
{
	if (alert == NULL)
		return;
	atomic_store(&alert->stopping, true);
	pthread_mutex_lock(&alert->lock);
	pthread_cond_broadcast(&alert->change);
	pthread_mutex_unlock(&alert->lock);
	if (alert->is_running)
		pthread_join(alert->thread, NULL);
	while (alert->post_count > 0)
		drop_post(alert, 0);
	watch_free(alert->watch);
	config_release(alert->used);
	config_release(alert->config);
	pthread_cond_destroy(&alert->change);
	pthread_mutex_destroy(&alert->lock);
	free(alert);
}
