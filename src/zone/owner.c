// SPDX-License-Identifier: GPL-3.0-or-later
#include "zone/owner.h"

#include <string.h>

#include "base/hash.h"
#include "dns/name.h"

// Where labels begin, from the left. Returns how many.
static unsigned owner_split(struct owner owner, uint8_t places[static NAME_MAX_LABELS])
{
	unsigned count = 0;
	for (size_t at = 0; at < owner.length; at += (size_t)owner.labels[at] + 1)
		places[count++] = (uint8_t)at;
	return count;
}

int owner_compare(struct owner a, struct owner b)
{
	uint8_t a_places[NAME_MAX_LABELS], b_places[NAME_MAX_LABELS];
	unsigned a_count = owner_split(a, a_places), b_count = owner_split(b, b_places);
	while (a_count > 0 && b_count > 0) {
		const uint8_t *x = a.labels + a_places[--a_count], *y = b.labels + b_places[--b_count];
		int difference = memcmp(x + 1, y + 1, *x < *y ? *x : *y);
		if (difference == 0)
			difference = *x - *y;
		if (difference != 0)
			return difference;
	}
	return (int)a_count - (int)b_count;
}

uint64_t owner_prefix(struct owner owner)
{
	// A single label that begins with eight octets above 1, as NSEC3 owners do.
	if (owner.length > sizeof(uint64_t) && owner.length == (size_t)owner.labels[0] + 1) {
		const uint64_t ones = UINT64_C(0x0101010101010101);
		uint64_t first;
		memcpy(&first, owner.labels + 1, sizeof(first));
		if (((first - 2 * ones) & ~first & (0x80 * ones)) == 0)
			return __builtin_bswap64(first);
	}
	uint8_t places[NAME_MAX_LABELS], key[8] = { 0 };
	unsigned count = owner_split(owner, places);
	size_t filled = 0;
	while (count > 0 && filled < sizeof(key)) {
		const uint8_t *label = owner.labels + places[--count];
		for (unsigned i = 1; i <= *label && filled < sizeof(key); ++i) {
			if (label[i] > 1) {
				key[filled++] = label[i];
				continue;
			}
			key[filled++] = 1;
			if (filled < sizeof(key))
				key[filled++] = (uint8_t)(label[i] + 1);
		}
		++filled; // 00 stands there
	}
	uint64_t prefix;
	memcpy(&prefix, key, sizeof(prefix));
	return __builtin_bswap64(prefix);
}

uint64_t owner_hash(uint64_t apex, struct owner owner)
{
	size_t first = owner.length > 0 ? (size_t)owner.labels[0] + 1 : 0;
	if (first == owner.length)
		return first == 0 ? apex : hash_label(apex, owner.labels + 1, owner.labels[0]);
	uint8_t places[NAME_MAX_LABELS];
	for (unsigned count = owner_split(owner, places); count > 0; --count) {
		const uint8_t *label = owner.labels + places[count - 1];
		apex = hash_label(apex, label + 1, *label);
	}
	return apex;
}
