// SPDX-License-Identifier: GPL-3.0-or-later
#include <stddef.h>

#include "cli/cli.h"

static int run(const struct cli_verb *verb, int argc, char **argv)
{
	struct cli_target target;
	int code = cli_read_serials(verb, argc, argv, 1, false, &target);
	if (code != 0)
		return code - 1;
	if (target.zone == NULL)
		return cli_usage_error(verb, "name the zone");
	return cli_ask(verb, &target);
}

const struct cli_verb cli_approve = {
	.name = "approve",
	.summary = "publish a version that the guard holds back",
	.usage =
		"understudy approve ZONE [SERIAL] [--state-dir DIR | -c FILE]\n"
		"\n"
		"Publishes the version of the zone that is held because a check said no: understudy\n"
		"status ZONE tells which, and why. It is served as soon as it is stored; the checks\n"
		"look at the next version as they did at this one. With its serial, that one and no newer\n"
		"that has come meanwhile.\n",
	.run = run,
};
