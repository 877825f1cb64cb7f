// SPDX-License-Identifier: GPL-3.0-or-later
// Name compression (RFC 1035, 4.1.4): a tree of the labels that stand in the
// message so far, from the root upward. One look-up a label, each verified
// against the message itself, so there is no copy of a name and no allocation.
#pragma once

#include <stdint.h>

#include "dns/name.h"
#include "dns/wire.h"

// A name that does not find room in the tree is written in full: the bound
// costs bytes, never correctness. 160 labels hold the names of about 60
// records below one zone.
#define NAMES_NODES 160
#define NAMES_BUCKETS 64
#define NAMES_FARTHEST 0x3fffu // what 14 bits of a pointer reach

struct names_node {
	uint16_t at;    // offset of the label in the message
	uint8_t parent; // node of the name without this label
	uint8_t next;   // in the bucket
	uint8_t bucket;
};

// Node 0 is the root; nodes 1 to `fixed` are the question's labels from the root
// upward, which are known from the question alone. What is written goes into
// `node` and `bucket`, which are nobody's before the first name has. Valid after
// names_start().
struct names {
	unsigned count;
	unsigned fixed;
	const struct qname *question;
	unsigned common;             // labels of the question that most names end in, 0: unknown
	const uint8_t *common_name;  // those, in lower case
	size_t common_length;
	uint8_t bucket[NAMES_BUCKETS];
	struct names_node node[NAMES_NODES];
};

// Empties the tree of all but the question (NULL: none), whose name stands right
// behind the header. Most names to come end in its last `common` labels: those
// are compared at once.
void names_start(struct names *names, const struct qname *question, unsigned common);

// Appends an uncompressed name to the writer, sharing what the message has of
// it, without regard to case. Returns the offset at which the name may be
// pointed to, or 0 where it may not (the root, too far, or the writer is full).
uint16_t names_write(struct names *names, struct wire_writer *w, const uint8_t *name);

// Forgets what was added since names->count was `count`.
void names_rewind(struct names *names, unsigned count);
