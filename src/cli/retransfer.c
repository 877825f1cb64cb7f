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

const struct cli_verb cli_retransfer = {
	.name = "retransfer",
	.summary = "transfer a zone anew, whatever its serial",
	.usage =
		"understudy retransfer ZONE [--state-dir DIR | -c FILE]\n"
		"\n"
		"Transfers the whole zone now, whatever the serial of the copy: the way out where\n"
		"a primary has gone back to a lower serial.\n"
		"It does not wait for the outcome: understudy status ZONE tells it.\n",
	.run = run,
};
