// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/cli.h"

const struct cli_verb cli_retransfer = {
	.name = "retransfer",
	.summary = "transfer a zone anew, whatever its serial",
	.usage =
		"understudy retransfer ZONE [--state-dir DIR | -c FILE]\n"
		"\n"
		"Transfers the whole zone now, whatever the serial of the copy: the way out where\n"
		"a primary has gone back to a lower serial.\n"
		"It does not wait for the outcome: understudy status ZONE tells it.\n",
	.run = cli_run_on_zone,
};
