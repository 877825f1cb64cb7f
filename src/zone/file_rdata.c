// SPDX-License-Identifier: GPL-3.0-or-later
#include "zone/file_rdata.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netdb.h>
#include <nettle/base64.h>
#include <stdlib.h>
#include <string.h>

#include "dns/name.h"

// --- the parts of rdata

static void put(struct rdata_builder *b, const void *bytes, size_t length)
{
	if (b->full || b->room - b->length < length) {
		b->full = true;
		return;
	}
	if (length > 0)
		memcpy(b->bytes + b->length, bytes, length);
	b->length += length;
}

static void put_number(struct rdata_builder *b, uint32_t value, size_t bytes)
{
	uint8_t wire[4];
	for (size_t i = 0; i < bytes; i++)
		wire[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
	put(b, wire, bytes);
}

static bool number(struct rdata_builder *b, struct line_cursor *cursor, size_t bytes)
{
	struct line_word word;
	uint32_t value;
	uint32_t max = bytes == 4 ? UINT32_MAX : ((uint32_t)1 << (8 * bytes)) - 1;
	if (!line_next(cursor, &word) || !line_number(&word, max, &value))
		return false;
	put_number(b, value, bytes);
	return true;
}

static bool word_name(struct rdata_builder *b, const struct line_word *word)
{
	uint8_t wire[NAME_MAX_WIRE];
	int length = line_name(word, b->origin, wire);
	if (length < 0)
		return false;
	put(b, wire, (size_t)length);
	return true;
}

static bool name(struct rdata_builder *b, struct line_cursor *cursor)
{
	struct line_word word;
	return line_next(cursor, &word) && word_name(b, &word);
}

static bool word_address(struct rdata_builder *b, const struct line_word *word, int family)
{
	char text[64];
	uint8_t wire[16];
	if (word->length >= sizeof text)
		return false;
	memcpy(text, word->text, word->length);
	text[word->length] = '\0';
	if (inet_pton(family, text, wire) != 1)
		return false;
	put(b, wire, family == AF_INET ? 4 : 16);
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Hex digits in pairs; dots between them count for nothing where `dots` is set.
static bool word_hex(struct rdata_builder *b, const char *text, size_t length, bool dots)
{
	int high = -1;
	for (size_t i = 0; i < length; i++) {
		if (dots && text[i] == '.')
			continue;
		int digit = hex_digit(text[i]);
		if (digit < 0)
			return false;
		if (high < 0) {
			high = digit;
		} else {
			put_number(b, (uint32_t)(high << 4 | digit), 1);
			high = -1;
		}
	}
	return high < 0;
}

// All words up to the end, or the one word, in base 64.
static bool base64(struct rdata_builder *b, struct line_cursor *cursor, bool rest)
{
	struct base64_decode_ctx state;
	struct line_word word;
	size_t words = 0;
	base64_decode_init(&state);
	while ((rest || words == 0) && line_next(cursor, &word)) {
		words++;
		size_t room = b->room - b->length;
		if (b->full || BASE64_DECODE_LENGTH(word.length) > room) {
			b->full = true;
			return false;
		}
		if (!base64_decode_update(&state, &room, b->bytes + b->length, word.length, word.text))
			return false;
		b->length += room;
	}
	return words > 0 && base64_decode_final(&state);
}

// --- the types

static bool wks_protocol(struct rdata_builder *b, const struct line_word *word, const char **protocol)
{
	uint32_t value;
	bool tcp = line_is(word, "TCP");
	if (!tcp && !line_is(word, "UDP") && !line_number(word, 255, &value))
		return false;
	if (tcp || line_is(word, "UDP"))
		value = tcp ? IPPROTO_TCP : IPPROTO_UDP;
	*protocol = value == IPPROTO_TCP ? "tcp" : value == IPPROTO_UDP ? "udp" : NULL;
	put_number(b, value, 1);
	return true;
}

static bool wks_port(const struct line_word *word, const char *protocol, uint32_t *port)
{
	char text[64], buffer[1024];
	struct servent entry, *found = NULL;
	if (line_number(word, 65535, port))
		return true;
	if (word->length >= sizeof text || word->length == 0 || protocol == NULL)
		return false;
	for (size_t i = 0; i < word->length; i++)
		text[i] = (char)tolower((unsigned char)word->text[i]);
	text[word->length] = '\0';
	if (getservbyname_r(text, protocol, &entry, buffer, sizeof buffer, &found) != 0 || found == NULL)
		return false;
	*port = ntohs((uint16_t)found->s_port);
	return true;
}

bool rdata_wks(struct rdata_builder *b, struct line_cursor *cursor)
{
	struct line_word word;
	const char *protocol;
	uint8_t ports[65536 / 8] = { 0 };
	size_t length = 0;
	if (!line_next(cursor, &word) || !word_address(b, &word, AF_INET) || !line_next(cursor, &word) ||
	    !wks_protocol(b, &word, &protocol))
		return false;
	while (line_next(cursor, &word)) {
		uint32_t port;
		if (!wks_port(&word, protocol, &port))
			return false;
		ports[port / 8] |= (uint8_t)(0x80 >> (port % 8));
		if (port / 8 + 1 > length)
			length = port / 8 + 1;
	}
	put(b, ports, length);
	return true;
}

bool rdata_nsap(struct rdata_builder *b, struct line_cursor *cursor)
{
	struct line_word word;
	return line_next(cursor, &word) && word.length > 2 && strncasecmp(word.text, "0x", 2) == 0 &&
	       word_hex(b, word.text + 2, word.length - 2, true) && b->length > 0;
}

bool rdata_px(struct rdata_builder *b, struct line_cursor *cursor)
{
	return number(b, cursor, 2) && name(b, cursor) && name(b, cursor);
}

bool rdata_nxt(struct rdata_builder *b, struct line_cursor *cursor)
{
	struct line_word word;
	uint8_t types[16] = { 0 };
	size_t length = 0;
	if (!name(b, cursor))
		return false;
	while (line_next(cursor, &word)) {
		uint16_t type;
		if (!file_type_from_word(&word, &type) || type > 127)
			return false;
		types[type / 8] |= (uint8_t)(0x80 >> (type % 8));
		if (type / 8u + 1 > length)
			length = type / 8u + 1;
	}
	put(b, types, length);
	return true;
}

bool rdata_hex(struct rdata_builder *b, struct line_cursor *cursor)
{
	struct line_word word;
	while (line_next(cursor, &word))
		if (!word_hex(b, word.text, word.length, false))
			return false;
	return b->length > 0;
}

bool rdata_atma(struct rdata_builder *b, struct line_cursor *cursor)
{
	struct line_word word;
	if (!line_next(cursor, &word) || word.length < 2)
		return false;
	if (word.text[0] != '+') {
		put_number(b, 0, 1);
		return word_hex(b, word.text, word.length, true);
	}
	put_number(b, 1, 1);
	for (size_t i = 1; i < word.length; i++) {
		if (word.text[i] == '.')
			continue;
		if (word.text[i] < '0' || word.text[i] > '9')
			return false;
		put(b, word.text + i, 1);
	}
	return true;
}

bool rdata_a6(struct rdata_builder *b, struct line_cursor *cursor)
{
	struct line_word word;
	uint8_t address[16] = { 0 };
	struct rdata_builder whole = { address, 0, sizeof address, false, b->origin };
	uint32_t prefix;
	if (!line_next(cursor, &word) || !line_number(&word, 128, &prefix))
		return false;
	put_number(b, prefix, 1);
	if (prefix < 128) {
		if (!line_next(cursor, &word) || !word_address(&whole, &word, AF_INET6))
			return false;
		// The suffix alone, its pad bits zero.
		address[prefix / 8] &= (uint8_t)(0xff >> (prefix % 8));
		put(b, address + prefix / 8, 16 - prefix / 8);
	}
	return prefix == 0 || name(b, cursor);
}

bool rdata_sink(struct rdata_builder *b, struct line_cursor *cursor)
{
	return number(b, cursor, 1) && number(b, cursor, 1) && number(b, cursor, 1) && base64(b, cursor, true);
}

bool rdata_hip(struct rdata_builder *b, struct line_cursor *cursor)
{
	struct line_word word;
	uint32_t algorithm;
	if (!line_next(cursor, &word) || !line_number(&word, 255, &algorithm))
		return false;
	put_number(b, 0, 1); // length of the identity tag, known below
	put_number(b, algorithm, 1);
	put_number(b, 0, 2); // length of the key
	if (!line_next(cursor, &word) || !word_hex(b, word.text, word.length, false))
		return false;
	size_t tag = b->length - 4;
	if (tag == 0 || tag > 255 || !base64(b, cursor, false))
		return false;
	size_t key = b->length - 4 - tag;
	b->bytes[0] = (uint8_t)tag;
	b->bytes[2] = (uint8_t)(key >> 8);
	b->bytes[3] = (uint8_t)key;
	while (line_next(cursor, &word))
		if (!word_name(b, &word))
			return false;
	return key > 0;
}

bool rdata_dsync(struct rdata_builder *b, struct line_cursor *cursor)
{
	struct line_word word;
	uint16_t type;
	uint32_t scheme = 1;
	if (!line_next(cursor, &word) || !file_type_from_word(&word, &type))
		return false;
	put_number(b, type, 2);
	if (!line_next(cursor, &word) || (!line_is(&word, "NOTIFY") && !line_number(&word, 255, &scheme)))
		return false;
	put_number(b, scheme, 1);
	return number(b, cursor, 2) && name(b, cursor);
}

static bool string(struct rdata_builder *b, struct line_cursor *cursor)
{
	struct line_word word;
	if (!line_next(cursor, &word) || word.length > 255 || memchr(word.text, '\\', word.length) != NULL)
		return false;
	put_number(b, (uint32_t)word.length, 1);
	put(b, word.text, word.length);
	return true;
}

bool rdata_doa(struct rdata_builder *b, struct line_cursor *cursor)
{
	struct line_cursor ahead;
	struct line_word word;
	if (!number(b, cursor, 4) || !number(b, cursor, 4) || !number(b, cursor, 1) || !string(b, cursor))
		return false;
	ahead = *cursor;
	if (line_next(&ahead, &word) && line_is(&word, "-")) {
		*cursor = ahead;
		return true;
	}
	return base64(b, cursor, true);
}

bool rdata_amtrelay(struct rdata_builder *b, struct line_cursor *cursor)
{
	struct line_word word;
	uint32_t discovery, kind;
	if (!number(b, cursor, 1) || !line_next(cursor, &word) || !line_number(&word, 1, &discovery) ||
	    !line_next(cursor, &word) || !line_number(&word, 3, &kind))
		return false;
	put_number(b, discovery << 7 | kind, 1);
	if (!line_next(cursor, &word))
		return false;
	switch (kind) {
	case 0: return line_is(&word, ".");
	case 1: return word_address(b, &word, AF_INET);
	case 2: return word_address(b, &word, AF_INET6);
	default: return word_name(b, &word);
	}
}
