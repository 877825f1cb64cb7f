// SPDX-License-Identifier: GPL-3.0-or-later
// Which rdata every scanner reads back from its own presentation form. What is
// legal on the wire but cannot be said there (a tag with a space, a bitmap
// with a trailing zero), or what scanners disagree about, is written in the
// form of RFC 3597 instead, so that a written zone file is always loadable and
// always the same zone.
#include "dns/rdata_plain.h"

#include "dns/rdata_layout.h"
#include "dns/types.h"
#include "dns/wire.h"

static bool is_alphanumeric(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool all_alphanumeric(const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (!is_alphanumeric(bytes[i]))
			return false;
	}
	return true;
}

static bool type_is_plain(uint16_t type)
{
	return type != 0 && type != TYPE_NULL && !knot_rrtype_is_metatype(type);
}

// No trailing zero (RFC 4034, 4.1.2 forbids it), no type that scanners refuse.
static bool bitmap_is_plain(const uint8_t *bitmap, size_t length)
{
	struct wire_reader r;
	wire_reader_init(&r, bitmap, length);
	while (wire_reader_left(&r) > 0) {
		unsigned window = wire_read8(&r);
		size_t size = wire_read8(&r);
		const uint8_t *bits = wire_read_bytes(&r, size);
		if (bits == NULL || size == 0 || bits[size - 1] == 0)
			return false;
		for (unsigned n = 0; window == 0 && n < size * 8; n++) {
			bool set = (bits[n / 8] & (0x80u >> n % 8)) != 0;
			if (set && !type_is_plain((uint16_t)n))
				return false;
		}
	}
	return true;
}

static bool nsec_is_plain(const uint8_t *rdata, size_t length)
{
	size_t next = name_length(rdata);
	return bitmap_is_plain(rdata + next, length - next);
}

// A hash whose base32 form would need padding is written with and without it.
static bool nsec3_is_plain(const uint8_t *rdata, size_t length)
{
	size_t hash = 5 + (size_t)rdata[4];
	size_t bitmap = hash + 1 + rdata[hash];
	return rdata[hash] % 5 == 0 && bitmap_is_plain(rdata + bitmap, length - bitmap);
}

// Degrees and sizes that RFC 1876, 3 can write. A mantissa of zero has one form.
static bool loc_is_plain(const uint8_t *rdata)
{
	static const uint32_t equator = UINT32_C(1) << 31;
	static const uint32_t degree = 3600 * 1000;
	uint32_t latitude = wire_get32(rdata + 4), longitude = wire_get32(rdata + 8);
	for (int i = 1; i <= 3; i++) { // size, precisions
		unsigned mantissa = rdata[i] >> 4, exponent = rdata[i] & 15;
		if (mantissa > 9 || exponent > 9 || (mantissa == 0 && exponent > 0))
			return false;
	}
	return rdata[0] == 0 &&
	       latitude >= equator - 90 * degree && latitude <= equator + 90 * degree &&
	       longitude >= equator - 180 * degree && longitude <= equator + 180 * degree;
}

static bool apl_is_plain(const uint8_t *rdata, size_t length)
{
	for (size_t at = 0; at < length;) {
		unsigned family = wire_get16(rdata + at), prefix = rdata[at + 2];
		size_t size = rdata[at + 3] & 0x7f;
		size_t full = family == 1 ? 4 : family == 2 ? 16 : 0;
		at += 4 + size;
		if (full == 0 || prefix > full * 8 || size > full ||
		    (size > 0 && rdata[at - 1] == 0))
			return false;
	}
	return true;
}

// Flags that say "no key" (RFC 2535, 3.1.2) should go without one, but scanners
// differ on how that looks.
static bool key_is_plain(const uint8_t *rdata, size_t length)
{
	return (rdata[0] & 0xc0) != 0xc0 && length > 4;
}

// A key where there is an algorithm for it (RFC 4025, 2.4), and only there.
static bool ipseckey_is_plain(const uint8_t *rdata, size_t length)
{
	size_t gateway = 0;
	switch (rdata[1]) {
	case 1: gateway = 4; break;
	case 2: gateway = 16; break;
	case 3: gateway = name_length(rdata + 3); break;
	default: break;
	}
	return (rdata[2] != 0) == (length > 3 + gateway);
}

// Times as dates; second 0 would be written as the one after the last.
static bool rrsig_is_plain(const uint8_t *rdata)
{
	return type_is_plain(wire_get16(rdata)) && wire_get32(rdata + 8) != 0 &&
	       wire_get32(rdata + 12) != 0;
}

struct svcb_parameter {
	unsigned key;
	size_t length;
	const uint8_t *value;
};

static bool svcb_has_key(const uint8_t *parameters, size_t length, unsigned key)
{
	for (size_t at = 0; at < length; at += 4 + (size_t)wire_get16(parameters + at + 2)) {
		if (wire_get16(parameters + at) == key)
			return true;
	}
	return false;
}

// Keys in order, each there (RFC 9460, 8).
static bool mandatory_is_plain(const struct svcb_parameter *p, const uint8_t *parameters,
                               size_t length)
{
	unsigned last = 0;
	if (p->length == 0 || p->length % 2 != 0)
		return false;
	for (size_t i = 0; i < p->length; i += 2) {
		unsigned key = wire_get16(p->value + i);
		if (key <= last || !svcb_has_key(parameters, length, key))
			return false;
		last = key;
	}
	return true;
}

// Identifiers that need no escape, of which there are two levels here
// (RFC 9460, A.1) and scanners differ. libzscanner stumbles over those of one
// character that have another behind them.
static bool alpn_is_plain(const struct svcb_parameter *p)
{
	if (p->length == 0)
		return false;
	for (size_t at = 0; at < p->length;) {
		size_t size = p->value[at++];
		if (size < 2 || size > p->length - at)
			return false;
		for (; size > 0; size--, at++) {
			uint8_t c = p->value[at];
			if (!is_alphanumeric(c) && c != '-' && c != '.' && c != '/' && c != '_')
				return false;
		}
	}
	return true;
}

static bool svcb_parameter_is_plain(const struct svcb_parameter *p,
                                    const uint8_t *parameters, size_t length)
{
	switch (p->key) {
	case 0: return mandatory_is_plain(p, parameters, length);
	case 1: return alpn_is_plain(p);
	case 2: return p->length == 0; // no-default-alpn
	case 3: return p->length == 2; // port
	case 4: return p->length > 0 && p->length % 4 == 0; // ipv4hint
	case 5: return p->length > 0; // ech
	case 6: return p->length > 0 && p->length % 16 == 0; // ipv6hint
	case 7: return p->length > 0 && p->value[0] == '/'; // dohpath
	default: return true;
	}
}

static bool svcb_is_plain(const uint8_t *rdata, size_t length)
{
	size_t head = 2 + name_length(rdata + 2);
	const uint8_t *parameters = rdata + head;
	length -= head;
	for (size_t at = 0; at < length;) {
		struct svcb_parameter p = { wire_get16(parameters + at),
			wire_get16(parameters + at + 2), parameters + at + 4 };
		if (!svcb_parameter_is_plain(&p, parameters, length))
			return false;
		at += 4 + p.length;
	}
	return true;
}

bool rdata_is_plain(uint16_t type, const uint8_t *rdata, size_t length)
{
	switch (type) {
	case TYPE_NULL: case TYPE_SIG: return false;
	case TYPE_KEY: return key_is_plain(rdata, length);
	case TYPE_LOC: return loc_is_plain(rdata);
	case KNOT_RRTYPE_IPSECKEY: return ipseckey_is_plain(rdata, length);
	case KNOT_RRTYPE_APL: return apl_is_plain(rdata, length);
	case TYPE_RRSIG: return rrsig_is_plain(rdata);
	case TYPE_NSEC: return nsec_is_plain(rdata, length);
	case TYPE_NSEC3: return nsec3_is_plain(rdata, length);
	case KNOT_RRTYPE_CSYNC: return bitmap_is_plain(rdata + 6, length - 6);
	case TYPE_SVCB: case TYPE_HTTPS: return svcb_is_plain(rdata, length);
	case TYPE_CAA: return all_alphanumeric(rdata + 2, rdata[1]);
	default:
		return !dns_type_is_meta(type) &&
		       knot_get_rdata_descriptor(type)->type_name != NULL;
	}
}
