// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/cli.h"

const struct cli_verb cli_reject = {
	.name = "reject",
	.summary = "drop a version that the guard holds back",
	.usage =
		"understudy reject ZONE [SERIAL]... [options]\n"
		"\n"
		"Drops the version of the zone that is held; with its serial, that one and no newer\n"
		"that has come meanwhile. Its serial is not fetched again; the next newer one is, and\n"
		"understudy retransfer ZONE fetches what is there in any case.\n",
	.run = cli_run_request,
	.group = GROUP_DECIDE,
	.takes = TAKES_SERVER | TAKES_JSON | TAKES_ZONES | NEEDS_ZONE | TAKES_SERIAL,
};
