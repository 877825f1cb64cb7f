// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

// Plain fields: the call site in this file would tell nobody anything.
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "base/clock.h"

#define LINE_MAX_MESSAGE 2000 // bytes of subject and message together
#define LINE_MAX_ESCAPED (4 * LINE_MAX_MESSAGE)
#define LINE_MAX_HEAD 64      // time and level
#define LINES_PER_SECOND 500
#define LINES_BURST 2000

#define TARGET_UNSET (-1)

static int target = TARGET_UNSET; // atomic
static int level_shown = LEVEL_INFO; // atomic
static struct log_limit all_lines = { LINES_PER_SECOND, LINES_BURST, 0 };

static const struct {
	const char *name;
	char priority[sizeof("PRIORITY=0")]; // as syslog(3) numbers them
} levels[] = {
	[LEVEL_ERROR] = { "error", "PRIORITY=3" },
	[LEVEL_WARNING] = { "warning", "PRIORITY=4" },
	[LEVEL_NOTICE] = { "notice", "PRIORITY=5" },
	[LEVEL_INFO] = { "info", "PRIORITY=6" },
	[LEVEL_DEBUG] = { "debug", "PRIORITY=7" },
};

void log_open(enum log_target where)
{
	__atomic_store_n(&target, (int)where, __ATOMIC_RELAXED);
}

void log_set_level(enum log_level level)
{
	__atomic_store_n(&level_shown, (int)level, __ATOMIC_RELAXED);
}

enum log_level log_get_level(void)
{
	return (enum log_level)__atomic_load_n(&level_shown, __ATOMIC_RELAXED);
}

// systemd names the stream it gave us by device and inode, so that a program
// whose standard error was redirected since does not mistake it (systemd.exec(5)).
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;
	return stream != NULL && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

static enum log_target current_target(void)
{
	int t = __atomic_load_n(&target, __ATOMIC_RELAXED);
	if (t == TARGET_UNSET) {
		t = stderr_is_journal() ? LOG_TO_JOURNAL : LOG_TO_STDERR;
		__atomic_store_n(&target, t, __ATOMIC_RELAXED);
	}
	return (enum log_target)t;
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

// Control bytes would let a peer's text forge lines or drive a terminal.
static size_t escape(const char *from, char *to)
{
	size_t n = 0;
	for (; *from != '\0'; from++) {
		unsigned char c = (unsigned char)*from;
		if (c >= 0x20 && c != 0x7f)
			to[n++] = (char)c;
		else
			n += (size_t)sprintf(to + n, "\\x%02x", c);
	}
	to[n] = '\0';
	return n;
}

static size_t compose(enum log_level level, const char *text, size_t length, char *line)
{
	int64_t ns = clock_wall_ns();
	time_t seconds = (time_t)(ns / 1000000000);
	struct tm tm;
	gmtime_r(&seconds, &tm);
	size_t n = strftime(line, LINE_MAX_HEAD, "%Y-%m-%dT%H:%M:%S", &tm);
	n += (size_t)snprintf(line + n, LINE_MAX_HEAD - n, ".%03dZ %s: ",
	                      (int)(ns / 1000000 % 1000), levels[level].name);
	memcpy(line + n, text, length);
	n += length;
	line[n++] = '\n';
	return n;
}

// A pipe whose reader has stopped takes no more, and a thread that waited for it
// would answer no more: the line is given up instead. Of a pipe poll() says yes
// while it has room for PIPE_BUF bytes, more than a line has; for the lock's
// sake nobody fills that between the question and the write.
static bool write_now(const char *line, size_t length)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };
	ssize_t done;
	if (poll(&p, 1, 0) == 0)
		return false;
	do {
		done = write(STDERR_FILENO, line, length);
	} while (done < 0 && errno == EINTR);
	return true;
}

static void write_stderr(enum log_level level, const char *text, size_t length)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static unsigned long long lost; // under the lock
	char line[LINE_MAX_HEAD + LINE_MAX_ESCAPED + 2], note[80];
	pthread_mutex_lock(&lock);
	if (lost > 0) {
		int n = snprintf(note, sizeof(note), "%llu lines were lost here: nobody read the log", lost);
		if (write_now(line, compose(LEVEL_WARNING, note, (size_t)n, line)))
			lost = 0;
	}
	if (lost > 0 || !write_now(line, compose(level, text, length, line)))
		lost++;
	pthread_mutex_unlock(&lock);
}

static bool write_journal(enum log_level level, const char *subject, const char *text,
                          size_t length)
{
	char message[sizeof("MESSAGE=") + LINE_MAX_ESCAPED];
	char about[sizeof("UNDERSTUDY_SUBJECT=") + LINE_MAX_MESSAGE];
	static const char identifier[] = "SYSLOG_IDENTIFIER=understudy";
	size_t start = sizeof("MESSAGE=") - 1;
	memcpy(message, "MESSAGE=", start);
	memcpy(message + start, text, length);
	struct iovec fields[4] = {
		{ message, start + length },
		{ (void *)(uintptr_t)levels[level].priority, sizeof(levels[level].priority) - 1 },
		{ (void *)(uintptr_t)identifier, sizeof(identifier) - 1 },
	};
	int count = 3;
	if (subject != NULL) {
		int n = snprintf(about, sizeof(about), "UNDERSTUDY_SUBJECT=%s", subject);
		fields[count].iov_base = about;
		fields[count++].iov_len = n < (int)sizeof(about) ? (size_t)n : sizeof(about) - 1;
	}
	return sd_journal_sendv(fields, count) == 0;
}

static void write_line(enum log_level level, const char *subject, const char *message)
{
	char escaped[LINE_MAX_ESCAPED + 1];
	size_t length = escape(message, escaped);
	int error = errno; // a caller may log first and look at errno after
	if (current_target() != LOG_TO_JOURNAL || !write_journal(level, subject, escaped, length))
		write_stderr(level, escaped, length);
	errno = error;
}

__attribute__((format(printf, 4, 0)))
static void format_line(char *message, size_t room, const char *subject,
                        const char *format, va_list arguments)
{
	int head = subject == NULL ? 0 : snprintf(message, room, "%s: ", subject);
	size_t at = head < 0 ? 0 : (size_t)head;
	if (at < room) {
		int n = vsnprintf(message + at, room - at, format, arguments);
		at += n < 0 ? 0 : (size_t)n;
	}
	if (at >= room)
		memcpy(message + room - sizeof("..."), "...", sizeof("..."));
}

void log_line(enum log_level level, const char *subject, const char *format, ...)
{
	uint64_t dropped;
	if (level > log_get_level() || !log_limit_allows(&all_lines, &dropped))
		return;
	char message[LINE_MAX_MESSAGE + 1];
	if (dropped > 0) {
		snprintf(message, sizeof(message),
		         "%llu lines were left out here: there were more than %d a second",
		         (unsigned long long)dropped, LINES_PER_SECOND);
		write_line(LEVEL_WARNING, NULL, message);
	}
	va_list arguments;
	va_start(arguments, format);
	format_line(message, sizeof(message), subject, format, arguments);
	va_end(arguments);
	write_line(level, subject, message);
}
