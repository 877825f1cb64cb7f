// SPDX-License-Identifier: GPL-3.0-or-later
#include "dns/types.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include <libknot/descriptor.h>

struct mnemonic {
	uint16_t number;
	const char *text;
};

// What IANA has registered and libknot does not know.
static const struct mnemonic more_types[] = {
	{ 3, "MD" }, { 4, "MF" }, { 7, "MB" }, { 8, "MG" }, { 9, "MR" }, { 11, "WKS" },
	{ 19, "X25" }, { 20, "ISDN" }, { 22, "NSAP" }, { 23, "NSAP-PTR" }, { 26, "PX" },
	{ 27, "GPOS" }, { 30, "NXT" }, { 31, "EID" }, { 32, "NIMLOC" }, { 34, "ATMA" },
	{ 38, "A6" }, { 40, "SINK" }, { 55, "HIP" }, { 56, "NINFO" }, { 57, "RKEY" },
	{ 58, "TALINK" }, { 66, "DSYNC" }, { 67, "HHIT" }, { 68, "BRID" },
	{ 100, "UINFO" }, { 101, "UID" }, { 102, "GID" }, { 103, "UNSPEC" },
	{ 128, "NXNAME" }, { 253, "MAILB" }, { 254, "MAILA" }, { 258, "AVC" },
	{ 259, "DOA" }, { 260, "AMTRELAY" }, { 261, "RESINFO" }, { 262, "WALLET" },
	{ 263, "CLA" }, { 264, "IPN" }, { 32768, "TA" }, { 32769, "DLV" },
};

static const struct mnemonic rcodes[] = {
	{ RCODE_NOERROR, "NOERROR" }, { RCODE_FORMERR, "FORMERR" },
	{ RCODE_SERVFAIL, "SERVFAIL" }, { RCODE_NXDOMAIN, "NXDOMAIN" },
	{ RCODE_NOTIMP, "NOTIMP" }, { RCODE_REFUSED, "REFUSED" },
	{ RCODE_YXDOMAIN, "YXDOMAIN" }, { 7, "YXRRSET" }, { 8, "NXRRSET" },
	{ RCODE_NOTAUTH, "NOTAUTH" }, { RCODE_NOTZONE, "NOTZONE" }, { 11, "DSOTYPENI" },
	{ RCODE_BADVERS, "BADVERS" }, { RCODE_BADKEY, "BADKEY" },
	{ RCODE_BADTIME, "BADTIME" }, { 19, "BADMODE" }, { 20, "BADNAME" },
	{ 21, "BADALG" }, { RCODE_BADTRUNC, "BADTRUNC" }, { 23, "BADCOOKIE" },
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

// The mnemonic of a number, or `prefix` and the number in decimal.
static const char *to_text(const struct mnemonic *table, size_t count, uint16_t number,
                           const char *prefix, char text[static DNS_TYPE_TEXT])
{
	for (size_t i = 0; i < count; i++) {
		if (table[i].number == number) {
			snprintf(text, DNS_TYPE_TEXT, "%s", table[i].text);
			return text;
		}
	}
	snprintf(text, DNS_TYPE_TEXT, "%s%u", prefix, number);
	return text;
}

static bool is_generic(const char *text)
{
	return strncasecmp(text, "TYPE", 4) == 0;
}

const char *dns_type_to_text(uint16_t type, char text[static DNS_TYPE_TEXT])
{
	if (knot_rrtype_to_string(type, text, DNS_TYPE_TEXT) > 0 && !is_generic(text))
		return text;
	return to_text(more_types, COUNT(more_types), type, "TYPE", text);
}

// "TYPE" and up to five digits that make a number of 16 bits.
static bool generic_from_text(const char *text, uint16_t *type)
{
	unsigned long value = 0;
	const char *at = text + 4;
	if (!is_generic(text) || *at == '\0')
		return false;
	for (; *at != '\0'; at++) {
		if (*at < '0' || *at > '9')
			return false;
		value = value * 10 + (unsigned long)(*at - '0');
		if (value > UINT16_MAX)
			return false;
	}
	*type = (uint16_t)value;
	return true;
}

bool dns_type_from_text(const char *text, uint16_t *type)
{
	if (is_generic(text))
		return generic_from_text(text, type);
	for (size_t i = 0; i < COUNT(more_types); i++) {
		if (strcasecmp(text, more_types[i].text) == 0) {
			*type = more_types[i].number;
			return true;
		}
	}
	return knot_rrtype_from_string(text, type) == 0;
}

const char *dns_class_to_text(uint16_t class, char text[static DNS_TYPE_TEXT])
{
	static const struct mnemonic classes[] = {
		{ CLASS_IN, "IN" }, { CLASS_CH, "CH" }, { CLASS_HS, "HS" },
		{ CLASS_NONE, "NONE" }, { CLASS_ANY, "ANY" },
	};
	return to_text(classes, COUNT(classes), class, "CLASS", text);
}

const char *dns_rcode_to_text(uint16_t rcode, char text[static DNS_TYPE_TEXT])
{
	return to_text(rcodes, COUNT(rcodes), rcode, "RCODE", text);
}

bool dns_type_is_meta(uint16_t type)
{
	return type == TYPE_OPT || (type >= 128 && type <= 255);
}
