// SPDX-License-Identifier: GPL-3.0-or-later
// For tests of the store: a directory of their own, zones to store in it, and
// waiting for what was stored to be durable.
#pragma once

#include <arpa/inet.h>
#include <dirent.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/store.h"
#include "zone_case.h"

static char store_case_scratch[] = "/tmp/store-XXXXXX";

static inline int store_case_open_all(void **state)
{
	return mkdtemp(store_case_scratch) == NULL || zone_case_open(state) != 0;
}

static inline int store_case_close_all(void **state)
{
	char command[64];
	snprintf(command, sizeof command, "rm -r %s", store_case_scratch);
	return system(command) != 0 || zone_case_close(state) != 0;
}

// A path in the tests' folder.
static inline const char *store_case_path(const char *name)
{
	static char paths[4][128];
	static unsigned next;
	char *path = paths[next++ % 4];
	snprintf(path, sizeof paths[0], "%s/%s", store_case_scratch, name);
	return path;
}

static inline struct store *store_case_open(const char *name)
{
	struct store *store = NULL;
	char why[256];
	if (store_open(store_case_path(name), &store, why) != 0)
		fail_msg("%s", why);
	return store;
}

// How many snapshot files the store of that name has.
static inline unsigned store_case_snapshots(const char *name)
{
	char path[160];
	unsigned count = 0;
	snprintf(path, sizeof path, "%s/snapshots", store_case_path(name));
	DIR *folder = opendir(path);
	assert_non_null(folder);
	for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
		count += entry->d_name[0] != '.';
	closedir(folder);
	return count;
}

// --- waiting for commits

struct store_wait {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	unsigned done;
	int error; // of the last that failed
	char why[256];
};
#define STORE_WAIT { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, "" }

static inline void store_case_done(void *context, int error, const char *why)
{
	struct store_wait *wait = context;
	pthread_mutex_lock(&wait->mutex);
	wait->done++;
	if (error != 0) {
		wait->error = error;
		snprintf(wait->why, sizeof wait->why, "%s", why);
	}
	pthread_cond_signal(&wait->changed);
	pthread_mutex_unlock(&wait->mutex);
}

static inline void store_case_await(struct store_wait *wait, unsigned count)
{
	pthread_mutex_lock(&wait->mutex);
	while (wait->done < count)
		pthread_cond_wait(&wait->changed, &wait->mutex);
	pthread_mutex_unlock(&wait->mutex);
}

// --- zones

// A zone of the origin with `hosts` addresses, in a line of its own.
static inline void store_case_zone(struct zone_case *c, const char *origin, uint32_t serial, unsigned hosts)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	fprintf(out, "$TTL 60\n@ SOA ns hm %u 7200 900 1209600 300\n@ NS ns\n", serial);
	for (unsigned i = 0; i < hosts; i++)
		fprintf(out, "host%u A 10.%u.%u.%u\n", i, i >> 16 & 255, i >> 8 & 255, i & 255);
	fclose(out);
	zone_case_begin(c, origin);
	c->error = zone_file_parse(text, length, origin, zone_case_name(origin), c->draft, &c->result);
	zone_case_seal(c);
	assert_non_null(c->version);
	free(text);
}

static inline void store_case_state(struct store_state *state)
{
	memset(state, 0, sizeof *state);
	state->transferred = 1700000000;
	state->confirmed = 1700000001;
	state->refresh_at = 1700003600;
	state->expires_at = 1700600000;
	state->life = 0x9a7c;
}

// The zone as the store has it is the same as this version.
static inline void store_case_has(struct store *store, const struct zone_version *version)
{
	struct zone_line *line;
	const struct zone_version *loaded = NULL;
	char why[256];
	assert_int_equal(zone_line_new(zone_origin(version), &line), 0);
	int error = store_load(store, zone_origin(version), line, &loaded, why);
	if (error != 0)
		fail_msg("%s", why);
	assert_int_equal(zone_serial(loaded), zone_serial(version));
	char *text = zone_case_text(version);
	zone_case_holds(loaded, text);
	free(text);
	zone_release(loaded);
	zone_line_release(line);
}

static inline int store_case_load_fails(struct store *store, const char *origin, char why[static 256])
{
	struct zone_line *line;
	const struct zone_version *loaded = NULL;
	assert_int_equal(zone_line_new(zone_case_name(origin), &line), 0);
	int error = store_load(store, zone_case_name(origin), line, &loaded, why);
	assert_true(error != 0);
	zone_line_release(line);
	return error;
}

static inline int store_case_count_one(void *context, const uint8_t *origin, const struct store_state *state)
{
	(void)origin;
	(void)state;
	(*(unsigned *)context)++;
	return 0;
}

static inline unsigned store_case_zones(struct store *store)
{
	unsigned count = 0;
	assert_int_equal(store_each(store, store_case_count_one, &count), 0);
	return count;
}
