// SPDX-License-Identifier: GPL-3.0-or-later
#include <stddef.h>

#include "cli/cli.h"

static const char *const sorts[] = {
	"name", "state", "lag", "expiry", "serial", "records", "bytes", "transfer", NULL,
};

static const struct cli_option options[] = {
	{ "current", NULL, "that are fresh", "filter", OPTION_LISTED, NULL },
	{ "stale", NULL, "that no primary has confirmed in time", "filter", OPTION_LISTED, NULL },
	{ "expired", NULL, "that are no longer answered for", "filter", OPTION_LISTED, NULL },
	{ "empty", NULL, "that never had a copy, or a good file", "filter", OPTION_LISTED, NULL },
	{ "behind", NULL, "of which a primary has a newer serial", "filter", OPTION_LISTED, NULL },
	{ "held", NULL, "of which a version is held back", "filter", OPTION_LISTED, NULL },
	{ "rejected", NULL, "of which one was rejected", "filter", OPTION_LISTED, NULL },
	{ "rolled-back", NULL, "of which an older version is served", "filter", OPTION_LISTED, NULL },
	{ "unsaved", NULL, "that cannot be written to disk", "filter", OPTION_LISTED, NULL },
	{ "troubled", NULL, "with an error since the last success", "filter", OPTION_LISTED, NULL },
	{ "transferring", NULL, "that are being transferred", "filter", OPTION_LISTED, NULL },
	{ "bad", NULL, "that are not as they should be, for whatever reason", "filter", OPTION_LISTED, NULL },
	{ "primary", NULL, "of which this server is the primary", "filter", OPTION_LISTED, NULL },
	{ "secondary", NULL, "that are copies", "filter", OPTION_LISTED, NULL },
	{ "sort", "KEY", "by name, state, lag, expiry, serial, records, bytes or transfer", "sort", OPTION_STRING, sorts },
	{ "reverse", NULL, "in the opposite order", "reverse", OPTION_FLAG, NULL },
	{ "names", NULL, "names alone, one a line", "names", OPTION_FLAG, NULL },
	{ NULL, NULL, NULL, NULL, OPTION_FLAG, NULL },
};

const struct cli_verb cli_zones = {
	.name = "zones",
	.summary = "list zones: those that are stale, held, behind ...",
	.usage =
		"understudy zones [PATTERN] [options]\n"
		"\n"
		"A line for each zone: its state, serial, for how long a newer one has been known,\n"
		"when it was last confirmed, and when it expires. PATTERN is a part of the name, or\n"
		"with * or ? the whole of it: \"*.example.com\". Of several states any one is enough.\n"
		"Ends with 4 where one of those listed is not as it should be, else with 0.\n",
	.run = cli_run_request,
	.group = GROUP_SEE,
	.takes = TAKES_SERVER | TAKES_JSON,
	.options = options,
	.operand = "pattern",
};
