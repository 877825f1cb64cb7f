// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/cli.h"

const struct cli_verb cli_rollback = {
	.name = "rollback",
	.summary = "serve an older version of a zone",
	.usage =
		"understudy rollback ZONE SERIAL [options]\n"
		"\n"
		"Serves that older version of a secondary zone, with its own serial, until understudy\n"
		"resume ZONE; understudy history ZONE lists the serials. It holds over restarts. The\n"
		"primaries are still asked for their serial, but nothing newer is fetched. Secondaries\n"
		"of this server keep the newer version that they have.\n",
	.run = cli_run_request,
	.group = GROUP_DECIDE,
	.takes = TAKES_SERVER | TAKES_JSON | TAKES_ZONE | NEEDS_ZONE | TAKES_SERIAL | NEEDS_SERIAL,
};
