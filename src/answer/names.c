// SPDX-License-Identifier: GPL-3.0-or-later
#include "answer/names.h"

#include <assert.h>
#include <string.h>

#include "dns/lower.h"
#include "dns/message.h"

static_assert(NAMES_NODES <= UINT8_MAX, "a node is named by one byte");
static_assert(NAMES_NODES > NAME_MAX_LABELS, "a question's labels find room");
static_assert((NAMES_BUCKETS & (NAMES_BUCKETS - 1)) == 0, "a bucket is chosen by a mask");

#define POINTER 0xc000u

// Names in one reply differ in their last letter or digit more often than
// anywhere else (ns1, ns2, …), so a few bytes tell labels apart well enough.
// Bit 5 set makes letters of both cases alike; what else it makes alike only
// shares a bucket.
static inline uint8_t bucket_of(unsigned parent, const uint8_t *label)
{
	unsigned length = label[0];
	unsigned hash = parent * 37u + length * 5u + (label[1] | 0x20u) * 3u +
	                (label[(length + 1) / 2] | 0x20u) * 7u + (label[length] | 0x20u) * 11u;
	return (uint8_t)((hash ^ (hash >> 6)) & (NAMES_BUCKETS - 1));
}

static inline unsigned find(const struct names *names, const uint8_t *message, unsigned parent,
                     const uint8_t *label, uint8_t bucket)
{
	for (unsigned n = names->bucket[bucket]; n != 0; n = names->node[n].next) {
		const struct names_node *node = &names->node[n];
		const uint8_t *there = message + node->at;
		if (node->parent == parent && there[0] == label[0] &&
		    lower_compare(there + 1, label + 1, label[0]) == 0)
			return n;
	}
	return 0;
}

// Returns the new node, or 0 where the tree takes no more.
static inline unsigned add(struct names *names, unsigned parent, size_t at, uint8_t bucket)
{
	unsigned n = names->count;
	if (n >= NAMES_NODES || at > NAMES_FARTHEST)
		return 0;
	names->node[n] = (struct names_node){ (uint16_t)at, (uint8_t)parent, names->bucket[bucket], bucket };
	names->bucket[bucket] = (uint8_t)n;
	names->count = n + 1;
	return n;
}

void names_start(struct names *names, const uint8_t *message, const struct qname *question, unsigned common)
{
	unsigned parent = 0;
	names->count = 1;
	names->common = 0;
	memset(names->bucket, 0, sizeof(names->bucket));
	if (question == NULL)
		return;
	// A question always fits: its labels are the nodes from 1 on.
	for (unsigned i = 1; i <= question->label_count; i++) {
		size_t at = MESSAGE_HEADER + (size_t)question->offset[i];
		parent = add(names, parent, at, bucket_of(parent, message + at));
	}
	names->common = common;
	names->common_name = question->wire + question->offset[common];
	names->common_length = (size_t)question->length - question->offset[common];
}

// Whether the name ends in the common labels; letters that differ in case are
// left to the slower way.
static inline bool ends_in_common(const struct names *names, const uint8_t *name,
                                  const uint8_t *places, unsigned count)
{
	if (names->common == 0 || count < names->common)
		return false;
	size_t at = places[count - names->common], length = places[count] + 1u - at;
	// The labels' lengths are among the bytes, so equal bytes are equal labels.
	return length == names->common_length && memcmp(name + at, names->common_name, length) == 0;
}

uint16_t names_write(struct names *names, struct wire_writer *w, const uint8_t *name)
{
	uint8_t places[NAME_MAX_LABELS + 1];
	unsigned left = 0, node = 0;
	size_t at = 0;
	for (; name[at] != 0; at += (size_t)name[at] + 1)
		places[left++] = (uint8_t)at;
	places[left] = (uint8_t)at;

	uint8_t bucket = 0;
	if (ends_in_common(names, name, places, left)) {
		node = names->common;
		left -= names->common;
	}
	for (; left > 0; left--) {
		const uint8_t *label = name + places[left - 1];
		bucket = bucket_of(node, label);
		unsigned child = find(names, w->start, node, label, bucket);
		if (child == 0)
			break;
		node = child;
	}

	size_t start = wire_writer_length(w), fresh = places[left];
	uint8_t *to = wire_write_room(w, fresh + (node != 0 ? 2 : 1));
	if (to == NULL)
		return 0;
	memcpy(to, name, fresh);
	if (node != 0)
		wire_put16(to + fresh, (uint16_t)(POINTER | names->node[node].at));
	else
		to[fresh] = 0;
	if (left == 0)
		return node != 0 ? names->node[node].at : 0;

	for (unsigned parent = node; left > 0; left--) {
		parent = add(names, parent, start + places[left - 1], bucket);
		if (parent == 0)
			break;
		if (left > 1)
			bucket = bucket_of(parent, name + places[left - 2]);
	}
	return start <= NAMES_FARTHEST ? (uint16_t)start : 0;
}

void names_rewind(struct names *names, unsigned count)
{
	while (names->count > count) {
		const struct names_node *node = &names->node[--names->count];
		names->bucket[node->bucket] = node->next;
	}
}
