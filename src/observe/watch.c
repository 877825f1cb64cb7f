// SPDX-License-Identifier: GPL-3.0-or-later
#include "observe/watch.h"

#include <string.h>

#include "base/error.h"
#include "observe/watch_parts.h"

// A zone without any copy whose first transfer has not failed yet may just wait
// for its turn, of very many.
#define FIRST_COPY_S 900

// So many recoveries of one zone are told as they come; each more doubles the
// time that a state must last, up to an hour. One is forgotten each hour. What
// only gets worse is no flapping.
#define CHANGES_FREE 2u

// Trouble that only became less is worth a word when it stays so.
#define LESSER_S 600
#define CHANGES_MOST 16u
#define HOUR 3600
#define FLAP_LEAST_S 60u

const char *watch_state_text(enum watch_aspect aspect, uint8_t state)
{
	static const char *const copy[COPY_STATES] = {
		"ok", "failing", "behind", "stale", "expiring-50", "missing", "expiring-75", "expiring-90", "expired",
	};
	static const char *const others[WATCH_ASPECTS] = { "", "held", "rolled-back", "unsaved" };
	return aspect == WATCH_COPY ? copy[state] : state == 0 ? "ok" : others[aspect];
}

const char *watch_aspect_text(enum watch_aspect aspect)
{
	static const char *const names[WATCH_ASPECTS] = { "copy", "held", "rollback", "store" };
	return names[aspect];
}

unsigned watch_severity(enum watch_aspect aspect, uint8_t state)
{
	static const uint8_t others[WATCH_ASPECTS] = { 0, 7, 4, 6 };
	static const uint8_t copy[COPY_STATES] = { 0, 1, 2, 3, 5, 6, 8, 9, WATCH_WORST };
	return aspect == WATCH_COPY ? copy[state] : state == 0 ? 0 : others[aspect];
}

void watch_limit(struct watch *watch, const struct watch_limits *limits)
{
	watch->limits = *limits;
}

// --- what the state is

static uint8_t copy_state(const struct watch *watch, const struct watched *w, int64_t now)
{
	if (!w->has_version)
		return w->has_error || now - w->created >= FIRST_COPY_S ? COPY_MISSING : COPY_GOOD;
	if (w->phase == REPLICA_EXPIRED)
		return COPY_EXPIRED;
	if (w->phase == REPLICA_STALE) {
		int64_t whole = w->expires_at - w->life_since, gone = now - w->life_since;
		if (w->life_since == 0 || w->expires_at == 0 || whole <= 0 || gone * 100 < whole * 50)
			return COPY_STALE;
		return gone * 100 < whole * 75 ? COPY_EXPIRING_50 : gone * 100 < whole * 90 ? COPY_EXPIRING_75 : COPY_EXPIRING_90;
	}
	// What is held back is told of by itself.
	if (w->behind_since != 0 && !w->is_held && now - w->behind_since >= watch->limits.behind)
		return COPY_BEHIND;
	return w->has_error ? COPY_FAILING : COPY_GOOD;
}

static void become(struct watched *w, unsigned aspect, uint8_t state, int64_t now)
{
	if (w->now[aspect] == state)
		return;
	if (w->now[aspect] == 0)
		w->bad_since[aspect] = now;
	w->now[aspect] = state;
	w->since[aspect] = now;
}

static bool is_as_it_should(const struct replica_status *s)
{
	return s->phase == REPLICA_CURRENT && s->has_version && s->behind_since == 0 && s->last_error[0] == '\0' && !s->held
	       && !s->rolled_back && !s->unsaved;
}

int watch_see(struct watch *watch, const struct replica_status *s, int64_t now)
{
	size_t length = name_length(s->origin);
	struct watched *w = is_as_it_should(s) ? watched_find(watch, false, s->origin, length)
	                                       : watched_entry(watch, false, s->origin, length, now);
	if (w == NULL)
		return is_as_it_should(s) ? 0 : ERR_MEMORY;
	w->is_seen = true;
	w->phase = (uint8_t)s->phase;
	w->has_version = s->has_version;
	w->has_error = s->last_error[0] != '\0' && !s->unsaved; // which that aspect tells
	w->is_secondary = s->role == CONFIG_SECONDARY;
	w->life_since = s->life_since;
	w->is_held = s->held;
	w->expires_at = s->expires_at;
	w->behind_since = s->behind_since;
	become(w, WATCH_COPY, copy_state(watch, w, now), now);
	become(w, WATCH_HELD, s->held, now);
	become(w, WATCH_ROLLBACK, s->rolled_back, now);
	become(w, WATCH_STORE, s->unsaved, now);
	return 0;
}

int watch_see_primary(struct watch *watch, const struct primary_counters *primary, int64_t now)
{
	char address[ADDRESS_TEXT];
	address_to_text((const struct sockaddr *)&primary->address, address);
	size_t length = strlen(address);
	bool was_asked = primary->unhealthy_since != 0 || primary->is_healthy;
	bool is_failing = was_asked && !primary->is_healthy;
	struct watched *w = is_failing ? watched_entry(watch, true, address, length, now)
	                               : watched_find(watch, true, address, length);
	if (w == NULL)
		return is_failing ? ERR_MEMORY : 0;
	w->is_seen = w->has_version = true;
	w->phase = REPLICA_CURRENT;
	w->has_error = is_failing;
	become(w, WATCH_COPY, is_failing ? COPY_FAILING : COPY_GOOD, now);
	return 0;
}

// --- when it is told

static bool is_urgent(unsigned aspect, uint8_t state)
{
	return aspect != WATCH_COPY || (state >= COPY_EXPIRING_50 && state != COPY_MISSING);
}

// How long a state must last until it is told.
static int64_t wait_of(const struct watch *watch, const struct watched *w, unsigned aspect)
{
	bool is_worse = watch_severity((enum watch_aspect)aspect, w->now[aspect])
	                > watch_severity((enum watch_aspect)aspect, w->told[aspect]);
	int64_t wait = is_worse && is_urgent(aspect, w->now[aspect]) ? 0 : watch->limits.delay;
	if (!is_worse && w->now[aspect] != 0 && wait < LESSER_S)
		wait = LESSER_S;
	if (w->changes <= CHANGES_FREE)
		return wait;
	unsigned shift = w->changes - CHANGES_FREE;
	wait = (int64_t)(watch->limits.delay > FLAP_LEAST_S ? watch->limits.delay : FLAP_LEAST_S) << (shift < 7 ? shift : 7);
	return wait < HOUR ? wait : HOUR;
}

static bool is_due(const struct watch *watch, const struct watched *w, unsigned aspect, int64_t now)
{
	if (w->now[aspect] == w->told[aspect])
		return false;
	// A trouble that changes its kind all the time is one trouble.
	int64_t since = w->told[aspect] == 0 ? w->bad_since[aspect] : w->since[aspect];
	return now - since >= wait_of(watch, w, aspect) || now < since;
}

static void forget_changes(struct watched *w, int64_t now)
{
	if (now < w->changes_at)
		w->changes_at = now;
	while (w->changes > 0 && now - w->changes_at >= HOUR) {
		w->changes--;
		w->changes_at += HOUR;
	}
}

static void fill_event(struct watch_event *event, const struct watched *w, unsigned aspect)
{
	memset(event, 0, sizeof(*event));
	event->is_primary = w->is_primary;
	memcpy(w->is_primary ? (uint8_t *)event->primary : event->origin, w->key, w->key_length);
	event->aspect = (enum watch_aspect)aspect;
	event->state = w->now[aspect];
	event->previous = w->told[aspect];
	event->since = w->now[aspect] == 0 ? w->since[aspect] : w->bad_since[aspect];
}

static void count_rest(struct watch_rest *rest, const struct watched *w, unsigned aspect)
{
	rest->all++;
	if (w->is_primary)
		rest->primaries[w->now[aspect] != 0]++;
	else
		rest->count[aspect][w->now[aspect]]++;
}

static void mark_told(struct watched *w, unsigned aspect, int64_t now)
{
	w->told[aspect] = w->now[aspect];
	if (w->now[aspect] != 0)
		return;
	if (w->changes == 0)
		w->changes_at = now;
	if (w->changes < CHANGES_MOST)
		w->changes++;
}

// Bit n: something of severity n is due.
static unsigned move_on(struct watch *watch, int64_t now)
{
	unsigned due = 0;
	for (size_t i = 0; i < watch->room; i++) {
		struct watched *w = watch->slots[i];
		if (w == NULL)
			continue;
		forget_changes(w, now);
		if (!w->is_primary)
			become(w, WATCH_COPY, copy_state(watch, w, now), now);
		for (unsigned a = 0; a < WATCH_ASPECTS; a++)
			if (is_due(watch, w, a, now))
				due |= 1u << watch_severity((enum watch_aspect)a, w->now[a]);
	}
	return due;
}

size_t watch_take(struct watch *watch, int64_t now, struct watch_event *events, size_t most, struct watch_rest *rest)
{
	unsigned due = move_on(watch, now);
	size_t taken = 0;
	memset(rest, 0, sizeof(*rest));
	for (unsigned severity = WATCH_WORST + 1; severity-- > 0;) {
		for (size_t i = 0; i < watch->room && (due & 1u << severity) != 0; i++) {
			struct watched *w = watch->slots[i];
			for (unsigned a = 0; w != NULL && a < WATCH_ASPECTS; a++) {
				if (watch_severity((enum watch_aspect)a, w->now[a]) != severity || !is_due(watch, w, a, now))
					continue;
				if (taken < most)
					fill_event(&events[taken++], w, a);
				else
					count_rest(rest, w, a);
				mark_told(w, a, now);
			}
		}
	}
	watch_forget_good(watch);
	return taken;
}
