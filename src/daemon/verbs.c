// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/verbs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/epoch.h"
#include "base/error.h"
#include "daemon/protocol.h"
#include "daemon/request.h"
#include "dns/name.h"
#include "observe/http_text.h"

// A reload of very many zones takes seconds; longer than this the asker is
// told that it goes on.
#define ORDER_WAIT_S 60

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

bool request_zone_status(struct server *server, const struct request *request, FILE *reply,
                         struct replica_status *zone)
{
	if (replicate_status(server->replicate, request->origin, zone) == 0) {
		status_take_slot(server, zone);
		return true;
	}
	fprintf(reply, "%s: no such zone here; understudy zones lists them\n", request->zone);
	return false;
}

// --- orders

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

const struct config *request_config(struct server *server, FILE *reply)
{
	const struct request none = { 0 };
	int code;
	struct order *order = request_order(server, ORDER_CONFIG, &none, reply, &code);
	const struct config *config = NULL;
	if (order == NULL)
		return NULL;
	if (order->config != NULL)
		config = config_hold(order->config);
	order_release(order);
	return config;
}

int request_write_json(json_t *value, int code, FILE *reply)
{
	bool good = value != NULL && json_dumpf(value, reply, JSON_INDENT(2)) == 0 && fputc('\n', reply) != EOF;
	json_decref(value);
	return good ? code : EXIT_FAILED;
}

static int run_version(struct server *server, const struct request *request, FILE *reply)
{
	(void)server;
	(void)request;
	fprintf(reply, "%s\n", UNDERSTUDY_VERSION);
	return EXIT_GOOD;
}

// --- the verbs

enum zone_use { NO_ZONE, MAY_NAME_ZONE, MUST_NAME_ZONE, ZONE_OR_ALL };

// How its reply is made: in memory first, since what it reads is to be read in
// one go; or sent piece by piece, unless it is about one zone, since it may be long.
enum reply_form { WHOLE, WHOLE_TEXT, PIECES };

static const struct verb {
	const char *name;
	enum zone_use zone;
	enum reply_form form; // WHOLE_TEXT: it writes text alone, which becomes a string in JSON
	int (*run)(struct server *server, const struct request *request, FILE *reply);
} verbs[] = {
	{ "status", MAY_NAME_ZONE, PIECES, run_status },
	{ "zones", NO_ZONE, PIECES, run_zones },
	{ "explain", MUST_NAME_ZONE, WHOLE, run_explain },
	{ "stats", NO_ZONE, WHOLE, run_stats },
	{ "progress", ZONE_OR_ALL, WHOLE, run_progress },
	{ "log-level", NO_ZONE, WHOLE_TEXT, run_log_level },
	{ "refresh", ZONE_OR_ALL, WHOLE_TEXT, run_refresh },
	{ "retransfer", ZONE_OR_ALL, WHOLE_TEXT, run_retransfer },
	{ "notify", ZONE_OR_ALL, WHOLE_TEXT, run_notify },
	{ "write", ZONE_OR_ALL, WHOLE_TEXT, run_write },
	{ "approve", MUST_NAME_ZONE, WHOLE_TEXT, run_approve },
	{ "reject", MUST_NAME_ZONE, WHOLE_TEXT, run_reject },
	{ "history", MUST_NAME_ZONE, WHOLE, run_history },
	{ "diff", MUST_NAME_ZONE, WHOLE_TEXT, run_diff },
	{ "rollback", MUST_NAME_ZONE, WHOLE_TEXT, run_rollback },
	{ "resume", MUST_NAME_ZONE, WHOLE_TEXT, run_resume },
	{ "reload", MAY_NAME_ZONE, WHOLE_TEXT, run_reload },
	{ "stop", NO_ZONE, WHOLE_TEXT, run_stop },
	{ "version", NO_ZONE, WHOLE_TEXT, run_version },
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

// What is text, and what went wrong, as an object: {"verb", "zone", "code", "text"}.
static int write_wrapped(const struct verb *verb, const struct request *request, int code, char *text, size_t length,
                         FILE *reply)
{
	while (length > 0 && text[length - 1] == '\n')
		text[--length] = '\0';
	json_t *string = length > 0 ? text_json(text) : json_string("");
	json_t *json = json_pack("{s:s, s:o, s:i, s:o}", "verb", verb->name,
	                         "zone", request->zone != NULL ? json_string(request->zone) : json_null(),
	                         "code", code, "text", string != NULL ? string : json_null());
	return request_write_json(json, code, reply);
}

static int run_whole(const struct verb *verb, struct server *server, const struct request *request, FILE *reply)
{
	char *text = NULL;
	size_t length = 0;
	FILE *whole = open_memstream(&text, &length);
	if (whole == NULL)
		return EXIT_FAILED;
	int code = verb->run(server, request, whole);
	bool is_good = code == EXIT_GOOD || code == EXIT_DEGRADED;
	if (fclose(whole) != 0)
		code = EXIT_FAILED;
	else if (request->json && (verb->form == WHOLE_TEXT || !is_good))
		code = write_wrapped(verb, request, code, text, length, reply);
	else
		fwrite(text, 1, length, reply);
	free(text);
	return code;
}

static int check_zone(const struct verb *verb, struct request *request, FILE *reply)
{
	if (request->zone == NULL && verb->zone == MUST_NAME_ZONE)
		return refuse(reply, verb->name, ": name a zone");
	if (request->zone == NULL && verb->zone == ZONE_OR_ALL && !request->all)
		return refuse(reply, verb->name, ": name a zone, or say --all");
	if (request->zone != NULL && verb->zone == NO_ZONE)
		return refuse(reply, verb->name, ": takes no zone");
	if (request->all && (verb->zone != ZONE_OR_ALL || request->zone != NULL))
		return refuse(reply, verb->name, request->zone != NULL ? ": a zone, or --all" : ": does not take --all");
	if (request->zone == NULL)
		return 0;
	if (name_from_text(request->zone, request->origin) < 0)
		return refuse(reply, request->zone, ": no domain name");
	name_lower(request->origin, request->origin);
	return 0;
}

static int run_parsed(struct server *server, const json_t *json, FILE *reply)
{
	const char *name = json_string_value(json_object_get(json, "verb"));
	const struct verb *verb = name == NULL ? NULL : find_verb(name);
	struct request request = {
		.words = json,
		.zone = json_string_value(json_object_get(json, "zone")),
		.all = json_is_true(json_object_get(json, "all")),
		.json = json_is_true(json_object_get(json, "json")),
		.colour = json_is_true(json_object_get(json, "colour")),
		.primary = json_is_true(json_object_get(json, "primary")),
	};
	if (verb == NULL)
		return refuse(reply, "the server does not know the verb ", name == NULL ? "(none was given)" : name);
	if (!read_serials(json_object_get(json, "serials"), &request))
		return refuse(reply, name, ": serials are at most two numbers of 32 bits");
	int code = check_zone(verb, &request, reply);
	if (code != 0)
		return code;
	if (verb->form == PIECES && request.zone == NULL)
		return verb->run(server, &request, reply);
	return run_whole(verb, server, &request, reply);
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
