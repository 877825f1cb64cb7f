// SPDX-License-Identifier: GPL-3.0-or-later
#include "audit/networks.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

// Address bytes in network order; returns their number.
static unsigned address_bytes(const struct sockaddr_storage *address, uint8_t bytes[static 16])
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	if (address->ss_family == AF_INET) {
		memcpy(&in, address, sizeof in);
		memcpy(bytes, &in.sin_addr, 4);
		return 4;
	}
	memcpy(&in6, address, sizeof in6);
	memcpy(bytes, &in6.sin6_addr, 16);
	return 16;
}

const char *network_of(const struct sockaddr_storage *address, char text[static NETWORK_TEXT])
{
	uint8_t bytes[16];
	char address_text[INET6_ADDRSTRLEN];
	unsigned length = address_bytes(address, bytes), kept = length == 4 ? 3 : 6;
	memset(bytes + kept, 0, length - kept);
	inet_ntop(address->ss_family, bytes, address_text, sizeof address_text);
	snprintf(text, NETWORK_TEXT, "%s/%u", address_text, kept * 8);
	return text;
}

const char *network_reserved(const struct sockaddr_storage *address)
{
	static const struct {
		uint8_t length, value[2], mask[2]; // of the first two bytes
		const char *word;
	} ranges[] = { // IANA's registries of special-purpose addresses
		{ 4, { 10, 0 }, { 255, 0 }, "private" },
		{ 4, { 172, 16 }, { 255, 240 }, "private" },
		{ 4, { 192, 168 }, { 255, 255 }, "private" },
		{ 4, { 100, 64 }, { 255, 192 }, "carrier-internal" },
		{ 4, { 169, 254 }, { 255, 255 }, "link-local" },
		{ 4, { 127, 0 }, { 255, 0 }, "loopback" },
		{ 4, { 0, 0 }, { 255, 0 }, "reserved" },
		{ 4, { 224, 0 }, { 224, 0 }, "reserved" },
		{ 16, { 0xfc, 0 }, { 0xfe, 0 }, "private" },
		{ 16, { 0xfe, 0x80 }, { 0xff, 0xc0 }, "link-local" },
		{ 16, { 0xff, 0 }, { 0xff, 0 }, "reserved" },
	};
	uint8_t bytes[16];
	unsigned length = address_bytes(address, bytes);
	if (length == 16 && memcmp(bytes, &in6addr_loopback, 16) == 0)
		return "loopback";
	for (unsigned i = 0; i < sizeof ranges / sizeof *ranges; i++)
		if (ranges[i].length == length && (bytes[0] & ranges[i].mask[0]) == ranges[i].value[0] &&
		    (bytes[1] & ranges[i].mask[1]) == ranges[i].value[1])
			return ranges[i].word;
	return NULL;
}

static void origin_name(const struct sockaddr_storage *address, char text[static NAME_MAX_TEXT])
{
	uint8_t bytes[16];
	size_t at = 0;
	if (address_bytes(address, bytes) == 4) {
		snprintf(text, NAME_MAX_TEXT, "%u.%u.%u.%u.origin.asn.cymru.com", bytes[3], bytes[2], bytes[1], bytes[0]);
		return;
	}
	// The route of a site is of its first 64 bits.
	for (unsigned i = 8; i-- > 0;)
		at += (size_t)snprintf(text + at, NAME_MAX_TEXT - at, "%x.%x.", bytes[i] & 15u, bytes[i] >> 4);
	snprintf(text + at, NAME_MAX_TEXT - at, "origin6.asn.cymru.com");
}

// "13335 | 1.1.1.0/24 | AU | apnic | 2011-08-11": the first number.
static uint32_t read_origin(const struct reply_record *txt)
{
	uint32_t value = 0;
	for (unsigned i = 1; i < txt->length && i <= txt->rdata[0]; i++) {
		uint8_t c = txt->rdata[i];
		if (c < '0' || c > '9' || value > UINT32_MAX / 10 - 1)
			break;
		value = value * 10 + c - '0';
	}
	return value;
}

uint32_t network_origin(struct resolver *resolver, const struct sockaddr_storage *address)
{
	char text[NAME_MAX_TEXT];
	uint8_t name[NAME_MAX_WIRE];
	struct lookup lookup;
	origin_name(address, text);
	int length = name_from_text(text, name);
	if (length < 0)
		return 0;
	resolver_look_up(resolver, pool_copy(resolver->pool, name, (size_t)length), TYPE_TXT, &lookup);
	if (lookup.state != LOOKUP_FOUND)
		return 0;
	const struct reply_record *txt = reply_find(lookup.reply, SECTION_ANSWER, lookup.name, TYPE_TXT, NULL);
	return txt == NULL ? 0 : read_origin(txt);
}
