// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdio.h>
#include <string.h>

#include "cli/alias.h"
#include "cli/cli.h"

static void write_option(FILE *to, const char *letter, const char *name, const char *value, const char *help)
{
	char left[64];
	snprintf(left, sizeof(left), "%s--%s%s", letter, name, value != NULL ? value : "");
	fprintf(to, "  %-22s %s\n", left, help);
}

static void write_own(FILE *to, const struct cli_verb *verb)
{
	char value[32];
	for (const struct cli_option *o = verb->options; o != NULL && o->name != NULL; o++) {
		snprintf(value, sizeof(value), o->value != NULL ? " %s" : "%s", o->value != NULL ? o->value : "");
		write_option(to, "", o->name, value, o->help);
	}
}

void cli_write_help(FILE *to, const struct cli_verb *verb)
{
	fputs(verb->usage, to);
	if ((verb->takes & TAKES_SERVER) == 0)
		return;
	fputs("\nOptions:\n", to);
	write_own(to, verb);
	if (verb->takes & TAKES_ALL)
		write_option(to, "", "all", NULL, "all zones that it is for");
	if (verb->takes & TAKES_WAIT)
		write_option(to, "", "wait", "[=SECONDS]", (verb->takes & WAITS)
		             ? "how long to wait for the outcome: 60 s if not said, 0: not at all"
		             : "wait for the outcome, so long at most: 60 s if not said");
	if (verb->takes & TAKES_JSON)
		write_option(to, "", "json", NULL, "as JSON; times are seconds since 1970");
	write_option(to, "", "state-dir", " DIR", "the server's state directory");
	write_option(to, "-c, ", "config", " FILE", "the configuration that names it");
	write_option(to, "-h, ", "help", NULL, "this text");
}

static void write_groups(void)
{
	static const char *const titles[GROUPS] = {
		[GROUP_SERVER] = "The server", [GROUP_SEE] = "How things are", [GROUP_ACT] = "Copying",
		[GROUP_DECIDE] = "Deciding what is served", [GROUP_HELP] = "Help",
	};
	for (unsigned group = 0; group < GROUPS; group++) {
		printf("\n%s\n", titles[group]);
		for (const struct cli_verb *const *v = cli_verbs; *v != NULL; v++)
			if ((*v)->group == group && !(*v)->is_hidden)
				printf("  %-13s %s\n", (*v)->name, (*v)->summary);
	}
}

static int help_about(const struct cli_verb *verb, const char *word)
{
	const struct cli_verb *about = cli_find(word);
	const struct cli_alias *alias = about == NULL ? cli_alias_find(word) : NULL;
	if (about == NULL && alias == NULL)
		return cli_usage_error(verb, "there is no verb \"%s\"", word);
	if (alias != NULL && alias->verb == NULL) {
		printf("%s is a word of %s and not implemented. Here: %s.\n", word, alias->from, alias->advice);
		return EXIT_GOOD;
	}
	if (alias != NULL) {
		printf("%s is the word of %s for this:\n\n", word, alias->from);
		about = cli_find(alias->verb);
	}
	cli_write_help(stdout, about);
	return EXIT_GOOD;
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
	if (argc > 1)
		return help_about(verb, strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ? "help" : argv[1]);
	printf("understudy %s keeps copies of DNS zones fresh and answers for them\n\n"
	       "  understudy serve -c /etc/bind/named.conf   serve what a configuration says\n"
	       "  understudy explain example.com             what is with this zone?\n", UNDERSTUDY_VERSION);
	write_groups();
	printf("\nunderstudy help VERB tells more. Words of nsd-control, knotc and rndc work too.\n"
	       "Exit codes: 0 good, 1 failed, 2 wrong usage, 3 no server runs, 4 some zone is\n"
	       "not as it should be: stale, expired, empty, held, rolled back or not saved.\n");
	return EXIT_GOOD;
}

const struct cli_verb cli_help = {
	.name = "help",
	.summary = "this list, or more about a verb",
	.usage = "understudy help [VERB]\n\nLists the verbs, or tells more about one.\n",
	.group = GROUP_HELP,
	.run = run,
};
