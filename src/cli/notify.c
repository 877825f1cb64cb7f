// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/cli.h"

const struct cli_verb cli_notify = {
	.name = "notify",
	.summary = "send NOTIFY again to those who copy from here",
	.usage =
		"understudy notify [ZONE...] [options]\n"
		"\n"
		"Tells the secondaries of the zone once more that it has changed: those of\n"
		"also-notify (nsd.conf: notify) and, with notify yes, its name servers. Without a\n"
		"zone, those of all zones. With --wait it ends with 0 where all have heard it, else\n"
		"with 1.\n",
	.run = cli_run_request,
	.group = GROUP_ACT,
	.takes = TAKES_SERVER | TAKES_JSON | TAKES_ZONES | TAKES_ALL | ALL_IF_NONE | TAKES_WAIT,
};
