// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/cli.h"

static int run(const struct cli_verb *verb, int argc, char **argv)
{
	struct cli_target target;
	int code = cli_read_target(verb, argc, argv, true, true, &target);
	return code != 0 ? code - 1 : cli_ask(verb, &target);
}

const struct cli_verb cli_status = {
	.name = "status",
	.summary = "tell how fresh each zone is",
	.usage =
		"understudy status [ZONE] [--json] [--state-dir DIR | -c FILE]\n"
		"\n"
		"A line for each zone, or all that is known of one. Ends with 0 where all are\n"
		"current, 4 where one is stale, expired, empty, held or rolled back, 3 where no\n"
		"server runs.\n"
		"\n"
		"  --json           as JSON; times are seconds since 1970\n"
		"  --state-dir DIR  the server's state directory\n"
		"  -c, --config F   the configuration that names it\n",
	.run = run,
};
