// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdio.h>

#include "cli/cli.h"

static int run(const struct cli_verb *verb, int argc, char **argv)
{
	if (argc > 1) {
		const struct cli_verb *about = cli_find(argv[1]);
		if (about == NULL)
			return cli_usage_error(verb, "there is no verb \"%s\"", argv[1]);
		fputs(about->usage, stdout);
		return EXIT_GOOD;
	}
	printf("understudy %s, a DNS server that keeps copies of zones fresh and answers for them\n\n",
	       UNDERSTUDY_VERSION);
	for (const struct cli_verb *const *v = cli_verbs; *v != NULL; v++)
		printf("  understudy %-13s %s\n", (*v)->name, (*v)->summary);
	printf("\nunderstudy help VERB tells more. Exit codes: 0 good, 1 failed, 2 wrong usage,\n"
	       "3 no server runs, 4 some zone is stale, expired, empty, held or\n"
	       "rolled back.\n");
	return EXIT_GOOD;
}

const struct cli_verb cli_help = {
	.name = "help",
	.summary = "this list, or more about a verb",
	.usage = "understudy help [VERB]\n\nLists the verbs, or tells more about one.\n",
	.run = run,
};
