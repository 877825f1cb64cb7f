// SPDX-License-Identifier: GPL-3.0-or-later
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>

#include "base/clock.h"
#include "base/epoch.h"
#include "base/error.h"
#include "base/log.h"
#include "daemon/log_setup.h"
#include "daemon/server.h"

struct reload {
	uv_work_t work;
	struct server *server;
	struct config_report report;
	const struct config *config;
	int error;
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

static void read_in_background(uv_work_t *work)
{
	struct reload *r = work->data;
	r->error = server_read_config(r->server->options, &r->report, &r->config);
}

// Its thread may have to be waited for.
static int put_http_in_force(struct server *server, const struct config *config, char why[static 256])
{
	epoch_offline();
	int error = http_reconfigure(server->http, config, why);
	epoch_online();
	return error;
}

// Puts the new configuration in force. What cannot be had (a new address that
// is taken) is said in `why`; the rest goes on.
static int put_in_force(struct server *server, const struct config *config, char why[static 256])
{
	char unused[256];
	why[0] = '\0';
	log_setup(server->options, config);
	int error = replicate_configure(server->replicate, config);
	if (error != 0) {
		snprintf(why, 256, "%s", error_text(error));
		return error;
	}
	error = serve_reconfigure(server->serve, config, why);
	int listening = put_http_in_force(server, config, error == 0 ? why : unused);
	error = error == 0 ? listening : error;
	alert_configure(server->alert, config);
	config_release(server->config);
	server->config = config;
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
	log_event(LEVEL_ERROR, "reload-refused", NULL, LOG_FIELDS(log_number("errors", r->report.errors)),
	          "reload refused: %u %s in the configuration, the old one stays in force",
	          r->report.errors, r->report.errors == 1 ? "error" : "errors");
	finish_orders(r->waiters, 1, text);
}

// A file that was cut short while it was written, or put in place empty, reads
// as a configuration without zones: to obey it would be to forget every copy.
static bool names_no_zone_any_more(const struct server *server, const struct config *config)
{
	return config->zone_count == 0 && server->config->zone_count > 0;
}

static void report_empty(const struct reload *r)
{
	log_event(LEVEL_ERROR, "reload-refused", NULL, NULL, "reload refused: the configuration names no zone any more (is the file whole?); "
	         "the old one stays in force; to give up all zones, stop and start");
	finish_orders(r->waiters, 1, "the configuration names no zone any more (is the file whole?): refused, the old one "
	              "stays in force; to give up all zones, stop and start\n");
	config_release(r->config);
}

static void report_done(struct server *server, const struct reload *r, int error, const char *why)
{
	char text[512];
	int code = error == 0 ? 0 : 1;
	if (error != 0) {
		log_event(LEVEL_ERROR, "reload", NULL, LOG_FIELDS(log_text("reason", why)), "reloaded, but %s", why);
		snprintf(text, sizeof(text), "reloaded, but %s\n", why);
	} else {
		log_event(LEVEL_NOTICE, "reload", NULL,
		          LOG_FIELDS(log_number("zones", server->config->zone_count), log_number("warnings", r->report.warnings)),
		          "reloaded: %u %s", server->config->zone_count, server->config->zone_count == 1 ? "zone" : "zones");
		snprintf(text, sizeof(text), "reloaded: %u %s, %u %s\n", server->config->zone_count,
		         server->config->zone_count == 1 ? "zone" : "zones", r->report.warnings,
		         r->report.warnings == 1 ? "warning" : "warnings");
	}
	finish_orders(r->waiters, code, text);
}

static void after_reading(uv_work_t *work, int status)
{
	struct reload *r = work->data;
	struct server *server = r->server;
	char why[256];
	server->reload = NULL;
	server_log_report(&r->report);
	if (server->stopping || status != 0) {
		config_release(r->config);
		finish_orders(r->waiters, 1, "the server is ending\n");
	} else if (r->error != 0) {
		report_refused(r);
	} else if (names_no_zone_any_more(server, r->config)) {
		report_empty(r);
	} else {
		int error = put_in_force(server, r->config, why);
		report_done(server, r, error, why);
	}
	sd_notify(0, "READY=1");
	config_report_free(&r->report);
	free(r);
	if (server->reload_again)
		server_reload(server, NULL);
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
	server->reload = r;
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, uv_hrtime() / 1000);
	if (uv_queue_work(&server->loop, &r->work, read_in_background, after_reading) != 0) {
		server->reload = NULL;
		finish_orders(waiters, 1, "the configuration could not be read in the background\n");
		free(r);
	}
}
