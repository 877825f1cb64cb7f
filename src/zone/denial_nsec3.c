// SPDX-License-Identifier: GPL-3.0-or-later
// Denial by NSEC3 (RFC 5155): chains of nodes in the order of their hashes.
// base32hex keeps that order, so the owners' labels are the keys.
#include <nettle/sha1.h>

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
	name_lower(lower, name);
	sha1_init(&sha1);
	sha1_update(&sha1, name_length(lower), lower);
	sha1_update(&sha1, parameters->salt_length, parameters->salt);
	sha1_digest(&sha1, NSEC3_HASH_LENGTH, hash);
	for (unsigned i = 0; i < parameters->iterations; ++i) {
		sha1_update(&sha1, NSEC3_HASH_LENGTH, hash);
		sha1_update(&sha1, parameters->salt_length, parameters->salt);
		sha1_digest(&sha1, NSEC3_HASH_LENGTH, hash);
	}
}

void denial_hash_to_label(const uint8_t hash[static NSEC3_HASH_LENGTH], uint8_t label[static NSEC3_LABEL_LENGTH + 1])
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuv"; // RFC 4648, 7
	label[0] = NSEC3_LABEL_LENGTH;
	for (unsigned i = 0; i < NSEC3_LABEL_LENGTH; ++i) {
		unsigned bit = i * 5, byte = bit / 8, pair = (unsigned)hash[byte] << 8;
		if (byte + 1 < NSEC3_HASH_LENGTH)
			pair |= hash[byte + 1];
		label[1 + i] = (uint8_t)digits[pair >> (11 - bit % 8) & 31];
	}
}

bool zone_nsec3_find(const struct zone_version *version, const uint8_t hash[static NSEC3_HASH_LENGTH],
                     struct nsec3_entry *entry, bool *exact)
{
	const struct denial *d = version_denial(version);
	uint8_t label[NSEC3_LABEL_LENGTH + 1];
	*exact = false;
	if (d == NULL || d->active == 0)
		return false;
	const struct order *order = &d->chain[d->active].order;
	denial_hash_to_label(hash, label);
	arena_ref ref = order_find(order, (struct owner){ label, sizeof(label) }, exact);
	if (ref == 0)
		ref = order_last(order);
	if (ref == 0)
		return false;
	entry->node = arena_at(ref);
	zone_node_owner(version, entry->node, entry->owner);
	return true;
}
