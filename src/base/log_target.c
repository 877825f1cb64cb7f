// SPDX-License-Identifier: GPL-3.0-or-later
// Where lines go. Nobody waits: what a target does not take at once is given up
// and counted. That is why the journal's and syslog's sockets are written to
// here: sd_journal_sendv(3) and syslog(3) wait for their daemons.
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log_record.h"

static int target = LOG_TO_DEFAULT;   // atomic, as the next three
static int format = LOG_AS_TEXT;
static int facility = LOG_FACILITY_DAEMON;
static int is_journal_stream = -1;    // not looked yet

static struct sockaddr_un journal_address = { AF_UNIX, "/run/systemd/journal/socket" };
static struct sockaddr_un syslog_address = { AF_UNIX, "/dev/log" };

enum outcome { WRITTEN, LOST, NOBODY_THERE };

void log_open(enum log_target where)
{
	__atomic_store_n(&target, (int)where, __ATOMIC_RELAXED);
}

void log_set_format(enum log_format form)
{
	__atomic_store_n(&format, (int)form, __ATOMIC_RELAXED);
}

void log_set_facility(int number)
{
	__atomic_store_n(&facility, number, __ATOMIC_RELAXED);
}

void log_set_sockets(const char *journal, const char *syslog)
{
	if (journal != NULL)
		snprintf(journal_address.sun_path, sizeof(journal_address.sun_path), "%s", journal);
	if (syslog != NULL)
		snprintf(syslog_address.sun_path, sizeof(syslog_address.sun_path), "%s", syslog);
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
	if (t != LOG_TO_DEFAULT)
		return (enum log_target)t;
	int is_journal = __atomic_load_n(&is_journal_stream, __ATOMIC_RELAXED);
	if (is_journal < 0) {
		is_journal = stderr_is_journal();
		__atomic_store_n(&is_journal_stream, is_journal, __ATOMIC_RELAXED);
	}
	return is_journal ? LOG_TO_JOURNAL : LOG_TO_STDERR;
}

// A pipe whose reader has stopped takes no more, and a thread that waited for it
// would answer no more: the line is given up instead. Of a pipe poll() says yes
// while it has room for PIPE_BUF bytes, which is what a line has at most; for
// the lock's sake nobody fills that between the question and the write.
static enum outcome to_stderr(const struct log_record *record)
{
	char line[LOG_LINE_MOST];
	size_t length = log_render((enum log_format)__atomic_load_n(&format, __ATOMIC_RELAXED), record, line);
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };
	ssize_t done;
	if (poll(&p, 1, 0) == 0)
		return LOST;
	do {
		done = write(STDERR_FILENO, line, length);
	} while (done < 0 && errno == EINTR);
	return WRITTEN;
}

// Under the lock, as everything that writes.
static enum outcome send_datagram(const struct sockaddr_un *address, const char *bytes, size_t length)
{
	static int fd = -1;
	if (fd < 0)
		fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return NOBODY_THERE;
	ssize_t sent;
	do {
		sent = sendto(fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT, (const struct sockaddr *)address,
		              sizeof(*address));
	} while (sent < 0 && errno == EINTR);
	if (sent >= 0)
		return WRITTEN;
	return errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM ? LOST : NOBODY_THERE;
}

static enum outcome write_once(const struct log_record *record)
{
	char line[LOG_LINE_MOST];
	enum outcome outcome = NOBODY_THERE;
	size_t length;
	switch (current_target()) {
	case LOG_TO_JOURNAL:
		length = log_render_journal(record, line);
		outcome = send_datagram(&journal_address, line, length);
		break;
	case LOG_TO_SYSLOG:
		length = log_render_syslog((enum log_format)__atomic_load_n(&format, __ATOMIC_RELAXED),
		                           __atomic_load_n(&facility, __ATOMIC_RELAXED), record, line);
		outcome = send_datagram(&syslog_address, line, length);
		break;
	default:
		break;
	}
	return outcome == NOBODY_THERE ? to_stderr(record) : outcome;
}

static bool tell_lost(unsigned long long lost)
{
	char message[80];
	snprintf(message, sizeof(message), "%llu lines were lost here: nobody read the log", lost);
	const struct log_record record = {
		.level = LEVEL_WARNING, .event = "log-lost", .message = message,
		.fields = LOG_FIELDS(log_number("count", lost)),
	};
	return write_once(&record) == WRITTEN;
}

void log_write(const struct log_record *record)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static unsigned long long lost; // under the lock
	pthread_mutex_lock(&lock);
	if (lost > 0 && tell_lost(lost))
		lost = 0;
	if (lost > 0 || write_once(record) != WRITTEN)
		lost++;
	pthread_mutex_unlock(&lock);
}
