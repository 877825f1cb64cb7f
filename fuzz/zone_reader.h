// SPDX-License-Identifier: GPL-3.0-or-later
// Reads bytes into a draft: they are taken, or refused with a message that says
// where and why, and what was taken can be sealed and walked where it is sound.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/hash.h"
#include "dns/name.h"
#include "zone/draft.h"
#include "zone/file.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// The reader under test.
typedef int fuzz_zone_read(const uint8_t *data, size_t size, const uint8_t *origin, struct zone_draft *draft,
                           struct zone_file_result *result);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char why[256];
	(void)argc;
	(void)argv;
	hash_seed_fixed(1);
	return arena_open(ARENA_DEFAULT_RESERVE, why);
}

static inline int fuzz_zone_visit(void *context, const uint8_t *owner, const struct zone_node *node)
{
	(void)context;
	(void)owner;
	(void)node;
	return 0;
}

// `place` is what each refusal begins with.
static inline int fuzz_zone(fuzz_zone_read *read, const char *place, const uint8_t *data, size_t size)
{
	static const uint8_t origin[] = "\7example\3com";
	struct zone_line *line;
	struct zone_draft *draft;
	struct zone_file_result result;
	uint8_t owner[NAME_MAX_WIRE];
	const struct zone_version *version;

	if (zone_line_new(origin, &line) != 0 || zone_draft_new(line, &draft) != 0)
		abort();
	int error = read(data, size, origin, draft, &result);
	if (error != 0 && strncmp(result.message, place, strlen(place)) != 0)
		abort();
	if (error == 0 && zone_draft_check(draft, owner) == ZONE_SOUND && zone_draft_seal(draft, &version) == 0) {
		if (zone_walk_canonical(version, fuzz_zone_visit, NULL) != 0)
			abort();
		zone_release(version);
	} else {
		zone_draft_abandon(draft);
	}
	zone_line_release(line);
	return 0;
}
