// SPDX-License-Identifier: GPL-3.0-or-later
// The keyed hash of names and of what is looked up beside them.
#pragma once

#include <stddef.h>
#include <stdint.h>

// Chooses the per-process key from the kernel's random source. Call once, early.
void hash_seed_randomly(void);

// For reproducible tests and benchmarks.
void hash_seed_fixed(uint64_t seed);

// The hash of the root name.
uint64_t hash_root(void) __attribute__((pure));

// The hash of the name `label` + the name whose hash is `parent`. The label is
// in lower case, without its length byte, 1 to 63 bytes.
uint64_t hash_label(uint64_t parent, const uint8_t *label, size_t length)
	__attribute__((pure));

// Keyed hash of arbitrary bytes.
uint64_t hash_bytes(const void *data, size_t length) __attribute__((pure));
