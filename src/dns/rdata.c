// SPDX-License-Identifier: GPL-3.0-or-later
// Rdata off the wire, and its canonical order.
#include <string.h>

#include "base/error.h"
#include "dns/lower.h"
#include "dns/message.h"
#include "dns/rdata_layout.h"

// Where the walk over one record's rdata stands.
struct unpacking {
	const uint8_t *message;
	size_t length;  // of the message
	size_t at, end; // in the message
	uint8_t *rdata;
	size_t written;
};

static int copy(struct unpacking *u, size_t count)
{
	if (count > u->end - u->at)
		return ERR_FORMAT;
	if (count > RDATA_MAX - u->written)
		return ERR_RANGE;
	memcpy(u->rdata + u->written, u->message + u->at, count);
	u->written += count;
	u->at += count;
	return 0;
}

// Names come before anything long, so that there is always room for one.
static int unpack_name(struct unpacking *u)
{
	int took = name_unpack(u->message, u->length, u->at, u->rdata + u->written);
	if (took < 0 || (size_t)took > u->end - u->at)
		return ERR_FORMAT;
	u->at += (size_t)took;
	u->written += name_length(u->rdata + u->written);
	return 0;
}

static int unpack_blocks(struct unpacking *u, const int *block)
{
	int error = 0;
	for (; error == 0; block++) {
		switch (*block) {
		case KNOT_RDATA_WF_COMPRESSIBLE_DNAME:
		case KNOT_RDATA_WF_DECOMPRESSIBLE_DNAME:
			error = unpack_name(u);
			break;
		case KNOT_RDATA_WF_NAPTR_HEADER: {
			int head = rdata_naptr_head(u->message + u->at, u->end - u->at);
			error = head < 0 ? head : copy(u, (size_t)head);
			break;
		}
		case KNOT_RDATA_WF_FIXED_DNAME:
		case KNOT_RDATA_WF_REMAINDER:
		case KNOT_RDATA_WF_END:
			return copy(u, u->end - u->at); // what is wrong here the check finds
		default:
			error = copy(u, (size_t)*block);
		}
	}
	return error;
}

int rdata_unpack(const uint8_t *message, size_t length,
                 const struct message_record *record, uint8_t *rdata)
{
	size_t at = (size_t)(record->rdata - message);
	struct unpacking u = { message, length, at, at + record->rdata_length, rdata, 0 };
	int error = unpack_blocks(&u, rdata_layout(record->type));
	if (error == 0)
		error = rdata_check(record->type, rdata, u.written);
	return error != 0 ? error : (int)u.written;
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

// Compares up to the last name of the layout. Where both were equal so far,
// the parts of both begin at the same places, so those of `a` serve for both.
// *at gets how far it came.
static int compare_names(const int *block, const uint8_t *a, size_t a_length,
                         const uint8_t *b, size_t common, size_t *at)
{
	for (; *block != KNOT_RDATA_WF_END && *block != KNOT_RDATA_WF_REMAINDER; block++) {
		int part = *block, order;
		if (*block == KNOT_RDATA_WF_NAPTR_HEADER)
			part = rdata_naptr_head(a + *at, a_length - *at);
		else if (*block < 0)
			part = name_check(a + *at, a_length - *at);
		if (part < 0)
			break;
		size_t length = smaller((size_t)part, common - *at);
		if (*block < 0 && *block != KNOT_RDATA_WF_NAPTR_HEADER)
			order = lower_compare(a + *at, b + *at, length);
		else
			order = memcmp(a + *at, b + *at, length);
		if (order != 0)
			return order;
		*at += length;
		if (length < (size_t)part)
			break;
	}
	return 0;
}

int rdata_compare(uint16_t type, const uint8_t *a, size_t a_length,
                  const uint8_t *b, size_t b_length)
{
	size_t common = smaller(a_length, b_length), at = 0;
	int order = 0;
	if (knot_rrtype_should_be_lowercased(type))
		order = compare_names(rdata_layout(type), a, a_length, b, common, &at);
	if (order == 0 && common > at)
		order = memcmp(a + at, b + at, common - at);
	if (order == 0 && a_length != b_length)
		order = a_length < b_length ? -1 : 1;
	return order;
}

void rdata_to_canonical(uint16_t type, uint8_t *rdata, size_t length)
{
	if (!knot_rrtype_should_be_lowercased(type))
		return;
	size_t at = 0;
	for (const int *block = rdata_layout(type); *block != KNOT_RDATA_WF_END && *block != KNOT_RDATA_WF_REMAINDER; block++) {
		int part = *block;
		if (*block == KNOT_RDATA_WF_NAPTR_HEADER)
			part = rdata_naptr_head(rdata + at, length - at);
		else if (*block < 0)
			part = name_check(rdata + at, length - at);
		if (part < 0 || (size_t)part > length - at)
			return;
		if (*block < 0 && *block != KNOT_RDATA_WF_NAPTR_HEADER)
			lower_copy(rdata + at, rdata + at, (size_t)part);
		at += (size_t)part;
	}
}

int soa_read(const uint8_t *rdata, size_t length, struct soa *soa)
{
	struct wire_reader r;
	wire_reader_init(&r, rdata, length);
	for (int i = 0; i < 2; i++) { // MNAME, RNAME
		int name = name_check(r.at, wire_reader_left(&r));
		if (name < 0)
			return ERR_FORMAT;
		wire_read_bytes(&r, (size_t)name);
	}
	soa->serial = wire_read32(&r);
	soa->refresh = wire_read32(&r);
	soa->retry = wire_read32(&r);
	soa->expire = wire_read32(&r);
	soa->minimum = wire_read32(&r);
	return r.failed || wire_reader_left(&r) > 0 ? ERR_FORMAT : 0;
}
