// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/child.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

// Copies one word, without its quotes, and moves *from behind it. False where a
// quote does not end.
static bool take_word(const char **from, char **to)
{
	const char *at = *from;
	char quote = '\0';

	for (; *at != '\0' && (quote != '\0' || !is_blank(*at)); at++) {
		if (quote == '\0' && (*at == '"' || *at == '\''))
			quote = *at;
		else if (*at == quote && quote != '\0')
			quote = '\0';
		else
			*(*to)++ = *at;
	}
	*(*to)++ = '\0';
	*from = at;
	return quote == '\0';
}

// First the pointers, then the text that they point at.
char **child_words(const char *command)
{
	size_t length = strlen(command), most = length / 2 + 2, count = 0;
	char **words = malloc(most * sizeof *words + length + 1);

	if (words == NULL)
		return NULL;
	char *text = (char *)(words + most);
	for (const char *at = command; *at != '\0';) {
		if (is_blank(*at)) {
			at++;
			continue;
		}
		words[count++] = text;
		if (!take_word(&at, &text)) {
			free(words);
			return NULL;
		}
	}
	words[count] = NULL;
	if (count == 0) {
		free(words);
		return NULL;
	}
	return words;
}
