// SPDX-License-Identifier: GPL-3.0-or-later
#include <stddef.h>

#include "cli/cli.h"

static int run(const struct cli_verb *verb, int argc, char **argv)
{
	struct cli_target target;
	int code = cli_read_target(verb, argc, argv, false, true, &target);
	if (code != 0)
		return code - 1;
	if (target.zone == NULL)
		return cli_usage_error(verb, "name the zone");
	return cli_ask(verb, &target);
}

const struct cli_verb cli_reject = {
	.name = "reject",
	.summary = "drop a version that the guard holds back",
	.usage =
		"understudy reject ZONE [--state-dir DIR | -c FILE]\n"
		"\n"
		"Drops the version of the zone that is held. Its serial is not fetched again; the next\n"
		"newer one is, and understudy retransfer ZONE fetches what is there in any case.\n",
	.run = run,
};
