// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/log.h"
#include "daemon/server.h"
#include "replicate/progress.h"

static void deliver(struct mail *mail, void *receiver);

struct order *order_new(enum order_verb verb)
{
	struct order *order = calloc(1, sizeof(*order));
	if (order == NULL)
		return NULL;
	order->mail.deliver = deliver;
	order->verb = verb;
	order->code = 1;
	atomic_init(&order->holders, 2);
	sem_init(&order->done, 0, 0);
	return order;
}

void order_release(struct order *order)
{
	if (atomic_fetch_sub(&order->holders, 1) == 1) {
		sem_destroy(&order->done);
		delta_release(order->delta);
		config_release(order->config);
		free(order);
	}
}

void order_finish(struct order *order, int code, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(order->text, sizeof(order->text), format, arguments);
	va_end(arguments);
	order->code = code;
	sem_post(&order->done);
	order_release(order);
}

// Outcomes that are told in a sentence, and need no waiting.
static void finish_in_words(struct order *order, int error, const char *why)
{
	char name[NAME_MAX_TEXT];
	order->is_not_for_it = error == ERR_STATE;
	order_finish(order, error == 0 ? 0 : 1, "%s: %s\n", name_to_text(order->origin, name), why);
}

static void run_asking(struct server *server, struct order *order)
{
	char name[NAME_MAX_TEXT], why[NAME_MAX_TEXT + 80];
	bool whole = order->verb == ORDER_RETRANSFER;
	int error = whole ? replicate_retransfer(server->replicate, order->origin)
	                  : replicate_refresh(server->replicate, order->origin);
	if (error == ERR_NOT_FOUND)
		finish_in_words(order, error, "no such zone here; understudy zones lists them");
	else if (error == ERR_STATE)
		finish_in_words(order, error, "this server is its primary; reload reads its file again");
	else if (error == ERR_BUSY) {
		snprintf(why, sizeof(why), "it is rolled back: `understudy resume %s` first", name_to_text(order->origin, name));
		finish_in_words(order, error, why);
	} else if (error != 0)
		finish_in_words(order, error, error_text(error));
	else
		finish_in_words(order, 0, whole ? "transfer of the whole zone begun" : "asking its primaries");
}

static void run_local(struct server *server, struct order *order)
{
	char why[256];
	unsigned count = 0;
	int error;
	if (order->verb == ORDER_NOTIFY) {
		error = replicate_tell(server->replicate, order->origin, &count, why);
		if (error == 0)
			snprintf(why, sizeof(why), "telling %u %s", count, count == 1 ? "server" : "servers");
	} else if (order->verb == ORDER_WRITE) {
		error = replicate_write_file(server->replicate, order->origin, why);
		if (error == 0)
			snprintf(why, sizeof(why), "its file is being written");
	} else {
		error = replicate_reread(server->replicate, order->origin, why);
		if (error == 0)
			snprintf(why, sizeof(why), "its file is read again, if it changed");
	}
	finish_in_words(order, error, why);
}

static void run_decision(struct server *server, struct order *order)
{
	char why[256];
	const uint32_t *serial = order->has_serial ? &order->serial : NULL;
	int error = order->verb == ORDER_APPROVE ? replicate_approve(server->replicate, order->origin, serial, why)
	                                         : replicate_reject(server->replicate, order->origin, serial, why);
	finish_in_words(order, error, why);
}

// A turn, or a comparison, has come to its end.
static void on_done(void *context, int error, const char *text, struct delta *delta)
{
	struct order *order = context;
	char name[NAME_MAX_TEXT];
	if (error == 0 && delta != NULL) {
		order->delta = delta_hold(delta);
		snprintf(order->from, sizeof(order->from), "%s", text);
		order_finish(order, 0, "%s", "");
		return;
	}
	order_finish(order, error == 0 ? 0 : 1, "%s: %s\n", name_to_text(order->origin, name), text);
}

static void run_turn(struct server *server, struct order *order)
{
	char name[NAME_MAX_TEXT], why[256];
	int error;
	// Where it is 0, on_done() has the order, and may have let it go already.
	if (order->verb == ORDER_ROLLBACK)
		error = replicate_rollback(server->replicate, order->origin, order->serial, on_done, order, why);
	else if (order->verb == ORDER_RESUME)
		error = replicate_resume(server->replicate, order->origin, on_done, order, why);
	else
		error = replicate_compare(server->replicate, order->origin, on_done, order, why);
	if (error != 0)
		order_finish(order, 1, "%s: %s\n", name_to_text(order->origin, name), why);
}

static void deliver(struct mail *mail, void *receiver)
{
	struct server *server = receiver;
	struct order *order = (struct order *)mail; // the mail is its first member
	if (server->stopping) {
		order_finish(order, 1, "the server is ending\n");
		return;
	}
	switch (order->verb) {
	case ORDER_REFRESH:
	case ORDER_RETRANSFER:
		run_asking(server, order);
		break;
	case ORDER_NOTIFY:
	case ORDER_WRITE:
	case ORDER_REREAD:
		run_local(server, order);
		break;
	case ORDER_APPROVE:
	case ORDER_REJECT:
		run_decision(server, order);
		break;
	case ORDER_ROLLBACK:
	case ORDER_RESUME:
	case ORDER_COMPARE:
		run_turn(server, order);
		break;
	case ORDER_CONFIG:
		order->config = config_hold(server->config);
		order_finish(order, 0, "%s", "");
		break;
	case ORDER_RELOAD:
		server_reload(server, order);
		break;
	case ORDER_STOP:
		log_line(LEVEL_NOTICE, NULL, "ending, as asked for on the control socket");
		order_finish(order, 0, "ending\n");
		server_stop(server);
		break;
	}
}
