// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/verbs.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/epoch.h"
#include "base/error.h"
#include "daemon/protocol.h"
#include "daemon/request.h"
#include "observe/status.h"

// A reload of very many zones takes seconds; longer than this the asker is
// told that it goes on.
#define ORDER_WAIT_S 60

struct listing {
	FILE *reply;
	struct status_list list;
	struct status_summary summary;
	bool json;
	int64_t now;
};

static void describe_server(const struct server *server, struct status_server *about)
{
	struct arena_usage usage;
	arena_usage(&usage);
	*about = (struct status_server){
		.version = UNDERSTUDY_VERSION, .pid = (int)getpid(), .started = server->started,
		.zone_bytes = usage.live,
	};
	serve_counters(server->serve, &about->counters);
}

static int list_zone(void *context, const struct replica_status *zone)
{
	struct listing *l = context;
	status_count(&l->summary, zone);
	if (l->json)
		status_list_add(&l->list, zone, l->now);
	else
		status_write_row(l->reply, zone, l->now);
	return 0;
}

static int status_of_all(struct server *server, const struct request *request, FILE *reply)
{
	struct listing l = { .reply = reply, .json = request->json, .now = clock_wall_s() };
	struct status_server about;
	if (l.json)
		status_list_begin(&l.list, reply);
	else
		status_write_head(reply);
	int error = replicate_status_each(server->replicate, list_zone, &l);
	describe_server(server, &about);
	if (l.json)
		status_list_end(&l.list, &l.summary, &about);
	else
		status_write_tail(reply, &l.summary, &about, l.now);
	if (error != 0)
		return EXIT_FAILED;
	return status_is_degraded(&l.summary) ? EXIT_DEGRADED : EXIT_GOOD;
}

bool request_zone_status(struct server *server, const struct request *request, FILE *reply,
                         struct replica_status *zone)
{
	if (replicate_status(server->replicate, request->origin, zone) == 0)
		return true;
	fprintf(reply, "%s: no such zone here; understudy status lists them\n", request->zone);
	return false;
}

static int status_of_one(struct server *server, const struct request *request, FILE *reply)
{
	struct replica_status zone;
	struct status_summary summary = { 0 };
	if (!request_zone_status(server, request, reply, &zone))
		return EXIT_FAILED;
	int64_t now = clock_wall_s();
	status_count(&summary, &zone);
	if (request->json) {
		json_t *json = status_zone_json(&zone, now);
		if (json == NULL || json_dumpf(json, reply, JSON_INDENT(2)) != 0)
			return EXIT_FAILED;
		json_decref(json);
		fputc('\n', reply);
	} else {
		status_write_zone(reply, &zone, now);
	}
	return status_is_degraded(&summary) ? EXIT_DEGRADED : EXIT_GOOD;
}

bool request_read_begin(struct server *server, FILE *reply)
{
	pthread_rwlock_rdlock(&server->reading);
	if (server->reads_end) {
		pthread_rwlock_unlock(&server->reading);
		fprintf(reply, "the server is ending\n");
		return false;
	}
	epoch_online();
	return true;
}

void request_read_end(struct server *server)
{
	epoch_offline();
	pthread_rwlock_unlock(&server->reading);
}

static int run_status(struct server *server, const struct request *request, FILE *reply)
{
	if (!request_read_begin(server, reply))
		return EXIT_FAILED;
	int code = request->zone != NULL ? status_of_one(server, request, reply) : status_of_all(server, request, reply);
	request_read_end(server);
	return code;
}

static int run_version(struct server *server, const struct request *request, FILE *reply)
{
	(void)server;
	(void)request;
	fprintf(reply, "%s\n", UNDERSTUDY_VERSION);
	return EXIT_GOOD;
}

// After the end of reads nobody would take it out of the box.
static bool post_order(struct server *server, struct order *order)
{
	pthread_rwlock_rdlock(&server->reading);
	bool open = !server->reads_end;
	if (open)
		mailbox_post(server->box, &order->mail);
	pthread_rwlock_unlock(&server->reading);
	return open;
}

struct order *request_order(struct server *server, enum order_verb verb, const struct request *request, FILE *reply,
                            int *code)
{
	struct order *order = order_new(verb);
	struct timespec until;
	*code = EXIT_FAILED;
	if (order == NULL) {
		fprintf(reply, "out of memory\n");
		return NULL;
	}
	if (request->zone != NULL)
		memcpy(order->origin, request->origin, name_length(request->origin));
	order->serial = request->serial[0];
	order->has_serial = request->serials > 0;
	if (!post_order(server, order)) {
		fprintf(reply, "the server is ending\n");
		order_release(order); // the loop's share
		order_release(order);
		return NULL;
	}
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += ORDER_WAIT_S;
	int waited;
	do {
		waited = sem_timedwait(&order->done, &until);
	} while (waited != 0 && errno == EINTR);
	if (waited != 0) {
		fprintf(reply, "no outcome after %d s; it goes on, see the log\n", ORDER_WAIT_S);
		order_release(order);
		return NULL;
	}
	fputs(order->text, reply);
	*code = order->code;
	return order;
}

int request_give(struct server *server, enum order_verb verb, const struct request *request, FILE *reply)
{
	int code;
	struct order *order = request_order(server, verb, request, reply, &code);
	if (order != NULL)
		order_release(order);
	return code;
}

static int run_refresh(struct server *server, const struct request *request, FILE *reply)
{
	return request_give(server, ORDER_REFRESH, request, reply);
}

static int run_retransfer(struct server *server, const struct request *request, FILE *reply)
{
	return request_give(server, ORDER_RETRANSFER, request, reply);
}

static int run_approve(struct server *server, const struct request *request, FILE *reply)
{
	return request_give(server, ORDER_APPROVE, request, reply);
}

static int run_reject(struct server *server, const struct request *request, FILE *reply)
{
	return request_give(server, ORDER_REJECT, request, reply);
}

static int run_reload(struct server *server, const struct request *request, FILE *reply)
{
	return request_give(server, ORDER_RELOAD, request, reply);
}

static int run_stop(struct server *server, const struct request *request, FILE *reply)
{
	return request_give(server, ORDER_STOP, request, reply);
}

enum zone_use { NO_ZONE, MAY_NAME_ZONE, MUST_NAME_ZONE };

static const struct verb {
	const char *name;
	enum zone_use zone;
	int (*run)(struct server *server, const struct request *request, FILE *reply);
} verbs[] = {
	{ "status", MAY_NAME_ZONE, run_status },
	{ "refresh", MUST_NAME_ZONE, run_refresh },
	{ "retransfer", MUST_NAME_ZONE, run_retransfer },
	{ "approve", MUST_NAME_ZONE, run_approve },
	{ "reject", MUST_NAME_ZONE, run_reject },
	{ "history", MUST_NAME_ZONE, run_history },
	{ "diff", MUST_NAME_ZONE, run_diff },
	{ "rollback", MUST_NAME_ZONE, run_rollback },
	{ "resume", MUST_NAME_ZONE, run_resume },
	{ "reload", NO_ZONE, run_reload },
	{ "stop", NO_ZONE, run_stop },
	{ "version", NO_ZONE, run_version },
};

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

static int refuse(FILE *reply, const char *why, const char *what)
{
	fprintf(reply, "%s%s\n", why, what);
	return EXIT_USAGE;
}

// False where there are more than any verb takes, or one is no serial.
static bool read_serials(const json_t *list, struct request *request)
{
	size_t count = json_array_size(list);
	if (count > sizeof(request->serial) / sizeof(request->serial[0]))
		return false;
	for (size_t i = 0; i < count; i++) {
		const json_t *serial = json_array_get(list, i);
		json_int_t value = json_integer_value(serial);
		if (!json_is_integer(serial) || value < 0 || value > UINT32_MAX)
			return false;
		request->serial[request->serials++] = (uint32_t)value;
	}
	return true;
}

static int run_parsed(struct server *server, json_t *json, FILE *reply)
{
	const char *name = json_string_value(json_object_get(json, "verb"));
	const struct verb *verb = name == NULL ? NULL : find_verb(name);
	struct request request = {
		.zone = json_string_value(json_object_get(json, "zone")),
		.json = json_is_true(json_object_get(json, "json")),
		.primary = json_is_true(json_object_get(json, "primary")),
	};
	if (verb == NULL)
		return refuse(reply, "the server does not know the verb ", name == NULL ? "(none was given)" : name);
	if (request.zone == NULL && verb->zone == MUST_NAME_ZONE)
		return refuse(reply, name, ": name a zone");
	if (request.zone != NULL && verb->zone == NO_ZONE)
		return refuse(reply, name, ": takes no zone");
	if (!read_serials(json_object_get(json, "serials"), &request))
		return refuse(reply, name, ": serials are at most two numbers of 32 bits");
	if (request.zone != NULL) {
		if (name_from_text(request.zone, request.origin) < 0)
			return refuse(reply, request.zone, ": no domain name");
		name_lower(request.origin, request.origin);
	}
	return verb->run(server, &request, reply);
}

int verbs_run(struct server *server, const char *line, size_t length, FILE *reply)
{
	json_error_t error;
	json_t *json = json_loadb(line, length, JSON_REJECT_DUPLICATES, &error);
	if (json == NULL)
		return refuse(reply, "the request is not JSON: ", error.text);
	int code = run_parsed(server, json, reply);
	json_decref(json);
	return code;
}
