// SPDX-License-Identifier: GPL-3.0-or-later
#include "guard/shrink.h"

#include <stdio.h>

#include "base/error.h"

#define GROUPED_TEXT 32

// "9,120": a thousand more or less shall be seen at a glance.
static const char *grouped(size_t number, char text[static GROUPED_TEXT])
{
	char plain[24];
	int digits = snprintf(plain, sizeof plain, "%zu", number);
	char *to = text;

	for (int i = 0; i < digits; i++) {
		if (i > 0 && (digits - i) % 3 == 0)
			*to++ = ',';
		*to++ = plain[i];
	}
	*to = '\0';
	return text;
}

int shrink_check(size_t before, size_t after, uint32_t max_percent, char why[static 256])
{
	char lost[GROUPED_TEXT], all[GROUPED_TEXT];

	if (before < SHRINK_LEAST_NAMES || after >= before || max_percent >= 100)
		return 0;
	// Names are counted in 32 bits, so this cannot overflow.
	uint64_t gone = before - after;
	if (gone * 100 <= (uint64_t)before * max_percent)
		return 0;
	snprintf(why, 256, "%s of %s names would go (%u %%, limit %u %%)", grouped((size_t)gone, lost),
	         grouped(before, all), (unsigned)(gone * 100 / before), max_percent);
	return ERR_HELD;
}
