// SPDX-License-Identifier: GPL-3.0-or-later
// Files in memory, and the includes that bring them there.
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/builder.h"

void *builder_grow(struct builder *b, void *array, uint32_t need, uint32_t *room, size_t each)
{
	if (need <= *room)
		return array;
	uint32_t wanted = *room ? *room : 16;
	while (wanted < need)
		wanted *= 2;
	void *grown = wanted < need ? NULL : realloc(array, wanted * each);
	if (!grown)
		longjmp(b->escape, 1);
	*room = wanted;
	return grown;
}

static int add_source(struct builder *b, const char *path, char *text, size_t length, uint32_t by)
{
	b->pending_text = text;
	b->sources = builder_grow(b, b->sources, b->source_count + 1, &b->source_room,
	                          sizeof *b->sources);
	b->sources[b->source_count] = (struct source){
		.path = pool_text(&b->pool, path, strlen(path)),
		.text = text, .length = length, .included_by = by,
	};
	b->pending_text = NULL;
	return (int)b->source_count++;
}

int source_add(struct builder *b, const char *name, const char *text, size_t length, uint32_t by)
{
	char *copy = malloc(length + 1);
	if (!copy)
		longjmp(b->escape, 1);
	memcpy(copy, text, length);
	copy[length] = '\0';
	return add_source(b, name, copy, length, by);
}

// Reads to the end or to the bound; NULL with errno.
static char *read_all(int fd, size_t expected, size_t *length)
{
	size_t room = expected + 1, have = 0;
	char *text = malloc(room + 1);
	while (text) {
		ssize_t got = read(fd, text + have, room - have);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			if (got == 0) {
				text[have] = '\0';
				*length = have;
				return text;
			}
			break;
		}
		have += (size_t)got;
		if (have > SOURCE_MAX_BYTES) {
			errno = EFBIG;
			break;
		}
		if (have == room) {
			char *grown = realloc(text, room * 2 + 1);
			if (!grown)
				break;
			text = grown;
			room *= 2;
		}
	}
	int saved = errno;
	free(text);
	errno = saved;
	return NULL;
}

static bool is_open_already(const struct builder *b, dev_t device, ino_t inode, uint32_t by,
                            unsigned *depth)
{
	for (*depth = 0; by != UINT32_MAX; by = b->sources[by].included_by) {
		struct stat st;
		++*depth;
		if (stat(b->sources[by].path, &st) == 0 && st.st_dev == device && st.st_ino == inode)
			return true;
	}
	return false;
}

// An error at the include statement, or about the first file itself.
static int refuse(struct builder *b, struct config_where at, const char *path, const char *why)
{
	if (at.line)
		builder_error(b, at, "cannot include %s: %s", path, why);
	else
		builder_error(b, (struct config_where){.file = UINT32_MAX}, "%s: %s", path, why);
	return -1;
}

int source_open(struct builder *b, const char *path, struct config_where at, uint32_t by)
{
	struct stat st;
	unsigned depth;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return refuse(b, at, path, strerror(errno));
	const char *why = NULL;
	if (fstat(fd, &st) != 0)
		why = strerror(errno);
	else if (S_ISDIR(st.st_mode))
		why = "it is a directory";
	else if (st.st_size > (off_t)SOURCE_MAX_BYTES)
		why = "larger than 1 GiB, which is no configuration";
	else if (is_open_already(b, st.st_dev, st.st_ino, by, &depth))
		why = "it includes itself";
	else if (depth > SOURCE_MAX_DEPTH)
		why = "includes are nested more than 16 deep";
	else if (b->source_count >= SOURCE_MAX_FILES)
		why = "more than 1,000,000 files";
	size_t length = 0;
	char *text = why ? NULL : read_all(fd, (size_t)st.st_size, &length);
	if (!why && !text)
		why = strerror(errno);
	close(fd);
	if (why)
		return refuse(b, at, path, why);
	int number = add_source(b, path, text, length, by);
	b->sources[number].world_readable = (st.st_mode & S_IROTH) != 0;
	return number;
}

static const char *join(struct builder *b, const char *directory, const char *file)
{
	size_t head = strlen(directory), tail = strlen(file);
	char *joined = pool_alloc(&b->scratch, head + tail + 2, 1);
	memcpy(joined, directory, head);
	joined[head] = '/';
	memcpy(joined + head + 1, file, tail + 1);
	return joined;
}

void source_include(struct builder *b, const char *pattern, const char *directory,
                    struct config_where at,
                    void (*each)(void *context, uint32_t source), void *context)
{
	if (!b->may_open) {
		builder_error(b, at, "cannot include %s: this configuration is not read from a file", pattern);
		return;
	}
	const char *full = pattern;
	if (*pattern != '/') {
		const char *own = b->sources[at.file].path, *slash = strrchr(own, '/');
		const char *beside = slash ? pool_text(&b->scratch, own, (size_t)(slash - own) + (slash == own)) : ".";
		const char *under = directory ? join(b, directory, pattern) : NULL;
		full = under && access(under, F_OK) == 0 ? under
			: strcmp(beside, ".") != 0 ? join(b, beside, pattern) : pattern;
	}
	if (!strpbrk(full, "*?[")) {
		int number = source_open(b, full, at, at.file);
		if (number >= 0)
			each(context, (uint32_t)number);
		return;
	}
	int result = glob(full, GLOB_ERR, NULL, &b->pending_glob);
	if (result != 0) {
		if (result == GLOB_NOMATCH || (result == GLOB_ABORTED && errno == ENOENT))
			builder_warn(b, at, "include %s matches no file", full);
		else
			builder_error(b, at, "cannot include %s: %s", full,
			              result == GLOB_NOSPACE ? "out of memory" : strerror(errno));
		return;
	}
	// What is included may include by a pattern itself.
	size_t count = b->pending_glob.gl_pathc;
	char **paths = pool_alloc(&b->scratch, count * sizeof *paths, 8);
	for (size_t i = 0; i < count; i++)
		paths[i] = pool_text(&b->scratch, b->pending_glob.gl_pathv[i], strlen(b->pending_glob.gl_pathv[i]));
	globfree(&b->pending_glob);
	b->pending_glob = (glob_t){0};
	for (size_t i = 0; i < count; i++) {
		int number = source_open(b, paths[i], at, at.file);
		if (number >= 0)
			each(context, (uint32_t)number);
	}
}
