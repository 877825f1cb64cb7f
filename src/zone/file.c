// SPDX-License-Identifier: GPL-3.0-or-later
#include "zone/file.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "dns/name.h"
#include "dns/types.h"
#include "zone/file_raw.h"
#include "zone/file_reader.h"
#include "zone/file_window.h"

// The scanner is 200 KB: made once a thread, since 100,000 small zones would
// otherwise spend their time in clearing it.
static pthread_key_t reader_key;
static pthread_once_t reader_once = PTHREAD_ONCE_INIT;

static void free_reader(void *data)
{
	struct zone_reader *reader = data;
	zs_deinit(&reader->scanner);
	free(reader);
}

static void make_key(void)
{
	pthread_key_create(&reader_key, free_reader);
}

static struct zone_reader *thread_reader(void)
{
	pthread_once(&reader_once, make_key);
	struct zone_reader *reader = pthread_getspecific(reader_key);
	if (reader != NULL)
		return reader;
	reader = malloc(sizeof *reader);
	if (reader == NULL)
		return NULL;
	if (zs_init(&reader->scanner, ".", CLASS_IN, 0) != 0) {
		free(reader);
		return NULL;
	}
	reader->start_state = reader->scanner.cs;
	if (pthread_setspecific(reader_key, reader) != 0) {
		free_reader(reader);
		return NULL;
	}
	return reader;
}

static struct zone_reader *reader_for(const uint8_t *origin, struct zone_draft *draft,
                                      struct zone_file_result *result)
{
	struct zone_reader *reader = thread_reader();
	if (reader == NULL)
		return NULL;
	zs_scanner_t *scanner = &reader->scanner;
	scanner->zone_origin_length = (uint32_t)name_length(origin);
	memcpy(scanner->zone_origin, origin, scanner->zone_origin_length);
	scanner->default_ttl = UINT32_MAX;
	scanner->r_owner_length = 0;
	reader->origin = origin;
	reader->draft = draft;
	reader->result = result;
	reader->last_ttl_known = false;
	reader->depth = 0;
	return reader;
}

static size_t records_added(const struct zone_draft *draft)
{
	struct zone_draft_cost cost;
	zone_draft_cost(draft, &cost);
	return cost.records_added;
}

static int no_reader(const char *name, struct zone_file_result *result)
{
	snprintf(result->message, sizeof result->message, "%.255s: out of memory", name);
	return ERR_MEMORY;
}

static int read_open(const char *path, struct file_window *window, const uint8_t *origin, struct zone_draft *draft,
                     struct zone_file_result *result)
{
	if (file_raw_begins(window))
		return file_raw_read(window, path, origin, draft, result);
	struct zone_reader *reader = reader_for(origin, draft, result);
	if (reader == NULL)
		return no_reader(path, result);
	reader->may_include = true;
	size_t before = records_added(draft);
	int error = reader_window(reader, path, window);
	result->records = records_added(draft) - before;
	return error;
}

int zone_file_read(const char *path, const uint8_t *origin, struct zone_draft *draft,
                   struct zone_file_result *result)
{
	struct file_window window;
	memset(result, 0, sizeof *result);
	int error = reader_open(path, &window, result);
	if (error != 0)
		return error;
	error = read_open(path, &window, origin, draft, result);
	file_window_close(&window);
	return error;
}

int zone_file_parse(const char *text, size_t length, const char *name, const uint8_t *origin,
                    struct zone_draft *draft, struct zone_file_result *result)
{
	memset(result, 0, sizeof *result);
	struct zone_reader *reader = reader_for(origin, draft, result);
	if (reader == NULL)
		return no_reader(name, result);
	reader->may_include = false;
	size_t before = records_added(draft);
	int error = reader_text(reader, name, text, length);
	result->records = records_added(draft) - before;
	return error;
}
