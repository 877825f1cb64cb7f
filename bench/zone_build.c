// SPDX-License-Identifier: GPL-3.0-or-later
// How long a zone of N addresses takes to build in memory, what it occupies,
// and what looking names up and changing one record cost. Prints one figure a
// line. Usage: zone_build [records]
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/hash.h"
#include "zone/draft.h"

static const uint8_t origin[] = "\7example\3com";
static const uint8_t soa[] = "\2ns\7example\3com\0\4host\7example\3com\0"
	"\0\0\0\1\0\0\16\20\0\0\2\130\0\11\72\200\0\0\1\54";

static void name_make(uint8_t *name, size_t number)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "host%06zu", number);
	name[0] = (uint8_t)n;
	memcpy(name + 1, text, (size_t)n);
	memcpy(name + 1 + n, origin, sizeof(origin));
}

static double seconds_since(uint64_t start)
{
	return (double)(clock_boot_ns() - start) / 1e9;
}

// Of this process, so that a busy machine does not count.
static double processor_seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void fail(const char *what, int error)
{
	fprintf(stderr, "%s: error %d\n", what, error);
	exit(1);
}

static long resident_kib(void)
{
	char line[128];
	long kib = 0;
	FILE *f = fopen("/proc/self/status", "r");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "VmRSS: %ld", &kib) == 1)
			break;
	if (f != NULL)
		fclose(f);
	return kib;
}

static void build(struct zone_draft *draft, size_t records)
{
	uint8_t name[64], address[4];
	uint64_t slowest = 0, before = 0;
	double start = processor_seconds();
	for (size_t i = 0; i < records; ++i)
		name_make(name, i);
	double naming = processor_seconds() - start;
	start = processor_seconds();
	int error = zone_draft_add(draft, origin, 6, 3600, soa, sizeof(soa) - 1, NULL);
	if (error == 0)
		error = zone_draft_add(draft, origin, 2, 3600, soa, 16, NULL);
	for (size_t i = 0; i < records && error == 0; ++i) {
		name_make(name, i);
		address[0] = 192;
		address[1] = (uint8_t)(i >> 16);
		address[2] = (uint8_t)(i >> 8);
		address[3] = (uint8_t)i;
		error = zone_draft_add(draft, name, 1, 300, address, 4, NULL);
		if (i % 16 == 0) {
			uint64_t now = clock_boot_ns();
			slowest = before != 0 && now - before > slowest ? now - before : slowest;
			before = now;
		}
	}
	if (error != 0)
		fail("zone_draft_add", error);
	double took = processor_seconds() - start - naming;
	printf("build           %8.3f s, %.2f M records/s\n", took, (double)records / took / 1e6);
	printf("slowest 16 adds %8.1f us\n", (double)slowest / 1e3);
}

static void look_up(const struct zone_version *version, size_t records)
{
	enum { COUNT = 2000000 };
	uint8_t name[64];
	struct qname q;
	struct zone_find find;
	size_t found = 0;
	uint64_t start = clock_boot_ns(), random = 88172645463325252ull;
	for (size_t i = 0; i < COUNT; ++i) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		name_make(name, random % records);
		qname_init(&q, name);
		zone_find(version, &q, &find);
		found += find.match == ZONE_EXACT;
	}
	printf("look-up         %8.1f ns (name made and hashed), %zu of %d found\n",
	       seconds_since(start) / COUNT * 1e9, found, COUNT);
}

static void change_one(struct zone_line *line, const struct zone_version *version)
{
	struct zone_draft *draft;
	struct zone_draft_cost cost;
	const struct zone_version *next;
	uint8_t name[64], address[4] = { 10, 0, 0, 1 };
	uint64_t start = clock_boot_ns();
	name_make(name, 4711);
	int error = zone_draft_from(line, version, &draft);
	if (error == 0)
		error = zone_draft_add(draft, name, 1, 300, address, 4, NULL);
	if (error == 0) {
		zone_draft_cost(draft, &cost);
		error = zone_draft_seal(draft, &next);
	}
	if (error != 0)
		fail("change", error);
	printf("one change      %8.1f us, %zu pages and %zu nodes copied\n", seconds_since(start) * 1e6,
	       cost.pages_copied, cost.nodes_copied);
	zone_release(next);
}

int main(int count, char **argument)
{
	size_t records = count > 1 ? strtoul(argument[1], NULL, 10) : 1000000;
	struct zone_line *line;
	struct zone_draft *draft;
	const struct zone_version *version;
	struct arena_usage usage;
	char why[256];
	hash_seed_randomly();
	int error = arena_open(ARENA_DEFAULT_RESERVE, why);
	if (error == 0)
		error = zone_line_new(origin, &line);
	if (error == 0)
		error = zone_draft_new(line, &draft);
	if (error != 0)
		fail("start", error);
	build(draft, records);
	uint64_t start = clock_boot_ns();
	error = zone_draft_seal(draft, &version);
	if (error != 0)
		fail("zone_draft_seal", error);
	printf("seal            %8.1f us\n", seconds_since(start) * 1e6);
	struct zone_figures figures;
	zone_figures(version, &figures);
	arena_usage(&usage);
	printf("arena           %8.1f MB live, %.1f MB taken, %.1f bytes a record\n", (double)usage.live / 1e6,
	       (double)usage.committed / 1e6, (double)figures.bytes / (double)figures.records);
	printf("resident        %8.1f MB\n", (double)resident_kib() * 1024 / 1e6);
	look_up(version, records);
	change_one(line, version);
	start = clock_boot_ns();
	zone_release(version);
	zone_line_release(line);
	arena_usage(&usage);
	printf("release         %8.1f ms, %zu bytes live\n", seconds_since(start) * 1e3, usage.live);
	arena_close();
	return usage.live != 0;
}
