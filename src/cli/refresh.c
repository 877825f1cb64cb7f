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

const struct cli_verb cli_refresh = {
	.name = "refresh",
	.summary = "ask the primaries of a zone now whether it has changed",
	.usage =
		"understudy refresh ZONE [--state-dir DIR | -c FILE]\n"
		"\n"
		"Asks the primaries now, and transfers the zone where one has a newer serial.\n"
		"It does not wait for the outcome: understudy status ZONE tells it.\n",
	.run = run,
};
