// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/cli.h"

const struct cli_verb cli_approve = {
	.name = "approve",
	.summary = "publish a version that the guard holds back",
	.usage =
		"understudy approve ZONE [SERIAL]... [options]\n"
		"\n"
		"Publishes the version of the zone that is held because a check said no: understudy\n"
		"explain ZONE tells which, and why. With its serial, that one and no newer that has\n"
		"come meanwhile. It is served as soon as it is stored; the checks look at the next\n"
		"version as they did at this one.\n",
	.run = cli_run_request,
	.group = GROUP_DECIDE,
	.takes = TAKES_SERVER | TAKES_JSON | TAKES_ZONES | NEEDS_ZONE | TAKES_SERIAL | TAKES_WAIT,
};
