// SPDX-License-Identifier: GPL-3.0-or-later
// What was told, a line each, so that a restart tells nothing twice:
//
//   understudy alerts 1
//   zone example.com copy stale 1700000000
//   primary 192.0.2.1@53 copy failing 1700000000
//
// with the time since when it is so. It is no store: whatever is wrong with it
// only makes some troubles be told once more.
#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "observe/watch_parts.h"

#define HEAD "understudy alerts 1\n"
#define LINES_MOST 1000000u

static void write_entry(FILE *to, const struct watched *w)
{
	char text[NAME_MAX_TEXT];
	for (unsigned a = 0; a < WATCH_ASPECTS; a++) {
		if (w->told[a] == 0)
			continue;
		if (w->is_primary)
			fprintf(to, "primary %.*s", (int)w->key_length, (const char *)w->key);
		else
			fprintf(to, "zone %s", name_to_text(w->key, text));
		fprintf(to, " %s %s %" PRId64 "\n", watch_aspect_text((enum watch_aspect)a),
		        watch_state_text((enum watch_aspect)a, w->told[a]), w->bad_since[a]);
	}
}

int watch_save(const struct watch *watch, const char *path)
{
	char fresh[PATH_MAX];
	int n = snprintf(fresh, sizeof(fresh), "%s.new", path);
	if (n < 0 || n >= (int)sizeof(fresh))
		return ERR_IO;
	int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	FILE *to = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (to == NULL) {
		if (fd >= 0)
			close(fd);
		return ERR_IO;
	}
	fputs(HEAD, to);
	for (size_t i = 0; i < watch->room; i++)
		if (watch->slots[i] != NULL)
			write_entry(to, watch->slots[i]);
	bool is_good = fflush(to) == 0 && !ferror(to);
	is_good = fclose(to) == 0 && is_good;
	if (is_good && rename(fresh, path) == 0)
		return 0;
	unlink(fresh);
	return ERR_IO;
}

static bool read_state(const char *aspect, const char *state, unsigned *a, uint8_t *number)
{
	for (*a = 0; *a < WATCH_ASPECTS; ++*a) {
		if (strcmp(watch_aspect_text((enum watch_aspect)*a), aspect) != 0)
			continue;
		for (*number = 1; *number < (*a == WATCH_COPY ? (unsigned)COPY_STATES : 2u); ++*number)
			if (strcmp(watch_state_text((enum watch_aspect)*a, *number), state) == 0)
				return true;
	}
	return false;
}

static void read_entry(struct watch *watch, const char *line, int64_t now)
{
	char kind[8], key[NAME_MAX_TEXT], aspect[16], state[16];
	uint8_t wire[NAME_MAX_WIRE], number;
	int64_t since;
	unsigned a;
	static_assert(NAME_MAX_TEXT > 1004, "as the pattern below has it");
	if (sscanf(line, "%7s %1004s %15s %15s %" SCNd64, kind, key, aspect, state, &since) != 5 ||
	    !read_state(aspect, state, &a, &number))
		return;
	bool is_primary = strcmp(kind, "primary") == 0;
	if (is_primary ? strlen(key) >= ADDRESS_TEXT : name_from_text(key, wire) <= 0)
		return;
	struct watched *w = is_primary ? watched_entry(watch, true, key, strlen(key), now)
	                               : watched_entry(watch, false, wire, name_length(wire), now);
	if (w == NULL)
		return;
	// Until it is seen it is as it was told.
	w->told[a] = w->now[a] = number;
	w->since[a] = w->bad_since[a] = since < now ? since : now;
	w->has_version = true;
}

void watch_load(struct watch *watch, const char *path, int64_t now)
{
	char line[NAME_MAX_TEXT + 128];
	FILE *from = fopen(path, "re");
	if (from == NULL)
		return;
	if (fgets(line, sizeof(line), from) != NULL && strcmp(line, HEAD) == 0)
		for (unsigned n = 0; n < LINES_MOST && fgets(line, sizeof(line), from) != NULL; n++)
			read_entry(watch, line, now);
	fclose(from);
}
