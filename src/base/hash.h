// SPDX-License-Identifier: GPL-3.0-or-later
// The keyed hash of names and of what is looked up beside them.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

// Chooses the per-process key from the kernel's random source. Call once, early.
void hash_seed_randomly(void);

// The part of the key that names are hashed with: HASH_NAMES_KEY bytes. One that
// was kept may take its place, so that what was written in the order of the
// hashes is in order again, before any name is hashed and any thread starts.
#define HASH_NAMES_KEY 32u
void hash_names_key(uint8_t key[static HASH_NAMES_KEY]);
void hash_take_names_key(const uint8_t key[static HASH_NAMES_KEY]);

// For reproducible tests and benchmarks.
void hash_seed_fixed(uint64_t seed);

// Labels are mixed by folded 64x64→128-bit products with secret operands: two
// multiplications a label. Who does not know the key cannot aim at a bucket,
// and what a collision costs is bounded by the index in any case.
//
// The key: odd or not does not matter, each word only has to be unknown. Written
// before any thread starts; for hash_label() alone.
struct hash_key {
	uint64_t root, low, high, last, bytes;
};
extern struct hash_key hash_key __attribute__((visibility("hidden")));

__extension__ typedef unsigned __int128 hash_wide;

static inline uint64_t hash_fold(uint64_t a, uint64_t b)
{
	hash_wide product = (hash_wide)a * b;
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t hash_load64(const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint64_t hash_load32(const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return v;
}

// The hash of the root name.
static inline uint64_t hash_root(void)
{
	return hash_key.root;
}

// The hash of the name `label` + the name whose hash is `parent`. The label is
// in lower case, without its length byte, 1 to 63 bytes. Inline: every name asked
// for goes through it label by label.
static inline uint64_t hash_label(uint64_t parent, const uint8_t *label, size_t length)
{
	uint64_t low, high = 0, state = parent + length;
	const uint8_t *end = label + length;
	for (; length > 16; label += 16, length -= 16)
		state = hash_fold(hash_load64(label) ^ hash_key.low ^ state, hash_load64(label + 8) ^ hash_key.high);
	if (length >= 8) {
		low = hash_load64(label);
		high = hash_load64(end - 8);
	} else if (length >= 4) {
		low = hash_load32(label) << 32 | hash_load32(end - 4);
	} else {
		low = length == 0 ? 0 : (uint64_t)label[0] << 16 | (uint64_t)label[length / 2] << 8 | end[-1];
	}
	return hash_fold(hash_fold(low ^ hash_key.low ^ state, high ^ hash_key.high) ^ hash_key.last,
	                 state ^ hash_key.root);
}

// Keyed hash of arbitrary bytes.
uint64_t hash_bytes(const void *data, size_t length) __attribute__((pure));

// Of arbitrary bytes, without the key: the same for good, for what is stored. Not
// for what strangers may choose.
uint64_t hash_for_good(const void *data, size_t length) __attribute__((pure));
