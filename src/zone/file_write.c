// SPDX-License-Identifier: GPL-3.0-or-later
// Writing a zone version as text, so that what stands under the path is at any
// moment a whole zone: write, fsync, rename, fsync the folder.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "dns/message.h"
#include "dns/types.h"
#include "dns/wire.h"
#include "zone/file.h"

#define BUFFER_SIZE ((size_t)256 << 10)
// The longest record in text is 65,535 bytes of \DDD and the quotes between
// them, or of hex, behind an owner of \DDD.
#define RECORD_TEXT_MAX ((size_t)512 << 10)

struct output {
	zone_text_sink *sink;
	void *context;
	size_t filled;
	char *buffer; // BUFFER_SIZE + RECORD_TEXT_MAX
};

static int flush(struct output *out)
{
	size_t length = out->filled;
	out->filled = 0;
	return length > 0 ? out->sink(out->context, out->buffer, length) : 0;
}

static int write_set(struct output *out, const uint8_t *owner, const struct rrset *set)
{
	const uint8_t *record = set->wire;
	for (unsigned i = 0; i < set->count; i++, record = record_next(record)) {
		int length = record_to_text(owner, set->type, CLASS_IN, wire_get32(record + RECORD_TTL),
		                            record + RECORD_RDATA, wire_get16(record + RECORD_RDLENGTH),
		                            out->buffer + out->filled, RECORD_TEXT_MAX - 1);
		if (length < 0)
			return ERR_RANGE;
		out->filled += (size_t)length;
		out->buffer[out->filled++] = '\n';
		int error = out->filled >= BUFFER_SIZE ? flush(out) : 0;
		if (error != 0)
			return error;
	}
	return 0;
}

// The SOA stands first at the apex, everything else by type.
static int write_node(void *context, const uint8_t *owner, const struct zone_node *node)
{
	struct output *out = context;
	struct rrset set;
	uint16_t covered;
	int error = 0;
	bool has_soa = zone_node_rrset(node, TYPE_SOA, &set);
	if (has_soa)
		error = write_set(out, owner, &set);
	for (unsigned i = 0; error == 0 && zone_node_set(node, i, &set, &covered); i++)
		if (!has_soa || set.type != TYPE_SOA)
			error = write_set(out, owner, &set);
	return error;
}

static void write_title(struct output *out, const struct zone_version *version)
{
	char name[NAME_MAX_TEXT], when[32];
	time_t now = (time_t)clock_wall_s();
	struct tm utc;
	gmtime_r(&now, &utc);
	strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
	name_to_text_absolute(zone_origin(version), name);
	int length = snprintf(out->buffer, BUFFER_SIZE, "; %s serial %u, written by Understudy %s at %s\n", name,
	                      zone_serial(version), UNDERSTUDY_VERSION, when);
	out->filled = (size_t)length;
}

int zone_text_write(const struct zone_version *version, zone_text_sink *sink, void *context)
{
	struct output out = { .sink = sink, .context = context, .buffer = malloc(BUFFER_SIZE + RECORD_TEXT_MAX) };
	if (out.buffer == NULL)
		return ERR_MEMORY;
	write_title(&out, version);
	int error = zone_walk_canonical(version, write_node, &out);
	if (error == 0)
		error = flush(&out);
	free(out.buffer);
	return error;
}

struct file_sink {
	int fd;
	int failed; // errno
};

static int write_to_file(void *context, const char *text, size_t length)
{
	struct file_sink *file = context;
	int error = file_write_all(file->fd, text, length);
	if (error != 0)
		file->failed = errno;
	return error;
}

static int sync_folder(const char *path)
{
	char *folder = strdup(path);
	if (folder == NULL)
		return ENOMEM;
	char *slash = strrchr(folder, '/');
	if (slash != NULL)
		slash[slash == folder] = '\0';
	int fd = open(slash != NULL ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int reason = fd < 0 || fsync(fd) != 0 ? errno : 0;
	if (fd >= 0)
		close(fd);
	free(folder);
	return reason;
}

static int say(char message[static 256], const char *path, const char *what, int reason)
{
	snprintf(message, 256, "%.160s: %s: %s", path, what, strerror(reason));
	return reason == ENOMEM ? ERR_MEMORY : ERR_IO;
}

// Writes and syncs the open temporary file.
static int write_whole(const struct zone_version *version, const char *path, int fd, char message[static 256])
{
	struct file_sink file = { .fd = fd };
	int error = zone_text_write(version, write_to_file, &file);
	if (error == ERR_IO)
		return say(message, path, "cannot be written", file.failed);
	if (error != 0) {
		snprintf(message, 256, "%.160s: cannot be written: %s", path, error_text(error));
		return error;
	}
	if (fchmod(fd, 0644) != 0 || fsync(fd) != 0)
		return say(message, path, "cannot be written", errno);
	return 0;
}

int zone_file_write(const struct zone_version *version, const char *path, char message[static 256])
{
	size_t length = strlen(path);
	char *temporary = malloc(length + 8);
	message[0] = '\0';
	if (temporary == NULL)
		return say(message, path, "cannot be written", ENOMEM);
	memcpy(temporary, path, length);
	memcpy(temporary + length, ".XXXXXX", 8);
	int fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0) {
		int error = say(message, path, "no file can be made in its folder", errno);
		free(temporary);
		return error;
	}
	int error = write_whole(version, path, fd, message);
	if (close(fd) != 0 && error == 0)
		error = say(message, path, "cannot be written", errno);
	if (error == 0 && rename(temporary, path) != 0)
		error = say(message, path, "cannot be replaced", errno);
	if (error != 0) {
		unlink(temporary);
	} else {
		int reason = sync_folder(path);
		if (reason != 0)
			error = say(message, path, "its folder cannot be synced", reason);
	}
	free(temporary);
	return error;
}
