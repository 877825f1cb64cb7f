// SPDX-License-Identifier: GPL-3.0-or-later
// Inside dns/ only: how libknot describes the rdata of a type.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <libknot/descriptor.h>

// Positive: so many bytes; negative: a name or a variable part, see
// enum knot_rdata_wireformat; 0 ends the list.
static inline const int *rdata_layout(uint16_t type)
{
	const knot_rdata_descriptor_t *descriptor = knot_get_rdata_descriptor(type);
	if (descriptor->type_name == NULL) // obsolete ones are in a table of their own
		descriptor = knot_get_obsolete_rdata_descriptor(type);
	return descriptor->block_types;
}

// Bytes of the part of a NAPTR before its name: order, preference and three
// character strings (RFC 3403, 4.1). ERR_FORMAT where it is longer than `length`.
int rdata_naptr_head(const uint8_t *rdata, size_t length);
