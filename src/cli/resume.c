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

const struct cli_verb cli_resume = {
	.name = "resume",
	.summary = "serve the newest version of a zone again",
	.usage =
		"understudy resume ZONE [--state-dir DIR | -c FILE]\n"
		"\n"
		"Ends what understudy rollback began: the newest version that is stored is served\n"
		"again at once, and the primaries are asked for what is newer.\n",
	.run = run,
};
