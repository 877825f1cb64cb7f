// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdio.h>

#include "cli/cli.h"

static int run(const struct cli_verb *verb, int argc, char **argv)
{
	(void)verb;
	(void)argc;
	(void)argv;
	printf("understudy %s\n", UNDERSTUDY_VERSION);
	return EXIT_GOOD;
}

const struct cli_verb cli_version = {
	.name = "version",
	.summary = "tell the version of this program",
	.usage = "understudy version\n\nTells the version of this program.\n",
	.run = run,
};
