// SPDX-License-Identifier: GPL-3.0-or-later
// What may stand at the end of a command line, for the completion of shells: they
// hand over what was typed, so that nothing needs to be kept in step with the verbs.
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/words.h"

#define ZONES_MOST 1000 // more are no help

static void offer(const char *start, const char *word)
{
	if (strncmp(word, start, strlen(start)) == 0)
		puts(word);
}

static void offer_words(const char *start, const char *const *words)
{
	for (; words != NULL && *words != NULL; words++)
		offer(start, *words);
}

static void offer_verbs(const char *start)
{
	for (const struct cli_verb *const *verb = cli_verbs; *verb != NULL; verb++)
		if (!(*verb)->is_hidden)
			offer(start, (*verb)->name);
}

// All that the help names: so that no option can be forgotten here.
static void offer_options(const char *start, const struct cli_verb *verb)
{
	char *help = NULL, *rest, option[64];
	size_t size = 0;
	FILE *to = open_memstream(&help, &size);
	if (to == NULL)
		return;
	cli_write_help(to, verb);
	fclose(to);
	for (char *line = strtok_r(help, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		const char *at = strstr(line, "--");
		// The lines of the list alone: two columns in, the letter, the option.
		if (strncmp(line, "  -", 3) != 0 || at == NULL || at > line + 6)
			continue;
		snprintf(option, sizeof(option), "%.*s", (int)(2 + strspn(at + 2, "abcdefghijklmnopqrstuvwxyz0123456789-")), at);
		offer(start, option);
	}
	free(help);
}

// --- what the running server knows

// The server that is meant by what was typed so far.
static void read_place(int argc, char **argv, struct cli_words *words)
{
	for (int i = 1; i + 1 < argc; i++) {
		if (strcmp(argv[i], "--state-dir") == 0)
			words->state_dir = argv[i + 1];
		else if (strcmp(argv[i], "-c") == 0 || strcmp(argv[i], "--config") == 0)
			words->config_path = argv[i + 1];
	}
}

static void offer_zones(const char *start, int argc, char **argv)
{
	struct cli_words words = { 0 };
	char state_dir[PATH_MAX], pattern[512];
	struct client_reply reply;
	read_place(argc, argv, &words);
	if (strpbrk(start, "*?[\\") != NULL || client_find(&words, state_dir) != EXIT_GOOD)
		return;
	snprintf(pattern, sizeof(pattern), "%.400s*", start);
	json_t *request = json_pack("{s:s, s:b, s:s, s:i}", "verb", "zones", "names", 1, "pattern", pattern, "most", ZONES_MOST);
	if (client_ask(state_dir, request, true, &reply) == EXIT_GOOD && (reply.code == EXIT_GOOD || reply.code == EXIT_DEGRADED))
		fputs(reply.text, stdout);
	free(reply.text);
	json_decref(request);
}

// --- where in the line we are

static const struct cli_option *own_option(const struct cli_verb *verb, const char *word)
{
	for (const struct cli_option *o = verb->options; o != NULL && o->name != NULL; o++)
		if (strncmp(word, "--", 2) == 0 && strcmp(word + 2, o->name) == 0)
			return o;
	return NULL;
}

static bool is_followed_by_path(const char *word)
{
	return strcmp(word, "-c") == 0 || strcmp(word, "--config") == 0 || strcmp(word, "--state-dir") == 0;
}

// words: the verb, what stands behind it, and last what is being typed.
static void complete(int argc, char **argv)
{
	const char *start = argv[argc - 1], *before = argv[argc - 2];
	const struct cli_verb *verb = cli_find(argv[0]);
	if (verb == NULL)
		return;
	const struct cli_option *option = own_option(verb, before);
	if (verb == &cli_help)
		offer_verbs(start);
	else if (is_followed_by_path(before))
		return; // the shell knows files
	else if (option != NULL && option->value != NULL)
		offer_words(start, option->words);
	else if (verb == &cli_serve && strcmp(before, "--log-level") == 0)
		offer_words(start, cli_log_level.operand_words);
	else if (start[0] == '-')
		offer_options(start, verb);
	else if (verb->takes & (TAKES_ZONE | TAKES_ZONES))
		offer_zones(start, argc, argv);
	else
		offer_words(start, verb->operand_words);
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
	(void)verb;
	argc--;
	argv++;
	if (argc > 0 && strcmp(argv[0], "--") == 0) {
		argc--;
		argv++;
	}
	if (argc == 1)
		offer_verbs(argv[0]);
	else if (argc > 1)
		complete(argc, argv);
	return EXIT_GOOD;
}

const struct cli_verb cli_complete = {
	.name = "complete",
	.summary = "what may end a command line, for shells",
	.usage = "understudy complete -- WORD...\n\nPrints what may stand in place of the last word: for the completion of shells.\n",
	.run = run,
	.group = GROUP_HELP,
	.is_hidden = true,
};
