// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/cli.h"

const struct cli_verb cli_explain = {
	.name = "explain",
	.summary = "tell in plain words how it is with a zone, and what to do",
	.usage =
		"understudy explain ZONE... [options]\n"
		"\n"
		"A few sentences: where the zone comes from, what happened last and when, what is\n"
		"wrong and why, what to do now, with the command or the line of configuration to\n"
		"copy, and what comes by itself.\n"
		"Ends with 0 where all is as it should be, else with 4.\n",
	.run = cli_run_request,
	.group = GROUP_SEE,
	.takes = TAKES_SERVER | TAKES_JSON | TAKES_ZONES | NEEDS_ZONE,
};
