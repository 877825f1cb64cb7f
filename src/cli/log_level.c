// SPDX-License-Identifier: GPL-3.0-or-later
#include <stddef.h>

#include "cli/cli.h"

static const char *const levels[] = { "error", "warning", "notice", "info", "debug", NULL };

const struct cli_verb cli_log_level = {
	.name = "log-level",
	.summary = "tell or set how much is logged",
	.usage =
		"understudy log-level [LEVEL] [options]\n"
		"\n"
		"Tells the level, or sets it until the next reload or restart: error, warning,\n"
		"notice, info or debug.\n",
	.run = cli_run_request,
	.group = GROUP_SERVER,
	.takes = TAKES_SERVER | TAKES_JSON,
	.operand = "level",
	.operand_words = levels,
};
