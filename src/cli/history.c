// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/cli.h"

const struct cli_verb cli_history = {
	.name = "history",
	.summary = "list the versions of a zone that are kept",
	.usage =
		"understudy history ZONE... [options]\n"
		"\n"
		"The versions that the journal leads back to, the oldest first: serial, since when,\n"
		"how many records went and came with it, and the bytes that it takes. What is served\n"
		"is marked. How many are kept, the options history and max-journal-size say.\n",
	.run = cli_run_request,
	.group = GROUP_SEE,
	.takes = TAKES_SERVER | TAKES_JSON | TAKES_ZONES | NEEDS_ZONE,
};
