// SPDX-License-Identifier: GPL-3.0-or-later
// The log: one line an event, always with the reason in it, never a secret.
// Thread-safe; a line is written by one write(2) or as one datagram, so lines
// never mix, and nobody waits for the reader of a log.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level {
	LEVEL_ERROR,   // something is broken that an operator must mend
	LEVEL_WARNING, // something is wrong, service goes on
	LEVEL_NOTICE,  // a zone or the server changed state
	LEVEL_INFO,    // normal events: a transfer, a NOTIFY
	LEVEL_DEBUG,
};

enum log_target {
	LOG_TO_STDERR,  // timestamped lines
	LOG_TO_JOURNAL, // systemd journal, with fields
	LOG_TO_SYSLOG,  // /dev/log
	LOG_TO_DEFAULT, // the journal where standard error is connected to it, else standard error
};

// How a line looks; the journal always gets fields.
enum log_format {
	LOG_AS_TEXT,   // a sentence
	LOG_AS_LOGFMT, // time=… level=… zone=… event=… msg="…" and the fields
	LOG_AS_JSON,   // an object with the same keys
};

// The daemon facility of syslog(3), as a number.
#define LOG_FACILITY_DAEMON 3

// Chooses where lines go, how they look and how much is said. Before it, and by
// default: LEVEL_INFO, text, LOG_TO_DEFAULT. The facility (0 to 23) is for syslog.
void log_open(enum log_target target);
void log_set_format(enum log_format format);
void log_set_facility(int facility);
void log_set_level(enum log_level level);
enum log_level log_get_level(void);

// "error", "warning", "notice", "info" or "debug".
const char *log_level_name(enum log_level level);

// Writes one line: "<subject>: <message>", or the message alone where subject
// is NULL. The subject is a zone in presentation form, or the absolute path of a
// file. The message has no trailing newline; control bytes and what is no UTF-8
// are escaped; over 2,000 bytes it is cut. All lines together are bounded (500 a
// second, burst 2,000); what was dropped is counted in a later line, as is what
// the target would not take at once.
void log_line(enum log_level level, const char *subject, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

// What is known of an event beside its sentence, for programs to read.
enum log_kind { LOG_KIND_END, LOG_KIND_TEXT, LOG_KIND_NUMBER, LOG_KIND_NONE };
struct log_field {
	const char *name; // lower case, digits and '_'; the journal has it in capitals
	enum log_kind kind;
	const char *text;
	uint64_t number;
};

// Fields; of a text that is NULL or empty nothing is written.
static inline struct log_field log_text(const char *name, const char *text)
{
	bool is_none = text == NULL || text[0] == '\0';
	return (struct log_field){ name, is_none ? LOG_KIND_NONE : LOG_KIND_TEXT, text, 0 };
}

static inline struct log_field log_number(const char *name, uint64_t number)
{
	return (struct log_field){ name, LOG_KIND_NUMBER, "", number };
}

static inline struct log_field log_number_if(bool is_known, const char *name, uint64_t number)
{
	return (struct log_field){ name, is_known ? LOG_KIND_NUMBER : LOG_KIND_NONE, "", number };
}

#define LOG_FIELDS(...) ((const struct log_field[]){ __VA_ARGS__, { NULL, LOG_KIND_END, NULL, 0 } })

// As log_line(), with the name of the event ("transfer-in", as docs/logs.md lists
// them) and its fields, ended as LOG_FIELDS() does; either may be NULL. The
// sentence tells an operator all that the fields tell a program.
void log_event(enum log_level level, const char *event, const char *subject, const struct log_field *fields,
               const char *format, ...) __attribute__((format(printf, 5, 6)));

// A bound for one kind of event that a peer can cause at will. Static storage,
// zero-initialised but for per_second and burst.
struct log_limit {
	uint32_t per_second;
	uint32_t burst;
	uint64_t state; // internal, atomic
};

// True where an event of this kind may be logged now; counts it if so. The
// first one let through after a drought gets the count of those suppressed.
bool log_limit_allows(struct log_limit *limit, uint64_t *suppressed);
