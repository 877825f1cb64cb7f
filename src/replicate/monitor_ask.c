// SPDX-License-Identifier: GPL-3.0-or-later
// The monitor's questions: by UDP from a fresh port each, by TCP where the
// answer is cut; and the health of those that are asked.
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/log.h"
#include "config/config.h"
#include "dns/message.h"
#include "replicate/monitor.h"
#include "replicate/notify_tcp.h"
#include "replicate/poll.h"
#include "replicate/query.h"
#include "replicate/replica.h"
#include "replicate/room.h"

// Questions on their way to one server: a silent one must not hold all of the
// monitor's sockets before it is known to be silent.
#define SERVER_OUTSTANDING_MAX 16u

// After so many questions without an answer a server counts as silent, and is
// asked one at a time after pauses that double from the first to the longest.
#define SILENT_AFTER 2u
#define BACKOFF_FIRST_MS 5000u
#define BACKOFF_MAX_MS (5u * 60 * 1000)

#define TCP_MS 5000u

struct monitor_question {
	struct monitor_question *next, *previous;
	struct replica *replica;              // held
	const struct config *config;          // held
	struct config_remote remote;
	uint32_t server;
	struct poll *poll;
	struct notify_tcp *tcp;
	struct deadline deadline;             // of the TCP try
	struct query query;                   // likewise
};

// Silence and its end are told once for each server.
static struct log_limit health_lines = { .per_second = 5, .burst = 20 };

// --- servers

static uint32_t *bucket_of(const struct monitor *monitor, const struct endpoint *endpoint)
{
	return &monitor->bucket[hash_bytes(endpoint->bytes, sizeof endpoint->bytes) % MONITOR_BUCKETS];
}

struct monitor_server *monitor_server_find(const struct monitor *monitor, const struct endpoint *endpoint)
{
	uint32_t number = monitor->bucket != NULL ? *bucket_of(monitor, endpoint) : 0;

	while (number != 0 && !endpoint_equal(&monitor->server[number - 1]->endpoint, endpoint))
		number = monitor->server[number - 1]->next;
	return number != 0 ? monitor->server[number - 1] : NULL;
}

// A place for one more: one that was given up, or a new one.
static struct monitor_server *make_server(struct monitor *monitor)
{
	struct monitor_server *server;

	if (monitor->free_server != 0) {
		server = monitor->server[monitor->free_server - 1];
		monitor->free_server = server->next;
		return server;
	}
	if (monitor->server_count == monitor->server_room) {
		uint32_t room = monitor->server_room == 0 ? 16 : monitor->server_room * 2;
		struct monitor_server **grown = realloc(monitor->server, room * sizeof(struct monitor_server *));
		if (grown == NULL)
			return NULL;
		monitor->server = grown;
		monitor->server_room = room;
	}
	server = calloc(1, sizeof *server);
	if (server == NULL)
		return NULL;
	server->number = monitor->server_count;
	monitor->server[monitor->server_count++] = server;
	return server;
}

struct monitor_server *monitor_server_get(struct monitor *monitor, const struct endpoint *endpoint)
{
	struct monitor_server *server = monitor_server_find(monitor, endpoint);
	uint32_t number;

	if (server != NULL || monitor->bucket == NULL)
		return server;
	server = make_server(monitor);
	if (server == NULL)
		return NULL;
	number = server->number;
	*server = (struct monitor_server){ .endpoint = *endpoint, .number = number,
	                                   .next = *bucket_of(monitor, endpoint) };
	*bucket_of(monitor, endpoint) = number + 1;
	return server;
}

void monitor_server_release(struct monitor *monitor, uint32_t number)
{
	struct monitor_server *server = monitor->server[number];
	uint32_t *place = bucket_of(monitor, &server->endpoint);

	// Questions on their way name it too.
	if (--server->users > 0)
		return;
	while (*place != number + 1)
		place = &monitor->server[*place - 1]->next;
	*place = server->next;
	server->next = monitor->free_server;
	monitor->free_server = number + 1;
}

bool monitor_server_is_silent(const struct monitor_server *server)
{
	return server->failures >= SILENT_AFTER;
}

static void log_health(const struct monitor_server *server, bool is_silent_now)
{
	char address[ADDRESS_TEXT];
	uint64_t suppressed;

	if (!log_limit_allows(&health_lines, &suppressed))
		return;
	if (is_silent_now)
		log_event(LEVEL_WARNING, "monitor-silent", NULL, LOG_FIELDS(log_text("server", endpoint_text(&server->endpoint, address))),
		          "%s answers no question for a serial; it is asked less and less often until it does",
		          endpoint_text(&server->endpoint, address));
	else
		log_event(LEVEL_NOTICE, "monitor-answers", NULL, LOG_FIELDS(log_text("server", endpoint_text(&server->endpoint, address))),
		          "%s answers again", endpoint_text(&server->endpoint, address));
}

static void took_answer(struct monitor_server *server)
{
	if (monitor_server_is_silent(server))
		log_health(server, false);
	server->failures = 0;
	server->retry_at = 0;
}

static void took_silence(struct replicate *room, struct monitor_server *server)
{
	uint32_t shift = server->failures < 16 ? server->failures : 16;
	uint64_t pause = (uint64_t)BACKOFF_FIRST_MS << shift, now = clock_boot_ms();

	// Questions that were on their way together are one silence.
	if (monitor_server_is_silent(server) && now < server->retry_at)
		return;
	if (pause > BACKOFF_MAX_MS)
		pause = BACKOFF_MAX_MS;
	pause -= ((pause / 4) * room_random(room)) >> 32;
	server->retry_at = now + pause;
	if (++server->failures == SILENT_AFTER)
		log_health(server, true);
}

// --- the end of a question

static void free_question(struct monitor_question *question)
{
	struct replica *replica = question->replica;
	struct monitor *monitor = &replica->room->monitor;

	*(question->previous != NULL ? &question->previous->next : &monitor->questions) = question->next;
	if (question->next != NULL)
		question->next->previous = question->previous;
	monitor->outstanding--;
	monitor->server[question->server]->outstanding--;
	monitor_server_release(monitor, question->server);
	deadline_leave(&replica->room->deadlines, &question->deadline);
	notify_tcp_end(question->tcp);
	config_release(question->config);
	free(question);
	replica_drop(replica);
}

static void end(struct monitor_question *question, const struct monitor_answer *answer)
{
	struct replica *replica = question->replica;
	struct monitor_server *server = replica->room->monitor.server[question->server];
	uint32_t number = question->server;

	if (answer->outcome == MONITOR_SILENT || answer->outcome == MONITOR_UNREACHABLE)
		took_silence(replica->room, server);
	else
		took_answer(server);
	replica_hold(replica);
	free_question(question);
	watch_note(replica, number, answer);
	replica_drop(replica);
}

static enum monitor_outcome outcome_of(int error, bool is_authoritative)
{
	switch (error) {
	case 0: return MONITOR_ANSWERED;
	case ERR_DENIED: return MONITOR_REFUSED;
	case ERR_KEY: case ERR_TIME: return MONITOR_UNPROVEN;
	case ERR_NOT_FOUND: return is_authoritative ? MONITOR_NO_SOA : MONITOR_LAME;
	default: return MONITOR_MALFORMED;
	}
}

// --- by TCP

static void on_tcp_deadline(struct deadline *deadline, uint64_t now)
{
	struct monitor_question *question = (struct monitor_question *)((char *)deadline
	                                     - offsetof(struct monitor_question, deadline));

	(void)now;
	end(question, &(struct monitor_answer){ .outcome = MONITOR_CUT });
}

static void on_tcp_done(void *context, uint8_t *message, size_t length)
{
	struct monitor_question *question = context;
	struct monitor_answer answer = { .outcome = MONITOR_CUT };
	struct soa_answer soa;
	char why[256];
	bool has_authority;
	int error;

	if (message != NULL && length >= MESSAGE_HEADER) {
		has_authority = (message_flags(message) & FLAG_AA) != 0;
		answer.rcode = (uint16_t)message_rcode(message);
		error = query_read_soa(&question->query, message, length, clock_wall_s(), &soa, why, sizeof why);
		answer.outcome = soa.is_truncated ? MONITOR_CUT : outcome_of(error, has_authority);
		answer.serial = soa.serial;
	}
	end(question, &answer);
}

static void ask_by_tcp(struct monitor_question *question)
{
	struct replicate *room = question->replica->room;
	const struct tsig_key *key = question->remote.key != NULL ? &question->remote.key->tsig : NULL;
	struct endpoint endpoint, source;
	int error = query_build(&question->query, (uint16_t)room_random(room), question->replica->slot->origin, TYPE_SOA,
	                        key, clock_wall_s());

	endpoint_from(&endpoint, (const struct sockaddr *)&question->remote.address);
	endpoint_from(&source, (const struct sockaddr *)&question->remote.source);
	if (error == 0)
		error = deadline_join(&room->deadlines, &question->deadline, on_tcp_deadline);
	if (error == 0)
		question->tcp = notify_tcp_start(room, &endpoint, &source, question->query.bytes, question->query.length,
		                                 on_tcp_done, question);
	if (question->tcp == NULL)
		end(question, &(struct monitor_answer){ .outcome = MONITOR_CUT });
	else
		deadline_set(&room->deadlines, &question->deadline, clock_boot_ms() + TCP_MS);
}

// --- by UDP

static void on_polled(void *context, const struct poll_result *result)
{
	struct monitor_question *question = context;
	struct monitor_server *server = question->replica->room->monitor.server[question->server];
	struct monitor_answer answer = { .rcode = result->rcode, .serial = result->serial };

	question->poll = NULL;
	if (result->outcome == POLL_SILENT) {
		answer.outcome = result->error != 0 ? MONITOR_UNREACHABLE : MONITOR_SILENT;
		end(question, &answer);
		return;
	}
	server->round_trip_us = result->round_trip_us;
	if (result->outcome == POLL_USE_TCP) {
		ask_by_tcp(question);
		return;
	}
	answer.outcome = outcome_of(result->error, result->is_authoritative);
	end(question, &answer);
}

static struct monitor_question *make_question(struct replica *replica, const struct monitor_candidate *candidate,
                                              struct monitor_server *server)
{
	struct monitor *monitor = &replica->room->monitor;
	struct monitor_question *question = calloc(1, sizeof *question);

	if (question == NULL)
		return NULL;
	question->replica = replica;
	question->config = config_hold(room_config(replica->room));
	question->server = server->number;
	question->remote.key = candidate->key;
	endpoint_to(&candidate->endpoint, &question->remote.address);
	endpoint_to(&candidate->source, &question->remote.source);
	question->next = monitor->questions;
	if (question->next != NULL)
		question->next->previous = question;
	monitor->questions = question;
	monitor->outstanding++;
	server->outstanding++;
	server->users++;
	replica_hold(replica);
	return question;
}

bool monitor_ask(struct replica *replica, const struct monitor_candidate *candidate, struct watch_entry *entry)
{
	struct replicate *room = replica->room;
	struct monitor_server *server = room->monitor.server[entry->server];
	struct monitor_question *question;
	char why[256];

	if (entry->is_asked || server->outstanding >= SERVER_OUTSTANDING_MAX)
		return false;
	if (monitor_server_is_silent(server) && (server->outstanding > 0 || clock_boot_ms() < server->retry_at))
		return false;
	question = make_question(replica, candidate, server);
	if (question == NULL)
		return false;
	if (poll_start(room, replica->slot->origin, &question->remote, false, on_polled, question, &question->poll, why)
	    != 0) {
		// No route to it, mostly.
		free_question(question);
		took_silence(room, server);
		watch_note(replica, entry->server, &(struct monitor_answer){ .outcome = MONITOR_UNREACHABLE });
	} else {
		entry->is_asked = true;
	}
	entry->asked_at = (uint32_t)clock_wall_s();
	return true;
}

void monitor_cancel(struct replicate *room, const struct replica *replica)
{
	struct monitor_question *question = room->monitor.questions, *next;

	for (; question != NULL; question = next) {
		next = question->next;
		if (replica != NULL && question->replica != replica)
			continue;
		poll_cancel(question->poll);
		free_question(question);
	}
}
