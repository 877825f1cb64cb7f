// SPDX-License-Identifier: GPL-3.0-or-later
// For tests of the journal: a zone that goes on from version to version, each
// with the delta that leads to it.
#pragma once

#include "store_case.h"
#include "zone/delta.h"

struct store_chain {
	struct zone_case c;  // c.version: the newest
	struct delta *delta; // that led to it, NULL at first
};

static inline void store_chain_begin(struct store_chain *chain, const char *origin, uint32_t serial, unsigned hosts)
{
	store_case_zone(&chain->c, origin, serial, hosts);
	chain->delta = NULL;
}

static inline void store_chain_end(struct store_chain *chain)
{
	delta_release(chain->delta);
	zone_case_end(&chain->c);
}

static inline void store_chain_set_serial(struct zone_draft *draft, const uint8_t *origin, uint32_t serial)
{
	uint8_t rdata[600];
	struct rrset set;
	assert_true(zone_draft_rrset(draft, origin, TYPE_SOA, &set));
	uint16_t length = wire_get16(set.wire + RECORD_RDLENGTH);
	uint32_t ttl = set.ttl;
	memcpy(rdata, set.wire + RECORD_RDATA, length);
	assert_int_equal(zone_draft_remove(draft, origin, TYPE_SOA, rdata, length), 0);
	wire_put32(rdata + length - 20, serial);
	assert_int_equal(zone_draft_add(draft, origin, TYPE_SOA, ttl, rdata, length, NULL), 0);
}

static inline void store_chain_host(struct zone_draft *draft, const uint8_t *origin, unsigned host, bool add)
{
	uint8_t owner[NAME_MAX_WIRE];
	char label[24];
	int length = snprintf(label, sizeof label, "host%u", host);
	const uint8_t rdata[] = { 10, (uint8_t)(host >> 16), (uint8_t)(host >> 8), (uint8_t)host };
	owner[0] = (uint8_t)length;
	memcpy(owner + 1, label, (size_t)length);
	memcpy(owner + 1 + length, origin, name_length(origin));
	if (add)
		assert_int_equal(zone_draft_add(draft, owner, TYPE_A, 60, rdata, 4, NULL), 0);
	else
		assert_int_equal(zone_draft_remove(draft, owner, TYPE_A, rdata, 4), 0);
}

// The next version: with the hosts of [from, to) added, or removed.
static inline void store_chain_next(struct store_chain *chain, uint32_t serial, unsigned from, unsigned to, bool add)
{
	const struct zone_version *before = chain->c.version;
	struct zone_draft *draft;
	struct delta_writer *writer;
	assert_int_equal(zone_draft_from(chain->c.line, before, &draft), 0);
	assert_int_equal(delta_writer_new(draft, 0, &writer), 0);
	for (unsigned host = from; host < to; host++)
		store_chain_host(draft, zone_origin(before), host, add);
	store_chain_set_serial(draft, zone_origin(before), serial);
	assert_int_equal(zone_draft_seal(draft, &chain->c.version), 0);
	delta_release(chain->delta);
	assert_int_equal(delta_writer_finish(writer, before, chain->c.version, &chain->delta), 0);
	zone_release(before);
}

static inline void store_chain_commit(struct store *store, const struct store_chain *chain,
                                      const struct store_keep *keep, struct store_wait *wait)
{
	struct store_state s;
	store_case_state(&s);
	assert_int_equal(store_commit(store, chain->c.version, chain->delta, keep, &s, store_case_done, wait), 0);
}

// Commits the newest version and waits for it.
static inline void store_chain_store(struct store *store, const struct store_chain *chain,
                                     const struct store_keep *keep)
{
	struct store_wait wait = STORE_WAIT;
	store_chain_commit(store, chain, keep, &wait);
	store_case_await(&wait, 1);
	if (wait.error != 0)
		fail_msg("%s", wait.why);
}
