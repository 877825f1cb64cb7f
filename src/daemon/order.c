// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/log.h"
#include "daemon/server.h"

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

static void run_zone_order(struct server *server, struct order *order)
{
	char name[NAME_MAX_TEXT];
	bool whole = order->verb == ORDER_RETRANSFER;
	name_to_text(order->origin, name);
	int error = whole ? replicate_retransfer(server->replicate, order->origin)
	                  : replicate_refresh(server->replicate, order->origin);
	if (error == 0)
		order_finish(order, 0, "%s: %s\n", name, whole ? "transfer of the whole zone begun" : "asking its primaries");
	else if (error == ERR_NOT_FOUND)
		order_finish(order, 1, "%s: no such zone here; understudy status lists them\n", name);
	else if (error == ERR_BUSY)
		order_finish(order, 1, "%s: it is rolled back: `understudy resume %s` first\n", name, name);
	else if (error == ERR_STATE)
		order_finish(order, 1, "%s: this server is its primary; reload reads its file again\n", name);
	else
		order_finish(order, 1, "%s: %s\n", name, error_text(error));
}

static void run_decision(struct server *server, struct order *order)
{
	char name[NAME_MAX_TEXT], why[256];
	const uint32_t *serial = order->has_serial ? &order->serial : NULL;
	int error = order->verb == ORDER_APPROVE ? replicate_approve(server->replicate, order->origin, serial, why)
	                                         : replicate_reject(server->replicate, order->origin, serial, why);
	order_finish(order, error == 0 ? 0 : 1, "%s: %s\n", name_to_text(order->origin, name), why);
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
		run_zone_order(server, order);
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
