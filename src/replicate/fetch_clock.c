// SPDX-License-Identifier: GPL-3.0-or-later
// The clocks of a fetch: how long silence, or slowness, is borne.
#include <inttypes.h>

#include "base/error.h"
#include "replicate/fetch_parts.h"
#include "replicate/room.h"

// A SOA by TCP is one small message.
#define SOA_MS 6000u

// An IXFR that is not begun to be answered by then, or whose first SOA stays
// alone, is asked for as AXFR instead.
#define IXFR_MS 15000u

// Who takes a connection and then says nothing is given up long before a
// transfer that pauses: its slots are wanted.
#define FIRST_MS 30000u

// The longest silence in a transfer where the configuration sets no limit: a
// primary that stops midway must not keep the zone for ever.
#define IDLE_S 3600u

// A primary that is silent so long after a second question on a connection may
// answer only one on each.
#define REUSE_MS 4000u

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static bool is_unanswered_ixfr(const struct fetch *fetch)
{
	return fetch->order.kind == FETCH_IXFR && fetch->figures.records < 2 && !fetch->is_in_lane;
}

static uint32_t idle_limit_s(const struct config_policy *policy)
{
	return policy->transfer_idle_in != 0 ? policy->transfer_idle_in : IDLE_S;
}

void fetch_set_deadline(struct fetch *fetch)
{
	const struct config_policy *policy = fetch->order.policy;
	uint64_t at = DEADLINE_NEVER;

	if (fetch->order.kind == FETCH_SOA)
		at = fetch->started + SOA_MS;
	if (primary_link_is_reused(fetch->connection) && fetch->received == 0)
		at = earlier(at, fetch->heard + REUSE_MS);
	if (is_unanswered_ixfr(fetch))
		at = earlier(at, fetch->started + IXFR_MS);
	if (fetch->received == 0)
		at = earlier(at, fetch->heard + FIRST_MS);
	if (policy->transfer_time_in != 0)
		at = earlier(at, fetch->started + (uint64_t)policy->transfer_time_in * 1000);
	at = earlier(at, fetch->heard + (uint64_t)idle_limit_s(policy) * 1000);
	if (policy->min_rate_seconds != 0 && policy->min_rate_bytes != 0)
		at = earlier(at, fetch->window_start + (uint64_t)policy->min_rate_seconds * 1000);
	deadline_set(&fetch->room->deadlines, &fetch->deadline, at);
}

static bool is_too_slow(struct fetch *fetch, uint64_t now)
{
	const struct config_policy *policy = fetch->order.policy;

	if (policy->min_rate_seconds == 0 || policy->min_rate_bytes == 0
	    || now - fetch->window_start < (uint64_t)policy->min_rate_seconds * 1000)
		return false;
	if (fetch->received - fetch->window_received < policy->min_rate_bytes)
		return true;
	fetch->window_start = now;
	fetch->window_received = fetch->received;
	return false;
}

void fetch_on_deadline(struct deadline *deadline, uint64_t now)
{
	struct fetch *fetch = (struct fetch *)((char *)deadline - offsetof(struct fetch, deadline));
	const struct config_policy *policy = fetch->order.policy;

	if (!fetch->is_reading && fetch->received == 0) {
		fetch_give_up(fetch, ERR_TIMEOUT, "failed: no connection within %u s", FETCH_CONNECT_MS / 1000);
		return;
	}
	if (primary_link_is_reused(fetch->connection) && fetch->received == 0 && now - fetch->heard >= REUSE_MS) {
		primary_link_distrust(fetch->connection);
		(void)fetch_ask_anew(fetch);
		return;
	}
	// What waits for our own lane is not the primary's fault.
	if (fetch->is_in_lane && !fetch->is_reading)
		fetch->heard = fetch->window_start = now;
	if (fetch->order.kind == FETCH_SOA && now - fetch->started >= SOA_MS)
		fetch_give_up(fetch, ERR_TIMEOUT, "failed: no answer by TCP within %u s", SOA_MS / 1000);
	else if (is_unanswered_ixfr(fetch) && now - fetch->started >= IXFR_MS)
		fetch_give_up(fetch, ERR_TIMEOUT, "failed: no answer to an IXFR within %u s", IXFR_MS / 1000);
	else if (fetch->received == 0 && now - fetch->heard >= FIRST_MS)
		fetch_give_up(fetch, ERR_TIMEOUT, "failed: no answer within %u s", FIRST_MS / 1000);
	else if (policy->transfer_time_in != 0 && now - fetch->started >= (uint64_t)policy->transfer_time_in * 1000)
		fetch_give_up(fetch, ERR_TIMEOUT, "failed: not complete within %u s (max-transfer-time-in), %" PRIu64
		              " bytes had come", policy->transfer_time_in, fetch->received);
	else if (now - fetch->heard >= (uint64_t)idle_limit_s(policy) * 1000)
		fetch_give_up(fetch, ERR_TIMEOUT, "failed: silence for %u s (max-transfer-idle-in), %" PRIu64
		              " bytes had come", idle_limit_s(policy), fetch->received);
	else if (is_too_slow(fetch, now))
		fetch_give_up(fetch, ERR_TIMEOUT, "failed: slower than %" PRIu64 " bytes in %u s (min-transfer-rate-in)",
		              policy->min_rate_bytes, policy->min_rate_seconds);
	else
		fetch_set_deadline(fetch);
}
