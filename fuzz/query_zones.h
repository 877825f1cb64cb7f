// SPDX-License-Identifier: GPL-3.0-or-later
// The zones that fuzz_query asks.
#pragma once

struct query_zone {
	const char *origin;
	const char *const *lines; // of its zone file, up to NULL; NULL: without data
};

extern const struct query_zone query_zones[]; // ends with an origin of NULL
