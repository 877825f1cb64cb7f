// SPDX-License-Identifier: GPL-3.0-or-later
// The pass over a name that every query pays for.
#include "dns/name.h"

#include <assert.h>

#include "base/error.h"
#include "base/hash.h"
#include "dns/lower.h"

#define LABEL_MAX 63

// Labels are found from the left but hashed from the root, so their places are
// kept between the two. Each takes two bytes at least: below NAME_MAX_WIRE no
// more than this many begin, the last of which can only be the root or wrong.
#define PLACES_MAX (NAME_MAX_LABELS + 1)
static_assert(PLACES_MAX >= (NAME_MAX_WIRE + 1) / 2, "a place for each label that may begin");

static inline void fill(struct qname *q, const uint8_t *bytes, size_t length,
                        const uint8_t *places, unsigned count)
{
	uint64_t hash = hash_root();
	q->length = (uint8_t)length;
	q->label_count = (uint8_t)count;
	q->offset[0] = (uint8_t)(length - 1);
	q->hash[0] = hash;
	lower_copy(q->wire, bytes, length);
	for (unsigned n = 1; n <= count; n++) {
		size_t place = places[count - n];
		q->offset[n] = (uint8_t)place;
		hash = hash_label(hash, q->wire + place + 1, q->wire[place]);
		q->hash[n] = hash;
	}
}

void qname_init(struct qname *q, const uint8_t *name)
{
	uint8_t places[PLACES_MAX];
	unsigned count = 0;
	size_t at = 0;
	for (; name[at] != 0; at += (size_t)name[at] + 1)
		places[count++] = (uint8_t)at;
	fill(q, name, at + 1, places, count);
}

int qname_parse(struct qname *q, const uint8_t *bytes, size_t available)
{
	uint8_t places[PLACES_MAX];
	unsigned count = 0;
	size_t limit = available < NAME_MAX_WIRE ? available : NAME_MAX_WIRE;
	for (size_t at = 0; at < limit; at += (size_t)bytes[at] + 1) {
		if (bytes[at] == 0) {
			fill(q, bytes, at + 1, places, count);
			return (int)at + 1;
		}
		if (bytes[at] > LABEL_MAX)
			return ERR_FORMAT;
		places[count++] = (uint8_t)at;
	}
	return ERR_FORMAT;
}
