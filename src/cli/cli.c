// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/cli.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/alias.h"

const struct cli_verb *const cli_verbs[] = {
	&cli_serve, &cli_check_config, &cli_reload, &cli_log_level, &cli_stop,
	&cli_status, &cli_zones, &cli_explain, &cli_history, &cli_diff, &cli_stats, &cli_audit,
	&cli_refresh, &cli_retransfer, &cli_notify, &cli_write,
	&cli_approve, &cli_reject, &cli_rollback, &cli_resume,
	&cli_help, &cli_version, &cli_complete, NULL,
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

// --- what is mistyped

#define WORD_MOST 32

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned two = a < b ? a : b;
	return two < c ? two : c;
}

// How many letters have to be changed, put in, taken out, or swapped with the next.
static unsigned distance(const char *a, const char *b)
{
	unsigned row[3][WORD_MOST + 1];
	size_t na = strlen(a), nb = strlen(b);
	if (na > WORD_MOST || nb > WORD_MOST)
		return UINT32_MAX;
	for (unsigned j = 0; j <= nb; j++)
		row[0][j] = j;
	for (unsigned i = 1; i <= na; i++) {
		unsigned *now = row[i % 3], *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];
		now[0] = i;
		for (unsigned j = 1; j <= nb; j++) {
			now[j] = least(last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < now[j])
				now[j] = before[j - 2] + 1;
		}
	}
	return row[na % 3][nb];
}

static void consider(const char *word, const char *name, const char **nearest, unsigned *least_distance)
{
	unsigned d = distance(word, name);
	if (d < *least_distance) {
		*least_distance = d;
		*nearest = name;
	}
}

// The verb that was probably meant, or NULL.
static const char *near_one(const char *word)
{
	const char *nearest = NULL;
	unsigned limit = strlen(word) > 5 ? 3 : 2, least_distance = limit + (strlen(word) > 3);
	for (const struct cli_verb *const *verb = cli_verbs; *verb != NULL; verb++)
		if (!(*verb)->is_hidden)
			consider(word, (*verb)->name, &nearest, &least_distance);
	for (const struct cli_alias *alias = cli_aliases; alias->word != NULL; alias++)
		consider(word, alias->word, &nearest, &least_distance);
	return nearest;
}

static int no_verb(const char *name)
{
	const char *near = near_one(name);
	fprintf(stderr, "understudy: there is no verb \"%s\"", name);
	if (near != NULL)
		fprintf(stderr, "; did you mean %s?", near);
	fprintf(stderr, "\nunderstudy help lists the verbs\n");
	return EXIT_USAGE;
}

int cli_run(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;
	if (name == NULL) {
		cli_help.run(&cli_help, 1, argv);
		return EXIT_USAGE;
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
		name = "help";
	else if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0)
		name = "version";
	const struct cli_verb *verb = cli_find(name);
	if (verb != NULL)
		return verb->run(verb, argc - 1, argv + 1);
	const struct cli_alias *alias = cli_alias_find(name);
	return alias != NULL ? cli_alias_run(alias, argc - 1, argv + 1) : no_verb(name);
}
