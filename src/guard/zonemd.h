// SPDX-License-Identifier: GPL-3.0-or-later
// The zone's own digest of itself, ZONEMD (RFC 8976): is what came what was
// published? Scheme SIMPLE, hashes SHA-384 and SHA-512. DNSSEC is not checked,
// so a missing digest is no fault, and one that fits is a checksum: it tells
// of accidents, not of attackers.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zone/zone.h"

#define ZONEMD_SIMPLE 1
#define ZONEMD_SHA384 1
#define ZONEMD_SHA512 2
#define ZONEMD_MAX_DIGEST 64

// Checks the zone against the ZONEMD records at its apex (RFC 8976, 4). One
// that fits is enough. Returns 0 too where there is none, or none of a scheme
// and hash that are known here; ERR_HELD and a phrase where none fits;
// ERR_MEMORY. One walk of the zone in canonical order for both hashes.
int zonemd_check(const struct zone_version *version, char why[static 256]);

// Whether there is a record that calls for the walk.
bool zonemd_walks(const struct zone_version *version);

// The digest of the zone by scheme SIMPLE (RFC 8976, 3.3.1). Returns its
// length, 48 or 64, ERR_UNSUPPORTED for another hash, or ERR_MEMORY.
int zonemd_digest(const struct zone_version *version, uint8_t hash, uint8_t digest[static ZONEMD_MAX_DIGEST]);
