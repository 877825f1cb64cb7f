// SPDX-License-Identifier: GPL-3.0-or-later
// Whether all servers have the newest version, and the same one.
#include <string.h>

#include "audit/checks.h"
#include "dns/serial.h"

static void check_serial(const struct facts *facts, const struct server *server, struct findings *findings)
{
	uint32_t serial = server->soa.serial;
	if (serial == facts->wanted)
		return;
	if (serial_newer(facts->wanted, serial))
		finding_add(findings, FINDING_SERIAL_BEHIND, AT_SERVER(facts, server),
		            "has serial %u; the newest seen is %u.", serial, facts->wanted);
	else
		finding_add(findings, FINDING_SERIAL_BEHIND, AT_SERVER(facts, server),
		            "has serial %u, half the number space away from %u elsewhere: neither is newer (RFC 1982).",
		            serial, facts->wanted);
}

// The first type in which two servers differ; "" where they do not.
static const char *difference(const struct facts *facts, const struct server *a, const struct server *b)
{
	static const struct {
		enum probe probe;
		uint16_t type;
		const char *text;
	} kinds[] = { { PROBE_NS, TYPE_NS, "NS" }, { PROBE_MX, TYPE_MX, "MX" },
	              { PROBE_TXT, TYPE_TXT, "TXT" }, { PROBE_DNSKEY, TYPE_DNSKEY, "DNSKEY" } };
	if (a->soa_record->length != b->soa_record->length ||
	    memcmp(a->soa_record->rdata, b->soa_record->rdata, a->soa_record->length) != 0)
		return "SOA";
	for (unsigned i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		const struct reply *in_a = a->probes[kinds[i].probe].reply, *in_b = b->probes[kinds[i].probe].reply;
		if (in_a != NULL && in_b != NULL && in_a->rcode == RCODE_NOERROR && in_b->rcode == RCODE_NOERROR &&
		    !facts_sets_equal(in_a, SECTION_ANSWER, in_b, SECTION_ANSWER, facts->domain, kinds[i].type))
			return kinds[i].text;
	}
	uint32_t count = a->target_ask_count < b->target_ask_count ? a->target_ask_count : b->target_ask_count;
	for (uint32_t i = 0; i < count; i++) {
		const struct ask *x = &a->target_asks[i], *y = &b->target_asks[i];
		if (x->reply != NULL && y->reply != NULL && x->type == y->type && name_equal(x->name, y->name) &&
		    !facts_sets_equal(x->reply, SECTION_ANSWER, y->reply, SECTION_ANSWER, x->name, x->type))
			return "the addresses of name servers";
	}
	return "";
}

// The first server with that serial speaks for it.
static void check_content(const struct facts *facts, uint32_t at, struct findings *findings)
{
	char place[PLACE_TEXT];
	const struct server *server = facts->servers[at];
	for (uint32_t i = 0; i < at; i++) {
		const struct server *other = facts->servers[i];
		if (!other->is_authoritative || other->soa.serial != server->soa.serial)
			continue;
		const char *what = difference(facts, other, server);
		if (*what != '\0')
			finding_add(findings, FINDING_CONTENT_DIFFERS, AT_SERVER(facts, server),
			            "has serial %u as %s has, and differs in %s.", server->soa.serial,
			            facts_place(facts, other, place), what);
		return;
	}
}

void check_serials(const struct facts *facts, struct findings *findings)
{
	for (uint32_t i = 0; i < facts->server_count; i++) {
		if (!facts->servers[i]->is_authoritative)
			continue;
		check_serial(facts, facts->servers[i], findings);
		check_content(facts, i, findings);
	}
}
