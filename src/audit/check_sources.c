// SPDX-License-Identifier: GPL-3.0-or-later
// Whether a secondary on this host gets the zone from where it fetches it.
#include <inttypes.h>

#include "audit/checks.h"
#include "base/error.h"

// True where the reply's signature, or its lack, was the matter.
static bool check_signature(const struct facts *facts, const struct ask *ask, struct findings *findings)
{
	char rcode[DNS_TYPE_TEXT];
	const struct tsig_verdict *verdict = &ask->verdict;
	if (verdict->error == RCODE_BADTIME || ask->error == ERR_TIME) {
		finding_add(findings, FINDING_CLOCK_OFF, NULL, &ask->server, facts->options->port,
		            "has a clock %" PRId64 " s %s ours.",
		            verdict->skew < 0 ? -verdict->skew : verdict->skew, verdict->skew < 0 ? "behind" : "ahead of");
		return true;
	}
	if (verdict->error == 0 && ask->error != ERR_KEY)
		return false;
	const char *how = verdict->error == 0 ? "its answer is not signed by it"
		: verdict->error == RCODE_BADVERS ? "BADSIG" // one number, two names
		: dns_rcode_to_text(verdict->error, rcode);
	finding_add(findings, FINDING_KEY_REFUSED, NULL, &ask->server, facts->options->port,
	            "does not accept the key (%s).", how);
	return true;
}

static void check_source(const struct facts *facts, const struct ask source[static SOURCE_ASKS],
                         struct findings *findings)
{
	char rcode[DNS_TYPE_TEXT];
	const struct ask *soa = &source[SOURCE_SOA], *axfr = &source[SOURCE_TRANSFER];
	if (soa->error == ERR_LIMIT || axfr->error == ERR_LIMIT)
		return;
	if (soa->key != NULL && (check_signature(facts, soa, findings) || check_signature(facts, axfr, findings)))
		return;
	if (soa->reply == NULL && axfr->reply == NULL) {
		finding_add(findings, FINDING_PRIMARY_SILENT, NULL, &soa->server, facts->options->port,
		            "does not answer by UDP (%s) or TCP (%s).", ask_failure(soa), ask_failure(axfr));
	} else if (!facts_gives_zone(facts, axfr)) {
		const char *how = axfr->reply == NULL ? ask_failure(axfr)
			: axfr->reply->rcode == RCODE_NOERROR ? "an empty answer" : dns_rcode_to_text(axfr->reply->rcode, rcode);
		finding_add(findings, FINDING_PRIMARY_REFUSES, NULL, &soa->server, facts->options->port,
		            "answers AXFR%s with %s.", soa->key != NULL ? " signed with the key" : "", how);
	} else if (soa->key == NULL) {
		finding_add(findings, FINDING_TRANSFER_KEYLESS, NULL, &soa->server, facts->options->port,
		            "is asked for the zone without a key.");
	} else if (facts_gives_zone(facts, &source[SOURCE_UNSIGNED])) {
		struct finding *finding = finding_add(findings, FINDING_TRANSFER_KEYLESS, NULL, &soa->server,
			facts->options->port, "gives the zone to this host without the key, too.");
		finding_set_mend(findings, finding, "On the primary allow transfers by key alone.");
	}
}

void check_sources(const struct facts *facts, struct findings *findings)
{
	for (uint32_t i = 0; i < facts->source_count; i++)
		check_source(facts, facts->sources[i], findings);
}
