// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/words.h"

#define PATIENCE_S 60 // for zone files to be written out and all to be stored

static int stop(const struct cli_words *words)
{
	char state_dir[PATH_MAX];
	struct client_reply reply;
	int code = client_find(words, state_dir);
	if (code != EXIT_GOOD)
		return code;
	json_t *request = json_pack("{s:s, s:b}", "verb", "stop", "json", (int)words->json);
	code = client_ask(state_dir, request, false, &reply);
	json_decref(request);
	if (code == EXIT_GOOD) {
		fputs(reply.text, reply.code == EXIT_GOOD ? stdout : stderr);
		code = reply.code;
	}
	free(reply.text);
	if (code != EXIT_GOOD || client_wait_gone(state_dir, PATIENCE_S))
		return code;
	fprintf(stderr, "it still has not ended after %d s; the log tells what it does\n", PATIENCE_S);
	return EXIT_FAILED;
}

static int run(const struct cli_verb *verb, int argc, char **argv)
{
	struct cli_words words;
	int code = cli_words_read(verb, argc, argv, &words);
	code = code != 0 ? code - 1 : stop(&words);
	cli_words_free(&words);
	return code;
}

const struct cli_verb cli_stop = {
	.name = "stop",
	.summary = "end the server",
	.usage =
		"understudy stop [options]\n"
		"\n"
		"The same as SIGTERM, but it waits until the server has ended.\n",
	.run = run,
	.group = GROUP_SERVER,
	.takes = TAKES_SERVER | TAKES_JSON,
};
