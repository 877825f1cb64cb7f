// SPDX-License-Identifier: GPL-3.0-or-later
// The NSEC3 chains of a draft, and the denial block of the version it becomes.
#include <stdlib.h>

#include "base/error.h"
#include "zone/draft_internal.h"

int draft_chains_open(struct zone_draft *d)
{
	if (d->chains != NULL)
		return 0;
	d->chains = calloc(1, sizeof(*d->chains));
	if (d->chains == NULL)
		return ERR_MEMORY;
	d->chains->count = 1;
	return 0;
}

arena_ref draft_nsec3_find(const struct zone_draft *d, struct owner owner)
{
	for (unsigned i = 0; d->chains != NULL && i < d->chains->count; ++i) {
		bool exact;
		arena_ref ref = order_find(&d->chains->chain[i].order, owner, &exact);
		if (exact)
			return ref;
	}
	return 0;
}

static unsigned chain_found(struct draft_chains *chains, const struct nsec3_parameters *p)
{
	unsigned slot = chains->count;
	for (unsigned i = 1; i < chains->count; ++i) {
		const struct nsec3_parameters *have = &chains->chain[i].parameters;
		if (have->algorithm == p->algorithm && have->iterations == p->iterations &&
		    have->salt_length == p->salt_length && memcmp(have->salt, p->salt, p->salt_length) == 0)
			return i;
		// Only while no node stands outside its chain for want of a slot.
		if (chains->chain[i].order.root == 0 && chains->chain[0].order.root == 0)
			slot = i;
	}
	if (slot == CHAINS_MAX)
		return 0;
	if (slot == chains->count)
		++chains->count;
	struct draft_chain *c = &chains->chain[slot];
	memset(c, 0, sizeof(*c));
	memcpy(c->own_salt, p->salt, p->salt_length);
	c->parameters = *p;
	c->parameters.salt = c->own_salt;
	return slot;
}

uint32_t draft_nsec3_chains(struct zone_draft *d, const struct set_part *parts, unsigned count)
{
	uint32_t mask = 0;
	for (unsigned i = 0; i < count; ++i) {
		const uint8_t *end = parts[i].wire + parts[i].length;
		if (parts[i].key != set_key(TYPE_NSEC3, false))
			continue;
		for (const uint8_t *record = parts[i].wire; record < end; record = record_next(record)) {
			struct nsec3_parameters p;
			uint8_t flags;
			bool known = denial_parameters(record + RECORD_RDATA, wire_get16(record + RECORD_RDLENGTH), &p, &flags);
			mask |= 1u << (known ? chain_found(d->chains, &p) : 0);
		}
	}
	return mask == 0 ? 1 : mask;
}

int draft_nsec3_move(struct zone_draft *d, struct owner owner, uint32_t from, uint32_t to, arena_ref ref)
{
	int error = 0;
	for (unsigned i = 0; i < d->chains->count && error == 0; ++i) {
		struct order *order = &d->chains->chain[i].order;
		bool was = from >> i & 1, is = to >> i & 1;
		if (was && is)
			error = order_replace(order, &d->strand, owner, ref);
		else if (was)
			error = order_remove(order, &d->strand, owner);
		else if (is)
			error = order_insert(order, &d->strand, owner, ref);
	}
	return error;
}

int draft_chains_from(struct zone_draft *d, const struct denial *denial)
{
	if (denial == NULL)
		return 0;
	d->nsec = denial->nsec;
	if (denial->chain_count == 0)
		return 0;
	int error = draft_chains_open(d);
	if (error != 0)
		return error;
	d->chains->count = denial->chain_count;
	for (unsigned i = 0; i < denial->chain_count; ++i) {
		const struct chain *from = &denial->chain[i];
		struct draft_chain *c = &d->chains->chain[i];
		memcpy(c->own_salt, denial_salts(denial) + from->salt_at, from->salt_length);
		c->order = from->order;
		c->parameters = (struct nsec3_parameters){ from->algorithm, from->iterations, from->salt_length,
		                                           c->own_salt };
	}
	return 0;
}

// The chain that the apex's NSEC3PARAM names (RFC 5155, 4.1.2, 7.3).
static unsigned chain_active(const struct zone_draft *d, const struct denial *denial)
{
	struct set_part part;
	if (!node_find(arena_at(d->apex), set_key(TYPE_NSEC3PARAM, false), &part))
		return 0;
	for (const uint8_t *record = part.wire; record < part.wire + part.length; record = record_next(record)) {
		struct nsec3_parameters p;
		uint8_t flags;
		if (!denial_parameters(record + RECORD_RDATA, wire_get16(record + RECORD_RDLENGTH), &p, &flags))
			continue;
		unsigned chain = denial_chain(denial, &p);
		if (flags == 0 && chain != 0 && denial->chain[chain].order.root != 0)
			return chain;
	}
	return 0;
}

int draft_chains_seal(struct zone_draft *d, arena_ref *ref)
{
	unsigned count = d->chains == NULL ? 0 : d->chains->count;
	uint32_t salts = 0;
	*ref = 0;
	for (; count > 0 && d->chains->chain[count - 1].order.root == 0 && d->chains->chain[0].order.root == 0;)
		--count;
	if (count == 0 && d->nsec.root == 0)
		return 0;
	for (unsigned i = 0; i < count; ++i)
		salts += d->chains->chain[i].parameters.salt_length;
	*ref = arena_alloc(sizeof(struct denial) + count * sizeof(struct chain) + salts, &d->strand.bytes);
	if (*ref == 0)
		return ERR_MEMORY;
	struct denial *denial = arena_at(*ref);
	*denial = (struct denial){ .nsec = d->nsec, .chain_count = (uint16_t)count, .salts_length = salts };
	uint8_t *salt = (uint8_t *)&denial->chain[count];
	salts = 0;
	for (unsigned i = 0; i < count; ++i) {
		const struct draft_chain *c = &d->chains->chain[i];
		denial->chain[i] = (struct chain){ c->order, c->parameters.iterations, c->parameters.algorithm,
		                                   c->parameters.salt_length, salts };
		memcpy(salt + salts, c->own_salt, c->parameters.salt_length);
		salts += c->parameters.salt_length;
	}
	denial->active = (uint16_t)chain_active(d, denial);
	denial_know_apex(denial, d->line);
	return 0;
}
