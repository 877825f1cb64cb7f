// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/wait.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/client.h"

// The first looks come soon, since most is done at once. A look at all of very
// many zones costs the server a while. At first nothing is drawn.
#define PAUSE_FIRST_MS 10u
#define PAUSE_MOST_MS 200u
#define PAUSE_OF_ALL_MS 990u
#define DRAW_AFTER_MS 500u

static const char *text_of(const json_t *look, const char *key)
{
	const char *text = json_string_value(json_object_get(look, key));
	return text != NULL ? text : "";
}

static json_int_t number(const json_t *look, const char *key)
{
	return json_integer_value(json_object_get(look, key));
}

static bool is_so(const json_t *look, const char *key)
{
	return json_is_true(json_object_get(look, key));
}

json_t *wait_look(const char *state_dir, const struct cli_verb *verb, const char *zone)
{
	struct client_reply reply;
	json_t *request = json_pack("{s:s}", "verb", "progress"), *look = NULL;
	if (zone != NULL)
		json_object_set_new(request, "zone", json_string(zone));
	else
		json_object_set_new(request, "all", json_true());
	// Of a reload the files count: primaries elsewhere may take their time.
	if (zone == NULL && verb == &cli_reload)
		json_object_set_new(request, "role", json_string("primary"));
	if (client_ask(state_dir, request, true, &reply) == EXIT_GOOD && reply.code == EXIT_GOOD)
		look = json_loads(reply.text, 0, NULL);
	free(reply.text);
	json_decref(request);
	return look;
}

// --- whether it is over

static bool is_over(const struct cli_verb *verb, const json_t *before, const json_t *look, bool is_one)
{
	bool is_busy = is_one ? is_so(look, "busy") : number(look, "busy") > 0;
	if (verb == &cli_write)
		return is_one ? !is_so(look, "writing") : number(look, "writing") == 0;
	if (verb == &cli_notify)
		return number(look, "notifies") == 0;
	if (is_one && (verb == &cli_refresh || verb == &cli_retransfer))
		return !is_busy && number(look, "attempts") != number(before, "attempts");
	return !is_busy;
}

// --- what is drawn

// "[#######     ] " where the size is known from the copy before.
static const char *bar(json_int_t records, json_int_t known, char text[static 40])
{
	const int width = 24;
	text[0] = '\0';
	if (known <= 0)
		return text;
	int done = records >= known ? width : (int)(records * width / known);
	snprintf(text, 40, "[%.*s%*s] ", done, "########################", width - done, "");
	return text;
}

static void draw(const char *zone, const json_t *look, uint64_t since)
{
	char drawn[40];
	if (zone == NULL)
		fprintf(stderr, "\r\033[K%" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT " zones are under way", number(look, "busy")
		        + number(look, "writing"), number(look, "zones"));
	else if (is_so(look, "transferring"))
		fprintf(stderr, "\r\033[K%.30s %s%" JSON_INTEGER_FORMAT " records, %.1f MB", zone,
		        bar(number(look, "records"), number(look, "known_records"), drawn), number(look, "records"),
		        (double)number(look, "bytes") / 1e6);
	else
		fprintf(stderr, "\r\033[K%.60s: under way for %" PRIu64 " s", zone, (clock_boot_ms() - since) / 1000);
	fflush(stderr);
}

// --- how it ended

__attribute__((format(printf, 3, 4)))
static int tell(char **text, int code, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	if (vasprintf(text, format, arguments) < 0)
		*text = NULL;
	va_end(arguments);
	return code;
}

static int outcome_of_refresh(const char *zone, const json_t *before, const json_t *look, char **text)
{
	json_int_t had = number(before, "serial"), has = number(look, "serial");
	if (is_so(look, "held"))
		return tell(text, EXIT_DEGRADED, "%s: serial %" JSON_INTEGER_FORMAT " is held: %s; `understudy approve %s %"
		            JSON_INTEGER_FORMAT "` publishes it", zone, number(look, "held_serial"), text_of(look, "held_why"), zone,
		            number(look, "held_serial"));
	if (text_of(look, "last_error")[0] != '\0')
		return tell(text, EXIT_FAILED, "%s: %s", zone, text_of(look, "last_error"));
	if (is_so(look, "rolled_back"))
		return tell(text, EXIT_DEGRADED, "%s: its primaries were asked; it stays rolled back to serial %" JSON_INTEGER_FORMAT,
		            zone, has);
	if (strcmp(text_of(look, "state"), "current") != 0)
		return tell(text, EXIT_DEGRADED, "%s: it is %s", zone, text_of(look, "state"));
	if (json_is_null(json_object_get(before, "serial")))
		return tell(text, EXIT_GOOD, "%s: serial %" JSON_INTEGER_FORMAT " is served, the first copy", zone, has);
	if (had != has)
		return tell(text, EXIT_GOOD, "%s: serial %" JSON_INTEGER_FORMAT " is served, it was %" JSON_INTEGER_FORMAT, zone, has, had);
	if (is_so(look, "passed_over"))
		return tell(text, EXIT_GOOD, "%s: serial %" JSON_INTEGER_FORMAT " stays: %" JSON_INTEGER_FORMAT ", which its primary has, "
		            "was rejected; retransfer fetches it", zone, has, number(look, "held_serial"));
	return tell(text, EXIT_GOOD, "%s: serial %" JSON_INTEGER_FORMAT " is the newest", zone, has);
}

static int outcome_of_publishing(const char *zone, const json_t *before, const json_t *look, char **text)
{
	json_int_t has = number(look, "serial");
	if (!is_so(look, "held") && is_so(before, "held") && has == number(before, "held_serial"))
		return tell(text, EXIT_GOOD, "%s: serial %" JSON_INTEGER_FORMAT " is served", zone, has);
	if (is_so(look, "held") || text_of(look, "last_error")[0] != '\0')
		return tell(text, EXIT_FAILED, "%s: %s", zone, text_of(look, "last_error")[0] != '\0' ? text_of(look, "last_error")
		            : text_of(look, "held_why"));
	if (json_is_null(json_object_get(look, "serial")))
		return tell(text, EXIT_FAILED, "%s: no version of it is served", zone);
	if (number(before, "serial") == has && !json_is_null(json_object_get(before, "serial")))
		return tell(text, EXIT_GOOD, "%s: serial %" JSON_INTEGER_FORMAT " is served, as before", zone, has);
	return tell(text, EXIT_GOOD, "%s: serial %" JSON_INTEGER_FORMAT " is served", zone, has);
}

static int outcome_of_notify(const char *zone, const json_t *before, const json_t *look, char **text)
{
	json_int_t failed = number(look, "notifies_failed") - number(before, "notifies_failed");
	if (failed > 0)
		return tell(text, EXIT_FAILED, "%s: %" JSON_INTEGER_FORMAT " of those told did not hear it, or refused; the log names them",
		            zone, failed);
	return tell(text, EXIT_GOOD, "%s: all have heard it", zone);
}

// How many zones are so, as the filter of `zones` has it; -1 not known.
static long count_zones(const char *state_dir, const char *filter)
{
	struct client_reply reply;
	long count = -1;
	json_t *request = json_pack("{s:s, s:b, s:[s]}", "verb", "zones", "names", 1, "filter", filter);
	if (client_ask(state_dir, request, true, &reply) == EXIT_GOOD) {
		count = 0;
		for (const char *at = reply.text; (at = strchr(at, '\n')) != NULL; at++)
			count++;
	}
	free(reply.text);
	json_decref(request);
	return count;
}

static int outcome_of_all(const char *state_dir, const struct cli_verb *verb, char **text)
{
	const char *filter = verb == &cli_write ? "unsaved" : "bad";
	if (verb == &cli_notify)
		return tell(text, EXIT_GOOD, "all have been told, or given up; the log names those that did not hear it");
	long count = count_zones(state_dir, filter);
	if (count < 0)
		return tell(text, EXIT_FAILED, "the server is gone");
	if (count == 0)
		return tell(text, EXIT_GOOD, verb == &cli_write ? "all are written" : "all zones are as they should be");
	return tell(text, verb == &cli_write ? EXIT_FAILED : EXIT_DEGRADED, "%ld %s %s: understudy zones --%s lists %s", count,
	            count == 1 ? "zone" : "zones", verb == &cli_write ? "could not be written" : "not as it should be", filter,
	            count == 1 ? "it" : "them");
}

static int outcome_of_one(const struct cli_verb *verb, const char *zone, const json_t *before, const json_t *look, char **text)
{
	if (verb == &cli_write && text_of(look, "file_error")[0] != '\0')
		return tell(text, EXIT_FAILED, "%s: %s", zone, text_of(look, "file_error"));
	if (verb == &cli_write)
		return tell(text, EXIT_GOOD, "%s: its file is written, serial %" JSON_INTEGER_FORMAT, zone, number(look, "serial"));
	if (verb == &cli_notify)
		return outcome_of_notify(zone, before, look, text);
	if (verb == &cli_refresh || verb == &cli_retransfer)
		return outcome_of_refresh(zone, before, look, text);
	return outcome_of_publishing(zone, before, look, text);
}

static int too_late(const char *zone, const json_t *look, char **text)
{
	const char *name = zone != NULL ? zone : "all zones";
	if (is_so(look, "unsaved"))
		return tell(text, EXIT_FAILED, "%s: not stored yet: %s; it is tried again by itself", name, text_of(look, "last_error"));
	return tell(text, EXIT_FAILED, "%s: still under way; it goes on, and understudy %s tells how", name,
	            zone != NULL ? "explain ZONE" : "zones --bad");
}

int wait_for_outcome(const char *state_dir, const struct cli_verb *verb, const char *zone, const json_t *before,
                     uint64_t until, char **text)
{
	uint64_t start = clock_boot_ms(), pause = PAUSE_FIRST_MS, most = zone != NULL ? PAUSE_MOST_MS : PAUSE_OF_ALL_MS;
	bool is_terminal = isatty(STDERR_FILENO) == 1, is_drawn = false;
	int code = -1;
	*text = NULL;
	while (code < 0) {
		json_t *look = wait_look(state_dir, verb, zone);
		uint64_t now = clock_boot_ms();
		if (look == NULL)
			code = tell(text, EXIT_FAILED, "%s: the server, or the zone, is gone", zone != NULL ? zone : "all zones");
		else if (is_over(verb, before, look, zone != NULL))
			code = zone != NULL ? outcome_of_one(verb, zone, before, look, text) : outcome_of_all(state_dir, verb, text);
		else if (now >= until)
			code = too_late(zone, look, text);
		else if (is_terminal && now - start > DRAW_AFTER_MS)
			draw(zone, look, start);
		is_drawn = is_terminal && now - start > DRAW_AFTER_MS;
		json_decref(look);
		const struct timespec time = { .tv_nsec = (long)pause * 1000000 };
		if (code < 0)
			nanosleep(&time, NULL);
		pause = pause * 2 < most ? pause * 2 : most;
	}
	if (is_drawn)
		fputs("\r\033[K", stderr);
	return code;
}
