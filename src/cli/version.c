// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

static int run(const struct cli_verb *verb, int argc, char **argv)
{
	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
		cli_write_help(stdout, verb);
	else if (argc > 1)
		return cli_usage_error(verb, "\"%s\" is too much", argv[1]);
	else
		printf("understudy %s\n", UNDERSTUDY_VERSION);
	return EXIT_GOOD;
}

const struct cli_verb cli_version = {
	.name = "version",
	.summary = "tell the version of this program",
	.usage = "understudy version\n\nTells the version of this program.\n",
	.group = GROUP_HELP,
	.run = run,
};
