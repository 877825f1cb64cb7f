// SPDX-License-Identifier: GPL-3.0-or-later
#include <stddef.h>

#include "cli/cli.h"

static int run(const struct cli_verb *verb, int argc, char **argv)
{
	struct cli_target target;
	int code = cli_read_serials(verb, argc, argv, 2, true, &target);
	if (code != 0)
		return code - 1;
	if (target.zone == NULL)
		return cli_usage_error(verb, "name the zone");
	if (target.primary ? target.serials != 0 : target.serials != 2)
		return cli_usage_error(verb, "name two serials, or --primary");
	return cli_ask(verb, &target);
}

const struct cli_verb cli_diff = {
	.name = "diff",
	.summary = "tell what changed between two versions of a zone",
	.usage =
		"understudy diff ZONE SERIAL SERIAL [--state-dir DIR | -c FILE]\n"
		"understudy diff ZONE --primary [--state-dir DIR | -c FILE]\n"
		"\n"
		"The records that went, with \"-\", and that came, with \"+\", from the first serial to\n"
		"the second, in canonical order; understudy history ZONE lists the serials. With\n"
		"--primary, from what is served to what a primary has now: its zone is fetched,\n"
		"compared and dropped.\n",
	.run = run,
};
