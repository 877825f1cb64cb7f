// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/words.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_OWN = 256, OWN_MOST = 32, COMMON = FIRST_OWN + OWN_MOST,
       OPTION_STATE_DIR = COMMON, OPTION_JSON, OPTION_ALL, OPTION_WAIT, OPTIONS_MOST = 48 };

static unsigned add_own(const struct cli_verb *verb, struct option *options)
{
	unsigned count = 0;
	for (const struct cli_option *o = verb->options; o != NULL && o->name != NULL && count < OWN_MOST; o++, count++)
		options[count] = (struct option){ o->name, o->value != NULL ? required_argument : no_argument, NULL,
		                                  FIRST_OWN + (int)count };
	return count;
}

static void list_options(const struct cli_verb *verb, struct option options[static OPTIONS_MOST])
{
	unsigned count = add_own(verb, options);
	options[count++] = (struct option){ "help", no_argument, NULL, 'h' };
	options[count++] = (struct option){ "config", required_argument, NULL, 'c' };
	options[count++] = (struct option){ "state-dir", required_argument, NULL, OPTION_STATE_DIR };
	if (verb->takes & TAKES_JSON)
		options[count++] = (struct option){ "json", no_argument, NULL, OPTION_JSON };
	if (verb->takes & TAKES_ALL)
		options[count++] = (struct option){ "all", no_argument, NULL, OPTION_ALL };
	if (verb->takes & TAKES_WAIT)
		options[count++] = (struct option){ "wait", optional_argument, NULL, OPTION_WAIT };
	options[count] = (struct option){ NULL, 0, NULL, 0 };
}

static int read_wait(const struct cli_verb *verb, const char *text, struct cli_words *words)
{
	char *end;
	words->waits = true;
	words->wait_s = WAIT_DEFAULT_S;
	if (text == NULL)
		return 0;
	unsigned long value = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || value > 86400)
		return cli_usage_error(verb, "--wait=%s: give seconds, 86400 at most", text) + 1;
	words->wait_s = (unsigned)value;
	words->waits = value > 0;
	return 0;
}

static void take_own(const struct cli_option *option, const char *value, json_t *request)
{
	json_t *list;
	switch (option->form) {
	case OPTION_FLAG:
		json_object_set_new(request, option->key, json_true());
		return;
	case OPTION_STRING:
		json_object_set_new(request, option->key, json_string(value));
		return;
	case OPTION_LISTED:
		list = json_object_get(request, option->key);
		if (list == NULL) {
			list = json_array();
			json_object_set_new(request, option->key, list);
		}
		json_array_append_new(list, json_string(option->name));
		return;
	}
}

static int take_option(const struct cli_verb *verb, int found, int argc, char **argv, struct cli_words *words)
{
	switch (found) {
	case 'h':
		cli_write_help(stdout, verb);
		return EXIT_GOOD + 1;
	case 'c':
		words->config_path = optarg;
		return 0;
	case OPTION_STATE_DIR:
		words->state_dir = optarg;
		return 0;
	case OPTION_JSON:
		words->json = true;
		return 0;
	case OPTION_ALL:
		words->all = true;
		return 0;
	case OPTION_WAIT:
		return read_wait(verb, optarg, words);
	default:
		if (found < FIRST_OWN)
			return cli_option_error(verb, found, argc, argv) + 1;
		take_own(&verb->options[found - FIRST_OWN], optarg, words->request);
		return 0;
	}
}

// --- operands

static bool is_number(const char *word)
{
	return word[0] != '\0' && strspn(word, "0123456789") == strlen(word);
}

static int read_serial(const struct cli_verb *verb, const char *word, struct cli_target *target)
{
	errno = 0;
	unsigned long long value = is_number(word) ? strtoull(word, NULL, 10) : UINT64_MAX;
	if (errno != 0 || value > UINT32_MAX)
		return cli_usage_error(verb, "\"%s\" is no serial", word) + 1;
	target->serial[target->serials++] = (uint32_t)value;
	return 0;
}

// Behind a zone a word of digits is a serial, where the verb takes one; a zone of
// that name is written with a final dot.
static int take_zone_operand(const struct cli_verb *verb, const char *word, struct cli_words *words)
{
	unsigned most = verb->takes & TAKES_SERIALS ? 2 : verb->takes & TAKES_SERIAL ? 1 : 0;
	struct cli_target *last = words->count > 0 ? &words->targets[words->count - 1] : NULL;
	bool is_full = (verb->takes & TAKES_ZONE) != 0 && last != NULL;
	if (last != NULL && last->serials < most && (is_full || is_number(word)))
		return read_serial(verb, word, last);
	if (is_full)
		return cli_usage_error(verb, "\"%s\" is too much", word) + 1;
	words->targets[words->count++] = (struct cli_target){ .zone = word };
	return 0;
}

static int take_operand(const struct cli_verb *verb, const char *word, struct cli_words *words)
{
	if (verb->takes & (TAKES_ZONE | TAKES_ZONES))
		return take_zone_operand(verb, word, words);
	if (verb->operand == NULL || json_object_get(words->request, verb->operand) != NULL)
		return cli_usage_error(verb, "\"%s\" is too much", word) + 1;
	json_object_set_new(words->request, verb->operand, json_string(word));
	return 0;
}

static int check(const struct cli_verb *verb, struct cli_words *words)
{
	if (words->all && words->count > 0)
		return cli_usage_error(verb, "name zones, or say --all") + 1;
	if (words->count == 0 && (verb->takes & ALL_IF_NONE))
		words->all = true;
	if (words->count == 0 && !words->all && (verb->takes & NEEDS_ZONE))
		return cli_usage_error(verb, "name %s%s", verb->takes & TAKES_ZONE ? "the zone" : "a zone",
		                       verb->takes & TAKES_ALL ? ", or say --all" : "") + 1;
	if ((verb->takes & NEEDS_SERIAL) && words->targets[0].serials != 1)
		return cli_usage_error(verb, "name the zone, and the serial to go back to") + 1;
	if (words->count == 0)
		words->count = 1; // which names none
	return 0;
}

int cli_words_read(const struct cli_verb *verb, int argc, char **argv, struct cli_words *words)
{
	struct option options[OPTIONS_MOST];
	int found, code = 0;
	*words = (struct cli_words){ .request = json_object(), .targets = calloc((size_t)argc + 1, sizeof(*words->targets)) };
	words->waits = (verb->takes & WAITS) != 0;
	words->wait_s = WAIT_DEFAULT_S;
	if (words->request == NULL || words->targets == NULL) {
		fprintf(stderr, "out of memory\n");
		return EXIT_FAILED + 1;
	}
	list_options(verb, options);
	optind = 1;
	opterr = 0;
	while (code == 0 && (found = getopt_long(argc, argv, ":hc:", options, NULL)) != -1)
		code = take_option(verb, found, argc, argv, words);
	while (code == 0 && optind < argc)
		code = take_operand(verb, argv[optind++], words);
	return code == 0 ? check(verb, words) : code;
}

void cli_words_free(struct cli_words *words)
{
	json_decref(words->request);
	free(words->targets);
}
