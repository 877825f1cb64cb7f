// SPDX-License-Identifier: GPL-3.0-or-later
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>

#include "base/clock.h"
#include "base/epoch.h"
#include "base/error.h"
#include "base/log.h"
#include "daemon/log_setup.h"
#include "daemon/server.h"
#include "replicate/plan.h"

struct reload {
	uv_work_t work;
	struct mail mail;            // all is taken over
	struct server *server;
	struct config_report report;
	const struct config *config; // the new one
	const struct config *old;    // that was in force when it began; held
	struct plan *plan;           // what sets the two apart
	int error;
	struct replicate_reload outcome;
	struct order *waiters; // told the outcome
};

int server_read_config(const struct daemon_options *options, struct config_report *report,
                       const struct config **config)
{
	struct config *made = NULL;
	int error = options->config_path != NULL
		? config_read_file(options->config_path, &options->overrides, report, &made)
		: config_from_arguments(&options->arguments, &options->overrides, report, &made);
	*config = made;
	return error;
}

void server_log_report(const struct config_report *report)
{
	char rest[CONFIG_REPORT_REST];
	for (uint32_t i = 0; i < report->count; i++) {
		const struct config_message *message = &report->messages[i];
		log_line(message->severity == CONFIG_ERROR ? LEVEL_ERROR : LEVEL_WARNING, NULL, "%s", message->text);
	}
	if (*config_report_rest(report, rest))
		log_line(LEVEL_WARNING, NULL, "%s", rest);
}

// A file that was cut short while it was written, or put in place empty, reads
// as a configuration without zones: to obey it would be to forget every copy.
static bool names_no_zone_any_more(const struct reload *r)
{
	return r->config->zone_count == 0 && r->old->zone_count > 0;
}

// Some zones more; false once all were looked at, or where the server ends.
static bool look(struct reload *r)
{
	struct server *server = r->server;
	pthread_rwlock_rdlock(&server->reading);
	bool goes_on = !server->reads_end && plan_look(r->plan, server->replicate);
	pthread_rwlock_unlock(&server->reading);
	return goes_on;
}

static int make_plan(struct reload *r)
{
	int error = plan_new(r->old, r->config, &r->plan);
	if (error != 0)
		return error;
	while (look(r))
		continue;
	return plan_draw_up(r->plan);
}

static void read_in_background(uv_work_t *work)
{
	struct reload *r = work->data;
	r->error = server_read_config(r->server->options, &r->report, &r->config);
	if (r->error == 0 && !names_no_zone_any_more(r))
		r->error = make_plan(r);
}

static void release_config(void *config)
{
	config_release(config);
}

// Not here: what many zones were configured with takes a while to give back.
static void let_go(const struct config *config)
{
	if (config != NULL)
		epoch_retire(release_config, (void *)(uintptr_t)config);
}

// Its thread may have to be waited for.
static int put_http_in_force(struct server *server, const struct config *config, char why[static 256])
{
	epoch_offline();
	int error = http_reconfigure(server->http, config, why);
	epoch_online();
	return error;
}

// What does not go zone by zone. What cannot be had (a new address that is
// taken) is said in `why`; the rest goes on.
static int put_in_force(struct server *server, const struct config *config, char why[static 256])
{
	char unused[256];
	why[0] = '\0';
	log_setup(server->options, config);
	int error = serve_reconfigure(server->serve, config, why);
	int listening = put_http_in_force(server, config, error == 0 ? why : unused);
	error = error == 0 ? listening : error;
	alert_configure(server->alert, config);
	let_go(server->config);
	server->config = config_hold(config);
	return error;
}

static void finish_orders(struct order *orders, int code, const char *text)
{
	while (orders != NULL) {
		struct order *order = orders;
		orders = order->next;
		order_finish(order, code, "%s", text);
	}
}

static void report_refused(const struct reload *r)
{
	char text[2048];
	size_t at = (size_t)snprintf(text, sizeof(text), "the configuration is refused, the old one stays in force:\n");
	for (uint32_t i = 0; i < r->report.count; i++) {
		const struct config_message *message = &r->report.messages[i];
		if (message->severity == CONFIG_ERROR && at < sizeof(text))
			at += (size_t)snprintf(text + at, sizeof(text) - at, "error: %s\n", message->text);
	}
	if (r->error != ERR_FORMAT)
		snprintf(text, sizeof(text), "%s, the old configuration stays in force\n", error_text(r->error));
	log_event(LEVEL_ERROR, "reload-refused", NULL, LOG_FIELDS(log_number("errors", r->report.errors)),
	          "reload refused: %u %s in the configuration, the old one stays in force",
	          r->report.errors, r->report.errors == 1 ? "error" : "errors");
	finish_orders(r->waiters, 1, text);
}

static void report_empty(const struct reload *r)
{
	log_event(LEVEL_ERROR, "reload-refused", NULL, NULL, "reload refused: the configuration names no zone any more (is the file whole?); "
	         "the old one stays in force; to give up all zones, stop and start");
	finish_orders(r->waiters, 1, "the configuration names no zone any more (is the file whole?): refused, the old one "
	              "stays in force; to give up all zones, stop and start\n");
}

// ", 2 added, 1 removed": what was touched, and nothing where that is nothing.
static const char *tell_touched(const struct replicate_reload *outcome, char text[static 128])
{
	const struct { uint32_t count; const char *what; } part[] = {
		{ outcome->added, "added" }, { outcome->removed, "removed" }, { outcome->changed, "changed" },
		{ outcome->reread, "read again" },
	};
	size_t at = 0;
	text[0] = '\0';
	for (size_t i = 0; i < sizeof(part) / sizeof(*part); i++)
		if (part[i].count > 0)
			at += (size_t)snprintf(text + at, 128 - at, ", %u %s", part[i].count, part[i].what);
	return text;
}

static void report_done(struct server *server, const struct reload *r, int error, const char *why)
{
	const struct replicate_reload *outcome = &r->outcome;
	uint32_t zones = server->config->zone_count;
	char text[512], touched[128];
	tell_touched(outcome, touched);
	if (error != 0) {
		log_event(LEVEL_ERROR, "reload", NULL, LOG_FIELDS(log_text("reason", why)), "reloaded, but %s", why);
		snprintf(text, sizeof(text), "reloaded, but %s\n", why);
	} else {
		log_event(LEVEL_NOTICE, "reload", NULL,
		          LOG_FIELDS(log_number("zones", zones), log_number("warnings", r->report.warnings),
		                     log_number("added", outcome->added), log_number("removed", outcome->removed),
		                     log_number("changed", outcome->changed), log_number("reread", outcome->reread)),
		          "reloaded: %u %s%s", zones, zones == 1 ? "zone" : "zones", touched);
		snprintf(text, sizeof(text), "reloaded: %u %s%s, %u %s\n", zones, zones == 1 ? "zone" : "zones", touched,
		         r->report.warnings, r->report.warnings == 1 ? "warning" : "warnings");
	}
	finish_orders(r->waiters, error == 0 ? 0 : 1, text);
}

// The one that was asked for meanwhile comes after it.
static void end_reload(struct reload *r)
{
	struct server *server = r->server;
	server->reload = NULL;
	sd_notify(0, "READY=1");
	config_report_free(&r->report);
	plan_free(r->plan);
	let_go(r->config);
	let_go(r->old);
	free(r);
	if (server->reload_again)
		server_reload(server, NULL);
}

static void give_up(struct reload *r, const char *why)
{
	finish_orders(r->waiters, 1, why);
	end_reload(r);
}

static void on_taken_over(struct mail *mail, void *receiver)
{
	struct reload *r = (struct reload *)((char *)mail - offsetof(struct reload, mail));
	struct server *server = receiver;
	char why[256];
	if (server->stopping) {
		give_up(r, "the server is ending\n");
		return;
	}
	int error = put_in_force(server, r->config, why);
	report_done(server, r, error, why);
	end_reload(r);
}

static void take_over_done(void *context, int error, const struct replicate_reload *outcome)
{
	struct reload *r = context;
	r->error = error;
	r->outcome = *outcome;
	r->mail.deliver = on_taken_over;
	mailbox_post(r->server->box, &r->mail);
}

static void after_reading(uv_work_t *work, int status)
{
	struct reload *r = work->data;
	struct server *server = r->server;
	server_log_report(&r->report);
	if (server->stopping || status != 0) {
		give_up(r, "the server is ending\n");
	} else if (r->error != 0) {
		report_refused(r);
		end_reload(r);
	} else if (names_no_zone_any_more(r)) {
		report_empty(r);
		end_reload(r);
	} else if (replicate_reconfigure(server->replicate, r->plan, take_over_done, r) != 0) {
		give_up(r, "out of memory, the old configuration stays in force\n");
	}
}

void server_reload(struct server *server, struct order *order)
{
	if (order != NULL) {
		order->next = server->reload_waiters;
		server->reload_waiters = order;
	}
	// The one under way may have read the file before it was changed.
	server->reload_again = server->reload != NULL;
	if (server->reload != NULL)
		return;
	struct order *waiters = server->reload_waiters;
	server->reload_waiters = NULL;
	struct reload *r = server->stopping ? NULL : calloc(1, sizeof(*r));
	if (r == NULL) {
		finish_orders(waiters, 1, server->stopping ? "the server is ending\n" : "out of memory\n");
		return;
	}
	r->server = server;
	r->work.data = r;
	r->waiters = waiters;
	r->old = config_hold(server->config);
	server->reload = r;
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, uv_hrtime() / 1000);
	if (uv_queue_work(&server->loop, &r->work, read_in_background, after_reading) != 0)
		give_up(r, "the configuration could not be read in the background\n");
}
