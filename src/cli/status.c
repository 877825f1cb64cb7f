// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/cli.h"

const struct cli_verb cli_status = {
	.name = "status",
	.summary = "tell how fresh each zone is, or all of one",
	.usage =
		"understudy status [ZONE...] [options]\n"
		"\n"
		"A line for each zone and what is wrong with it, or all that is known of those\n"
		"named: the serial on every server, for how long each has lagged behind the newest,\n"
		"the last transfer, the last error, the way to expiry. Of a zone named, this server\n"
		"is also asked over the network what it answers.\n"
		"Ends with 0 where all is as it should be, 4 where a zone is stale, expired, empty,\n"
		"held, rolled back, not saved on disk, or not answered for as it should be, 3 where\n"
		"no server runs.\n",
	.run = cli_run_request,
	.group = GROUP_SEE,
	.takes = TAKES_SERVER | TAKES_JSON | TAKES_ZONES,
};
