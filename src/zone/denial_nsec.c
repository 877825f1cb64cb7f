// SPDX-License-Identifier: GPL-3.0-or-later
// Denial by NSEC (RFC 4034, 4): the tree of names that have one.
#include "zone/denial.h"

enum zone_denial zone_denial(const struct zone_version *version)
{
	const struct denial *d = version_denial(version);
	if (d == NULL)
		return ZONE_UNSIGNED;
	if (d->active != 0)
		return ZONE_NSEC3;
	return d->nsec.root != 0 ? ZONE_NSEC : ZONE_UNSIGNED;
}

const struct zone_node *zone_nsec_find(const struct zone_version *version, const struct qname *q, bool *exact)
{
	const struct denial *d = version_denial(version);
	*exact = false;
	if (d == NULL || d->nsec.root == 0)
		return NULL;
	struct owner owner = owner_relative(q, q->label_count, version->line->label_count);
	arena_ref ref = order_find(&d->nsec, owner, exact);
	return arena_at(ref != 0 ? ref : order_last(&d->nsec));
}
