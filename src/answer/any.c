// SPDX-License-Identifier: GPL-3.0-or-later
// Questions that ask for a node rather than for a type of it.
#include "answer/reply.h"

// RFC 8482, 4.1 and 7: over UDP, where the source may be forged, one set
// stands for all.
static bool gives_one(const struct reply *r)
{
	return r->identity->minimal_any && r->answer->over_udp;
}

bool reply_any(struct reply *r, const struct zone_node *node)
{
	struct rrset set, signatures;
	uint16_t covered;
	if (gives_one(r)) {
		if (!zone_node_set(node, 0, &set, &covered))
			return false;
		reply_require(r, owner_of_name(r), &set, reply_signatures(r, node, set.type, &signatures),
		              TTL_AS_STORED);
		return true;
	}
	unsigned index = 0;
	for (; zone_node_set(node, index, &set, &covered); index++)
		if (!reply_require(r, owner_of_name(r), &set, NULL, TTL_AS_STORED))
			break;
	return index > 0 || r->truncated;
}

bool reply_all_signatures(struct reply *r, const struct zone_node *node)
{
	struct rrset set;
	uint16_t covered;
	bool any = false;
	for (unsigned index = 0; zone_node_set(node, index, &set, &covered); index++) {
		if (covered == 0)
			continue;
		any = true;
		if (!reply_require(r, owner_of_name(r), &set, NULL, TTL_AS_STORED) || gives_one(r))
			break;
	}
	return any;
}
