// SPDX-License-Identifier: GPL-3.0-or-later
#include <stddef.h>

#include "cli/cli.h"

static int run(const struct cli_verb *verb, int argc, char **argv)
{
	struct cli_target target;
	int code = cli_read_serials(verb, argc, argv, 1, false, &target);
	if (code != 0)
		return code - 1;
	if (target.zone == NULL || target.serials != 1)
		return cli_usage_error(verb, "name the zone, and the serial to go back to");
	return cli_ask(verb, &target);
}

const struct cli_verb cli_rollback = {
	.name = "rollback",
	.summary = "serve an older version of a zone",
	.usage =
		"understudy rollback ZONE SERIAL [--state-dir DIR | -c FILE]\n"
		"\n"
		"Serves that older version of a secondary zone, with its own serial, until understudy\n"
		"resume ZONE; understudy history ZONE lists the serials. It holds over restarts. The\n"
		"primaries are still asked for their serial, but nothing newer is fetched. Secondaries\n"
		"of this server keep the newer version that they have.\n",
	.run = run,
};
