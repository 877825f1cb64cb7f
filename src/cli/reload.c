// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/cli.h"

const struct cli_verb cli_reload = {
	.name = "reload",
	.summary = "read the configuration and changed zone files again",
	.usage =
		"understudy reload [ZONE...] [options]\n"
		"\n"
		"The same as SIGHUP, but it waits until the configuration is in force and tells the\n"
		"outcome. A configuration with an error is refused whole and the old one stays in\n"
		"force. With zones, only the files of these are read, of which this server is the\n"
		"primary. With --wait it also waits until changed files are read and served.\n",
	.run = cli_run_request,
	.group = GROUP_SERVER,
	.takes = TAKES_SERVER | TAKES_JSON | TAKES_ZONES | TAKES_WAIT,
};
