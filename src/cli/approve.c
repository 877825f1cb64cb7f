// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/cli.h"

const struct cli_verb cli_approve = {
	.name = "approve",
	.summary = "publish a version that the guard holds back",
	.usage =
		"understudy approve ZONE [--state-dir DIR | -c FILE]\n"
		"\n"
		"Publishes the version of the zone that is held because a check said no: understudy\n"
		"status ZONE tells which, and why. It is served as soon as it is stored; the checks\n"
		"look at the next version as they did at this one.\n",
	.run = cli_run_on_zone,
};
