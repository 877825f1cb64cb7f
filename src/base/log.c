// SPDX-License-Identifier: GPL-3.0-or-later
// What may be logged: the level, the bounds, the sentence.
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log_record.h"

#define LINES_PER_SECOND 500
#define LINES_BURST 2000

static int level_shown = LEVEL_INFO; // atomic
static struct log_limit all_lines = { LINES_PER_SECOND, LINES_BURST, 0 };

void log_set_level(enum log_level level)
{
	__atomic_store_n(&level_shown, (int)level, __ATOMIC_RELAXED);
}

enum log_level log_get_level(void)
{
	return (enum log_level)__atomic_load_n(&level_shown, __ATOMIC_RELAXED);
}

const char *log_level_name(enum log_level level)
{
	static const char *const names[] = {
		[LEVEL_ERROR] = "error", [LEVEL_WARNING] = "warning", [LEVEL_NOTICE] = "notice",
		[LEVEL_INFO] = "info", [LEVEL_DEBUG] = "debug",
	};
	return names[level];
}

// The state of a limit is one word, so that one compare-and-swap updates it:
// above, the time at which the bucket will be full again in ticks of 125 µs
// (17 years of uptime in 42 bits); below, how many events were suppressed.
#define TICKS_PER_SECOND 8000u
#define SUPPRESSED_BITS 22
#define SUPPRESSED_MAX ((UINT64_C(1) << SUPPRESSED_BITS) - 1)

bool log_limit_allows(struct log_limit *limit, uint64_t *suppressed)
{
	uint64_t now = clock_boot_ns() / (1000000000u / TICKS_PER_SECOND);
	uint64_t cost = limit->per_second == 0 ? TICKS_PER_SECOND
	                                       : TICKS_PER_SECOND / limit->per_second;
	uint64_t burst = limit->burst == 0 ? 1 : limit->burst;
	uint64_t old = __atomic_load_n(&limit->state, __ATOMIC_RELAXED), next;
	bool allowed;
	if (cost == 0)
		cost = 1;
	do {
		uint64_t full = old >> SUPPRESSED_BITS;
		uint64_t count = old & SUPPRESSED_MAX;
		if (full < now)
			full = now;
		allowed = full + cost - now <= burst * cost;
		if (allowed)
			next = (full + cost) << SUPPRESSED_BITS;
		else
			next = (full << SUPPRESSED_BITS) | (count < SUPPRESSED_MAX ? count + 1 : count);
	} while (!__atomic_compare_exchange_n(&limit->state, &old, next, true,
	                                      __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	if (suppressed != NULL)
		*suppressed = allowed ? old & SUPPRESSED_MAX : 0;
	return allowed;
}

static void tell_dropped(uint64_t dropped)
{
	char message[128];
	snprintf(message, sizeof(message), "%llu lines were left out here: there were more than %d a second",
	         (unsigned long long)dropped, LINES_PER_SECOND);
	const struct log_record record = {
		.level = LEVEL_WARNING, .event = "log-dropped", .message = message,
		.fields = LOG_FIELDS(log_number("count", dropped)),
	};
	log_write(&record);
}

// A caller may log first and look at errno after.
__attribute__((format(printf, 2, 0)))
static void write_record(struct log_record *record, const char *format, va_list arguments)
{
	int error = errno;
	uint64_t dropped;
	if (record->level > log_get_level() || !log_limit_allows(&all_lines, &dropped))
		return;
	if (dropped > 0)
		tell_dropped(dropped);
	char message[LOG_MESSAGE_MOST + 1];
	errno = error; // for %m
	int n = vsnprintf(message, sizeof(message), format, arguments);
	if (n < 0)
		message[0] = '\0';
	else if ((size_t)n >= sizeof(message))
		memcpy(message + sizeof(message) - sizeof("..."), "...", sizeof("..."));
	record->message = message;
	log_write(record);
	errno = error;
}

void log_line(enum log_level level, const char *subject, const char *format, ...)
{
	struct log_record record = { .level = level, .subject = subject };
	va_list arguments;
	va_start(arguments, format);
	write_record(&record, format, arguments);
	va_end(arguments);
}

void log_event(enum log_level level, const char *event, const char *subject, const struct log_field *fields,
               const char *format, ...)
{
	struct log_record record = { .level = level, .event = event, .subject = subject, .fields = fields };
	va_list arguments;
	va_start(arguments, format);
	write_record(&record, format, arguments);
	va_end(arguments);
}
