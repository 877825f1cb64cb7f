// SPDX-License-Identifier: GPL-3.0-or-later
// Owner names relative to the apex, as nodes hold them: labels with length
// bytes, lower case, no root byte; the apex's own is empty. Internal to the
// zone room.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct owner {
	const uint8_t *labels;
	size_t length;
};

// Canonical order (RFC 4034, 6.1): <0, 0, >0.
int owner_compare(struct owner a, struct owner b);

// Eight bytes of a key that sorts as owner_compare() does, as a number: where
// two differ, so do the names, the same way round. Labels from the right, each
// ended by 00; bytes 00 and 01 within a label become 01 01 and 01 02.
uint64_t owner_prefix(struct owner owner);

// The hash of the full name from that of the apex.
uint64_t owner_hash(uint64_t apex, struct owner owner);
