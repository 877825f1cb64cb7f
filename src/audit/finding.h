// SPDX-License-Identifier: GPL-3.0-or-later
// What is wrong: the kinds there are, and those found. Inside src/audit only.
#pragma once

#include "audit/audit.h"
#include "config/pool.h"

enum finding_id {
	FINDING_NO_DELEGATION, FINDING_PARENT_SILENT, FINDING_PARENT_DIFFERS,
	FINDING_NS_ONLY_PARENT, FINDING_NS_ONLY_ZONE, FINDING_NS_DIFFERS,
	FINDING_GLUE_MISSING, FINDING_GLUE_INCOMPLETE, FINDING_GLUE_STALE, FINDING_GLUE_UNNEEDED,
	FINDING_NS_ALIAS, FINDING_NS_NO_ADDRESS, FINDING_NS_UNRESOLVABLE, FINDING_NS_PRIVATE,
	FINDING_NO_ANSWER, FINDING_NO_UDP, FINDING_NO_TCP, FINDING_LAME_REFUSED, FINDING_LAME_SERVFAIL,
	FINDING_LAME_NXDOMAIN, FINDING_LAME_NOT_AUTHORITATIVE, FINDING_LAME_OTHER,
	FINDING_SERIAL_BEHIND, FINDING_CONTENT_DIFFERS,
	FINDING_OPEN_TRANSFER, FINDING_RECURSION_OFFERED, FINDING_OPEN_RESOLVER,
	FINDING_EDNS_MISSING, FINDING_EDNS_VERSION, FINDING_EDNS_OPTION, FINDING_EDNS_DO, FINDING_EDNS_BUFFER,
	FINDING_UDP_OVERSIZE, FINDING_TRUNCATION,
	FINDING_SOA_REFRESH, FINDING_SOA_RETRY, FINDING_SOA_EXPIRE_SHORT, FINDING_SOA_EXPIRE,
	FINDING_SOA_NEGATIVE, FINDING_SOA_MNAME, FINDING_SOA_RNAME,
	FINDING_FEW_SERVERS, FINDING_SAME_NETWORK, FINDING_SAME_ORIGIN,
	FINDING_DS_MISMATCH, FINDING_DS_PARTIAL, FINDING_DS_MISSING, FINDING_SIGNATURES_MISSING,
	FINDING_SIGNATURE_EXPIRED, FINDING_SIGNATURE_EARLY, FINDING_SIGNATURE_SOON,
	FINDING_SIGNATURE_OUTLIVED, FINDING_SIGNATURES_DIFFER,
	FINDING_NOT_CONFIGURED, FINDING_NOTIFY_REFUSED, FINDING_NOTIFY_MISSING,
	FINDING_TRANSFER_DENIED, FINDING_TRANSFER_ANYONE, FINDING_TRANSFER_KEYLESS, FINDING_KEY_WEAK,
	FINDING_PRIMARY_SILENT, FINDING_PRIMARY_REFUSES, FINDING_KEY_REFUSED, FINDING_CLOCK_OFF,
	FINDING_NOT_LISTED, FINDING_NOT_READY, FINDING_NO_ROUTE, FINDING_INCOMPLETE,
	FINDING_COUNT,
};

// What is the same for all findings of a kind.
struct finding_kind {
	const char *id;     // for machines
	enum audit_severity severity;
	const char *title;  // a clause
	const char *why;    // sentences
	const char *mend;   // sentences, unless the finding has its own
};
extern const struct finding_kind finding_kinds[FINDING_COUNT];

struct finding {
	struct finding *next;
	enum finding_id id;
	enum audit_severity severity;
	const char *server;  // a name, NULL none
	const char *address; // NULL none
	const char *what;    // a sentence without its subject where there is a server or an address
	const char *mend;
};

struct findings {
	struct pool *pool;
	struct finding *first, *last;
	uint32_t counts[3];  // by severity
	uint32_t total;
};

#define FINDINGS_MOST 400 // beyond, they are counted only

// `server` (wire) and `address` may be NULL. The address is written without the
// port `port`. Never NULL: what is beyond the bound goes nowhere.
struct finding *finding_add(struct findings *findings, enum finding_id id, const uint8_t *server,
                            const struct sockaddr_storage *address, uint16_t port, const char *format, ...)
	__attribute__((format(printf, 6, 7)));

// Another severity, or other words, than its kind has.
void finding_set_severity(struct findings *findings, struct finding *finding, enum audit_severity severity);
void finding_set_mend(struct findings *findings, struct finding *finding, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

// By severity, worst first, and by kind.
void findings_sort(struct findings *findings);
