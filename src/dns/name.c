// SPDX-License-Identifier: GPL-3.0-or-later
#include "dns/name.h"

#include <string.h>

#include "base/error.h"
#include "dns/lower.h"

#define LABEL_MAX 63
#define POINTER 0xc0 // the two bits that mark one (RFC 1035, 4.1.4)

// Pointers followed in one name. One before each label and one before the root
// are all that a name can use; a longer chain only makes its reader work, and
// the records of a message may all begin with the same one.
#define POINTERS_MAX (NAME_MAX_LABELS + 1)

size_t name_length(const uint8_t *name)
{
	const uint8_t *at = name;
	while (*at != 0)
		at += *at + 1;
	return (size_t)(at - name) + 1;
}

unsigned name_label_count(const uint8_t *name)
{
	unsigned count = 0;
	for (; *name != 0; name += *name + 1)
		count++;
	return count;
}

int name_check(const uint8_t *name, size_t available)
{
	size_t limit = available < NAME_MAX_WIRE ? available : NAME_MAX_WIRE;
	for (size_t at = 0; at < limit; at += (size_t)name[at] + 1) {
		if (name[at] == 0)
			return (int)at + 1;
		if (name[at] > LABEL_MAX)
			return ERR_FORMAT;
	}
	return ERR_FORMAT;
}

int name_unpack(const uint8_t *message, size_t length, size_t offset,
                uint8_t name[static NAME_MAX_WIRE])
{
	size_t at = offset;
	size_t run = offset; // where the present run of labels began: pointers lead before it
	size_t written = 0;
	size_t took = 0;     // set at the first pointer
	unsigned pointers = 0;
	while (at < length) {
		size_t label = message[at];
		if ((label & POINTER) == POINTER) {
			if (length - at < 2)
				return ERR_FORMAT;
			size_t target = ((label & ~(size_t)POINTER) << 8) | message[at + 1];
			if (target >= run || ++pointers > POINTERS_MAX)
				return ERR_FORMAT;
			if (took == 0)
				took = at + 2 - offset;
			at = run = target;
			continue;
		}
		if (label > LABEL_MAX || written + label + 1 > NAME_MAX_WIRE ||
		    label + 1 > length - at)
			return ERR_FORMAT;
		memcpy(name + written, message + at, label + 1);
		written += label + 1;
		at += label + 1;
		if (label == 0)
			return (int)(took != 0 ? took : at - offset);
	}
	return ERR_FORMAT;
}

void name_lower(uint8_t *to, const uint8_t *from)
{
	lower_copy(to, from, name_length(from));
}

bool name_equal(const uint8_t *a, const uint8_t *b)
{
	size_t length = name_length(a);
	return length == name_length(b) && lower_compare(a, b, length) == 0;
}

const uint8_t *name_skip(const uint8_t *name, unsigned labels)
{
	for (; labels > 0 && *name != 0; labels--)
		name += *name + 1;
	return name;
}

// Lengths first: only a suffix that begins at a label can match.
bool name_is_within(const uint8_t *name, const uint8_t *ancestor)
{
	size_t length = name_length(ancestor);
	size_t left = name_length(name);
	while (left > length) {
		left -= (size_t)*name + 1;
		name += *name + 1;
	}
	return left == length && lower_compare(name, ancestor, length) == 0;
}

// Where each label begins, the leftmost first. Returns how many there are.
static unsigned label_places(const uint8_t *name, uint8_t places[static NAME_MAX_LABELS])
{
	unsigned count = 0;
	size_t at = 0;
	for (; name[at] != 0 && count < NAME_MAX_LABELS; at += (size_t)name[at] + 1)
		places[count++] = (uint8_t)at;
	return count;
}

int name_compare(const uint8_t *a, const uint8_t *b)
{
	uint8_t places_a[NAME_MAX_LABELS], places_b[NAME_MAX_LABELS];
	unsigned i = label_places(a, places_a);
	unsigned j = label_places(b, places_b);
	while (i > 0 && j > 0) {
		const uint8_t *x = a + places_a[--i];
		const uint8_t *y = b + places_b[--j];
		int order = lower_compare(x + 1, y + 1, *x < *y ? *x : *y);
		if (order == 0)
			order = *x - *y;
		if (order != 0)
			return order;
	}
	return (int)i - (int)j;
}
