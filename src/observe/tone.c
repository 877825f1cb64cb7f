// SPDX-License-Identifier: GPL-3.0-or-later
#include "observe/tone.h"

#include <string.h>

void tone_write(FILE *to, bool colour, enum tone tone, const char *text, int width)
{
	static const char *const codes[] = {
		[TONE_PLAIN] = "", [TONE_GOOD] = "32", [TONE_WARNING] = "33", [TONE_BAD] = "1;31",
		[TONE_STRONG] = "1", [TONE_FAINT] = "2",
	};
	int length = (int)strlen(text);
	if (colour && tone != TONE_PLAIN)
		fprintf(to, "\033[%sm%s\033[0m", codes[tone], text);
	else
		fputs(text, to);
	if (length < width)
		fprintf(to, "%*s", width - length, "");
}
