// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/utf8.h"

size_t utf8_length(const char *string)
{
	const unsigned char *at = (const unsigned char *)string;
	if (at[0] < 0x80)
		return 1;
	size_t length = at[0] >= 0xc2 && at[0] < 0xe0 ? 2 : at[0] >= 0xe0 && at[0] < 0xf0 ? 3
	              : at[0] >= 0xf0 && at[0] < 0xf5 ? 4 : 0;
	for (size_t i = 1; i < length; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	// Overlong forms, surrogates, beyond the last (RFC 3629, 4).
	if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] >= 0xa0) || (at[0] == 0xf0 && at[1] < 0x90)
	    || (at[0] == 0xf4 && at[1] >= 0x90))
		return 0;
	return length;
}
