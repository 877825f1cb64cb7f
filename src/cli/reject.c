// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/cli.h"

const struct cli_verb cli_reject = {
	.name = "reject",
	.summary = "drop a version that the guard holds back",
	.usage =
		"understudy reject ZONE [--state-dir DIR | -c FILE]\n"
		"\n"
		"Drops the version of the zone that is held. Its serial is not fetched again; the next\n"
		"newer one is, and understudy retransfer ZONE fetches what is there in any case.\n",
	.run = cli_run_on_zone,
};
