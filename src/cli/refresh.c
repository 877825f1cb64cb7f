// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/cli.h"

const struct cli_verb cli_refresh = {
	.name = "refresh",
	.summary = "ask the primaries of a zone now whether it has changed",
	.usage =
		"understudy refresh ZONE... | --all [options]\n"
		"\n"
		"Asks the primaries now, and transfers the zone where one has a newer serial. With\n"
		"--wait it ends when the outcome is known, and with what it is: 0 the newest serial\n"
		"is served, 4 it is held or the zone is not current, 1 it failed, or the time is up.\n",
	.run = cli_run_request,
	.group = GROUP_ACT,
	.takes = TAKES_SERVER | TAKES_JSON | TAKES_ZONES | NEEDS_ZONE | TAKES_ALL | TAKES_WAIT,
};
