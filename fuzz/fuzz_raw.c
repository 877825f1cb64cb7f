// SPDX-License-Identifier: GPL-3.0-or-later
// Any bytes as one of BIND's raw zone files.
#include "zone/file_raw.h"
#include "zone_reader.h"

static int read_raw(const uint8_t *data, size_t size, const uint8_t *origin, struct zone_draft *draft,
                    struct zone_file_result *result)
{
	return file_raw_parse(data, size, "fuzz.raw", origin, draft, result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_zone(read_raw, "fuzz.raw: byte ", data, size);
}
