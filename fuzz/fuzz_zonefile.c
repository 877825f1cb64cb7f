// SPDX-License-Identifier: GPL-3.0-or-later
// Any text as a zone file: it is read or refused with a line that says why,
// and what was read can be sealed and walked where it is sound.
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/hash.h"
#include "dns/name.h"
#include "zone/draft.h"
#include "zone/file.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char why[256];
	(void)argc;
	(void)argv;
	hash_seed_fixed(1);
	return arena_open(ARENA_DEFAULT_RESERVE, why);
}

static int visit(void *context, const uint8_t *owner, const struct zone_node *node)
{
	(void)context;
	(void)owner;
	(void)node;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t origin[] = "\7example\3com";
	struct zone_line *line;
	struct zone_draft *draft;
	struct zone_file_result result;
	uint8_t owner[NAME_MAX_WIRE];
	const struct zone_version *version;

	if (zone_line_new(origin, &line) != 0 || zone_draft_new(line, &draft) != 0)
		abort();
	zone_draft_limit(draft, 300, 0); // $GENERATE is bounded, but slow here
	int error = zone_file_parse((const char *)data, size, "fuzz.zone", origin, draft, &result);
	if (error != 0 && strncmp(result.message, "fuzz.zone:", 10) != 0)
		abort();
	if (error == 0 && zone_draft_check(draft, owner) == ZONE_SOUND && zone_draft_seal(draft, &version) == 0) {
		if (zone_walk_canonical(version, visit, NULL) != 0)
			abort();
		zone_release(version);
	} else {
		zone_draft_abandon(draft);
	}
	zone_line_release(line);
	return 0;
}
