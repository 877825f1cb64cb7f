// SPDX-License-Identifier: GPL-3.0-or-later
// Any text as a zone file.
#include "zone_reader.h"

static int read_text(const uint8_t *data, size_t size, const uint8_t *origin, struct zone_draft *draft,
                     struct zone_file_result *result)
{
	zone_draft_limit(draft, 300, 0); // $GENERATE is bounded, but slow here
	return zone_file_parse((const char *)data, size, "fuzz.zone", origin, draft, result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_zone(read_text, "fuzz.zone:", data, size);
}
