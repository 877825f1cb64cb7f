// SPDX-License-Identifier: GPL-3.0-or-later
#include "guard/zonemd.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <nettle/sha2.h>

#include "base/error.h"
#include "dns/message.h"
#include "dns/types.h"
#include "dns/wire.h"

// Layout of the rdata (RFC 8976, 2.1).
#define ZONEMD_SERIAL 0
#define ZONEMD_SCHEME 4
#define ZONEMD_HASH 5
#define ZONEMD_DIGEST 6

// Which hashes a walk makes.
#define WANT_SHA384 1u
#define WANT_SHA512 2u

// --- the walk

struct item {
	const uint8_t *record; // in the zone
	uint16_t type;
};

struct walk {
	const uint8_t *origin;
	size_t origin_length;
	unsigned wants;
	struct sha384_ctx sha384;
	struct sha512_ctx sha512;
	uint8_t owner[NAME_MAX_WIRE]; // whose records wait in `item`
	size_t owner_length;          // 0: none yet
	struct item *item;
	size_t count, room;
	uint8_t rdata[RDATA_MAX];     // one record's, in canonical form
};

static void hash(struct walk *walk, const uint8_t *bytes, size_t length)
{
	if ((walk->wants & WANT_SHA384) != 0)
		sha384_update(&walk->sha384, length, bytes);
	if ((walk->wants & WANT_SHA512) != 0)
		sha512_update(&walk->sha512, length, bytes);
}

static uint16_t rdata_length(const uint8_t *record)
{
	return wire_get16(record + RECORD_RDLENGTH);
}

// By type, then by canonical rdata (RFC 8976, 3.3.1; RFC 4034, 6.3). Signatures
// are one set here, whatever they cover.
static int compare(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	return rdata_compare(x->type, x->record + RECORD_RDATA, rdata_length(x->record),
	                     y->record + RECORD_RDATA, rdata_length(y->record));
}

// Type, class, TTL and length stand in the zone as they do on the wire.
static void hash_item(struct walk *walk, const struct item *item)
{
	uint16_t length = rdata_length(item->record);

	hash(walk, walk->owner, walk->owner_length);
	hash(walk, item->record + 2, RECORD_RDATA - 2);
	memcpy(walk->rdata, item->record + RECORD_RDATA, length);
	rdata_to_canonical(item->type, walk->rdata, length);
	hash(walk, walk->rdata, length);
}

static void hash_owner(struct walk *walk)
{
	if (walk->count > 1)
		qsort(walk->item, walk->count, sizeof walk->item[0], compare);
	for (size_t i = 0; i < walk->count; i++)
		hash_item(walk, &walk->item[i]);
	walk->count = 0;
}

static int add(struct walk *walk, const struct rrset *set)
{
	const uint8_t *record = set->wire;

	if (walk->count + set->count > walk->room) {
		size_t room = 2 * walk->room + set->count;
		struct item *grown = realloc(walk->item, room * sizeof *grown);
		if (grown == NULL)
			return ERR_MEMORY;
		walk->item = grown;
		walk->room = room;
	}
	for (unsigned i = 0; i < set->count; i++, record = record_next(record))
		walk->item[walk->count++] = (struct item){ record, set->type };
	return 0;
}

// The records of an owner wait until the next owner comes: one that has NSEC3
// beside other data comes in two nodes.
static int visit(void *context, const uint8_t *owner, const struct zone_node *node)
{
	struct walk *walk = context;
	size_t length = name_length(owner);
	struct rrset set;
	uint16_t covered;
	int error = 0;

	if (length != walk->owner_length || memcmp(owner, walk->owner, length) != 0) {
		hash_owner(walk);
		memcpy(walk->owner, owner, length);
		walk->owner_length = length;
	}
	bool is_apex = length == walk->origin_length && memcmp(owner, walk->origin, length) == 0;
	for (unsigned i = 0; error == 0 && zone_node_set(node, i, &set, &covered); i++) {
		// The digest cannot hold itself (RFC 8976, 3.3.1.1).
		if (is_apex && (set.type == TYPE_ZONEMD || covered == TYPE_ZONEMD))
			continue;
		error = add(walk, &set);
	}
	return error;
}

struct digests {
	uint8_t sha384[SHA384_DIGEST_SIZE];
	uint8_t sha512[SHA512_DIGEST_SIZE];
};

static int walk_zone(const struct zone_version *version, unsigned wants, struct digests *digests)
{
	struct walk *walk = malloc(sizeof *walk);
	int error;

	if (walk == NULL)
		return ERR_MEMORY;
	walk->origin = zone_origin(version);
	walk->origin_length = name_length(walk->origin);
	walk->wants = wants;
	walk->owner_length = 0;
	walk->item = NULL;
	walk->count = walk->room = 0;
	sha384_init(&walk->sha384);
	sha512_init(&walk->sha512);
	error = zone_walk_canonical(version, visit, walk);
	if (error == 0)
		hash_owner(walk);
	sha384_digest(&walk->sha384, sizeof digests->sha384, digests->sha384);
	sha512_digest(&walk->sha512, sizeof digests->sha512, digests->sha512);
	free(walk->item);
	free(walk);
	return error;
}

int zonemd_digest(const struct zone_version *version, uint8_t algorithm, uint8_t digest[static ZONEMD_MAX_DIGEST])
{
	struct digests digests;
	int error;

	if (algorithm != ZONEMD_SHA384 && algorithm != ZONEMD_SHA512)
		return ERR_UNSUPPORTED;
	error = walk_zone(version, algorithm == ZONEMD_SHA384 ? WANT_SHA384 : WANT_SHA512, &digests);
	if (error != 0)
		return error;
	if (algorithm == ZONEMD_SHA384)
		memcpy(digest, digests.sha384, sizeof digests.sha384);
	else
		memcpy(digest, digests.sha512, sizeof digests.sha512);
	return algorithm == ZONEMD_SHA384 ? SHA384_DIGEST_SIZE : SHA512_DIGEST_SIZE;
}

// --- the records

static unsigned want_of(const uint8_t *rdata)
{
	return rdata[ZONEMD_HASH] == ZONEMD_SHA384 ? WANT_SHA384 : WANT_SHA512;
}

static size_t digest_length(const uint8_t *rdata)
{
	return rdata[ZONEMD_HASH] == ZONEMD_SHA384 ? SHA384_DIGEST_SIZE : SHA512_DIGEST_SIZE;
}

// A scheme and hash that we can judge; others are passed over.
static bool is_known(const uint8_t *record)
{
	const uint8_t *rdata = record + RECORD_RDATA;

	return rdata_length(record) > ZONEMD_DIGEST && rdata[ZONEMD_SCHEME] == ZONEMD_SIMPLE
	       && (rdata[ZONEMD_HASH] == ZONEMD_SHA384 || rdata[ZONEMD_HASH] == ZONEMD_SHA512);
}

// Why a record of a known scheme and hash proves nothing (RFC 8976, 4).
enum fault { FAULT_NONE, FAULT_TWICE, FAULT_LENGTH, FAULT_SERIAL };

struct candidates {
	struct rrset set;
	uint32_t serial;   // of the SOA
	unsigned wants;    // hashes that some usable record is of
	unsigned twice;    // hashes that more than one record claims
	unsigned known;    // records of a known scheme and hash
	enum fault fault;  // why the last one that is not usable is not
	uint32_t claimed;  // its serial
};

static enum fault fault_of(const struct candidates *c, const uint8_t *record)
{
	const uint8_t *rdata = record + RECORD_RDATA;

	if ((c->twice & want_of(rdata)) != 0)
		return FAULT_TWICE;
	if (rdata_length(record) != ZONEMD_DIGEST + digest_length(rdata))
		return FAULT_LENGTH;
	return wire_get32(rdata + ZONEMD_SERIAL) == c->serial ? FAULT_NONE : FAULT_SERIAL;
}

static void each_twice(struct candidates *c)
{
	const uint8_t *record = c->set.wire;
	unsigned seen = 0;

	for (unsigned i = 0; i < c->set.count; i++, record = record_next(record)) {
		if (!is_known(record))
			continue;
		unsigned want = want_of(record + RECORD_RDATA);
		c->known++;
		c->twice |= seen & want;
		seen |= want;
	}
}

// False where the apex has no ZONEMD at all.
static bool find_candidates(const struct zone_version *version, struct candidates *c)
{
	const uint8_t *record;

	*c = (struct candidates){ .serial = zone_serial(version) };
	if (!zone_node_rrset(zone_apex(version), TYPE_ZONEMD, &c->set))
		return false;
	each_twice(c);
	record = c->set.wire;
	for (unsigned i = 0; i < c->set.count; i++, record = record_next(record)) {
		if (!is_known(record))
			continue;
		enum fault fault = fault_of(c, record);
		if (fault == FAULT_NONE) {
			c->wants |= want_of(record + RECORD_RDATA);
		} else {
			c->fault = fault;
			c->claimed = wire_get32(record + RECORD_RDATA + ZONEMD_SERIAL);
		}
	}
	return true;
}

bool zonemd_walks(const struct zone_version *version)
{
	struct candidates c;

	return find_candidates(version, &c) && c.wants != 0;
}

static bool fits(const struct candidates *c, const struct digests *digests)
{
	const uint8_t *record = c->set.wire;

	for (unsigned i = 0; i < c->set.count; i++, record = record_next(record)) {
		if (!is_known(record) || fault_of(c, record) != FAULT_NONE)
			continue;
		const uint8_t *rdata = record + RECORD_RDATA;
		const uint8_t *digest = rdata[ZONEMD_HASH] == ZONEMD_SHA384 ? digests->sha384 : digests->sha512;
		if (memcmp(rdata + ZONEMD_DIGEST, digest, digest_length(rdata)) == 0)
			return true;
	}
	return false;
}

static void say_mismatch(const struct candidates *c, const struct digests *digests, char why[static 256])
{
	bool is_384 = (c->wants & WANT_SHA384) != 0;
	const uint8_t *digest = is_384 ? digests->sha384 : digests->sha512;
	char begin[17];

	for (unsigned i = 0; i < 8; i++)
		snprintf(begin + 2 * i, 3, "%02x", digest[i]);
	snprintf(why, 256, "its content does not fit its ZONEMD digest: the %s of what came begins with %s (RFC 8976)",
	         is_384 ? "SHA-384" : "SHA-512", begin);
}

static void say_fault(const struct candidates *c, char why[static 256])
{
	if (c->fault == FAULT_SERIAL)
		snprintf(why, 256, "its ZONEMD digest is of serial %" PRIu32 ", the zone has %" PRIu32, c->claimed,
		         c->serial);
	else if (c->fault == FAULT_TWICE)
		snprintf(why, 256, "it has two ZONEMD digests of the same hash (RFC 8976, 4)");
	else
		snprintf(why, 256, "its ZONEMD digest is not as long as its hash makes them");
}

int zonemd_check(const struct zone_version *version, char why[static 256])
{
	struct candidates c;
	struct digests digests;
	int error;

	if (!find_candidates(version, &c) || c.known == 0)
		return 0;
	if (c.wants == 0) {
		say_fault(&c, why);
		return ERR_HELD;
	}
	error = walk_zone(version, c.wants, &digests);
	if (error != 0 || fits(&c, &digests))
		return error;
	say_mismatch(&c, &digests, why);
	return ERR_HELD;
}
