// SPDX-License-Identifier: GPL-3.0-or-later
// A verb that is told by its description: one question to the server for each
// zone named, and waiting for the outcome where that is wanted.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/wait.h"
#include "cli/words.h"

struct asking {
	const struct cli_verb *verb;
	const struct cli_words *words;
	char state_dir[PATH_MAX];
	int code;         // the worst so far
	size_t printed;
};

// https://no-color.org: any value that is not empty.
static bool wants_colour(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
	return isatty(STDOUT_FILENO) == 1 && (no == NULL || no[0] == '\0') && (term == NULL || strcmp(term, "dumb") != 0);
}

static json_t *make_request(const struct asking *asking, const struct cli_target *target)
{
	json_t *request = json_copy(asking->words->request);
	json_object_set_new(request, "verb", json_string(asking->verb->name));
	json_object_set_new(request, "json", json_boolean(asking->words->json));
	if (wants_colour() && !asking->words->json)
		json_object_set_new(request, "colour", json_true());
	if (asking->words->all)
		json_object_set_new(request, "all", json_true());
	if (target->zone != NULL)
		json_object_set_new(request, "zone", json_string(target->zone));
	if (target->serials > 0) {
		json_t *serials = json_array();
		for (unsigned i = 0; i < target->serials; i++)
			json_array_append_new(serials, json_integer(target->serial[i]));
		json_object_set_new(request, "serials", serials);
	}
	return request;
}

// Of several zones: failed before degraded before good.
static void take_code(struct asking *asking, int code)
{
	static const int order[] = { [EXIT_GOOD] = 0, [EXIT_DEGRADED] = 1, [EXIT_USAGE] = 3, [EXIT_FAILED] = 2,
	                             [EXIT_NOT_RUNNING] = 4 };
	if (code < 0 || code > EXIT_DEGRADED)
		code = EXIT_FAILED;
	if (order[code] > order[asking->code])
		asking->code = code;
}

// What one zone brought. Of several, JSON becomes a list, and what is long is set
// apart.
static void print(struct asking *asking, int code, const char *text, size_t length)
{
	bool is_good = code == EXIT_GOOD || code == EXIT_DEGRADED, is_list = asking->words->json && asking->words->count > 1;
	FILE *to = is_good || asking->words->json ? stdout : stderr;
	if (is_list)
		fputs(asking->printed == 0 ? "[\n" : ",\n", to);
	else if (asking->printed > 0 && memchr(text, '\n', length > 0 ? length - 1 : 0) != NULL)
		fputc('\n', to);
	if (is_list && length > 0 && text[length - 1] == '\n')
		length--;
	fwrite(text, 1, length, to);
	asking->printed++;
	take_code(asking, code);
}

static void print_outcome(struct asking *asking, const struct cli_target *target, int code, const char *text)
{
	char *line = NULL;
	int length;
	if (asking->words->json) {
		json_t *json = json_pack("{s:s, s:o, s:i, s:s}", "verb", asking->verb->name,
		                         "zone", target->zone != NULL ? json_string(target->zone) : json_null(),
		                         "code", code, "text", text);
		char *dump = json_dumps(json, JSON_INDENT(2));
		length = asprintf(&line, "%s\n", dump != NULL ? dump : "null");
		free(dump);
		json_decref(json);
	} else {
		length = asprintf(&line, "%s\n", text);
	}
	if (length > 0)
		print(asking, code, line, (size_t)length);
	free(length > 0 ? line : NULL);
}

// Asks; prints what was said, unless more is to come. True where the order stands.
static bool order(struct asking *asking, const struct cli_target *target)
{
	struct client_reply reply;
	json_t *request = make_request(asking, target);
	int code = client_ask(asking->state_dir, request, false, &reply);
	json_decref(request);
	bool stands = code == EXIT_GOOD && reply.code == EXIT_GOOD;
	if (code != EXIT_GOOD)
		take_code(asking, code);
	else if (!stands || !asking->words->waits || asking->words->all)
		print(asking, reply.code, reply.text, asking->words->all && asking->words->waits && stands && asking->words->json
		      ? 0 : reply.length);
	free(reply.text);
	return stands;
}

// Everything is begun before anything is waited for.
static void order_and_wait(struct asking *asking)
{
	const struct cli_words *words = asking->words;
	json_t **before = calloc(words->count, sizeof(*before));
	uint64_t until = clock_boot_ms() + (uint64_t)words->wait_s * 1000;
	for (size_t i = 0; before != NULL && i < words->count; i++) {
		before[i] = wait_look(asking->state_dir, asking->verb, words->targets[i].zone);
		if (order(asking, &words->targets[i]))
			continue;
		json_decref(before[i]);
		before[i] = NULL;
	}
	for (size_t i = 0; before != NULL && i < words->count; i++) {
		char *text;
		if (before[i] == NULL)
			continue;
		int code = wait_for_outcome(asking->state_dir, asking->verb, words->targets[i].zone, before[i], until, &text);
		print_outcome(asking, &words->targets[i], code, text != NULL ? text : "out of memory");
		free(text);
		json_decref(before[i]);
	}
	free(before);
}

static int run_words(const struct cli_verb *verb, const struct cli_words *words)
{
	struct asking asking = { .verb = verb, .words = words };
	int code = client_find(words, asking.state_dir);
	if (code != EXIT_GOOD)
		return code;
	if (words->waits && (verb->takes & TAKES_WAIT))
		order_and_wait(&asking);
	else
		for (size_t i = 0; i < words->count && asking.code != EXIT_NOT_RUNNING; i++)
			(void)order(&asking, &words->targets[i]);
	if (words->json && words->count > 1 && asking.printed > 0)
		puts("\n]");
	return asking.code;
}

int cli_run_request(const struct cli_verb *verb, int argc, char **argv)
{
	struct cli_words words;
	int code = cli_words_read(verb, argc, argv, &words);
	code = code != 0 ? code - 1 : run_words(verb, &words);
	cli_words_free(&words);
	return code;
}
