// SPDX-License-Identifier: GPL-3.0-or-later
#include "audit/times.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

const char *times_span(int64_t seconds, char text[static TIMES_TEXT])
{
	static const struct {
		int64_t seconds;
		const char *word;
	} units[] = { { 604800, "week" }, { 86400, "day" }, { 3600, "hour" }, { 60, "minute" }, { 1, "second" } };
	unsigned i = 0;
	while (i < 4 && (seconds < units[i].seconds || seconds % units[i].seconds != 0) && seconds < 2 * units[i].seconds)
		i++;
	int64_t count = (seconds + units[i].seconds / 2) / units[i].seconds;
	snprintf(text, TIMES_TEXT, "%" PRId64 " %s%s", count, units[i].word, count == 1 ? "" : "s");
	return text;
}

const char *times_moment(int64_t seconds, char text[static TIMES_TEXT])
{
	struct tm tm;
	time_t at = (time_t)seconds;
	gmtime_r(&at, &tm);
	strftime(text, TIMES_TEXT, "%Y-%m-%d %H:%M UTC", &tm);
	return text;
}
