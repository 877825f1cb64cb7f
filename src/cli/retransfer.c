// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/cli.h"

const struct cli_verb cli_retransfer = {
	.name = "retransfer",
	.summary = "transfer a zone anew, whatever its serial",
	.usage =
		"understudy retransfer ZONE... | --all [options]\n"
		"\n"
		"Transfers the whole zone now, whatever the serial of the copy: the way out where\n"
		"a primary has gone back to a lower serial. With --wait it ends when the outcome is\n"
		"known, and shows on a terminal how far a long transfer is.\n",
	.run = cli_run_request,
	.group = GROUP_ACT,
	.takes = TAKES_SERVER | TAKES_JSON | TAKES_ZONES | NEEDS_ZONE | TAKES_ALL | TAKES_WAIT,
};
