// SPDX-License-Identifier: GPL-3.0-or-later
// The life of a secondary zone, empty → current → stale → expired, as tables:
// at this second this happens, and then the zone is so.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "replicate/refresh.h"

#define S(seconds) ((uint64_t)(seconds) * 1000)
#define NEVER REFRESH_NEVER

static const struct soa soa = { .serial = 1, .refresh = 3600, .retry = 600, .expire = 86400, .minimum = 300 };
static const struct config_policy unbounded = { 0 };

struct line {
	uint64_t at;
	enum refresh_event event;
	unsigned actions;
	enum replica_phase phase;
	uint64_t refresh_at, expires_at;
};

static void play(struct refresh *refresh, const struct line *lines, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct line *line = &lines[i];
		// Without jitter: the random number 0 takes nothing away.
		unsigned actions = refresh_step(refresh, line->event, line->at, 0);
		if (actions != line->actions || refresh->phase != line->phase
		    || refresh->refresh_at != line->refresh_at || refresh->expires_at != line->expires_at)
			fail_msg("line %zu: actions %u, phase %u, refresh at %llu, expires at %llu", i, actions,
			         refresh->phase, (unsigned long long)refresh->refresh_at,
			         (unsigned long long)refresh->expires_at);
	}
}

static struct refresh current(uint64_t now)
{
	struct refresh refresh;

	refresh_init(&refresh, now);
	refresh_take_soa(&refresh, &soa, &unbounded);
	(void)refresh_step(&refresh, REFRESH_REPLACED, now, 0);
	return refresh;
}

// What waited for a disk, or for the operator, does not live longer by that.
static void a_version_that_comes_late(void **state)
{
	struct refresh refresh = current(S(0));

	(void)state;
	// At once: as if it had just been confirmed.
	assert_int_equal(refresh_replaced(&refresh, S(5000), S(5001), 0), 0);
	assert_int_equal(refresh.expires_at, S(5001 + 86400));
	assert_int_equal(refresh.refresh_at, S(5001 + 3600));
	// A day late, and nobody there since: it has what is left, and is asked for.
	assert_int_equal(refresh_replaced(&refresh, S(6000), S(80000), 0), 0);
	assert_int_equal(refresh.expires_at, S(6000 + 86400));
	assert_int_equal(refresh.refresh_at, S(80002));
	// Primaries that confirmed it meanwhile are heeded.
	(void)refresh_step(&refresh, REFRESH_HELD, S(85000), 0);
	(void)refresh_replaced(&refresh, S(80000), S(90000), 0);
	assert_int_equal(refresh.expires_at, S(85000 + 86400));
	// Approved: as what was served before …
	(void)refresh_replaced(&refresh, 0, S(100000), 0);
	assert_int_equal(refresh.expires_at, S(85000 + 86400));
	// … and where nothing was, a whole EXPIRE.
	(void)refresh_step(&refresh, REFRESH_TICK, S(85000 + 86400), 0);
	assert_int_equal(refresh.phase, REPLICA_EXPIRED);
	(void)refresh_replaced(&refresh, 0, S(200000), 0);
	assert_int_equal(refresh.expires_at, S(200000 + 86400));
}

// The disk was full when the copy before expired, or there was none yet: what came
// then is as old as its transfer.
static void a_version_that_comes_late_where_nothing_was_served(void **state)
{
	struct refresh refresh = current(S(0));

	(void)state;
	(void)refresh_step(&refresh, REFRESH_TICK, S(86400), 0);
	assert_int_equal(refresh.phase, REPLICA_EXPIRED);
	assert_int_equal(refresh_replaced(&refresh, S(86500), S(100000), 0), REFRESH_SERVE);
	assert_int_equal(refresh.expires_at, S(86500 + 86400));
	assert_int_equal(refresh.refresh_at, S(100002));
	// Older than it may get: it is served until a primary has been asked.
	(void)refresh_step(&refresh, REFRESH_TICK, S(86500 + 86400), 0);
	(void)refresh_replaced(&refresh, S(200000), S(300000), 0);
	assert_int_equal(refresh.expires_at, S(300060));
	assert_int_equal(refresh.refresh_at, S(300002));
}

// min-expire-time holds for what is granted too.
static void a_grant_below_the_least(void **state)
{
	struct config_policy policy = { .min_expire = 1000 };
	struct refresh refresh;

	(void)state;
	refresh_init(&refresh, 0);
	refresh_take_soa(&refresh, &soa, &policy);
	refresh.granted = 100;
	assert_int_equal(refresh_worth(&refresh), 1000);
	refresh.granted = 2000;
	assert_int_equal(refresh_worth(&refresh), 2000);
}

// While a version is held, the one that is served does not come nearer to its
// expiry as long as a primary answers; what is not served is asked for at the
// pace of RETRY.
static void a_version_that_is_held(void **state)
{
	struct refresh refresh = current(S(0)), never;
	static const struct line lines[] = {
		{ S(3600), REFRESH_TICK, REFRESH_ASK, REPLICA_CURRENT, S(4200), S(86400) },
		{ S(3601), REFRESH_HELD, 0, REPLICA_CURRENT, S(7201), S(90001) },
		{ S(7201), REFRESH_TICK, REFRESH_ASK, REPLICA_CURRENT, S(7801), S(90001) },
		{ S(7202), REFRESH_FAILED, 0, REPLICA_STALE, S(7802), S(90001) },
		{ S(7803), REFRESH_HELD, 0, REPLICA_CURRENT, S(11403), S(94203) },
		{ S(94203), REFRESH_TICK, REFRESH_EXPIRE | REFRESH_ASK, REPLICA_EXPIRED, S(94803), NEVER },
		{ S(94204), REFRESH_HELD, 0, REPLICA_EXPIRED, S(94804), NEVER },
	};
	static const struct line first[] = {
		{ S(0), REFRESH_TICK, REFRESH_ASK, REPLICA_EMPTY, S(600), NEVER },
		{ S(1), REFRESH_HELD, 0, REPLICA_EMPTY, S(601), NEVER },
	};
	(void)state;
	play(&refresh, lines, sizeof lines / sizeof lines[0]);
	refresh_init(&never, S(0));
	play(&never, first, sizeof first / sizeof first[0]);
}

static void a_primary_that_answers(void **state)
{
	struct refresh refresh;
	static const struct line lines[] = {
		{ S(0), REFRESH_TICK, REFRESH_ASK, REPLICA_EMPTY, S(600), NEVER },
		{ S(1), REFRESH_REPLACED, 0, REPLICA_CURRENT, S(3601), S(86401) },
		{ S(3601), REFRESH_TICK, REFRESH_ASK, REPLICA_CURRENT, S(4201), S(86401) },
		{ S(3602), REFRESH_CONFIRMED, 0, REPLICA_CURRENT, S(7202), S(90002) },
		{ S(4000), REFRESH_WOKEN, REFRESH_ASK, REPLICA_CURRENT, S(4600), S(90002) },
		{ S(4001), REFRESH_REPLACED, 0, REPLICA_CURRENT, S(7601), S(90401) },
	};

	(void)state;
	refresh_init(&refresh, 0);
	refresh_take_soa(&refresh, &soa, &unbounded);
	play(&refresh, lines, sizeof lines / sizeof lines[0]);
}

static void a_primary_that_falls_silent_and_returns(void **state)
{
	struct refresh refresh = current(0);
	static const struct line lines[] = {
		{ S(3600), REFRESH_TICK, REFRESH_ASK, REPLICA_CURRENT, S(4200), S(86400) },
		{ S(3605), REFRESH_FAILED, 0, REPLICA_STALE, S(4205), S(86400) },
		{ S(4205), REFRESH_TICK, REFRESH_ASK, REPLICA_STALE, S(4805), S(86400) },
		{ S(4210), REFRESH_FAILED, 0, REPLICA_STALE, S(4810), S(86400) },
		// … and so on to the end of EXPIRE.
		{ S(86400), REFRESH_TICK, REFRESH_EXPIRE | REFRESH_ASK, REPLICA_EXPIRED, S(87000), NEVER },
		// An expired zone is asked for eagerly: 1, 2, 4 … 30 seconds.
		{ S(86405), REFRESH_FAILED, 0, REPLICA_EXPIRED, S(86406), NEVER },
		{ S(86410), REFRESH_FAILED, 0, REPLICA_EXPIRED, S(86412), NEVER },
		{ S(86420), REFRESH_FAILED, 0, REPLICA_EXPIRED, S(86424), NEVER },
		{ S(86430), REFRESH_CONFIRMED, REFRESH_SERVE, REPLICA_CURRENT, S(90030), S(172830) },
	};

	(void)state;
	play(&refresh, lines, sizeof lines / sizeof lines[0]);
}

static void a_zone_that_was_never_had_is_asked_for_eagerly_but_not_hammered(void **state)
{
	struct refresh refresh;
	const unsigned waits[] = { 1, 2, 4, 8, 16, 30, 30, 30 };
	uint64_t now = 0;

	(void)state;
	refresh_init(&refresh, now);
	for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
		(void)refresh_step(&refresh, REFRESH_FAILED, now, 0);
		assert_int_equal(refresh.phase, REPLICA_EMPTY);
		assert_int_equal(refresh.refresh_at - now, S(waits[i]));
		now = refresh.refresh_at;
	}
}

static void a_newer_serial_that_cannot_be_had_is_asked_for_sooner_than_retry(void **state)
{
	struct refresh refresh = current(0);
	const unsigned waits[] = { 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600 };
	uint64_t now = S(100);

	(void)state;
	refresh.is_behind = true;
	for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
		(void)refresh_step(&refresh, REFRESH_FAILED, now, 0);
		assert_int_equal(refresh.refresh_at - now, S(waits[i]));
		now = refresh.refresh_at;
	}
}

static void jitter_takes_up_to_an_eighth(void **state)
{
	struct refresh refresh = current(0);

	(void)state;
	(void)refresh_step(&refresh, REFRESH_CONFIRMED, 0, UINT32_MAX);
	assert_in_range(refresh.refresh_at, S(3150), S(3151));
	(void)refresh_step(&refresh, REFRESH_CONFIRMED, 0, UINT32_C(1) << 31);
	assert_int_equal(refresh.refresh_at, S(3375));
	assert_int_equal(refresh.expires_at, S(86400)); // a promise, so never jittered
}

static void the_configuration_bounds_the_timers(void **state)
{
	struct config_policy policy = { .min_refresh = 7200, .max_refresh = 10000, .min_retry = 700, .max_retry = 800,
	                                .min_expire = 100000 };
	struct refresh refresh;
	struct soa long_soa = soa;

	(void)state;
	refresh_init(&refresh, 0);
	refresh_take_soa(&refresh, &soa, &policy);
	assert_int_equal(refresh.refresh, 7200);
	assert_int_equal(refresh.retry, 700);
	assert_int_equal(refresh.expire, 100000);
	long_soa.refresh = 20000;
	long_soa.retry = 5000;
	long_soa.expire = 200000;
	refresh_take_soa(&refresh, &long_soa, &policy);
	assert_int_equal(refresh.refresh, 10000);
	assert_int_equal(refresh.retry, 800);
	assert_int_equal(refresh.expire, 200000);
	policy.min_expire_is_sum = true; // nsd.conf: refresh+retry+1
	long_soa.expire = 1;
	refresh_take_soa(&refresh, &long_soa, &policy);
	assert_int_equal(refresh.expire, 10801);
}

static void zeros_in_a_soa_do_not_spin(void **state)
{
	static const struct soa zeros = { .serial = 1 };
	struct refresh refresh;

	(void)state;
	refresh_init(&refresh, 0);
	refresh_take_soa(&refresh, &zeros, &unbounded);
	(void)refresh_step(&refresh, REFRESH_REPLACED, 0, 0);
	assert_true(refresh_next(&refresh) >= 500);
}

static void an_expire_shorter_than_refresh_is_asked_about_in_time(void **state)
{
	static const struct soa odd = { .refresh = 3600, .retry = 600, .expire = 100 };
	struct refresh refresh;

	(void)state;
	refresh_init(&refresh, 0);
	refresh_take_soa(&refresh, &odd, &unbounded);
	(void)refresh_step(&refresh, REFRESH_REPLACED, 0, 0);
	assert_int_equal(refresh.refresh_at, S(75));
	assert_int_equal(refresh.expires_at, S(100));
}

// Whoever shows how far a copy is on its way asks when that began: not at its
// last confirmation where the guard holds back what followed.
static void the_life_that_ends_is_what_was_given(void **state)
{
	struct refresh refresh = current(S(0));
	(void)state;

	assert_int_equal(refresh_life(&refresh), 86400);
	(void)refresh_step(&refresh, REFRESH_HELD, S(50000), 0);
	assert_int_equal(refresh.expires_at, S(50000 + 86400));
	assert_int_equal(refresh_life(&refresh), 86400);
	// Less that ends earlier changes nothing, and what was given before it stays so.
	refresh.granted = 600;
	(void)refresh_step(&refresh, REFRESH_HELD, S(60000), 0);
	assert_int_equal(refresh_life(&refresh), 86400);
	refresh.granted = 5000;
	(void)refresh_step(&refresh, REFRESH_HELD, S(50000 + 86000), 0);
	assert_int_equal(refresh.expires_at, S(50000 + 86000 + 5000));
	assert_in_range(refresh_life(&refresh), 4995, 5000);
	// What the operator approves lives no longer by it.
	(void)refresh_replaced(&refresh, S(40000), S(50000 + 87000), 0);
	assert_int_equal(refresh.expires_at, S(50000 + 86400 + 40000 - 40000 + 4600));
	assert_in_range(refresh_life(&refresh), 4995, 5000);
	(void)refresh_step(&refresh, REFRESH_CONFIRMED, S(50000 + 88000), 0);
	assert_int_equal(refresh_life(&refresh), 86400);
	refresh_resume(&refresh, 100, 200, false, S(0));
	assert_int_equal(refresh_life(&refresh), 86400);
	refresh.expire = UINT32_MAX;
	(void)refresh_step(&refresh, REFRESH_CONFIRMED, S(0), 0);
	assert_int_equal(refresh_life(&refresh), UINT32_MAX);
}

// What a primary grants may be shorter than REFRESH (RFC 7314): it is asked for
// again before that ends, and not hammered where there is next to nothing.
static void a_grant_shorter_than_refresh_is_asked_about_in_time(void **state)
{
	struct refresh refresh = current(S(0));
	(void)state;

	refresh.granted = 600;
	(void)refresh_step(&refresh, REFRESH_REPLACED, S(0), 0);
	assert_int_equal(refresh.expires_at, S(600));
	assert_int_equal(refresh.refresh_at, S(450));
	refresh.granted = 100;
	(void)refresh_step(&refresh, REFRESH_CONFIRMED, S(450), 0);
	assert_int_equal(refresh.expires_at, S(600));
	assert_int_equal(refresh.refresh_at, S(450) + 112500);
	refresh.granted = 1;
	(void)refresh_step(&refresh, REFRESH_REPLACED, S(600), 0);
	assert_int_equal(refresh.expires_at, S(601));
	assert_int_equal(refresh.refresh_at, S(630));
}

static void timers_go_on_over_a_restart(void **state)
{
	struct refresh refresh;

	(void)state;
	refresh_init(&refresh, S(5));
	refresh_take_soa(&refresh, &soa, &unbounded);
	refresh_resume(&refresh, 1000, 50000, false, S(5));
	assert_int_equal(refresh.phase, REPLICA_CURRENT);
	assert_int_equal(refresh.refresh_at, S(1005));
	assert_int_equal(refresh.expires_at, S(50005));

	refresh_resume(&refresh, -100, 50000, false, S(5));
	assert_int_equal(refresh.phase, REPLICA_STALE);
	assert_int_equal(refresh.refresh_at, S(5));

	refresh_resume(&refresh, -100, -1, false, S(5));
	assert_int_equal(refresh.phase, REPLICA_EXPIRED);
	assert_true(refresh.expires_at == NEVER);

	// A clock that was set back cannot stretch what was promised.
	refresh_resume(&refresh, 999999, 999999, false, S(5));
	assert_int_equal(refresh.refresh_at, S(3605));
	assert_int_equal(refresh.expires_at, S(86405));
}

static void a_doubtful_clock_expires_nothing_before_it_was_asked(void **state)
{
	struct refresh refresh;

	(void)state;
	refresh_init(&refresh, 0);
	refresh_take_soa(&refresh, &soa, &unbounded);
	refresh_resume(&refresh, -5000, -1, true, 0);
	assert_int_equal(refresh.phase, REPLICA_STALE);
	assert_int_equal(refresh_step(&refresh, REFRESH_TICK, 0, 0), REFRESH_ASK);
	// The one attempt decides.
	assert_int_equal(refresh_step(&refresh, REFRESH_FAILED, S(5), 0), REFRESH_EXPIRE);
	assert_int_equal(refresh.phase, REPLICA_EXPIRED);

	refresh_init(&refresh, 0);
	refresh_take_soa(&refresh, &soa, &unbounded);
	refresh_resume(&refresh, -5000, -1, true, 0);
	assert_int_equal(refresh_step(&refresh, REFRESH_CONFIRMED, S(5), 0), 0);
	assert_int_equal(refresh.phase, REPLICA_CURRENT);
	assert_int_equal(refresh.expires_at, S(86405));
}

// A primary that answers and whose TSIG does not verify proves nothing against
// the copy: the clock that is in doubt would explain it.
static void a_doubtful_clock_is_not_proven_right_by_tsig(void **state)
{
	struct refresh refresh;
	static const struct line lines[] = {
		{ S(0), REFRESH_TICK, REFRESH_ASK, REPLICA_STALE, S(600), NEVER },
		{ S(1), REFRESH_UNPROVEN, 0, REPLICA_STALE, S(2), NEVER },
		{ S(2), REFRESH_TICK, REFRESH_ASK, REPLICA_STALE, S(602), NEVER },
		{ S(3), REFRESH_UNPROVEN, 0, REPLICA_STALE, S(5), NEVER },
		{ S(90000), REFRESH_TICK, REFRESH_ASK, REPLICA_STALE, S(90600), NEVER },
		{ S(90001), REFRESH_CONFIRMED, 0, REPLICA_CURRENT, S(93601), S(176401) },
		// Where nothing is in doubt it is a failure like another.
		{ S(93602), REFRESH_UNPROVEN, 0, REPLICA_STALE, S(94202), S(176401) },
		{ S(176401), REFRESH_TICK, REFRESH_EXPIRE | REFRESH_ASK, REPLICA_EXPIRED, S(177001), NEVER },
	};

	(void)state;
	refresh_init(&refresh, 0);
	refresh_take_soa(&refresh, &soa, &unbounded);
	refresh_resume(&refresh, -5000, -1, true, 0);
	play(&refresh, lines, sizeof lines / sizeof lines[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_primary_that_answers),
		cmocka_unit_test(a_version_that_comes_late),
		cmocka_unit_test(a_version_that_comes_late_where_nothing_was_served),
		cmocka_unit_test(a_grant_below_the_least),
		cmocka_unit_test(a_version_that_is_held),
		cmocka_unit_test(a_primary_that_falls_silent_and_returns),
		cmocka_unit_test(a_zone_that_was_never_had_is_asked_for_eagerly_but_not_hammered),
		cmocka_unit_test(a_newer_serial_that_cannot_be_had_is_asked_for_sooner_than_retry),
		cmocka_unit_test(jitter_takes_up_to_an_eighth),
		cmocka_unit_test(the_configuration_bounds_the_timers),
		cmocka_unit_test(zeros_in_a_soa_do_not_spin),
		cmocka_unit_test(an_expire_shorter_than_refresh_is_asked_about_in_time),
		cmocka_unit_test(the_life_that_ends_is_what_was_given),
		cmocka_unit_test(a_grant_shorter_than_refresh_is_asked_about_in_time),
		cmocka_unit_test(timers_go_on_over_a_restart),
		cmocka_unit_test(a_doubtful_clock_expires_nothing_before_it_was_asked),
		cmocka_unit_test(a_doubtful_clock_is_not_proven_right_by_tsig),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
