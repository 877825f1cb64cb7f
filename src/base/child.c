// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

struct pipes {
	int in[2], out[2], err[2];
};
_Static_assert(sizeof(struct pipes) == 6 * sizeof(int), "the pipes are opened as one array");

static void close_all(const int *fd, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (fd[i] >= 0)
			close(fd[i]);
}

static int open_pipes(struct pipes *pipes)
{
	int fd[6] = { -1, -1, -1, -1, -1, -1 };

	if (pipe2(fd, O_CLOEXEC) != 0 || pipe2(fd + 2, O_CLOEXEC) != 0 || pipe2(fd + 4, O_CLOEXEC) != 0
	    || fcntl(fd[1], F_SETFL, O_NONBLOCK) != 0 || fcntl(fd[2], F_SETFL, O_NONBLOCK) != 0
	    || fcntl(fd[4], F_SETFL, O_NONBLOCK) != 0) {
		int reason = errno;
		close_all(fd, 6);
		return reason;
	}
	memcpy(pipes, fd, sizeof fd);
	return 0;
}

static bool begins_with_any(const char *variable, const char *const *prefixes)
{
	for (; *prefixes != NULL; prefixes++)
		if (strncmp(variable, *prefixes, strlen(*prefixes)) == 0)
			return true;
	return false;
}

char **child_environment(const char *const *replaced, char *const *more)
{
	static const char *const ours[] = { "NOTIFY_SOCKET=", "WATCHDOG_", "LISTEN_", NULL };
	size_t count = 0, kept = 0, added = 0;

	while (environ[count] != NULL)
		count++;
	while (more[added] != NULL)
		added++;
	char **environment = malloc((count + added + 1) * sizeof *environment);
	if (environment == NULL)
		return NULL;
	for (size_t i = 0; i < count; i++)
		if (!begins_with_any(environ[i], ours) && !begins_with_any(environ[i], replaced))
			environment[kept++] = environ[i];
	memcpy(environment + kept, more, (added + 1) * sizeof *environment);
	return environment;
}

static int add_files(posix_spawn_file_actions_t *actions, const struct pipes *pipes)
{
	int reason = posix_spawn_file_actions_adddup2(actions, pipes->in[0], 0);

	if (reason == 0)
		reason = posix_spawn_file_actions_adddup2(actions, pipes->out[1], 1);
	if (reason == 0)
		reason = posix_spawn_file_actions_adddup2(actions, pipes->err[1], 2);
	if (reason == 0)
		reason = posix_spawn_file_actions_addclosefrom_np(actions, 3);
	return reason;
}

static int spawn(char *const *words, char *const *environment, const struct pipes *pipes, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int reason;

	sigemptyset(&none);
	sigfillset(&all);
	reason = posix_spawn_file_actions_init(&actions);
	if (reason != 0)
		return reason;
	reason = posix_spawnattr_init(&attributes);
	if (reason == 0) {
		reason = add_files(&actions, pipes);
		posix_spawnattr_setpgroup(&attributes, 0);
		posix_spawnattr_setsigmask(&attributes, &none);
		posix_spawnattr_setsigdefault(&attributes, &all);
		posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
		if (reason == 0)
			reason = posix_spawnp(pid, words[0], &actions, &attributes, words, environment);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&actions);
	return reason;
}

// A descriptor that is readable once the process has ended; -1 with errno. Where
// SIGCHLD is ignored nothing stays of a process that ended at once, so there is
// none to open: then one that is readable already.
static int watch_end(pid_t pid)
{
	int fd = pidfd_open(pid, 0);

	return fd < 0 && errno == ESRCH ? eventfd(1, EFD_CLOEXEC) : fd;
}

int child_start(char *const *words, char *const *environment, struct child *child)
{
	struct pipes pipes = { 0 };
	int reason = open_pipes(&pipes);

	if (reason != 0)
		return reason;
	reason = spawn(words, environment, &pipes, &child->pid);
	close_all((const int[]){ pipes.in[0], pipes.out[1], pipes.err[1] }, 3);
	if (reason == 0) {
		child->pidfd = watch_end(child->pid);
		if (child->pidfd < 0) {
			reason = errno;
			kill(-child->pid, SIGKILL);
			waitpid(child->pid, NULL, 0);
		}
	}
	if (reason != 0) {
		close_all((const int[]){ pipes.in[1], pipes.out[0], pipes.err[0] }, 3);
		return reason;
	}
	child->in = pipes.in[1];
	child->out = pipes.out[0];
	child->err = pipes.err[0];
	return 0;
}

void child_close(struct child *child)
{
	close_all((const int[]){ child->pidfd, child->in, child->out, child->err }, 4);
	child->pidfd = child->in = child->out = child->err = -1;
}
