// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/hash.h"

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

struct hash_key hash_key = { 0x9ae16a3b2f90404full, 0xc949c7defeb46d31ull, 0xb492b66fbe98f273ull,
                             0x9fb21c651e98df25ull, 0x8bb84b93962eacc9ull };

void hash_seed_fixed(uint64_t seed)
{
	uint64_t words[5];
	for (size_t i = 0; i < 5; ++i)
		words[i] = XXH3_64bits_withSeed(&i, sizeof(i), seed);
	memcpy(&hash_key, words, sizeof(hash_key));
}

void hash_seed_randomly(void)
{
	if (getrandom(&hash_key, sizeof(hash_key), 0) == (ssize_t)sizeof(hash_key))
		return;
	// Kernels without getrandom(2) are older than all that we support; a guess
	// is still better than a key that everyone can read in the source.
	hash_seed_fixed(clock_boot_ns() ^ (uint64_t)clock_wall_ns());
}

static_assert(offsetof(struct hash_key, bytes) == HASH_NAMES_KEY, "what names are hashed with comes first");

void hash_names_key(uint8_t key[static HASH_NAMES_KEY])
{
	memcpy(key, &hash_key, HASH_NAMES_KEY);
}

void hash_take_names_key(const uint8_t key[static HASH_NAMES_KEY])
{
	memcpy(&hash_key, key, HASH_NAMES_KEY);
}

uint64_t hash_bytes(const void *data, size_t length)
{
	return XXH3_64bits_withSeed(data, length, hash_key.bytes);
}

uint64_t hash_for_good(const void *data, size_t length)
{
	return XXH3_64bits(data, length);
}
