// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/refresh.h"

// A zone without a usable copy is asked for eagerly, but never hammered: 1, 2,
// 4 … seconds, at most this many.
#define EAGER_RETRY_MAX 30u

// Where a newer serial is known and could not be had: 2, 4, 8 … seconds until
// the zone's own RETRY is reached.
#define BEHIND_RETRY_FIRST 2u

// Before the first SOA is known.
#define FIRST_REFRESH 3600u
#define FIRST_RETRY 600u
#define FIRST_EXPIRE (7u * 86400u)

// From a transfer to its being served: what takes longer than this waited for a
// disk, or for the operator.
#define COMMIT_MS 60000u

// A version that no primary has confirmed of late is asked for so soon.
#define ASK_SOON_MS 2000u

static uint32_t within(uint32_t value, uint32_t least, uint32_t most)
{
	if (most != 0 && value > most)
		value = most;
	return value < least ? least : value;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t ms(uint32_t seconds)
{
	return (uint64_t)seconds * 1000;
}

// The span less up to an eighth, so that zones that began together part.
static uint64_t jitter(uint64_t span, uint32_t random)
{
	return span - (((span / 8) * random) >> 32);
}

// Eleven bits of it, and how far they are shifted: a zone costs what it costs.
static uint16_t pack(uint32_t seconds)
{
	unsigned shift = 0;

	while (seconds >> shift > 0x7ff)
		shift++;
	return (uint16_t)(shift << 11 | seconds >> shift);
}

uint32_t refresh_life(const struct refresh *refresh)
{
	if (refresh->life == pack(refresh->expire))
		return refresh->expire;
	return (refresh->life & 0x7ffu) << (refresh->life >> 11);
}

void refresh_init(struct refresh *refresh, uint64_t now)
{
	*refresh = (struct refresh){
		.refresh_at = now,
		.expires_at = REFRESH_NEVER,
		.refresh = FIRST_REFRESH,
		.retry = FIRST_RETRY,
		.expire = FIRST_EXPIRE,
		.phase = REPLICA_EMPTY,
	};
}

void refresh_take_soa(struct refresh *refresh, const struct soa *soa, const struct config_policy *policy)
{
	uint32_t least_expire = policy->min_expire;

	refresh->retry = within(soa->retry, policy->min_retry, policy->max_retry);
	refresh->refresh = within(soa->refresh, policy->min_refresh, policy->max_refresh);
	if (refresh->retry == 0)
		refresh->retry = 1;
	if (refresh->refresh == 0)
		refresh->refresh = 1;
	if (policy->min_expire_is_sum) {
		uint64_t sum = (uint64_t)refresh->refresh + refresh->retry + 1;
		least_expire = sum > UINT32_MAX ? UINT32_MAX : (uint32_t)sum;
	}
	refresh->least_expire = least_expire;
	refresh->expire = within(soa->expire, least_expire, 0);
	if (refresh->expire == 0)
		refresh->expire = 1;
}

// An EXPIRE shorter than REFRESH must not end a zone that nobody asked for, nor
// a copy that was granted less; yet one that grants next to nothing is not
// hammered.
static uint64_t refresh_span(const struct refresh *refresh, uint64_t left)
{
	uint64_t span = ms(refresh->refresh);
	uint64_t most = ms(refresh->expire) / 4 * 3;
	uint64_t granted = left / 4 * 3;

	if (granted < ms(EAGER_RETRY_MAX))
		granted = ms(EAGER_RETRY_MAX);
	if (most > granted)
		most = granted;
	return span < most ? span : most;
}

void refresh_resume(struct refresh *refresh, int64_t left_to_refresh, int64_t left_to_expire,
                    bool ask_first, uint64_t now)
{
	uint64_t span = ms(refresh->refresh);
	uint64_t life = ms(refresh->expire);

	refresh->phase = left_to_refresh > 0 ? REPLICA_CURRENT : REPLICA_STALE;
	refresh->refresh_at = now;
	if (left_to_refresh > 0 && !ask_first) {
		uint64_t left = (uint64_t)left_to_refresh * 1000;
		refresh->refresh_at = now + (left < span ? left : span);
	}
	if (left_to_expire > 0) {
		uint64_t left = (uint64_t)left_to_expire * 1000;
		refresh->expires_at = now + (left < life ? left : life);
		refresh->life = pack(refresh->expire);
	} else if (ask_first) {
		refresh->is_on_trial = true;
		refresh->phase = REPLICA_STALE;
		refresh->expires_at = REFRESH_NEVER;
	} else {
		refresh->phase = REPLICA_EXPIRED;
		refresh->expires_at = REFRESH_NEVER;
	}
}

static unsigned expire(struct refresh *refresh)
{
	refresh->expires_at = REFRESH_NEVER;
	refresh->phase = REPLICA_EXPIRED;
	refresh->failures = 0;
	refresh->is_on_trial = false;
	return REFRESH_EXPIRE;
}

static unsigned on_tick(struct refresh *refresh, uint64_t now)
{
	unsigned actions = 0;

	if (now >= refresh->expires_at)
		actions |= expire(refresh);
	if (now >= refresh->refresh_at) {
		// The attempt's end sets the time; this stands should it never come.
		refresh->refresh_at = now + ms(refresh->retry);
		actions |= REFRESH_ASK;
	}
	return actions;
}

uint32_t refresh_worth(const struct refresh *refresh)
{
	uint32_t worth = refresh->granted != 0 && refresh->granted < refresh->expire ? refresh->granted : refresh->expire;

	return worth < refresh->least_expire ? refresh->least_expire : worth;
}

static unsigned on_good(struct refresh *refresh, bool is_replaced, uint64_t now, uint32_t random)
{
	uint32_t life = refresh_worth(refresh);
	uint64_t expires_at = now + ms(life);
	unsigned actions = refresh->phase == REPLICA_EXPIRED ? REFRESH_SERVE : 0;

	refresh->phase = REPLICA_CURRENT;
	refresh->failures = 0;
	refresh->is_behind = false;
	refresh->is_on_trial = false;
	// RFC 7314, 4: what was granted before is not taken back by a secondary
	// that is behind.
	if (is_replaced || refresh->expires_at == REFRESH_NEVER || refresh->expires_at < expires_at) {
		refresh->expires_at = expires_at;
		refresh->life = pack(life);
	}
	refresh->refresh_at = now + jitter(refresh_span(refresh, refresh->expires_at - now), random);
	refresh->granted = 0;
	return actions;
}

unsigned refresh_replaced(struct refresh *refresh, uint64_t confirmed_at, uint64_t now, uint32_t random)
{
	uint64_t before = refresh->expires_at, worth = ms(refresh_worth(refresh));
	uint16_t life = refresh->life;
	unsigned actions = on_good(refresh, true, now, random);

	if (confirmed_at != 0 && now - confirmed_at <= COMMIT_MS)
		return actions;
	refresh->refresh_at = now + jitter(ASK_SOON_MS, random);
	// Nothing was served that could have been kept alive meanwhile: it is as old as
	// its transfer, but lives until a primary has been asked.
	if (before == REFRESH_NEVER && confirmed_at != 0)
		refresh->expires_at = later(confirmed_at + worth, now + COMMIT_MS);
	if (before == REFRESH_NEVER)
		return actions;
	if (before <= now + worth && (confirmed_at == 0 || confirmed_at + worth <= before)) {
		refresh->expires_at = before;
		refresh->life = life;
	} else {
		refresh->expires_at = before > now + worth ? now + worth : confirmed_at + worth;
	}
	return actions;
}

// The primaries are there, and what they have is known: what is served does not
// come nearer to its expiry while the operator decides. What is not served, is
// asked for at the pace of RETRY.
static unsigned on_held(struct refresh *refresh, uint64_t now, uint32_t random)
{
	if (refresh->phase == REPLICA_CURRENT || refresh->phase == REPLICA_STALE)
		return on_good(refresh, false, now, random);
	refresh->failures = 0;
	refresh->refresh_at = now + jitter(ms(refresh->retry), random);
	return 0;
}

static uint64_t doubled(uint32_t first, uint16_t failures, uint32_t most)
{
	uint32_t shift = failures < 16 ? failures : 16;
	uint64_t seconds = (uint64_t)first << shift;

	return (seconds < most ? seconds : most) * 1000;
}

static unsigned on_failed(struct refresh *refresh, bool is_unproven, uint64_t now, uint32_t random)
{
	unsigned actions = refresh->is_on_trial && !is_unproven ? expire(refresh) : 0;
	uint64_t wait = ms(refresh->retry);
	uint32_t eager = refresh->phase == REPLICA_EXPIRED && refresh->retry < EAGER_RETRY_MAX
	                 ? refresh->retry : EAGER_RETRY_MAX;

	if (refresh->phase == REPLICA_EMPTY || refresh->phase == REPLICA_EXPIRED || refresh->is_on_trial)
		wait = doubled(1, refresh->failures, eager);
	else if (refresh->is_behind)
		wait = doubled(BEHIND_RETRY_FIRST, refresh->failures, refresh->retry);
	if (refresh->failures < REFRESH_FAILURES_MOST)
		refresh->failures++;
	if (refresh->phase == REPLICA_CURRENT)
		refresh->phase = REPLICA_STALE;
	refresh->refresh_at = now + jitter(wait, random);
	return actions;
}

unsigned refresh_step(struct refresh *refresh, enum refresh_event event, uint64_t now, uint32_t random)
{
	switch (event) {
	case REFRESH_TICK:
		return on_tick(refresh, now);
	case REFRESH_WOKEN:
		refresh->refresh_at = now + ms(refresh->retry);
		return REFRESH_ASK;
	case REFRESH_CONFIRMED:
	case REFRESH_REPLACED:
		return on_good(refresh, event == REFRESH_REPLACED, now, random);
	case REFRESH_HELD:
		return on_held(refresh, now, random);
	case REFRESH_FAILED:
		return on_failed(refresh, false, now, random);
	case REFRESH_UNPROVEN:
		return on_failed(refresh, true, now, random);
	}
	return 0;
}

uint64_t refresh_next(const struct refresh *refresh)
{
	return refresh->refresh_at < refresh->expires_at ? refresh->refresh_at : refresh->expires_at;
}
