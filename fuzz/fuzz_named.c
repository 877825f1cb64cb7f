// SPDX-License-Identifier: GPL-3.0-or-later
// The reader of named.conf on any bytes.
#include "config_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_config(CONFIG_NAMED, "named.conf", data, size);
}
