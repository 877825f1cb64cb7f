// SPDX-License-Identifier: GPL-3.0-or-later
#include "guard/crowd.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "dns/types.h"

struct limits {
	uint32_t records, types; // UINT32_MAX: none
	char *why;
};

static int check_set(const struct limits *limits, const uint8_t *owner, const struct rrset *set)
{
	char name[NAME_MAX_TEXT], type[DNS_TYPE_TEXT];

	if (set->count <= limits->records)
		return 0;
	snprintf(limits->why, 256, "%.150s has %u records of type %s, max-records-per-type is %" PRIu32,
	         name_to_text(owner, name), set->count, dns_type_to_text(set->type, type), limits->records);
	return ERR_HELD;
}

static int check_types(const struct limits *limits, const uint8_t *owner, unsigned types)
{
	char name[NAME_MAX_TEXT];

	if (types <= limits->types)
		return 0;
	snprintf(limits->why, 256, "%.150s has %u types of records, max-types-per-name is %" PRIu32,
	         name_to_text(owner, name), types, limits->types);
	return ERR_HELD;
}

static int check_node(const struct limits *limits, const uint8_t *owner, const struct zone_node *node)
{
	struct rrset set;
	uint16_t covered;
	unsigned types = 0;
	int error = 0;

	for (unsigned i = 0; error == 0 && zone_node_set(node, i, &set, &covered); i++) {
		types += set.type != TYPE_RRSIG;
		error = check_set(limits, owner, &set);
	}
	return error != 0 ? error : check_types(limits, owner, types);
}

static int check_added(const struct limits *limits, const struct zone_version *version, const struct delta *delta)
{
	struct delta_cursor cursor;
	struct delta_record record;
	enum delta_phase phase;
	const uint8_t *last = NULL;
	int error = 0;

	delta_cursor_start(&cursor, delta);
	while (error == 0 && delta_cursor_next(&cursor, &phase, &record)) {
		struct qname q;
		const struct zone_node *node;
		if (phase != DELTA_ADDED || (last != NULL && name_equal(last, record.owner)))
			continue;
		last = record.owner;
		qname_init(&q, record.owner);
		node = zone_node_at(version, &q);
		// Owners of NSEC3 stand elsewhere; each has one record.
		if (node != NULL)
			error = check_node(limits, record.owner, node);
	}
	return error;
}

static int check_all(const struct limits *limits, const struct zone_version *version)
{
	struct zone_cursor cursor;
	struct rrset set;
	uint8_t owner[NAME_MAX_WIRE] = { 0 };
	size_t length = 0;
	unsigned types = 0;
	int error = 0;

	zone_cursor_start(&cursor, version);
	while (error == 0 && zone_cursor_next(&cursor, &set)) {
		if (cursor.owner_length != length || memcmp(cursor.owner, owner, length) != 0) {
			length = cursor.owner_length;
			memcpy(owner, cursor.owner, length);
			// Of the apex its SOA came before everything else.
			types = set.type != TYPE_SOA && name_equal(owner, zone_origin(version));
		}
		types += set.type != TYPE_RRSIG;
		error = check_set(limits, owner, &set);
		if (error == 0)
			error = check_types(limits, owner, types);
	}
	return error;
}

int crowd_check(const struct zone_version *version, const struct delta *delta, uint32_t max_records_per_type,
                uint32_t max_types_per_name, char why[static 256])
{
	struct limits limits = {
		.records = max_records_per_type != 0 ? max_records_per_type : UINT32_MAX,
		.types = max_types_per_name != 0 ? max_types_per_name : UINT32_MAX,
		.why = why,
	};

	if (max_records_per_type == 0 && max_types_per_name == 0)
		return 0;
	return delta != NULL ? check_added(&limits, version, delta) : check_all(&limits, version);
}
