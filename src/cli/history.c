// SPDX-License-Identifier: GPL-3.0-or-later
#include <stddef.h>

#include "cli/cli.h"

static int run(const struct cli_verb *verb, int argc, char **argv)
{
	struct cli_target target;
	int code = cli_read_target(verb, argc, argv, true, true, &target);
	if (code != 0)
		return code - 1;
	if (target.zone == NULL)
		return cli_usage_error(verb, "name the zone");
	return cli_ask(verb, &target);
}

const struct cli_verb cli_history = {
	.name = "history",
	.summary = "list the versions of a zone that are kept",
	.usage =
		"understudy history ZONE [--json] [--state-dir DIR | -c FILE]\n"
		"\n"
		"The versions that the journal leads back to, the oldest first: serial, since when,\n"
		"how many records went and came with it, and the bytes that it takes. What is served\n"
		"is marked. How many are kept, the options history and max-journal-size say.\n"
		"\n"
		"  --json           as JSON; times are seconds since 1970\n",
	.run = run,
};
