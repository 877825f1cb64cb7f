// SPDX-License-Identifier: GPL-3.0-or-later
// Numbers of the protocol (IANA DNS parameters) and their text.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum dns_type {
	TYPE_A = 1, TYPE_NS = 2, TYPE_MD = 3, TYPE_MF = 4, TYPE_CNAME = 5, TYPE_SOA = 6,
	TYPE_MB = 7, TYPE_MG = 8, TYPE_MR = 9, TYPE_NULL = 10, TYPE_WKS = 11,
	TYPE_PTR = 12, TYPE_HINFO = 13, TYPE_MINFO = 14, TYPE_MX = 15, TYPE_TXT = 16,
	TYPE_RP = 17, TYPE_AFSDB = 18, TYPE_SIG = 24, TYPE_KEY = 25, TYPE_AAAA = 28,
	TYPE_LOC = 29, TYPE_NXT = 30, TYPE_SRV = 33, TYPE_NAPTR = 35, TYPE_KX = 36,
	TYPE_DNAME = 39, TYPE_OPT = 41, TYPE_DS = 43, TYPE_RRSIG = 46, TYPE_NSEC = 47,
	TYPE_DNSKEY = 48, TYPE_NSEC3 = 50, TYPE_NSEC3PARAM = 51, TYPE_TLSA = 52,
	TYPE_CDS = 59, TYPE_CDNSKEY = 60, TYPE_ZONEMD = 63, TYPE_SVCB = 64, TYPE_HTTPS = 65,
	TYPE_TKEY = 249, TYPE_TSIG = 250, TYPE_IXFR = 251, TYPE_AXFR = 252,
	TYPE_MAILB = 253, TYPE_MAILA = 254, TYPE_ANY = 255, TYPE_CAA = 257,
};

enum dns_class { CLASS_IN = 1, CLASS_CH = 3, CLASS_HS = 4, CLASS_NONE = 254, CLASS_ANY = 255 };

enum dns_opcode { OPCODE_QUERY = 0, OPCODE_IQUERY = 1, OPCODE_STATUS = 2, OPCODE_NOTIFY = 4, OPCODE_UPDATE = 5 };

enum dns_rcode {
	RCODE_NOERROR = 0, RCODE_FORMERR = 1, RCODE_SERVFAIL = 2, RCODE_NXDOMAIN = 3,
	RCODE_NOTIMP = 4, RCODE_REFUSED = 5, RCODE_YXDOMAIN = 6, RCODE_NOTAUTH = 9,
	RCODE_NOTZONE = 10, RCODE_BADVERS = 16, // also BADSIG inside TSIG
	RCODE_BADKEY = 17, RCODE_BADTIME = 18, RCODE_BADTRUNC = 22,
};

// Extended DNS errors that we send (RFC 8914, 4).
enum dns_ede {
	EDE_NONE = -1, EDE_OTHER = 0, EDE_STALE_ANSWER = 3, EDE_NOT_READY = 14,
	EDE_PROHIBITED = 18, EDE_NOT_AUTHORITATIVE = 20, EDE_NOT_SUPPORTED = 21,
	EDE_INVALID_DATA = 24,
};

// Longest text of a type, class or rcode, with its NUL.
#define DNS_TYPE_TEXT 16

// "A", or "TYPE65280" for what has no mnemonic (RFC 3597). Returns `text`.
const char *dns_type_to_text(uint16_t type, char text[static DNS_TYPE_TEXT]);

// Either form, any case. False where it is neither.
bool dns_type_from_text(const char *text, uint16_t *type);

// "IN", "CLASS17".
const char *dns_class_to_text(uint16_t class, char text[static DNS_TYPE_TEXT]);

// "NXDOMAIN", "RCODE42". Returns `text`.
const char *dns_rcode_to_text(uint16_t rcode, char text[static DNS_TYPE_TEXT]);

// True for OPT, TSIG, TKEY, and the query types 128 to 255: never zone data.
bool dns_type_is_meta(uint16_t type) __attribute__((const));
