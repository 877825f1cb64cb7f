// SPDX-License-Identifier: GPL-3.0-or-later
// The messages of the readers.
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/builder.h"

bool builder_has_said_enough(const struct builder *b)
{
	return b->report->count >= REPORT_MAX_SUGGESTIONS;
}

__attribute__((format(printf, 4, 0)))
static void add(struct builder *b, enum config_severity severity, struct config_where where,
                const char *format, va_list arguments)
{
	struct config_report *report = b->report;
	if (severity == CONFIG_ERROR)
		report->errors++;
	else
		report->warnings++;
	// A file that is none of ours has a fault in each line: twenty tell that.
	if (report->errors > REPORT_MAX_ERRORS || report->count >= REPORT_MAX_MESSAGES)
		return;
	if (report->count == report->room) {
		uint32_t room = report->room ? report->room * 2 : 16;
		void *grown = realloc(report->messages, room * sizeof *report->messages);
		if (!grown)
			longjmp(b->escape, 1);
		report->messages = grown;
		report->room = room;
	}
	char *text = NULL, *said = NULL;
	if (vasprintf(&said, format, arguments) < 0)
		longjmp(b->escape, 1);
	const char *path = where.file < b->source_count ? b->sources[where.file].path : "";
	int done;
	if (!*path)
		done = asprintf(&text, "%s", said);
	else if (!where.line)
		done = asprintf(&text, "%s: %s", path, said);
	else if (!where.column)
		done = asprintf(&text, "%s:%u: %s", path, where.line, said);
	else
		done = asprintf(&text, "%s:%u:%u: %s", path, where.line, where.column, said);
	free(said);
	if (done < 0)
		longjmp(b->escape, 1);
	report->messages[report->count++] = (struct config_message){severity, where, text};
}

void builder_error(struct builder *b, struct config_where where, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	add(b, CONFIG_ERROR, where, format, arguments);
	va_end(arguments);
}

void builder_warn(struct builder *b, struct config_where where, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	add(b, CONFIG_WARNING, where, format, arguments);
	va_end(arguments);
}

const char *builder_place(struct builder *b, struct config_where where)
{
	char text[4200];
	int length = snprintf(text, sizeof text, "%s:%u", b->sources[where.file].path, where.line);
	if (length < 0 || (size_t)length >= sizeof text)
		length = (int)strlen(text);
	return pool_text(&b->scratch, text, (size_t)length);
}

void config_report_free(struct config_report *report)
{
	for (uint32_t i = 0; i < report->count; i++)
		free(report->messages[i].text);
	free(report->messages);
	*report = (struct config_report){0};
}

void config_report_print(const struct config_report *report, FILE *to)
{
	for (uint32_t i = 0; i < report->count; i++)
		fprintf(to, "%s: %s\n",
		        report->messages[i].severity == CONFIG_ERROR ? "error" : "warning",
		        report->messages[i].text);
	char rest[CONFIG_REPORT_REST];
	if (*config_report_rest(report, rest))
		fprintf(to, "%s\n", rest);
}

const char *config_report_rest(const struct config_report *report, char text[static CONFIG_REPORT_REST])
{
	uint32_t errors = report->errors, warnings = report->warnings;
	for (uint32_t i = 0; i < report->count; i++)
		report->messages[i].severity == CONFIG_ERROR ? errors-- : warnings--;
	text[0] = '\0';
	if (errors && warnings)
		snprintf(text, CONFIG_REPORT_REST, "… and %u more error%s, %u more warning%s", errors, errors == 1 ? "" : "s",
		         warnings, warnings == 1 ? "" : "s");
	else if (errors || warnings)
		snprintf(text, CONFIG_REPORT_REST, "… and %u more %s%s", errors + warnings, errors ? "error" : "warning",
		         errors + warnings == 1 ? "" : "s");
	return text;
}

// Damerau's distance, optimal string alignment; 99 where the words are long.
static unsigned distance(const char *a, const char *b)
{
	unsigned row[3][48];
	size_t la = strlen(a), lb = strlen(b);
	if (la >= 47 || lb >= 47)
		return 99;
	for (unsigned j = 0; j <= lb; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= la; i++) {
		unsigned *now = row[i % 3], *up = row[(i + 2) % 3], *twice = row[(i + 1) % 3];
		now[0] = (unsigned)i;
		for (size_t j = 1; j <= lb; j++) {
			bool same = strncasecmp(a + i - 1, b + j - 1, 1) == 0;
			unsigned best = up[j - 1] + !same;
			if (up[j] + 1 < best)
				best = up[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    twice[j - 2] + 1 < best)
				best = twice[j - 2] + 1;
			now[j] = best;
		}
	}
	return row[la % 3][lb];
}

const char *builder_nearest(const char *word, const char *const *words)
{
	size_t length = strlen(word);
	unsigned best = length < 4 ? 2 : length < 9 ? 3 : 4; // first distance that is too far
	const char *nearest = NULL;
	for (; *words; words++) {
		size_t other = strlen(*words);
		if ((other > length ? other - length : length - other) >= best)
			continue;
		unsigned far = distance(word, *words);
		if (far < best) {
			best = far;
			nearest = *words;
		}
	}
	return nearest;
}
