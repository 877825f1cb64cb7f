// SPDX-License-Identifier: GPL-3.0-or-later
// The log: one line an event, always with the reason in it, never a secret.
// Thread-safe; a line is written by one write(2), so lines never mix.
#pragma once

#include <stdbool.h>
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
};

// Chooses where lines go and how much is said. Before it, and by default:
// LEVEL_INFO to standard error (to the journal where standard error is
// connected to it).
void log_open(enum log_target target);
void log_set_level(enum log_level level);
enum log_level log_get_level(void);

// Writes one line: "<subject>: <message>", or the message alone where subject
// is NULL. The subject is a zone in presentation form, or a file. The message
// has no trailing newline; control bytes in it are escaped; over 2,000 bytes
// it is cut. All lines together are bounded (500 a second, burst 2,000); what
// was dropped is counted in a later line, as is what standard error would not
// take at once: nobody waits for the reader of a log.
void log_line(enum log_level level, const char *subject, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

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
