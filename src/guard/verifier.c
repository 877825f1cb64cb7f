// SPDX-License-Identifier: GPL-3.0-or-later
#include "guard/verifier.h"

#include <errno.h>
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
#include "base/log.h"
#include "zone/file.h"

// How soon a cancelled run is noticed.
#define LOOK_UP_MS 200

// Of what it prints so much goes to the log: a verifier may print the zone.
#define LINES_MOST 100u
#define LINE_MOST 400u

// What ends the feeding without being an error.
#define FED_ENOUGH 1

enum end { RUNNING, EXITED, OUT_OF_TIME, CANCELLED, LOST };

// One of its two outputs.
struct output {
	int fd; // -1: closed
	enum log_level level;
	size_t filled;
	char line[LINE_MOST + 1];
};

struct run {
	const struct verifier *verifier;
	const char *zone;
	pid_t pid;
	int pidfd, in; // in: -1 once it has all, or wants no more
	struct output output[2];
	uint64_t deadline; // boot ms; UINT64_MAX: none
	unsigned lines;
	char last[LINE_MOST + 1];
	enum end end;
};

// --- what it prints

static void end_line(struct run *run, struct output *output)
{
	output->line[output->filled] = '\0';
	output->filled = 0;
	if (output->line[0] == '\0')
		return;
	memcpy(run->last, output->line, sizeof run->last);
	if (run->lines < LINES_MOST)
		log_line(output->level, run->zone, "verifier: %s", output->line);
	else if (run->lines == LINES_MOST)
		log_line(LEVEL_WARNING, run->zone, "verifier: it prints more than %u lines, the rest is left out", LINES_MOST);
	run->lines++;
}

static void take_bytes(struct run *run, struct output *output, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)bytes[i];
		if (c == '\n' || output->filled == LINE_MOST)
			end_line(run, output);
		if (c != '\n')
			output->line[output->filled++] = c < 32 || c == 127 ? ' ' : (char)c;
	}
}

// Reads what is there. False where there is no more for now.
static bool read_some(struct run *run, struct output *output)
{
	char bytes[4096];
	ssize_t got = output->fd >= 0 ? read(output->fd, bytes, sizeof bytes) : -1;

	if (got > 0) {
		take_bytes(run, output, bytes, (size_t)got);
		return true;
	}
	if (output->fd >= 0 && (got == 0 || (errno != EAGAIN && errno != EINTR))) {
		close(output->fd);
		output->fd = -1;
	}
	return false;
}

// --- while it runs

static void close_in(struct run *run)
{
	if (run->in >= 0)
		close(run->in);
	run->in = -1;
}

static int patience(const struct run *run, uint64_t now)
{
	uint64_t left = run->deadline > now ? run->deadline - now : 0;

	return left < LOOK_UP_MS ? (int)left : LOOK_UP_MS;
}

// Waits until something happens, takes what it prints, and notes its end.
// Returns whether it may be written to.
static bool wait_for_it(struct run *run, bool wants_to_write)
{
	uint64_t now = clock_boot_ms();
	struct pollfd polls[] = {
		{ .fd = run->pidfd, .events = POLLIN },
		{ .fd = run->output[0].fd, .events = POLLIN },
		{ .fd = run->output[1].fd, .events = POLLIN },
		{ .fd = wants_to_write ? run->in : -1, .events = POLLOUT },
	};

	if (run->verifier->cancelled != NULL && atomic_load(run->verifier->cancelled)) {
		run->end = CANCELLED;
		return false;
	}
	if (now >= run->deadline) {
		run->end = OUT_OF_TIME;
		return false;
	}
	if (poll(polls, 4, patience(run, now)) <= 0)
		return false;
	for (unsigned i = 0; i < 2; i++)
		if (polls[1 + i].revents != 0)
			read_some(run, &run->output[i]);
	if (polls[0].revents != 0)
		run->end = EXITED;
	return polls[3].revents != 0;
}

static int feed(void *context, const char *text, size_t length)
{
	struct run *run = context;

	while (length > 0 && run->in >= 0 && run->end == RUNNING) {
		if (!wait_for_it(run, true))
			continue;
		ssize_t wrote = write(run->in, text, length);
		if (wrote > 0) {
			text += wrote;
			length -= (size_t)wrote;
		} else if (wrote < 0 && errno != EAGAIN && errno != EINTR) {
			// It has seen enough; its exit code tells what it thinks.
			close_in(run);
		}
	}
	return run->end == RUNNING && run->in >= 0 ? 0 : FED_ENOUGH;
}

// Its exit status.
static int reap(struct run *run)
{
	int status = 0;

	if (run->end != EXITED)
		kill(-run->pid, SIGKILL);
	pid_t reaped;
	while ((reaped = waitpid(run->pid, &status, 0)) < 0 && errno == EINTR)
		;
	// Where SIGCHLD is ignored the kernel throws the exit status away.
	if (reaped < 0 && run->end == EXITED)
		run->end = LOST;
	// What others that it started still print, nobody waits for.
	for (unsigned i = 0; i < 2; i++) {
		for (unsigned reads = 0; reads < 64 && read_some(run, &run->output[i]); reads++)
			;
		end_line(run, &run->output[i]);
	}
	return status;
}

// --- its start

// Starts it; 0 or an errno.
static int start(struct run *run, char **words)
{
	static const char *const replaced[] = { "VERIFY_", NULL };
	static char on_stdin[] = "VERIFY_ZONE_ON_STDIN=yes";
	char zone_variable[16 + NAME_MAX_TEXT];
	struct child child;
	int reason;

	snprintf(zone_variable, sizeof zone_variable, "VERIFY_ZONE=%s", run->zone);
	char **environment = child_environment(replaced, (char *const[]){ zone_variable, on_stdin, NULL });
	reason = environment == NULL ? ENOMEM : child_start(words, environment, &child);
	free(environment);
	if (reason != 0)
		return reason;
	run->pid = child.pid;
	run->pidfd = child.pidfd;
	run->in = child.in;
	run->output[0] = (struct output){ .fd = child.out, .level = LEVEL_INFO };
	run->output[1] = (struct output){ .fd = child.err, .level = LEVEL_WARNING };
	return 0;
}

// --- the verdict

static int hold(struct guard_verdict *verdict, const struct run *run, const char *program, const char *what)
{
	bool has_words = run->last[0] != '\0';

	verdict->check = "verifier";
	snprintf(verdict->text, sizeof verdict->text, "the verifier %.60s %.70s%s%.90s%s", program, what,
	         has_words ? ": \"" : "", run->last, has_words ? "\"" : "");
	return ERR_HELD;
}

static int judge(const struct run *run, int status, const char *program, struct guard_verdict *verdict)
{
	char what[96];

	if (run->end == CANCELLED)
		return ERR_CLOSED;
	if (run->end == OUT_OF_TIME)
		snprintf(what, sizeof what, "gave no verdict within %u s and was killed", run->verifier->timeout);
	else if (run->end == LOST)
		snprintf(what, sizeof what, "ended, but its exit code was lost: is SIGCHLD ignored?");
	else if (WIFSIGNALED(status))
		snprintf(what, sizeof what, "was ended by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status) != 0)
		snprintf(what, sizeof what, "said no, with exit code %d", WEXITSTATUS(status));
	else
		return 0;
	return hold(verdict, run, program, what);
}

static int run_words(const struct zone_version *version, struct run *run, char **words, struct guard_verdict *verdict)
{
	char what[96];
	int reason = start(run, words);
	int error, status;

	if (reason != 0) {
		snprintf(what, sizeof what, "cannot be started: %s", strerror(reason));
		return hold(verdict, run, words[0], what);
	}
	error = zone_text_write(version, feed, run);
	close_in(run);
	while (run->end == RUNNING && error >= 0)
		wait_for_it(run, false);
	status = reap(run);
	child_close(&(struct child){ .pidfd = run->pidfd, .in = -1, .out = run->output[0].fd, .err = run->output[1].fd });
	return error < 0 ? error : judge(run, status, words[0], verdict);
}

int verifier_run(const struct zone_version *version, const struct verifier *verifier, struct guard_verdict *verdict)
{
	char zone[NAME_MAX_TEXT];
	char **words = child_words(verifier->command);
	struct run *run = calloc(1, sizeof *run);
	int error = ERR_MEMORY;

	*verdict = (struct guard_verdict){ 0 };
	if (run != NULL) {
		run->verifier = verifier;
		run->zone = name_to_text(zone_origin(version), zone);
		run->pidfd = run->in = run->output[0].fd = run->output[1].fd = -1;
		run->deadline = verifier->timeout != 0 ? clock_boot_ms() + (uint64_t)verifier->timeout * 1000 : UINT64_MAX;
		error = words != NULL ? run_words(version, run, words, verdict)
		                      : hold(verdict, run, verifier->command, "is no command: a quote does not end");
	}
	free(run);
	free(words);
	return error;
}
