// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdio.h>

#include "cli/cli.h"

#define PATIENCE_S 60 // for zone files to be written out and all to be stored

static int run(const struct cli_verb *verb, int argc, char **argv)
{
	struct cli_target target;
	int code = cli_read_target(verb, argc, argv, false, false, &target);
	if (code != 0)
		return code - 1;
	code = cli_ask(verb, &target);
	if (code != EXIT_GOOD)
		return code;
	if (cli_wait_gone(&target, PATIENCE_S))
		return EXIT_GOOD;
	fprintf(stderr, "it still has not ended after %d s; the log tells what it does\n", PATIENCE_S);
	return EXIT_FAILED;
}

const struct cli_verb cli_stop = {
	.name = "stop",
	.summary = "end the server",
	.usage =
		"understudy stop [--state-dir DIR | -c FILE]\n"
		"\n"
		"The same as SIGTERM, but it waits until the server has ended.\n",
	.run = run,
};
