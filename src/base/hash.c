// SPDX-License-Identifier: GPL-3.0-or-later
// Labels are mixed by folded 64x64→128-bit products with secret operands: two
// multiplications a label. Who does not know the key cannot aim at a bucket,
// and what a collision costs is bounded by the index in any case.
#include "base/hash.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

// The key: odd or not does not matter, each word only has to be unknown.
static struct {
	uint64_t root, low, high, last, bytes;
} key = { 0x9ae16a3b2f90404full, 0xc949c7defeb46d31ull, 0xb492b66fbe98f273ull,
          0x9fb21c651e98df25ull, 0x8bb84b93962eacc9ull };

__extension__ typedef unsigned __int128 wide;

static uint64_t fold(uint64_t a, uint64_t b)
{
	wide product = (wide)a * b;
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t load64(const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof(v));
	return v;
}

static uint64_t load32(const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return v;
}

void hash_seed_fixed(uint64_t seed)
{
	uint64_t words[5];
	for (size_t i = 0; i < 5; ++i)
		words[i] = XXH3_64bits_withSeed(&i, sizeof(i), seed);
	memcpy(&key, words, sizeof(key));
}

void hash_seed_randomly(void)
{
	if (getrandom(&key, sizeof(key), 0) == (ssize_t)sizeof(key))
		return;
	// Kernels without getrandom(2) are older than all that we support; a guess
	// is still better than a key that everyone can read in the source.
	hash_seed_fixed(clock_boot_ns() ^ (uint64_t)clock_wall_ns());
}

uint64_t hash_root(void)
{
	return key.root;
}

uint64_t hash_label(uint64_t parent, const uint8_t *label, size_t length)
{
	uint64_t low, high, state = parent + length;
	const uint8_t *end = label + length;
	for (; length > 16; label += 16, length -= 16)
		state = fold(load64(label) ^ key.low ^ state, load64(label + 8) ^ key.high);
	if (length >= 8) {
		low = load64(label);
		high = load64(end - 8);
	} else if (length >= 4) {
		low = load32(label) << 32 | load32(end - 4);
		high = 0;
	} else {
		low = length == 0 ? 0 : (uint64_t)label[0] << 16 | (uint64_t)label[length / 2] << 8 | end[-1];
		high = 0;
	}
	return fold(fold(low ^ key.low ^ state, high ^ key.high) ^ key.last, state ^ key.root);
}

uint64_t hash_bytes(const void *data, size_t length)
{
	return XXH3_64bits_withSeed(data, length, key.bytes);
}
