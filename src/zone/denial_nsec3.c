// SPDX-License-Identifier: GPL-3.0-or-later
// Denial by NSEC3 (RFC 5155): chains of nodes in the order of their hashes.
// base32hex keeps that order, so the owners' labels are the keys.
#include <nettle/sha1.h>

#include "dns/lower.h"
#include "zone/denial.h"

bool denial_parameters(const uint8_t *rdata, size_t length, struct nsec3_parameters *parameters, uint8_t *flags)
{
	if (length < 5 || length < 5u + rdata[4])
		return false;
	parameters->algorithm = rdata[0];
	*flags = rdata[1];
	parameters->iterations = wire_get16(rdata + 2);
	parameters->salt_length = rdata[4];
	parameters->salt = rdata + 5;
	return true;
}

unsigned denial_chain(const struct denial *d, const struct nsec3_parameters *parameters)
{
	for (unsigned i = 1; i < d->chain_count; ++i) {
		const struct chain *c = &d->chain[i];
		if (c->algorithm == parameters->algorithm && c->iterations == parameters->iterations &&
		    c->salt_length == parameters->salt_length &&
		    memcmp(denial_salts(d) + c->salt_at, parameters->salt, c->salt_length) == 0)
			return i;
	}
	return 0;
}

unsigned denial_first_chain(const struct denial *d, const struct zone_node *n)
{
	struct set_part part;
	unsigned first = CHAINS_MAX;
	if (!node_find(n, set_key(TYPE_NSEC3, false), &part))
		return 0;
	const uint8_t *end = part.wire + part.length;
	for (const uint8_t *record = part.wire; record < end; record = record_next(record)) {
		struct nsec3_parameters parameters;
		uint8_t flags;
		unsigned chain = 0;
		if (denial_parameters(record + RECORD_RDATA, wire_get16(record + RECORD_RDLENGTH), &parameters, &flags))
			chain = denial_chain(d, &parameters);
		if (chain < first)
			first = chain;
	}
	return first;
}

struct listing {
	const struct denial *denial;
	unsigned chain;
	void (*visit)(void *context, arena_ref ref);
	void *context;
};

static void list_once(void *context, arena_ref ref)
{
	const struct listing *l = context;
	if (denial_first_chain(l->denial, arena_at(ref)) == l->chain)
		l->visit(l->context, ref);
}

void denial_each_nsec3(const struct denial *d, void (*visit)(void *context, arena_ref ref), void *context)
{
	// From the last chain down, so that a node that is freed by its visit is
	// not looked at again: its first chain is the last to list it.
	for (unsigned i = d->chain_count; i-- > 0;) {
		struct listing l = { d, i, visit, context };
		order_each(&d->chain[i].order, list_once, &l);
	}
}

bool zone_nsec3_parameters(const struct zone_version *version, struct nsec3_parameters *parameters)
{
	const struct denial *d = version_denial(version);
	if (d == NULL || d->active == 0)
		return false;
	const struct chain *c = &d->chain[d->active];
	*parameters = (struct nsec3_parameters){ c->algorithm, c->iterations, c->salt_length,
	                                         denial_salts(d) + c->salt_at };
	return true;
}

void zone_nsec3_hash(const struct nsec3_parameters *parameters, const uint8_t *name,
                     uint8_t hash[static NSEC3_HASH_LENGTH])
{
	uint8_t lower[NAME_MAX_WIRE];
	struct sha1_ctx sha1;
	size_t length = name_length(name);
	lower_copy(lower, name, length);
	sha1_init(&sha1);
	sha1_update(&sha1, length, lower);
	if (parameters->salt_length > 0)
		sha1_update(&sha1, parameters->salt_length, parameters->salt);
	sha1_digest(&sha1, NSEC3_HASH_LENGTH, hash);
	for (unsigned i = 0; i < parameters->iterations; ++i) {
		sha1_update(&sha1, NSEC3_HASH_LENGTH, hash);
		sha1_update(&sha1, parameters->salt_length, parameters->salt);
		sha1_digest(&sha1, NSEC3_HASH_LENGTH, hash);
	}
}

// 40 bits as eight digits of base32hex (RFC 4648, 7) in lower case, the first in the
// top byte: halved three times, until each byte has its five bits.
static inline uint64_t digits_of(uint64_t bits)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	bits = (bits & UINT64_C(0xfffff00000)) << 12 | (bits & UINT64_C(0xfffff));
	bits = (bits & UINT64_C(0x000ffc00000ffc00)) << 6 | (bits & UINT64_C(0x000003ff000003ff));
	bits = (bits & UINT64_C(0x03e003e003e003e0)) << 3 | (bits & UINT64_C(0x001f001f001f001f));
	uint64_t letters = (bits + ones * (0x80 - 10)) >> 7 & ones;
	return bits + ones * '0' + letters * ('a' - '0' - 10);
}

void denial_hash_to_label(const uint8_t hash[static NSEC3_HASH_LENGTH], uint8_t label[static NSEC3_LABEL_LENGTH + 1])
{
	*label++ = NSEC3_LABEL_LENGTH;
	for (const uint8_t *end = hash + NSEC3_HASH_LENGTH; hash < end; hash += 5, label += 8) {
		uint64_t digits = digits_of((uint64_t)wire_get32(hash) << 8 | hash[4]);
		wire_put32(label, (uint32_t)(digits >> 32));
		wire_put32(label + 4, (uint32_t)digits);
	}
}

// The entry that matches the hash or covers it, 0: the chain is empty.
static arena_ref chain_entry(const struct denial *d, const uint8_t hash[static NSEC3_HASH_LENGTH], bool *exact)
{
	const struct order *order = &d->chain[d->active].order;
	uint8_t label[NSEC3_LABEL_LENGTH + 1];
	denial_hash_to_label(hash, label);
	arena_ref ref = order_find(order, (struct owner){ label, sizeof(label) }, exact);
	return ref != 0 ? ref : order_last(order);
}

static const struct zone_node *node_of(arena_ref ref)
{
	return ref != 0 ? arena_at(ref) : NULL;
}

const struct zone_node *zone_nsec3_find(const struct zone_version *version,
                                        const uint8_t hash[static NSEC3_HASH_LENGTH], bool *exact)
{
	const struct denial *d = version_denial(version);
	*exact = false;
	return d != NULL && d->active != 0 ? node_of(chain_entry(d, hash, exact)) : NULL;
}

const struct zone_node *zone_nsec3_at_apex(const struct zone_version *version, bool wildcard, bool *exact)
{
	const struct denial *d = version_denial(version);
	*exact = false;
	if (d == NULL || d->active == 0)
		return NULL;
	*exact = wildcard ? d->wildcard_matches : d->apex_matches;
	return node_of(wildcard ? d->wildcard_entry : d->apex_entry);
}

void denial_know_apex(struct denial *d, const struct zone_line *line)
{
	uint8_t name[NAME_MAX_WIRE + 2] = { 1, '*' }, hash[NSEC3_HASH_LENGTH];
	const struct chain *c = &d->chain[d->active];
	if (d->active == 0 || c->iterations > NSEC3_MAX_ITERATIONS)
		return;
	const struct nsec3_parameters parameters = { c->algorithm, c->iterations, c->salt_length,
	                                             denial_salts(d) + c->salt_at };
	memcpy(name + 2, line->origin, line->origin_length);
	zone_nsec3_hash(&parameters, name + 2, hash);
	d->apex_entry = chain_entry(d, hash, &d->apex_matches);
	if (line->origin_length + 2u > NAME_MAX_WIRE)
		return;
	zone_nsec3_hash(&parameters, name, hash);
	d->wildcard_entry = chain_entry(d, hash, &d->wildcard_matches);
}
