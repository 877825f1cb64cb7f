// SPDX-License-Identifier: GPL-3.0-or-later
// The table of what is in trouble.
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "observe/watch_parts.h"

struct watch *watch_new(void)
{
	struct watch *watch = calloc(1, sizeof(*watch));
	if (watch != NULL)
		watch->limits = (struct watch_limits){ .behind = 300, .delay = 60 };
	return watch;
}

void watch_free(struct watch *watch)
{
	if (watch == NULL)
		return;
	for (size_t i = 0; i < watch->room; i++)
		free(watch->slots[i]);
	free(watch->slots);
	free(watch);
}

size_t watch_count(const struct watch *watch)
{
	return watch->count;
}

static uint32_t hash_of(bool is_primary, const void *key, size_t length)
{
	return (uint32_t)hash_bytes(key, length) ^ (is_primary ? 0x9e3779b9u : 0);
}

// Where it is, or the empty slot where it belongs.
static size_t place_of(const struct watch *watch, uint32_t hash, bool is_primary, const void *key, size_t length)
{
	size_t at = hash & (watch->room - 1);
	for (; watch->slots[at] != NULL; at = (at + 1) & (watch->room - 1)) {
		const struct watched *w = watch->slots[at];
		if (w->hash == hash && w->is_primary == is_primary && w->key_length == length
		    && memcmp(w->key, key, length) == 0)
			break;
	}
	return at;
}

struct watched *watched_find(const struct watch *watch, bool is_primary, const void *key, size_t length)
{
	if (watch->room == 0)
		return NULL;
	return watch->slots[place_of(watch, hash_of(is_primary, key, length), is_primary, key, length)];
}

// Into a table of that many slots, those that keep() says yes to; the rest is freed.
static bool rebuild(struct watch *watch, size_t room, bool (*keep)(struct watched *w))
{
	struct watched **old = watch->slots;
	size_t old_room = watch->room;
	struct watched **slots = calloc(room, sizeof(*slots));
	if (slots == NULL)
		return false;
	watch->slots = slots;
	watch->room = room;
	watch->count = 0;
	for (size_t i = 0; i < old_room; i++) {
		struct watched *w = old[i];
		if (w == NULL)
			continue;
		if (keep != NULL && !keep(w)) {
			free(w);
			continue;
		}
		slots[place_of(watch, w->hash, w->is_primary, w->key, w->key_length)] = w;
		watch->count++;
	}
	free(old);
	return true;
}

struct watched *watched_entry(struct watch *watch, bool is_primary, const void *key, size_t length, int64_t now)
{
	uint32_t hash = hash_of(is_primary, key, length);
	if (watch->count * 2 >= watch->room && !rebuild(watch, watch->room == 0 ? 64 : watch->room * 2, NULL))
		return NULL;
	size_t at = place_of(watch, hash, is_primary, key, length);
	if (watch->slots[at] == NULL) {
		struct watched *w = calloc(1, sizeof(*w) + length);
		if (w == NULL)
			return NULL;
		w->hash = hash;
		w->is_primary = is_primary;
		w->created = now;
		w->key_length = (uint16_t)length;
		memcpy(w->key, key, length);
		watch->slots[at] = w;
		watch->count++;
	}
	return watch->slots[at];
}

static bool was_seen(struct watched *w)
{
	return w->is_seen;
}

static bool is_of_interest(struct watched *w)
{
	for (unsigned a = 0; a < WATCH_ASPECTS; a++)
		if (w->now[a] != 0 || w->told[a] != 0)
			return true;
	return w->changes > 0 || !w->has_version || w->has_error || w->phase != REPLICA_CURRENT || w->behind_since != 0;
}

static size_t room_for(size_t count)
{
	size_t room = 64;
	while (room < count * 4)
		room *= 2;
	return room;
}

void watch_begin_all(struct watch *watch)
{
	for (size_t i = 0; i < watch->room; i++)
		if (watch->slots[i] != NULL)
			watch->slots[i]->is_seen = false;
}

void watch_forget_unseen(struct watch *watch)
{
	if (watch->count > 0)
		(void)rebuild(watch, watch->room, was_seen);
}

void watch_forget_good(struct watch *watch)
{
	for (size_t i = 0; i < watch->room; i++) {
		if (watch->slots[i] != NULL && !is_of_interest(watch->slots[i])) {
			(void)rebuild(watch, room_for(watch->count), is_of_interest);
			return;
		}
	}
}
