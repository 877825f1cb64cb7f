// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/cli.h"

const struct cli_verb cli_resume = {
	.name = "resume",
	.summary = "serve the newest version of a zone again",
	.usage =
		"understudy resume ZONE... [options]\n"
		"\n"
		"Ends what understudy rollback began: the newest version that is stored is served\n"
		"again at once, and the primaries are asked for what is newer.\n",
	.run = cli_run_request,
	.group = GROUP_DECIDE,
	.takes = TAKES_SERVER | TAKES_JSON | TAKES_ZONES | NEEDS_ZONE,
};
