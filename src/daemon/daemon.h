// SPDX-License-Identifier: GPL-3.0-or-later
// The server as a process: it puts the rooms together, starts and ends them in
// order, and turns signals and orders into calls. It never leaves the
// foreground: a service manager does that better.
#pragma once

#include <stdbool.h>

#include "base/log.h"
#include "config/config.h"

struct daemon_options {
	const char *config_path;          // NULL: `arguments` instead
	struct config_arguments arguments;
	struct config_overrides overrides; // strings live as long as the process
	bool level_given;
	enum log_level level;
};

// Serves until it is told to end. Returns the exit code: 0 after a clean end,
// 1 where it could not start (the log says why).
int daemon_run(const struct daemon_options *options);
