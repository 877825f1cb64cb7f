// SPDX-License-Identifier: GPL-3.0-or-later
// The verbs about a zone's past. What the journal tells is read on the asker's
// thread; only what changes what is served goes to the loop.
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "daemon/protocol.h"
#include "daemon/request.h"
#include "observe/history.h"

static int failed(const struct request *request, FILE *reply, const char *what, int error)
{
	fprintf(reply, "%s: %s: %s\n", request->zone, what, error_text(error));
	return EXIT_FAILED;
}

// --- history

static int write_history(const struct request *request, const struct history *history,
                         const struct replica_status *zone, FILE *reply)
{
	if (!request->json) {
		history_write(reply, history, zone);
		return EXIT_GOOD;
	}
	json_t *json = history_json(history, zone);
	int code = json != NULL && json_dumpf(json, reply, JSON_INDENT(2)) == 0 ? EXIT_GOOD : EXIT_FAILED;
	json_decref(json);
	fputc('\n', reply);
	return code;
}

int run_history(struct server *server, const struct request *request, FILE *reply)
{
	struct replica_status zone;
	struct history history;
	int code = EXIT_FAILED;
	if (!request_read_begin(server, reply))
		return code;
	if (request_zone_status(server, request, reply, &zone)) {
		int error = history_read(server->store, request->origin, &history);
		if (error != 0)
			code = failed(request, reply, "its journal cannot be read", error);
		else
			code = write_history(request, &history, &zone, reply);
		history_free(&history);
	}
	request_read_end(server);
	return code;
}

// --- diff

static bool is_kept(const struct history *history, const struct replica_status *zone, uint32_t serial)
{
	return history_find(history, serial) != NULL || (zone->has_version && zone->serial == serial);
}

// Whether the journal has them all; names those that it has where not.
static bool find_serials(struct server *server, const struct request *request, const struct replica_status *zone,
                         FILE *reply)
{
	char serials[HISTORY_SERIALS_TEXT];
	struct history history;
	bool all = true;
	int error = history_read(server->store, request->origin, &history);
	if (error != 0) {
		failed(request, reply, "its journal cannot be read", error);
		return false;
	}
	for (unsigned i = 0; all && i < request->serials; i++) {
		all = is_kept(&history, zone, request->serial[i]);
		if (all)
			continue;
		fprintf(reply, "%s: serial %" PRIu32 " is not kept", request->zone, request->serial[i]);
		if (history.count > 0)
			fprintf(reply, "; kept are %s\n", history_serials(&history, serials));
		else if (zone->has_version)
			fprintf(reply, "; only %" PRIu32 " is: its journal begins with the next change\n", zone->serial);
		else
			fprintf(reply, "; there is no copy yet\n");
	}
	history_free(&history);
	return all;
}

static int write_difference(struct server *server, const struct request *request, FILE *reply)
{
	struct history_changes changes;
	char title[64];
	uint32_t from = request->serial[0], to = request->serial[1];
	int error = history_changes_read(server->store, request->origin, from, to, &changes);
	if (error == ERR_LIMIT)
		fprintf(reply, "%s: too much lies between serial %" PRIu32 " and %" PRIu32 " to be told; take a shorter span\n",
		        request->zone, from, to);
	else if (error != 0)
		failed(request, reply, "its journal does not tell", error);
	if (error != 0)
		return EXIT_FAILED;
	snprintf(title, sizeof(title), "serial %" PRIu32 " to %" PRIu32, from, to);
	error = difference_write(reply, request->origin, title, &changes.changes);
	history_changes_free(&changes);
	return error == 0 ? EXIT_GOOD : failed(request, reply, "cannot be told", error);
}

static int diff_serials(struct server *server, const struct request *request, FILE *reply)
{
	struct replica_status zone;
	int code = EXIT_FAILED;
	if (!request_read_begin(server, reply))
		return code;
	if (request_zone_status(server, request, reply, &zone) && find_serials(server, request, &zone, reply))
		code = write_difference(server, request, reply);
	request_read_end(server);
	return code;
}

static int diff_primary(struct server *server, const struct request *request, FILE *reply)
{
	struct delta_changes changes;
	char title[160];
	int code, error;
	struct order *order = request_order(server, ORDER_COMPARE, request, reply, &code);
	if (order != NULL && order->delta != NULL) {
		uint32_t from = delta_from(order->delta), to = delta_to(order->delta);
		snprintf(title, sizeof(title), "serial %" PRIu32 ", which is served, to %" PRIu32 " at %.80s%s", from, to,
		         order->from, from == to ? ", the same serial" : "");
		error = delta_condense(&order->delta, 1, false, 0, &changes);
		if (error == 0)
			error = difference_write(reply, request->origin, title, &changes);
		delta_changes_free(&changes);
		code = error == 0 ? EXIT_GOOD : failed(request, reply, "cannot be told", error);
	}
	if (order != NULL)
		order_release(order);
	return code;
}

int run_diff(struct server *server, const struct request *request, FILE *reply)
{
	if (request->primary && request->serials == 0)
		return diff_primary(server, request, reply);
	if (!request->primary && request->serials == 2)
		return diff_serials(server, request, reply);
	fprintf(reply, "diff: name two serials, or --primary\n");
	return EXIT_USAGE;
}

// --- rollback

int run_rollback(struct server *server, const struct request *request, FILE *reply)
{
	struct replica_status zone;
	bool found = false;
	if (request->serials != 1) {
		fprintf(reply, "rollback: name the serial\n");
		return EXIT_USAGE;
	}
	if (!request_read_begin(server, reply))
		return EXIT_FAILED;
	if (request_zone_status(server, request, reply, &zone))
		found = find_serials(server, request, &zone, reply);
	request_read_end(server);
	return found ? request_give(server, ORDER_ROLLBACK, request, reply) : EXIT_FAILED;
}

int run_resume(struct server *server, const struct request *request, FILE *reply)
{
	return request_give(server, ORDER_RESUME, request, reply);
}
