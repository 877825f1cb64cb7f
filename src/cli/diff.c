// SPDX-License-Identifier: GPL-3.0-or-later
#include <stddef.h>

#include "cli/cli.h"

static const struct cli_option options[] = {
	{ "primary", NULL, "compare with what a primary has", "primary", OPTION_FLAG, NULL },
	{ NULL, NULL, NULL, NULL, OPTION_FLAG, NULL },
};

const struct cli_verb cli_diff = {
	.name = "diff",
	.summary = "tell what changed between two versions of a zone",
	.usage =
		"understudy diff ZONE SERIAL SERIAL [options]\n"
		"understudy diff ZONE --primary [options]\n"
		"\n"
		"The records that went, with \"-\", and that came, with \"+\", from the first serial to\n"
		"the second, in canonical order; understudy history ZONE lists the serials. With\n"
		"--primary, from what is served to what a primary has now: its zone is fetched,\n"
		"compared and dropped.\n",
	.run = cli_run_request,
	.group = GROUP_SEE,
	.takes = TAKES_SERVER | TAKES_JSON | TAKES_ZONE | NEEDS_ZONE | TAKES_SERIALS,
	.options = options,
};
