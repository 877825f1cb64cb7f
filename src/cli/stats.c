// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/cli.h"

const struct cli_verb cli_stats = {
	.name = "stats",
	.summary = "tell the counters of the server",
	.usage =
		"understudy stats [options]\n"
		"\n"
		"What was asked and answered, transferred, told and refused since the start, and\n"
		"for each primary how often it was asked, and how it is. The counters are never set\n"
		"back: who looks twice has the difference.\n",
	.run = cli_run_request,
	.group = GROUP_SEE,
	.takes = TAKES_SERVER | TAKES_JSON,
};
