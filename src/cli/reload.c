// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/cli.h"

static int run(const struct cli_verb *verb, int argc, char **argv)
{
	struct cli_target target;
	int code = cli_read_target(verb, argc, argv, false, false, &target);
	return code != 0 ? code - 1 : cli_ask(verb, &target);
}

const struct cli_verb cli_reload = {
	.name = "reload",
	.summary = "read the configuration and changed zone files again",
	.usage =
		"understudy reload [--state-dir DIR | -c FILE]\n"
		"\n"
		"The same as SIGHUP, but it waits for the outcome and tells it. A configuration\n"
		"with an error is refused whole and the old one stays in force.\n",
	.run = run,
};
