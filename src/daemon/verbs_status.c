// SPDX-License-Identifier: GPL-3.0-or-later
// The verbs that tell: of one zone, and of the server.
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "daemon/protocol.h"
#include "daemon/request.h"
#include "observe/explain.h"
#include "observe/stats.h"
#include "observe/status.h"

// --- one zone

// All that is known of it.
struct account {
	struct replica_status zone;
	struct replica_progress progress;
	struct servers servers;
	struct status_answered answered;
	struct status_detail detail;
	const struct config *config; // held; NULL none
	int64_t now;
};

static bool read_account(struct server *server, const struct request *request, FILE *reply, struct account *account)
{
	if (!request_read_begin(server, reply))
		return false;
	bool found = request_zone_status(server, request, reply, &account->zone)
	             && replicate_progress(server->replicate, request->origin, &account->progress) == 0;
	if (found && servers_read(server->replicate, request->origin, &account->servers) != 0)
		account->servers.count = 0;
	request_read_end(server);
	account->now = clock_wall_s();
	return found;
}

static void ask_self(struct server *server, const struct request *request, FILE *reply, struct account *account)
{
	self_ask(account->config, request->origin, &account->answered);
	// A new version may have come in between: what is believed is read once more.
	if (status_is_contradicted(&account->zone, &account->answered)
	    && read_account(server, request, reply, account))
		self_ask(account->config, request->origin, &account->answered);
}

static bool take_account(struct server *server, const struct request *request, FILE *reply, struct account *account)
{
	memset(account, 0, sizeof(*account));
	if (!read_account(server, request, reply, account))
		return false;
	account->config = request_config(server, reply);
	if (account->config == NULL)
		return false;
	ask_self(server, request, reply, account);
	account->detail = (struct status_detail){ &account->answered, &account->servers, &account->progress };
	return true;
}

static int code_of(const struct account *account)
{
	struct status_summary summary = { 0 };
	status_count(&summary, &account->zone);
	bool is_bad = status_is_degraded(&summary) || status_is_contradicted(&account->zone, &account->answered);
	return is_bad ? EXIT_DEGRADED : EXIT_GOOD;
}

int run_status(struct server *server, const struct request *request, FILE *reply)
{
	struct account account;
	if (request->zone == NULL)
		return status_of_all(server, request, reply);
	int code = EXIT_FAILED;
	if (take_account(server, request, reply, &account)) {
		code = code_of(&account);
		if (request->json)
			code = request_write_json(status_detail_json(&account.zone, &account.detail, account.now), code, reply);
		else
			status_write_zone(reply, &account.zone, &account.detail, account.now, request->colour);
	}
	config_release(account.config);
	return code;
}

int run_explain(struct server *server, const struct request *request, FILE *reply)
{
	struct account account;
	int code = EXIT_FAILED;
	if (take_account(server, request, reply, &account)) {
		struct explain_facts facts = {
			.zone = &account.zone, .progress = &account.progress, .servers = &account.servers,
			.answered = &account.answered, .config = account.config,
			.configured = config_zone_find(account.config, request->origin), .state_dir = server->state_dir,
			.now = account.now,
		};
		code = code_of(&account);
		if (request->json)
			code = request_write_json(explain_json(&facts), code, reply);
		else
			explain_write(reply, &facts, request->colour);
	}
	config_release(account.config);
	return code;
}

// --- the server

int run_stats(struct server *server, const struct request *request, FILE *reply)
{
	struct stats stats = { .server = { .version = UNDERSTUDY_VERSION, .started = server->started } };
	struct arena_usage usage;
	if (!request_read_begin(server, reply))
		return EXIT_FAILED;
	arena_usage(&usage);
	stats.server.zone_bytes = usage.live;
	serve_counters(server->serve, &stats.server.counters);
	replicate_counters(server->replicate, &stats.replicate);
	stats_read_primaries(server->replicate, &stats);
	request_read_end(server);
	int code = EXIT_GOOD;
	if (request->json)
		code = request_write_json(stats_json(&stats), EXIT_GOOD, reply);
	else
		stats_write(reply, &stats, clock_wall_s());
	stats_free(&stats);
	return code;
}

static const char *const levels[] = {
	[LEVEL_ERROR] = "error", [LEVEL_WARNING] = "warning", [LEVEL_NOTICE] = "notice",
	[LEVEL_INFO] = "info", [LEVEL_DEBUG] = "debug",
};

int run_log_level(struct server *server, const struct request *request, FILE *reply)
{
	const char *wanted = json_string_value(json_object_get(request->words, "level"));
	(void)server;
	if (wanted == NULL) {
		fprintf(reply, "%s\n", levels[log_get_level()]);
		return EXIT_GOOD;
	}
	for (unsigned i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (strcmp(levels[i], wanted) != 0)
			continue;
		log_line(LEVEL_NOTICE, NULL, "the log level was %s and is %s from now on", levels[log_get_level()], wanted);
		log_set_level((enum log_level)i);
		fprintf(reply, "%s, until the next reload or restart\n", wanted);
		return EXIT_GOOD;
	}
	fprintf(reply, "log-level: \"%s\" is none; they are error, warning, notice, info and debug\n", wanted);
	return EXIT_USAGE;
}
