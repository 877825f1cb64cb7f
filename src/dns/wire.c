// SPDX-License-Identifier: GPL-3.0-or-later
#include "dns/wire.h"

#include "dns/name.h"

uint64_t wire_read48(struct wire_reader *r)
{
	const uint8_t *p = wire_read_bytes(r, 6);
	return p != NULL ? ((uint64_t)wire_get16(p) << 32) | wire_get32(p + 2) : 0;
}

void wire_read_name(struct wire_reader *r, uint8_t *name)
{
	int took = -1;
	if (!r->failed)
		took = name_unpack(r->start, (size_t)(r->end - r->start),
		                   (size_t)(r->at - r->start), name);
	if (took < 0) {
		r->failed = true;
		name[0] = 0;
		return;
	}
	r->at += took;
}

void wire_write48(struct wire_writer *w, uint64_t value)
{
	uint8_t *p = wire_write_room(w, 6);
	if (p != NULL) {
		wire_put16(p, (uint16_t)(value >> 32));
		wire_put32(p + 2, (uint32_t)value);
	}
}
