// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/cli.h"

const struct cli_verb cli_refresh = {
	.name = "refresh",
	.summary = "ask the primaries of a zone now whether it has changed",
	.usage =
		"understudy refresh ZONE [--state-dir DIR | -c FILE]\n"
		"\n"
		"Asks the primaries now, and transfers the zone where one has a newer serial.\n"
		"It does not wait for the outcome: understudy status ZONE tells it.\n",
	.run = cli_run_on_zone,
};
