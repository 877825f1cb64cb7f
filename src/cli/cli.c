// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/cli.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const struct cli_verb *const cli_verbs[] = {
	&cli_serve, &cli_check_config, &cli_status, &cli_refresh, &cli_retransfer,
	&cli_approve, &cli_reject,
	&cli_history, &cli_diff, &cli_rollback, &cli_resume,
	&cli_reload, &cli_stop, &cli_version, &cli_help, NULL,
};

const struct cli_verb *cli_find(const char *name)
{
	for (const struct cli_verb *const *verb = cli_verbs; *verb != NULL; verb++)
		if (strcmp((*verb)->name, name) == 0)
			return *verb;
	return NULL;
}

int cli_usage_error(const struct cli_verb *verb, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fprintf(stderr, "understudy %s: ", verb->name);
	vfprintf(stderr, format, arguments);
	fprintf(stderr, "\nunderstudy help %s tells how it is used\n", verb->name);
	va_end(arguments);
	return EXIT_USAGE;
}

int cli_option_error(const struct cli_verb *verb, int found, int argc, char **argv)
{
	// Of a long option optopt is 0 or its value; the word itself tells more.
	const char *word = optind > 0 && optind <= argc ? argv[optind - 1] : "?";
	if (found == ':')
		return cli_usage_error(verb, "%s needs a value", word);
	if (optopt != 0 && strncmp(word, "--", 2) != 0)
		return cli_usage_error(verb, "there is no option -%c", optopt);
	return cli_usage_error(verb, "there is no option %s here", word);
}

static int no_verb(const char *name)
{
	if (name == NULL)
		fprintf(stderr, "understudy: say what to do\n");
	else
		fprintf(stderr, "understudy: there is no verb \"%s\"\n", name);
	fprintf(stderr, "understudy help lists the verbs; the first one is mostly: understudy serve -c FILE\n");
	return EXIT_USAGE;
}

int cli_run(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;
	if (name == NULL)
		return no_verb(NULL);
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
		name = "help";
	else if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0)
		name = "version";
	const struct cli_verb *verb = cli_find(name);
	return verb == NULL ? no_verb(name) : verb->run(verb, argc - 1, argv + 1);
}
