// SPDX-License-Identifier: GPL-3.0-or-later
// What the files of the log share: an event, how it is rendered, where it goes.
// Inside src/base only.
#pragma once

#include <stddef.h>

#include "base/log.h"

// A line is no longer than what a pipe takes whole (PIPE_BUF).
#define LOG_LINE_MOST 4096u
// Of subject and message together, rendered.
#define LOG_MESSAGE_MOST 2000u

struct log_record {
	enum log_level level;
	const char *event;              // NULL: none
	const char *subject;            // NULL: none
	const struct log_field *fields; // NULL: none
	const char *message;
};

// Renderings; each returns the length. The first two end in a newline, the one
// for syslog has none. All are well-formed whatever is cut.
size_t log_render(enum log_format format, const struct log_record *record, char line[static LOG_LINE_MOST]);
size_t log_render_journal(const struct log_record *record, char line[static LOG_LINE_MOST]);
size_t log_render_syslog(enum log_format format, int facility, const struct log_record *record,
                         char line[static LOG_LINE_MOST]);

// Writes it where lines go now, or counts it as lost where that takes no more.
void log_write(const struct log_record *record);

// For tests: other sockets than those of the system. NULL leaves one.
void log_set_sockets(const char *journal, const char *syslog);
