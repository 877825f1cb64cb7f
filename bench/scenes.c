// SPDX-License-Identifier: GPL-3.0-or-later
#include "scenes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/message.h"
#include "dns/types.h"

void scene_fail(const char *what, int error)
{
	fprintf(stderr, "%s: error %d\n", what, error);
	exit(1);
}

// The same numbers everywhere (splitmix64).
static uint64_t mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

// --- records

static void put(struct zone_draft *draft, const char *owner, uint16_t type, const void *rdata, size_t length)
{
	uint8_t name[NAME_MAX_WIRE];
	if (name_from_text(owner, name) < 0)
		scene_fail(owner, -1);
	int error = zone_draft_add(draft, name, type, 3600, rdata, (uint16_t)length, NULL);
	if (error != 0)
		scene_fail(owner, error);
}

static void put_name(struct zone_draft *draft, const char *owner, uint16_t type, const char *target)
{
	uint8_t name[NAME_MAX_WIRE];
	put(draft, owner, type, name, (size_t)name_from_text(target, name));
}

static void put_address(struct zone_draft *draft, const char *owner, uint32_t address)
{
	uint8_t rdata[4];
	wire_put32(rdata, address);
	put(draft, owner, TYPE_A, rdata, sizeof(rdata));
}

static size_t soa_make(const char *origin, uint8_t rdata[static 2 * NAME_MAX_WIRE + 20])
{
	static const uint32_t numbers[] = { 2026010101, 86400, 7200, 3600000, 300 };
	char text[300];
	bool root = origin[0] == '.';
	snprintf(text, sizeof(text), "ns1.%s", root ? "" : origin);
	size_t at = (size_t)name_from_text(text, rdata);
	snprintf(text, sizeof(text), "hostmaster.%s", root ? "" : origin);
	at += (size_t)name_from_text(text, rdata + at);
	for (unsigned i = 0; i < 5; i++, at += 4)
		wire_put32(rdata + at, numbers[i]);
	return at;
}

static void fill_head(struct zone_draft *draft, const char *origin)
{
	uint8_t soa[2 * NAME_MAX_WIRE + 20];
	char name[300];
	put(draft, origin, TYPE_SOA, soa, soa_make(origin, soa));
	for (unsigned n = 1; n <= 2; n++) {
		snprintf(name, sizeof(name), "ns%u.%s", n, origin[0] == '.' ? "" : origin);
		put_name(draft, origin, TYPE_NS, name);
		put_address(draft, name, 0xc0000200u + n);
	}
}

// --- the kinds: flat

#define FLAT "example.com"

static void fill_flat(struct zone_draft *draft, size_t names)
{
	char name[64];
	fill_head(draft, FLAT);
	for (size_t i = 0; i < names; i++) {
		snprintf(name, sizeof(name), "host%06zu." FLAT, i);
		put_address(draft, name, 0x0a000000u | (uint32_t)i);
	}
}

static void ask_flat(uint64_t random, size_t names, char name[static 256], uint16_t *type)
{
	snprintf(name, 256, "host%06zu." FLAT, (size_t)(random % names));
	*type = TYPE_A;
}

static void ask_nxdomain(uint64_t random, size_t names, char name[static 256], uint16_t *type)
{
	snprintf(name, 256, "nohost%07zu." FLAT, (size_t)(random % (10 * names)));
	*type = TYPE_A;
}

// --- what is not the rule: aliases, wildcards, mail

static void fill_mixed(struct zone_draft *draft, size_t names)
{
	char name[64], target[64];
	fill_head(draft, FLAT);
	for (size_t i = 0; i < names; i++) {
		snprintf(name, sizeof(name), "host%06zu." FLAT, i);
		put_address(draft, name, 0x0a000000u | (uint32_t)i);
		snprintf(target, sizeof(target), "alias%06zu." FLAT, i);
		put_name(draft, target, TYPE_CNAME, name);
		snprintf(name, sizeof(name), "*.sub%06zu." FLAT, i);
		put_address(draft, name, 0x0a000000u | (uint32_t)i);
		uint8_t exchange[2 + NAME_MAX_WIRE] = { 0, 10 };
		snprintf(name, sizeof(name), "mail%06zu." FLAT, i);
		snprintf(target, sizeof(target), "host%06zu." FLAT, i);
		put(draft, name, TYPE_MX, exchange, 2 + (size_t)name_from_text(target, exchange + 2));
	}
}

static void ask_alias(uint64_t random, size_t names, char name[static 256], uint16_t *type)
{
	snprintf(name, 256, "alias%06zu." FLAT, (size_t)(random % names));
	*type = TYPE_A;
}

static void ask_wildcard(uint64_t random, size_t names, char name[static 256], uint16_t *type)
{
	snprintf(name, 256, "any%04u.sub%06zu." FLAT, (unsigned)(random >> 50), (size_t)(random % names));
	*type = TYPE_A;
}

static void ask_mail(uint64_t random, size_t names, char name[static 256], uint16_t *type)
{
	snprintf(name, 256, "mail%06zu." FLAT, (size_t)(random % names));
	*type = TYPE_MX;
}

// --- delegations

// A label of 5 to 14 letters that no other number has.
static void label_make(size_t number, char label[static 32])
{
	uint64_t random = mix(number);
	unsigned at = 0;
	for (unsigned n = 2 + (unsigned)(random % 8); n > 0; n--, random /= 26)
		label[at++] = (char)('a' + random % 26);
	for (; number > 0; number /= 26)
		label[at++] = (char)('a' + number % 26);
	memcpy(label + at, "-x", 3);
}

static void delegate(struct zone_draft *draft, size_t number, const char *origin, unsigned glue, unsigned ds,
                     unsigned servers)
{
	uint64_t random = mix(number + (UINT64_C(1) << 40));
	char label[32], owner[64], name[128];
	label_make(number, label);
	snprintf(owner, sizeof(owner), "%s%s", label, origin);
	for (unsigned n = 1; n <= servers; n++) {
		if (random % 100 < glue) {
			snprintf(name, sizeof(name), "ns%u.%s", n, owner);
			put_address(draft, name, 0xcb000000u + (uint32_t)(random >> 20) % 65536 * 256 + n);
		} else {
			snprintf(name, sizeof(name), "ns%u.hoster%u.net", n, (unsigned)(random >> 20) % 2000);
		}
		put_name(draft, owner, TYPE_NS, name);
	}
	if ((random >> 10) % 100 < ds) {
		uint8_t rdata[36] = { (uint8_t)random, (uint8_t)number, 13, 2 };
		put(draft, owner, TYPE_DS, rdata, sizeof(rdata));
	}
}

static void fill_tld(struct zone_draft *draft, size_t names)
{
	fill_head(draft, "tld");
	for (size_t i = 0; i < names; i++)
		delegate(draft, i, ".tld", 20, 30, 2);
}

static void fill_glue(struct zone_draft *draft, size_t names)
{
	fill_head(draft, "tld");
	for (size_t i = 0; i < names; i++)
		delegate(draft, i, ".tld", 100, 30, 2);
}

static void fill_root(struct zone_draft *draft, size_t names)
{
	fill_head(draft, ".");
	for (size_t i = 0; i < names; i++)
		delegate(draft, i, "", 95, 92, 6);
}

static void ask_tld(uint64_t random, size_t names, char name[static 256], uint16_t *type)
{
	char label[32];
	label_make((size_t)(random % names), label);
	snprintf(name, 256, "www.%s.tld", label);
	*type = TYPE_A;
}

static void ask_root(uint64_t random, size_t names, char name[static 256], uint16_t *type)
{
	char label[32];
	label_make((size_t)(random % names), label);
	snprintf(name, 256, "www.%s", label);
	*type = TYPE_A;
}

// --- signed with NSEC3; the signatures are of the right length and no more

#define SIGNED "signed.example"
#define SIGNATURE 64 // ECDSA P-256

static void sign(struct zone_draft *draft, const char *owner, uint16_t covered)
{
	uint8_t rdata[18 + NAME_MAX_WIRE + SIGNATURE] = { 0 };
	uint8_t name[NAME_MAX_WIRE];
	name_from_text(owner, name);
	wire_put16(rdata, covered);
	rdata[2] = 13;
	rdata[3] = (uint8_t)name_label_count(name);
	wire_put32(rdata + 4, 3600);
	wire_put32(rdata + 8, 2000000000);
	wire_put32(rdata + 12, 1700000000);
	wire_put16(rdata + 16, 4711);
	size_t at = 18 + (size_t)name_from_text(SIGNED, rdata + 18);
	for (unsigned i = 0; i < SIGNATURE; i++)
		rdata[at + i] = (uint8_t)mix(at + i + name[1]);
	put(draft, owner, TYPE_RRSIG, rdata, at + SIGNATURE);
}

struct hashed {
	uint8_t hash[NSEC3_HASH_LENGTH];
};

static int hashed_compare(const void *a, const void *b)
{
	return memcmp(a, b, NSEC3_HASH_LENGTH);
}

static struct hashed hashed_name(const char *text)
{
	const struct nsec3_parameters plain = { .algorithm = 1 };
	struct hashed hashed;
	uint8_t name[NAME_MAX_WIRE];
	name_from_text(text, name);
	zone_nsec3_hash(&plain, name, hashed.hash);
	return hashed;
}

static void put_nsec3(struct zone_draft *draft, const struct hashed *this, const struct hashed *next)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuv"; // RFC 4648, 7
	uint8_t rdata[6 + NSEC3_HASH_LENGTH + 8] = { 1, 0, 0, 0, 0, NSEC3_HASH_LENGTH };
	const uint8_t types[8] = { 0, 6, 0x40, 0, 0, 0, 0, 0x02 }; // A RRSIG
	char owner[64];
	for (unsigned i = 0; i < 32; i++) {
		unsigned pair = (unsigned)this->hash[i * 5 / 8] << 8;
		if (i * 5 / 8 + 1 < NSEC3_HASH_LENGTH)
			pair |= this->hash[i * 5 / 8 + 1];
		owner[i] = digits[pair >> (11 - i * 5 % 8) & 31];
	}
	memcpy(owner + 32, "." SIGNED, sizeof("." SIGNED));
	memcpy(rdata + 6, next->hash, NSEC3_HASH_LENGTH);
	memcpy(rdata + 6 + NSEC3_HASH_LENGTH, types, sizeof(types));
	put(draft, owner, TYPE_NSEC3, rdata, sizeof(rdata));
	sign(draft, owner, TYPE_NSEC3);
}

static void fill_signed(struct zone_draft *draft, size_t names)
{
	static const uint8_t parameters[] = { 1, 0, 0, 0, 0 };
	struct hashed *chain = calloc(names + 3, sizeof(*chain));
	char name[64];
	size_t count = 0;
	if (chain == NULL)
		scene_fail("calloc", -1);
	fill_head(draft, SIGNED);
	put(draft, SIGNED, TYPE_NSEC3PARAM, parameters, sizeof(parameters));
	sign(draft, SIGNED, TYPE_SOA);
	sign(draft, SIGNED, TYPE_NS);
	chain[count++] = hashed_name(SIGNED);
	chain[count++] = hashed_name("ns1." SIGNED);
	chain[count++] = hashed_name("ns2." SIGNED);
	for (size_t i = 0; i < names; i++) {
		snprintf(name, sizeof(name), "name%06zu." SIGNED, i);
		put_address(draft, name, 0x0a090000u | (uint32_t)i);
		sign(draft, name, TYPE_A);
		chain[count++] = hashed_name(name);
	}
	qsort(chain, count, sizeof(*chain), hashed_compare);
	for (size_t i = 0; i < count; i++)
		put_nsec3(draft, &chain[i], &chain[(i + 1) % count]);
	free(chain);
}

static void ask_signed(uint64_t random, size_t names, char name[static 256], uint16_t *type)
{
	snprintf(name, 256, "name%06zu." SIGNED, (size_t)(random % names));
	*type = TYPE_A;
}

static void ask_signed_nxdomain(uint64_t random, size_t names, char name[static 256], uint16_t *type)
{
	snprintf(name, 256, "none%07zu." SIGNED, (size_t)(random % (10 * names)));
	*type = TYPE_A;
}

static void ask_signed_nodata(uint64_t random, size_t names, char name[static 256], uint16_t *type)
{
	ask_signed(random, names, name, type);
	*type = TYPE_AAAA;
}

const struct scene_kind scene_kinds[] = {
	{ "flat", "an address", FLAT, fill_flat, ask_flat, 20000, false },
	{ "nxdomain", "no such name", FLAT, fill_flat, ask_nxdomain, 20000, false },
	{ "referral", "a delegation, one in five with glue", "tld", fill_tld, ask_tld, 10000, false },
	{ "referral glue", "a delegation to two servers with glue", "tld", fill_glue, ask_tld, 10000, false },
	{ "root referral", "a delegation to six servers with glue", ".", fill_root, ask_root, 1500, false },
	{ "alias", "a CNAME and its target's address", FLAT, fill_mixed, ask_alias, 5000, false },
	{ "wildcard", "an address by a wildcard", FLAT, fill_mixed, ask_wildcard, 5000, false },
	{ "mail", "an MX and its target's address", FLAT, fill_mixed, ask_mail, 5000, false },
	{ "signed", "an address and its signature", SIGNED, fill_signed, ask_signed, 5000, true },
	{ "signed nxdomain", "no such name, proved by NSEC3", SIGNED, fill_signed, ask_signed_nxdomain, 5000, true },
	{ "signed nodata", "no such type, proved by NSEC3", SIGNED, fill_signed, ask_signed_nodata, 5000, true },
	{ .name = NULL },
};

// --- the scene

void scene_open(struct scene *scene, const struct scene_kind *kind, size_t names)
{
	uint8_t origin[NAME_MAX_WIRE];
	struct zone_draft *draft;
	const struct zone_version *version;
	*scene = (struct scene){ .kind = kind, .names = names };
	name_from_text(kind->origin, origin);
	int error = zone_table_new(&scene->zones);
	if (error == 0)
		error = zone_table_add(scene->zones, origin, &scene->slot);
	if (error == 0)
		error = zone_line_new(origin, &scene->line);
	if (error == 0)
		error = zone_draft_new(scene->line, &draft);
	if (error != 0)
		scene_fail("start", error);
	kind->fill(draft, names);
	error = zone_draft_seal(draft, &version);
	if (error != 0)
		scene_fail("zone_draft_seal", error);
	zone_slot_publish(scene->slot, version);
}

void scene_close(struct scene *scene)
{
	zone_table_free(scene->zones);
	zone_line_release(scene->line);
}

size_t scene_ask(const struct scene *scene, uint64_t number, uint8_t message[static SCENE_QUESTION_ROOM])
{
	static const uint8_t opt[] = { 0, 0, TYPE_OPT, 0x04, 0xd0, 0, 0, 0x80, 0, 0, 0 };
	char text[256];
	uint8_t name[NAME_MAX_WIRE];
	uint16_t type = 0;
	scene->kind->question(mix(number + (UINT64_C(1) << 50)), scene->names, text, &type);
	size_t length = (size_t)name_from_text(text, name), at = MESSAGE_HEADER;
	if (MESSAGE_HEADER + length + 4 + sizeof(opt) > SCENE_QUESTION_ROOM)
		scene_fail(text, -1);
	memset(message, 0, MESSAGE_HEADER);
	wire_put16(message, (uint16_t)number);
	message[5] = 1;
	memcpy(message + at, name, length);
	wire_put16(message + at + length, type);
	wire_put16(message + at + length + 2, CLASS_IN);
	at += length + 4;
	if (scene->kind->dnssec) {
		message[11] = 1;
		memcpy(message + at, opt, sizeof(opt));
		at += sizeof(opt);
	}
	return at;
}

void scene_change(struct scene *scene, uint64_t number)
{
	struct zone_draft *draft;
	const struct zone_version *next;
	uint8_t name[NAME_MAX_WIRE], address[4];
	char text[256];
	uint16_t type;
	scene->kind->question(mix(number), scene->names, text, &type);
	name_from_text(text, name);
	wire_put32(address, (uint32_t)mix(number));
	int error = zone_draft_from(scene->line, atomic_load(&scene->slot->version), &draft);
	if (error == 0)
		error = zone_draft_add(draft, name, TYPE_A, 3600, address, sizeof(address), NULL);
	if (error == 0)
		error = zone_draft_seal(draft, &next);
	if (error != 0)
		scene_fail("change", error);
	zone_slot_publish(scene->slot, next);
}
