// SPDX-License-Identifier: GPL-3.0-or-later
// Whether each server answers, with authority, by each transport, and as the
// standards want it.
#include <string.h>

#include "audit/checks.h"
#include "base/error.h"

#define PLAIN_MOST 512 // RFC 1035, 4.2.1
#define SANE_BUFFER_LEAST 1220
#define SANE_BUFFER_MOST 4096

static void check_lameness(const struct facts *facts, const struct server *server, struct findings *findings)
{
	char rcode[DNS_TYPE_TEXT];
	const struct reply *reply = server->reply;
	if (server->is_authoritative)
		return;
	switch (reply->rcode) {
	case RCODE_REFUSED:
		finding_add(findings, FINDING_LAME_REFUSED, AT_SERVER(facts, server), "answers REFUSED.");
		break;
	case RCODE_SERVFAIL:
		finding_add(findings, FINDING_LAME_SERVFAIL, AT_SERVER(facts, server), "answers SERVFAIL.");
		break;
	case RCODE_NXDOMAIN:
		finding_add(findings, FINDING_LAME_NXDOMAIN, AT_SERVER(facts, server),
		            "answers NXDOMAIN: no such domain.");
		break;
	case RCODE_NOERROR:
		finding_add(findings, FINDING_LAME_NOT_AUTHORITATIVE, AT_SERVER(facts, server),
		            reply_is_authoritative(reply) ? "has no SOA record for the domain."
		                                          : "does not set the AA flag: it does not serve the zone.");
		break;
	default:
		finding_add(findings, FINDING_LAME_OTHER, AT_SERVER(facts, server),
		            "answers %s.", dns_rcode_to_text(reply->rcode, rcode));
	}
}

static void check_transports(const struct facts *facts, const struct server *server, struct findings *findings)
{
	const struct ask *plain = &server->probes[PROBE_SOA_PLAIN], *tcp = &server->probes[PROBE_SOA_TCP];
	if (plain->error == ERR_LIMIT || tcp->error == ERR_LIMIT)
		return;
	if (plain->reply == NULL && server->probes[PROBE_SOA].reply == NULL)
		finding_add(findings, FINDING_NO_UDP, AT_SERVER(facts, server),
		            "answers by TCP, not by UDP (%s).", ask_failure(plain));
	if (tcp->reply == NULL)
		finding_add(findings, FINDING_NO_TCP, AT_SERVER(facts, server),
		            "answers by UDP, not by TCP (%s).", ask_failure(tcp));
}

static const char *outcome(const struct ask *ask, char text[static DNS_TYPE_TEXT])
{
	return ask->reply == NULL ? ask_failure(ask) : dns_rcode_to_text(ask->reply->rcode, text);
}

static void check_edns(const struct facts *facts, const struct server *server, struct findings *findings)
{
	char text[DNS_TYPE_TEXT];
	const struct ask *probes = server->probes;
	const struct reply *soa = probes[PROBE_SOA].reply, *version = probes[PROBE_VERSION].reply;
	if (!server->speaks_edns) {
		// A server that gives nothing by UDP was told of already.
		if (probes[PROBE_SOA_PLAIN].reply != NULL)
			finding_add(findings, FINDING_EDNS_MISSING, AT_SERVER(facts, server),
			            "answers a question with EDNS with %s%s.",
			            outcome(&probes[PROBE_SOA], text), soa != NULL ? " and no EDNS of its own" : "");
		return;
	}
	if (!soa->edns.dnssec_ok)
		finding_add(findings, FINDING_EDNS_DO, AT_SERVER(facts, server), "leaves the DO bit out of its answers.");
	if (soa->edns.udp_size < SANE_BUFFER_LEAST || soa->edns.udp_size > SANE_BUFFER_MOST)
		finding_add(findings, FINDING_EDNS_BUFFER, AT_SERVER(facts, server),
		            "announces %u bytes.", soa->edns.udp_size);
	if (probes[PROBE_VERSION].error != ERR_LIMIT && (version == NULL || version->rcode != RCODE_BADVERS))
		finding_add(findings, FINDING_EDNS_VERSION, AT_SERVER(facts, server),
		            "answers EDNS version 1 with %s, not BADVERS.", outcome(&probes[PROBE_VERSION], text));
	const struct ask *option = &probes[PROBE_OPTION];
	if (option->error != ERR_LIMIT && (option->reply == NULL || option->reply->rcode != RCODE_NOERROR))
		finding_add(findings, FINDING_EDNS_OPTION, AT_SERVER(facts, server),
		            "answers an EDNS option that it cannot know with %s.", outcome(option, text));
}

static void check_oversize(const struct facts *facts, const struct server *server, enum probe probe,
                           uint32_t most, const char *how, struct findings *findings)
{
	const struct reply *reply = server->probes[probe].reply;
	if (reply != NULL && !reply->by_tcp && reply->length > most)
		finding_add(findings, FINDING_UDP_OVERSIZE, AT_SERVER(facts, server),
		            "sent %u bytes %s, where %u were allowed.", reply->length, how, most);
}

// A truncated answer that the same question gets in full by TCP is as it should be.
static void check_truncation(const struct facts *facts, const struct server *server, struct findings *findings)
{
	static const enum probe probes[] = { PROBE_SOA, PROBE_NS, PROBE_DNSKEY, PROBE_MX, PROBE_TXT };
	char text[DNS_TYPE_TEXT];
	for (unsigned i = 0; i < sizeof probes / sizeof *probes; i++) {
		const struct ask *ask = &server->probes[probes[i]];
		if (!ask->was_truncated || ask->reply != NULL || ask->error == ERR_LIMIT)
			continue;
		finding_add(findings, FINDING_TRUNCATION, AT_SERVER(facts, server),
		            "truncates its answer for %s %s, and asked by TCP gives none (%s).", facts->domain_text,
		            dns_type_to_text(ask->type, text), ask_failure(ask));
		return;
	}
}

static void check_silence(const struct facts *facts, const struct server *server, struct findings *findings)
{
	const struct ask *udp = &server->probes[PROBE_SOA_PLAIN], *tcp = &server->probes[PROBE_SOA_TCP];
	const char *by_udp = ask_failure(udp), *by_tcp = ask_failure(tcp);
	if (udp->error == ERR_LIMIT || tcp->error == ERR_LIMIT)
		return;
	if (strcmp(by_udp, by_tcp) == 0)
		finding_add(findings, FINDING_NO_ANSWER, AT_SERVER(facts, server),
		            "does not answer by UDP or TCP: %s.", by_udp);
	else
		finding_add(findings, FINDING_NO_ANSWER, AT_SERVER(facts, server),
		            "does not answer by UDP (%s) or TCP (%s).", by_udp, by_tcp);
}

static void check_new(const struct facts *facts, const struct server *server, struct findings *findings)
{
	char rcode[DNS_TYPE_TEXT];
	const struct reply *reply = server->reply;
	const char *what = reply == NULL ? ask_failure(&server->probes[PROBE_SOA_PLAIN])
		: reply->rcode == RCODE_NOERROR ? "an answer without authority" : dns_rcode_to_text(reply->rcode, rcode);
	finding_add(findings, FINDING_NOT_READY, AT_SERVER(facts, server),
	            "does not serve the zone yet: %s.", what);
}

static void check_server(const struct facts *facts, const struct server *server, struct findings *findings)
{
	if (server->has_no_route)
		return;
	if (server->is_new && !server->is_authoritative) {
		check_new(facts, server, findings);
		return;
	}
	if (server->reply == NULL) {
		check_silence(facts, server, findings);
		return;
	}
	check_lameness(facts, server, findings);
	if (!server->is_authoritative)
		return; // how it answers matters once it has something to answer
	check_transports(facts, server, findings);
	check_edns(facts, server, findings);
	check_oversize(facts, server, PROBE_NS_PLAIN, PLAIN_MOST, "without EDNS", findings);
	check_oversize(facts, server, PROBE_DNSKEY_SMALL, PLAIN_MOST, "with an EDNS buffer of 512", findings);
	check_truncation(facts, server, findings);
}

static void check_routes(const struct facts *facts, struct findings *findings)
{
	uint32_t counts[2] = { 0, 0 };
	for (uint32_t i = 0; i < facts->server_count; i++)
		if (facts->servers[i]->has_no_route)
			counts[facts->servers[i]->address.ss_family == AF_INET6]++;
	for (unsigned v6 = 0; v6 < 2; v6++)
		if (counts[v6] > 0)
			finding_add(findings, FINDING_NO_ROUTE, NULL, NULL, 0,
			            "%u %s of name servers could not be asked: this host has no %s.", counts[v6],
			            counts[v6] == 1 ? "address" : "addresses", v6 ? "IPv6" : "IPv4");
}

void check_protocol(const struct facts *facts, struct findings *findings)
{
	for (uint32_t i = 0; i < facts->server_count; i++)
		check_server(facts, facts->servers[i], findings);
	check_routes(facts, findings);
	if (facts->asker.reached_bounds)
		finding_add(findings, FINDING_INCOMPLETE, NULL, NULL, 0,
		            "The audit reached its bounds of time, of questions, or of name servers.");
}
