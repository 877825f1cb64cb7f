// SPDX-License-Identifier: GPL-3.0-or-later
#include "answer/names.h"

#include <assert.h>
#include <string.h>

#include "base/bytes.h"
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

// Bytes that differ in more than bit 5 are not the same letter: the first and
// the last tell most labels apart.
static inline bool same_label(const uint8_t *a, const uint8_t *b)
{
	unsigned length = a[0];
	if (length != b[0] || (((a[1] ^ b[1]) | (a[length] ^ b[length])) & ~0x20u) != 0)
		return false;
	return bytes_equal(a + 1, b + 1, length) || lower_compare(a + 1, b + 1, length) == 0;
}

static inline unsigned find(const struct names *names, const uint8_t *message, unsigned parent,
                            const uint8_t *label, uint8_t bucket)
{
	for (unsigned n = names->bucket[bucket]; n != 0; n = names->node[n].next) {
		const struct names_node *node = &names->node[n];
		if (node->parent == parent && same_label(message + node->at, label))
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

void names_start(struct names *names, const struct qname *question, unsigned common)
{
	names->count = 1;
	names->fixed = 0;
	names->common = 0;
	names->question = question;
	if (question == NULL)
		return;
	names->fixed = question->label_count;
	names->count = question->label_count + 1u;
	names->common = common;
	names->common_name = question->wire + question->offset[common];
	names->common_length = (size_t)question->length - question->offset[common];
}

// The name's labels that stand in the question, from the root: *left loses them.
// Returns the node of the last.
static inline unsigned match_question(const struct names *names, const uint8_t *name, const uint8_t *places,
                                      unsigned *left)
{
	const struct qname *question = names->question;
	unsigned node = 0, count = *left;
	if (names->common != 0 && count >= names->common) {
		size_t at = places[count - names->common];
		// The labels' lengths are among the bytes, so equal bytes are equal labels;
		// letters that differ in case are left to the slower way.
		if (places[count] + 1u - at == names->common_length &&
		    bytes_equal(name + at, names->common_name, names->common_length)) {
			node = names->common;
			count -= names->common;
		}
	}
	while (count > 0 && node < names->fixed &&
	       same_label(name + places[count - 1], question->wire + question->offset[node + 1])) {
		--count;
		++node;
	}
	*left = count;
	return node;
}

static inline uint16_t place_of(const struct names *names, unsigned node)
{
	return node <= names->fixed ? (uint16_t)(MESSAGE_HEADER + names->question->offset[node]) : names->node[node].at;
}

uint16_t names_write(struct names *names, struct wire_writer *w, const uint8_t *name)
{
	uint8_t places[NAME_MAX_LABELS + 1];
	unsigned left = 0;
	size_t at = 0;
	for (; name[at] != 0; at += (size_t)name[at] + 1)
		places[left++] = (uint8_t)at;
	places[left] = (uint8_t)at;

	uint8_t bucket = 0;
	unsigned node = match_question(names, name, places, &left);
	if (left > 0 && names->count == names->fixed + 1)
		memset(names->bucket, 0, sizeof(names->bucket));
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
	bytes_copy(to, name, fresh);
	if (node != 0)
		wire_put16(to + fresh, (uint16_t)(POINTER | place_of(names, node)));
	else
		to[fresh] = 0;
	if (left == 0)
		return node != 0 ? place_of(names, node) : 0;

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
