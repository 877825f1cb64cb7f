// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/log_setup.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

// Standard error as we were started with it, while a log file takes its place.
static int original = -1;

// A rotated file is made anew by us, mostly no longer as root.
static void tell_log_file(const char *path, int error)
{
	const struct passwd *user = getpwuid(geteuid());
	if (error != EACCES)
		log_line(LEVEL_WARNING, NULL, "%s: cannot open the log file: %s; the log stays where it is", path,
		         strerror(error));
	else
		log_line(LEVEL_WARNING, NULL, "%s: cannot open the log file: %s; the log stays where it is; let user %s make "
		         "files in that folder, or let logrotate make this one (create 0640 %s, or copytruncate)", path,
		         strerror(error), user != NULL ? user->pw_name : "that we run as", user != NULL ? user->pw_name : "USER");
}

// Our lines go to standard error whatever that is: a log file takes its place.
static void open_log_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	if (fd < 0) {
		tell_log_file(path, errno);
		return;
	}
	if (original < 0)
		original = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	dup2(fd, STDERR_FILENO);
	close(fd);
	log_open(LOG_TO_STDERR);
}

static void leave_log_file(void)
{
	if (original < 0)
		return;
	dup2(original, STDERR_FILENO);
	close(original);
	original = -1;
}

bool log_setup_uses_file(const struct config *config)
{
	const struct config_server *server = &config->server;
	return server->log_file != NULL && (server->log_target < 0 || server->log_target == LOG_TO_STDERR);
}

void log_setup_reopen(const struct config *config)
{
	if (log_setup_uses_file(config))
		open_log_file(config->server.log_file);
}

void log_setup(const struct daemon_options *options, const struct config *config)
{
	static const enum log_level by_verbosity[] = { LEVEL_INFO, LEVEL_INFO, LEVEL_INFO, LEVEL_DEBUG };
	const struct config_server *server = &config->server;
	if (!options->level_given)
		log_set_level(server->log_level >= 0 ? (enum log_level)server->log_level
		                                     : by_verbosity[server->verbosity < 3 ? server->verbosity : 3]);
	log_set_format((enum log_format)server->log_format);
	log_set_facility(server->log_facility);
	if (log_setup_uses_file(config)) {
		open_log_file(server->log_file);
		return;
	}
	leave_log_file();
	log_open(server->log_target >= 0 ? (enum log_target)server->log_target : LOG_TO_DEFAULT);
}
