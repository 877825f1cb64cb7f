// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/cli.h"

const struct cli_verb cli_write = {
	.name = "write",
	.summary = "write the zone file of a copy now",
	.usage =
		"understudy write [ZONE...] [options]\n"
		"\n"
		"Writes the file that the configuration names for a secondary zone, which is else\n"
		"done from time to time. Without a zone, those of all zones. It waits until they are\n"
		"written, and ends with 1 where one cannot be.\n",
	.run = cli_run_request,
	.group = GROUP_ACT,
	.takes = TAKES_SERVER | TAKES_JSON | TAKES_ZONES | TAKES_ALL | ALL_IF_NONE | TAKES_WAIT | WAITS,
};
