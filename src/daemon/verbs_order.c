// SPDX-License-Identifier: GPL-3.0-or-later
// The verbs that have something done. None waits for what it begins: who wants
// to know the outcome asks for the progress until there is none.
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "daemon/protocol.h"
#include "daemon/request.h"
#include "dns/name.h"
#include "observe/status.h"
#include "observe/zones.h"
#include "replicate/progress.h"

// Of an order to all zones so many failures are told; the rest is counted.
#define FAILURES_TOLD 20u

// --- all zones

struct tally {
	unsigned done, failed, passed_over;
};

// False where there is no use in going on: the server ends, or does not get to it.
static bool order_one(struct server *server, enum order_verb verb, struct request *request, struct tally *tally,
                      FILE *reply)
{
	char text[sizeof(((struct order *)0)->text)] = "";
	FILE *one = fmemopen(text, sizeof(text), "w");
	int code;
	if (one == NULL)
		return false;
	struct order *order = request_order(server, verb, request, one, &code);
	fclose(one);
	if (order != NULL && order->is_not_for_it)
		tally->passed_over++;
	else if (code == EXIT_GOOD)
		tally->done++;
	else if (tally->failed++ < FAILURES_TOLD)
		fputs(text, reply);
	if (order != NULL)
		order_release(order);
	return order != NULL;
}

// The names of all zones, as they are now.
static int gather(struct server *server, struct zones *zones, FILE *reply)
{
	const struct zones_query every = { 0 };
	if (!request_read_begin(server, reply))
		return ERR_STATE;
	int error = zones_gather(server->replicate, &every, 0, zones);
	request_read_end(server);
	if (error != 0)
		fprintf(reply, "%s\n", error_text(error));
	return error;
}

static int order_all(struct server *server, enum order_verb verb, const char *what, FILE *reply)
{
	struct request request = { 0 };
	struct tally tally = { 0 };
	struct zones zones = { 0 };
	char name[NAME_MAX_TEXT];
	if (gather(server, &zones, reply) != 0)
		return EXIT_FAILED;
	bool goes_on = true;
	for (size_t i = 0; i < zones.count && goes_on; i++) {
		request.zone = name_to_text(zones_name(&zones, i), name);
		name_lower(request.origin, zones_name(&zones, i));
		goes_on = order_one(server, verb, &request, &tally, reply);
	}
	zones_free(&zones);
	fprintf(reply, "%u %s %s", tally.done, tally.done == 1 ? "zone" : "zones", what);
	if (tally.failed > 0)
		fprintf(reply, ", %u failed", tally.failed);
	if (tally.passed_over > 0)
		fprintf(reply, ", %u passed over, for which it is not", tally.passed_over);
	fputc('\n', reply);
	return tally.failed == 0 ? EXIT_GOOD : EXIT_FAILED;
}

static int give(struct server *server, enum order_verb verb, const char *what, const struct request *request,
                FILE *reply)
{
	return request->all ? order_all(server, verb, what, reply) : request_give(server, verb, request, reply);
}

// --- the verbs

int run_refresh(struct server *server, const struct request *request, FILE *reply)
{
	return give(server, ORDER_REFRESH, "asked for", request, reply);
}

int run_retransfer(struct server *server, const struct request *request, FILE *reply)
{
	return give(server, ORDER_RETRANSFER, "transferred anew", request, reply);
}

int run_notify(struct server *server, const struct request *request, FILE *reply)
{
	return give(server, ORDER_NOTIFY, "told of", request, reply);
}

int run_write(struct server *server, const struct request *request, FILE *reply)
{
	return give(server, ORDER_WRITE, "written", request, reply);
}

int run_approve(struct server *server, const struct request *request, FILE *reply)
{
	return request_give(server, ORDER_APPROVE, request, reply);
}

int run_reject(struct server *server, const struct request *request, FILE *reply)
{
	return request_give(server, ORDER_REJECT, request, reply);
}

int run_reload(struct server *server, const struct request *request, FILE *reply)
{
	return request_give(server, request->zone != NULL ? ORDER_REREAD : ORDER_RELOAD, request, reply);
}

int run_stop(struct server *server, const struct request *request, FILE *reply)
{
	return request_give(server, ORDER_STOP, request, reply);
}

// --- progress: always JSON, for the asking process

static int progress_of_one(struct server *server, const struct request *request, FILE *reply)
{
	struct replica_progress progress;
	struct replica_status zone;
	if (!request_zone_status(server, request, reply, &zone)
	    || replicate_progress(server->replicate, request->origin, &progress) != 0)
		return EXIT_FAILED;
	json_t *json = json_pack(
		"{s:s, s:s, s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
		"zone", request->zone, "state", status_phase_text(zone.phase),
		"busy", (int)progress.is_busy, "writing", (int)progress.is_writing,
		"transferring", (int)progress.is_transferring, "held", (int)zone.held,
		"passed_over", zone.rejected && zone.has_primary_serial && zone.primary_serial == zone.held_serial, "unsaved", (int)zone.unsaved,
		"rolled_back", (int)zone.rolled_back, "is_secondary", zone.role == CONFIG_SECONDARY,
		"last_error", text_json(zone.last_error), "held_why", text_json(zone.held_why),
		"file_error", text_json(progress.file_error), "serial", zone.has_version ? json_integer(zone.serial) : json_null(),
		"held_serial", (json_int_t)zone.held_serial, "attempts", (json_int_t)progress.attempts,
		"notifies", (json_int_t)progress.notifies, "notifies_failed", (json_int_t)progress.notifies_failed,
		"bytes", (json_int_t)progress.bytes, "records", (json_int_t)progress.records,
		"known_records", (json_int_t)zone.records);
	return request_write_json(json, EXIT_GOOD, reply);
}

// What is under way for all of them together. Of "primary" or "secondary" zones
// alone where the request says so.
static int progress_of_all(struct server *server, const struct request *request, FILE *reply)
{
	const char *role = json_string_value(json_object_get(request->words, "role"));
	struct zones zones = { 0 };
	struct replica_progress progress;
	struct zones_query query = { 0 };
	unsigned busy = 0, writing = 0, notifies = 0;
	if (role != NULL)
		(void)zones_filter_find(role, &query.filters);
	int error = zones_gather(server->replicate, &query, 0, &zones);
	for (size_t i = 0; error == 0 && i < zones.count; i++) {
		if (replicate_progress(server->replicate, zones_name(&zones, i), &progress) != 0)
			continue;
		busy += progress.is_busy;
		writing += progress.is_writing;
		notifies += progress.notifies;
	}
	json_t *json = json_pack("{s:I, s:i, s:i, s:i}", "zones", (json_int_t)zones.count, "busy", (int)busy,
	                         "writing", (int)writing, "notifies", (int)notifies);
	zones_free(&zones);
	return request_write_json(json, error == 0 ? EXIT_GOOD : EXIT_FAILED, reply);
}

int run_progress(struct server *server, const struct request *request, FILE *reply)
{
	if (!request_read_begin(server, reply))
		return EXIT_FAILED;
	int code = request->all ? progress_of_all(server, request, reply) : progress_of_one(server, request, reply);
	request_read_end(server);
	return code;
}
