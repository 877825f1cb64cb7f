// SPDX-License-Identifier: GPL-3.0-or-later
// For tests of zone files and of the store: zones from text, and as text.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/epoch.h"
#include "base/error.h"
#include "base/hash.h"
#include "dns/message.h"
#include "dns/types.h"
#include "dns/wire.h"
#include "zone/draft.h"
#include "zone/file.h"

// What every zone file begins with in these tests; two lines.
#define ZONE_HEAD "@ 60 SOA ns hm 1 2 3 4 5\n@ 60 NS ns\n"
#define ZONE_HEAD_RECORDS "example.com. 60 IN SOA ns.example.com. hm.example.com. 1 2 3 4 5\n" \
                          "example.com. 60 IN NS ns.example.com.\n"

static inline int zone_case_open(void **state)
{
	char why[256];
	(void)state;
	hash_seed_fixed(1);
	return arena_open(ARENA_DEFAULT_RESERVE, why);
}

// Everything was given back.
static inline int zone_case_close(void **state)
{
	struct arena_usage usage;
	(void)state;
	epoch_barrier();
	arena_thread_end();
	arena_usage(&usage);
	if (usage.live != 0)
		fprintf(stderr, "%zu bytes of the arena are still in use\n", usage.live);
	arena_close();
	return usage.live != 0;
}

static inline const uint8_t *zone_case_name(const char *text)
{
	static uint8_t names[4][NAME_MAX_WIRE];
	static unsigned next;
	uint8_t *name = names[next++ % 4];
	assert_true(name_from_text(text, name) > 0);
	return name;
}

struct zone_case {
	struct zone_line *line;
	struct zone_draft *draft;
	const struct zone_version *version; // NULL unless sealed
	struct zone_file_result result;
	int error;
};

static inline void zone_case_begin(struct zone_case *c, const char *origin)
{
	memset(c, 0, sizeof *c);
	assert_int_equal(zone_line_new(zone_case_name(origin), &c->line), 0);
	assert_int_equal(zone_draft_new(c->line, &c->draft), 0);
}

static inline void zone_case_seal(struct zone_case *c)
{
	if (c->error == 0)
		assert_int_equal(zone_draft_seal(c->draft, &c->version), 0);
	else
		zone_draft_abandon(c->draft);
}

// Text of the zone example.com, in a file that messages call "test.zone".
static inline void zone_case_parse(struct zone_case *c, const char *text)
{
	zone_case_begin(c, "example.com");
	c->error = zone_file_parse(text, strlen(text), "test.zone", zone_case_name("example.com"), c->draft,
	                           &c->result);
	zone_case_seal(c);
}

static inline void zone_case_read(struct zone_case *c, const char *path)
{
	zone_case_begin(c, "example.com");
	c->error = zone_file_read(path, zone_case_name("example.com"), c->draft, &c->result);
	zone_case_seal(c);
}

static inline void zone_case_end(struct zone_case *c)
{
	if (c->version != NULL)
		zone_release(c->version);
	zone_line_release(c->line);
}

static inline int zone_case_print_node(void *context, const uint8_t *owner, const struct zone_node *node)
{
	struct rrset set;
	uint16_t covered;
	static char line[300000];
	for (unsigned i = 0; zone_node_set(node, i, &set, &covered); i++) {
		const uint8_t *record = set.wire;
		for (unsigned n = 0; n < set.count; n++, record = record_next(record)) {
			assert_true(record_to_text(owner, set.type, CLASS_IN, wire_get32(record + RECORD_TTL),
			                           record + RECORD_RDATA, wire_get16(record + RECORD_RDLENGTH),
			                           line, sizeof line) > 0);
			fprintf(context, "%s\n", line);
		}
	}
	return 0;
}

// All records in canonical order, a line each; to be freed.
static inline char *zone_case_text(const struct zone_version *version)
{
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);
	assert_non_null(out);
	assert_int_equal(zone_walk_canonical(version, zone_case_print_node, out), 0);
	fclose(out);
	return text;
}

static inline int zone_case_compare_lines(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

// The lines of a text in byte order; to be freed.
static inline char *zone_case_sorted(const char *text)
{
	char *copy = strdup(text), *out = malloc(strlen(text) + 1);
	char **lines = malloc((strlen(text) + 1) * sizeof *lines);
	size_t count = 0;
	assert_true(copy != NULL && out != NULL && lines != NULL);
	for (char *line = strtok(copy, "\n"); line != NULL; line = strtok(NULL, "\n"))
		lines[count++] = line;
	qsort(lines, count, sizeof *lines, zone_case_compare_lines);
	out[0] = '\0';
	char *end = out;
	for (size_t i = 0; i < count; i++)
		end += sprintf(end, "%s\n", lines[i]);
	free(lines);
	free(copy);
	return out;
}

// The zone holds these records, whatever their order, and no others.
static inline void zone_case_holds(const struct zone_version *version, const char *records)
{
	char *text = zone_case_text(version);
	char *got = zone_case_sorted(text), *wanted = zone_case_sorted(records);
	assert_string_equal(got, wanted);
	free(text);
	free(got);
	free(wanted);
}

// The text, behind the usual head, gives these records behind the head's.
static inline void zone_case_gives(const char *text, const char *records)
{
	struct zone_case c;
	char *whole, *wanted;
	assert_true(asprintf(&whole, ZONE_HEAD "%s", text) > 0);
	assert_true(asprintf(&wanted, ZONE_HEAD_RECORDS "%s", records) > 0);
	zone_case_parse(&c, whole);
	if (c.error != 0)
		fail_msg("%s", c.result.message);
	zone_case_holds(c.version, wanted);
	zone_case_end(&c);
	free(whole);
	free(wanted);
}

// The text is refused, and the message begins with this.
static inline void zone_case_fails(const char *text, int error, const char *message)
{
	struct zone_case c;
	zone_case_parse(&c, text);
	if (c.error != error || strncmp(c.result.message, message, strlen(message)) != 0)
		fail_msg("got %d \"%s\", wanted %d \"%s\"", c.error, c.result.message, error, message);
	zone_case_end(&c);
}
