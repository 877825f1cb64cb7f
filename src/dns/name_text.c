// SPDX-License-Identifier: GPL-3.0-or-later
// Names in presentation form (RFC 1035, 5.1; RFC 4343, 2.1).
#include <string.h>

#include "base/error.h"
#include "dns/name.h"

#define LABEL_MAX 63

// All that no zone-file scanner takes for something other than itself; some
// refuse any other mark that has no backslash.
static bool is_plain(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '*' || c == '/';
}

static char *put_byte(char *to, uint8_t c)
{
	if (is_plain(c)) {
		*to++ = (char)c;
		return to;
	}
	*to++ = '\\';
	if (c <= ' ' || c >= 0x7f || c == '[') { // BIND takes "\[" for a bit-string label
		*to++ = (char)('0' + c / 100);
		*to++ = (char)('0' + c / 10 % 10);
		c = (uint8_t)('0' + c % 10);
	}
	*to++ = (char)c;
	return to;
}

const char *name_to_text_absolute(const uint8_t *name, char text[static NAME_MAX_TEXT])
{
	char *to = text;
	for (; *name != 0; name += *name + 1) {
		for (unsigned i = 1; i <= *name; i++)
			to = put_byte(to, name[i]);
		*to++ = '.';
	}
	if (to == text)
		*to++ = '.';
	*to = '\0';
	return text;
}

const char *name_to_text(const uint8_t *name, char text[static NAME_MAX_TEXT])
{
	name_to_text_absolute(name, text);
	if (*name != 0)
		text[strlen(text) - 1] = '\0';
	return text;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

// The byte behind a backslash; moves *text to the last character of it.
// -1 where it is none.
static int get_escaped(const char **text)
{
	const char *s = *text;
	if (!is_digit(s[0]))
		return s[0] == '\0' ? -1 : (uint8_t)s[0];
	if (!is_digit(s[1]) || !is_digit(s[2]))
		return -1;
	int value = (s[0] - '0') * 100 + (s[1] - '0') * 10 + (s[2] - '0');
	*text = s + 2;
	return value <= 255 ? value : -1;
}

int name_from_text(const char *text, uint8_t name[static NAME_MAX_WIRE])
{
	size_t start = 0, at = 1; // of the label: its length byte, its next byte
	if (strcmp(text, ".") == 0) {
		name[0] = 0;
		return 1;
	}
	for (; *text != '\0'; text++) {
		int c = (uint8_t)*text;
		if (c == '.') {
			if (at == start + 1)
				return ERR_FORMAT;
			name[start] = (uint8_t)(at - start - 1);
			start = at++;
			continue;
		}
		if (c == '\\') {
			text++;
			c = get_escaped(&text);
			if (c < 0)
				return ERR_FORMAT;
		}
		// One byte is kept free for the root.
		if (at - start > LABEL_MAX || at >= NAME_MAX_WIRE - 1)
			return ERR_RANGE;
		name[at++] = (uint8_t)c;
	}
	if (at > start + 1) { // no final dot
		name[start] = (uint8_t)(at - start - 1);
		start = at;
	}
	if (start == 0)
		return ERR_FORMAT;
	name[start] = 0;
	return (int)start + 1;
}
