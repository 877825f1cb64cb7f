// SPDX-License-Identifier: GPL-3.0-or-later
// Whether rdata is well formed for its type: first by the layout that libknot
// describes, then, where that says only "the rest", by the rules of the type.
// What is merely odd passes: a primary that serves it must be followed.
#include "base/error.h"
#include "dns/message.h"
#include "dns/rdata_layout.h"
#include "dns/types.h"

int rdata_naptr_head(const uint8_t *rdata, size_t length)
{
	size_t at = 4;
	for (int i = 0; i < 3; i++) {
		if (at >= length)
			return ERR_FORMAT;
		at += (size_t)rdata[at] + 1;
	}
	return at <= length ? (int)at : ERR_FORMAT;
}

// The checks below fail the reader where something is wrong; what they leave
// unread is too much.

static void skip_string(struct wire_reader *r)
{
	wire_read_bytes(r, wire_read8(r));
}

// One or more (RFC 1035, 3.3.14).
static void skip_strings(struct wire_reader *r)
{
	do {
		skip_string(r);
	} while (!r->failed && wire_reader_left(r) > 0);
}

static void skip_name(struct wire_reader *r)
{
	int length = name_check(r->at, wire_reader_left(r));
	if (length < 0)
		r->failed = true;
	else
		wire_read_bytes(r, (size_t)length);
}

// So many bytes at least, then anything.
static void skip_rest(struct wire_reader *r, size_t minimum)
{
	if (wire_reader_left(r) < minimum)
		r->failed = true;
	wire_read_bytes(r, wire_reader_left(r));
}

// Windows in rising order, each of 1 to 32 bytes (RFC 4034, 4.1.2).
static void skip_bitmap(struct wire_reader *r)
{
	int last = -1;
	while (!r->failed && wire_reader_left(r) > 0) {
		int window = wire_read8(r);
		size_t length = wire_read8(r);
		if (window <= last || length < 1 || length > 32)
			r->failed = true;
		wire_read_bytes(r, length);
		last = window;
	}
}

// RFC 5155, 3.2.
static void skip_nsec3(struct wire_reader *r)
{
	wire_read32(r); // algorithm, flags, iterations
	skip_string(r); // salt
	if (wire_reader_left(r) > 0 && *r->at == 0)
		r->failed = true; // no next hash
	skip_string(r);
	skip_bitmap(r);
}

// RFC 4025, 2.
static void skip_ipseckey(struct wire_reader *r)
{
	wire_read8(r); // precedence
	unsigned gateway = wire_read8(r);
	wire_read8(r); // algorithm
	switch (gateway) {
	case 0: break;
	case 1: wire_read_bytes(r, 4); break;
	case 2: wire_read_bytes(r, 16); break;
	case 3: skip_name(r); break;
	default: r->failed = true;
	}
	skip_rest(r, 0);
}

// Parameters with rising keys (RFC 9460, 2.2).
static void skip_svcb(struct wire_reader *r)
{
	int last = -1;
	wire_read16(r); // priority
	skip_name(r);
	while (!r->failed && wire_reader_left(r) > 0) {
		int key = wire_read16(r);
		wire_read_bytes(r, wire_read16(r));
		if (key <= last)
			r->failed = true;
		last = key;
	}
}

// Any number of items, none included (RFC 3123, 4).
static void skip_apl(struct wire_reader *r)
{
	while (!r->failed && wire_reader_left(r) > 0) {
		wire_read_bytes(r, 3); // family, prefix
		wire_read_bytes(r, wire_read8(r) & 0x7f);
	}
}

// RFC 8659, 4.1.
static void skip_caa(struct wire_reader *r)
{
	wire_read8(r); // flags
	if (wire_reader_left(r) > 0 && *r->at == 0)
		r->failed = true; // no tag
	skip_string(r);
	skip_rest(r, 0);
}

static void skip_remainder(struct wire_reader *r, uint16_t type)
{
	switch (type) {
	case TYPE_HINFO: skip_string(r); skip_string(r); break;
	case TYPE_TXT: case KNOT_RRTYPE_SPF: skip_strings(r); break;
	case TYPE_SIG: case TYPE_RRSIG: skip_rest(r, 1); break;
	case TYPE_KEY: case KNOT_RRTYPE_URI: skip_rest(r, 4); break;
	case KNOT_RRTYPE_CERT: skip_rest(r, 6); break;
	case TYPE_DS: case TYPE_CDS: case TYPE_DNSKEY: case TYPE_CDNSKEY:
		skip_rest(r, 5);
		break;
	case KNOT_RRTYPE_SSHFP: skip_rest(r, 3); break;
	case TYPE_TLSA: case KNOT_RRTYPE_SMIMEA: skip_rest(r, 4); break;
	case KNOT_RRTYPE_DHCID: case KNOT_RRTYPE_OPENPGPKEY: skip_rest(r, 1); break;
	case TYPE_ZONEMD: skip_rest(r, 7); break;
	case TYPE_NSEC: skip_bitmap(r); break;
	case TYPE_NSEC3: skip_nsec3(r); break;
	case TYPE_NSEC3PARAM: wire_read32(r); skip_string(r); break;
	case KNOT_RRTYPE_CSYNC: wire_read_bytes(r, 6); skip_bitmap(r); break;
	case KNOT_RRTYPE_IPSECKEY: skip_ipseckey(r); break;
	case TYPE_SVCB: case TYPE_HTTPS: skip_svcb(r); break;
	case KNOT_RRTYPE_APL: skip_apl(r); break;
	case TYPE_CAA: skip_caa(r); break;
	default: skip_rest(r, 0); // unknown types too (RFC 3597)
	}
}

static void skip_block(struct wire_reader *r, uint16_t type, int block)
{
	switch (block) {
	case KNOT_RDATA_WF_FIXED_DNAME:
	case KNOT_RDATA_WF_COMPRESSIBLE_DNAME:
	case KNOT_RDATA_WF_DECOMPRESSIBLE_DNAME:
		skip_name(r);
		break;
	case KNOT_RDATA_WF_NAPTR_HEADER:
		wire_read32(r);
		for (int i = 0; i < 3; i++)
			skip_string(r);
		break;
	case KNOT_RDATA_WF_REMAINDER:
		skip_remainder(r, type);
		break;
	default:
		wire_read_bytes(r, (size_t)block);
	}
}

int rdata_check(uint16_t type, const uint8_t *rdata, size_t length)
{
	struct wire_reader r;
	wire_reader_init(&r, rdata, length);
	for (const int *block = rdata_layout(type); *block != KNOT_RDATA_WF_END; block++)
		skip_block(&r, type, *block);
	return r.failed || wire_reader_left(&r) > 0 ? ERR_FORMAT : 0;
}
