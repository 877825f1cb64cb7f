// SPDX-License-Identifier: GPL-3.0-or-later
// What the files of the watch share. Inside src/observe only.
#pragma once

#include "observe/watch.h"

#define WATCH_KEY_MOST (NAME_MAX_WIRE > ADDRESS_TEXT ? NAME_MAX_WIRE : ADDRESS_TEXT)

// A zone or a primary in trouble, or just out of it.
struct watched {
	uint32_t hash;
	uint8_t is_primary, is_seen;
	uint8_t now[WATCH_ASPECTS], told[WATCH_ASPECTS];
	uint8_t changes;        // recoveries told of late, one is forgotten each hour
	int64_t changes_at;
	int64_t since[WATCH_ASPECTS];     // that it is as it is now
	int64_t bad_since[WATCH_ASPECTS]; // that it is not good
	int64_t created;
	// What time alone makes worse.
	int64_t life_since, expires_at, behind_since;
	uint8_t is_held, phase, has_version, has_error, is_secondary;
	uint16_t key_length;
	uint8_t key[]; // origin, or the address as text
};

struct watch {
	struct watch_limits limits;
	struct watched **slots; // open addressing, a power of two; NULL: empty
	size_t room, count;
};

// The entry of that key, made where it is missing; NULL: no memory. Or only found.
struct watched *watched_entry(struct watch *watch, bool is_primary, const void *key, size_t length, int64_t now);
struct watched *watched_find(const struct watch *watch, bool is_primary, const void *key, size_t length);
// Frees what nothing is left to say of.
void watch_forget_good(struct watch *watch);
