// SPDX-License-Identifier: GPL-3.0-or-later
#include "observe/times.h"

#include <stdio.h>
#include <time.h>

const char *times_duration(int64_t seconds, char text[static TIMES_TEXT])
{
	static const struct { int64_t seconds; const char *name; } units[] = {
		{ 86400, "d" }, { 3600, "h" }, { 60, "min" },
	};
	if (seconds < 0)
		seconds = 0;
	for (unsigned i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		int64_t unit = units[i].seconds;
		if (seconds >= unit + unit / 2) {
			snprintf(text, TIMES_TEXT, "%lld %s", (long long)((seconds + unit / 2) / unit), units[i].name);
			return text;
		}
	}
	snprintf(text, TIMES_TEXT, "%lld s", (long long)seconds);
	return text;
}

const char *times_relative(int64_t at, int64_t now, char text[static TIMES_TEXT])
{
	char duration[TIMES_TEXT];
	if (at == 0)
		snprintf(text, TIMES_TEXT, "never");
	else if (at == now)
		snprintf(text, TIMES_TEXT, "now");
	else if (at > now)
		snprintf(text, TIMES_TEXT, "in %.40s", times_duration(at - now, duration));
	else
		snprintf(text, TIMES_TEXT, "%.40s ago", times_duration(now - at, duration));
	return text;
}

const char *times_absolute(int64_t at, char text[static TIMES_TEXT])
{
	struct tm tm;
	time_t when = (time_t)at;
	if (at == 0 || gmtime_r(&when, &tm) == NULL ||
	    strftime(text, TIMES_TEXT, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
		snprintf(text, TIMES_TEXT, "never");
	return text;
}
