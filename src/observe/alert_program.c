// SPDX-License-Identifier: GPL-3.0-or-later
// The operator's program: what it is told, and its time.
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/error.h"
#include "observe/alert_parts.h"

#define LOOK_UP_MS 200 // how soon a cancelled run is noticed
#define VARIABLES 12
#define NAMES_MOST 1500 // bytes of ZONE where many are told of at once

// --- the environment

struct variables {
	char *list[VARIABLES + 1]; // point into text
	size_t count, used;
	char text[12288];
};

__attribute__((format(printf, 3, 4)))
static void add(struct variables *v, const char *name, const char *format, ...)
{
	size_t room = sizeof(v->text) - v->used;
	int head = snprintf(v->text + v->used, room, "%s=", name);
	va_list arguments;
	va_start(arguments, format);
	int tail = vsnprintf(v->text + v->used + head, room - (size_t)head, format, arguments);
	va_end(arguments);
	if (tail < 0 || (size_t)head + (size_t)tail >= room || v->count == VARIABLES)
		return; // no room: none is half there
	v->list[v->count++] = v->text + v->used;
	v->used += (size_t)head + (size_t)tail + 1;
}

static void add_names(struct variables *v, const struct alert_message *message)
{
	char names[NAMES_MOST + NAME_MAX_TEXT] = "";
	size_t at = 0;
	for (size_t i = 0; i < message->count && at < NAMES_MOST; i++)
		at += (size_t)snprintf(names + at, sizeof(names) - at, "%s%s", at > 0 ? " " : "", message->events[i].name);
	add(v, message->events[0].change.is_primary ? "PRIMARY" : "ZONE", "%s", names);
}

static void describe(struct variables *v, const struct alert_message *message)
{
	const struct alert_event *first = &message->events[0];
	const struct watch_event *change = &first->change;
	char summary[ALERT_SUMMARY], address[ADDRESS_TEXT];
	*v = (struct variables){ 0 };
	add_names(v, message);
	add(v, "ASPECT", "%s", change->is_primary ? "primary" : watch_aspect_text(change->aspect));
	add(v, "STATE", "%s", watch_state_text(change->aspect, change->state));
	add(v, "PREVIOUS", "%s", watch_state_text(change->aspect, change->previous));
	add(v, "REASON", "%s", first->reason);
	add(v, "SINCE", "%" PRId64, change->since);
	add(v, "COUNT", "%zu", message->count + message->rest.all);
	add(v, "SUMMARY", "%s", alert_summary(message, summary));
	if (change->is_primary)
		return;
	if (first->status.has_version)
		add(v, "SERIAL", "%" PRIu32, first->status.serial);
	if (first->status.expires_at != 0)
		add(v, "EXPIRES_AT", "%" PRId64, first->status.expires_at);
	if (first->status.primary.ss_family != AF_UNSPEC)
		add(v, "PRIMARY", "%s", address_to_text((const struct sockaddr *)&first->status.primary, address));
}

// --- the run

struct run {
	struct child child;
	const char *text; // what it has yet to be given
	size_t left;
	char last[200];   // the last line that it printed
	size_t filled;
	bool has_ended_line;
};

static void take_output(struct run *run, int *fd)
{
	char bytes[2048];
	ssize_t got = read(*fd, bytes, sizeof(bytes));
	if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
		close(*fd);
		*fd = -1;
	}
	for (ssize_t i = 0; i < got; i++) {
		unsigned char c = (unsigned char)bytes[i];
		if (c == '\n') {
			run->has_ended_line = true;
			continue;
		}
		if (run->has_ended_line)
			run->filled = 0;
		run->has_ended_line = false;
		if (run->filled < sizeof(run->last) - 1)
			run->last[run->filled++] = c < 32 || c == 127 ? ' ' : (char)c;
	}
	run->last[run->filled] = '\0';
}

static void give_input(struct run *run)
{
	ssize_t wrote = run->left > 0 ? write(run->child.in, run->text, run->left) : 0;
	if (wrote > 0) {
		run->text += wrote;
		run->left -= (size_t)wrote;
	}
	if (run->left == 0 || (wrote < 0 && errno != EAGAIN && errno != EINTR)) {
		close(run->child.in); // it has all, or wants no more
		run->child.in = -1;
	}
}

// True once it has ended.
static bool run_step(struct run *run, int wait_ms)
{
	struct pollfd polls[] = {
		{ .fd = run->child.pidfd, .events = POLLIN }, { .fd = run->child.out, .events = POLLIN },
		{ .fd = run->child.err, .events = POLLIN }, { .fd = run->child.in, .events = POLLOUT },
	};
	if (poll(polls, 4, wait_ms) <= 0)
		return false;
	if (polls[1].revents != 0)
		take_output(run, &run->child.out);
	if (polls[2].revents != 0)
		take_output(run, &run->child.err);
	if (polls[3].revents != 0)
		give_input(run);
	return polls[0].revents != 0;
}

static int tell(struct run *run, int status, const char *program, char why[static 256])
{
	char what[64] = "";
	if (WIFSIGNALED(status))
		snprintf(what, sizeof(what), "was ended by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		snprintf(what, sizeof(what), "ended with %d", WEXITSTATUS(status));
	else
		return 0;
	bool has_words = run->last[0] != '\0';
	snprintf(why, 256, "%.80s %s%s%.100s%s", program, what, has_words ? ": \"" : "", run->last, has_words ? "\"" : "");
	return ERR_IO;
}

static int watch_run(struct run *run, const char *program, const struct alert_order *order, char why[static 256])
{
	uint64_t deadline = clock_boot_ms() + (uint64_t)order->timeout * 1000;
	int status = 0, error = 0;
	bool has_ended = false;
	while (!has_ended && error == 0) {
		uint64_t now = clock_boot_ms();
		uint64_t left = deadline > now ? deadline - now : 0;
		has_ended = run_step(run, left < LOOK_UP_MS ? (int)left : LOOK_UP_MS);
		if (!has_ended && atomic_load(order->cancelled))
			error = ERR_CLOSED;
		else if (!has_ended && left == 0)
			error = ERR_TIMEOUT;
	}
	// Also what it started and left behind, which would hold its pipes.
	kill(-run->child.pid, SIGKILL);
	while (waitpid(run->child.pid, &status, 0) < 0 && errno == EINTR)
		;
	for (int i = 0; has_ended && i < 4; i++)
		run_step(run, 0); // what it said last
	if (error == ERR_TIMEOUT)
		snprintf(why, 256, "%.80s took more than %u s and was killed", program, order->timeout);
	return error != 0 ? (error == ERR_CLOSED ? error : ERR_IO) : tell(run, status, program, why);
}

int alert_run(const char *command, const struct alert_message *message, const char *json,
              const struct alert_order *order, char why[static 256])
{
	static const char *const replaced[] = {
		"ZONE=", "PRIMARY=", "ASPECT=", "STATE=", "PREVIOUS=", "REASON=", "SINCE=", "COUNT=", "SUMMARY=", "SERIAL=",
		"EXPIRES_AT=", NULL,
	};
	struct variables variables;
	struct run run = { .text = json, .left = strlen(json) };
	char **words = child_words(command);
	int error = ERR_IO;
	describe(&variables, message);
	char **environment = child_environment(replaced, variables.list);
	int reason = words == NULL ? EINVAL : environment == NULL ? ENOMEM
	                                    : child_start(words, environment, &run.child);
	if (reason != 0)
		snprintf(why, 256, "%.80s cannot be started: %s", words != NULL ? words[0] : command,
		         words == NULL ? "a quote does not end" : strerror(reason));
	else
		error = watch_run(&run, words[0], order, why);
	if (reason == 0)
		child_close(&run.child);
	free(environment);
	free(words);
	return error;
}
