// SPDX-License-Identifier: GPL-3.0-or-later
// The numbers of the SOA against what RFC 1912, 2.2, RFC 2308 and common guides
// advise, and its two names.
#include <string.h>

#include "audit/checks.h"
#include "audit/times.h"

#define MINUTE 60u
#define HOUR 3600u
#define DAY 86400u

static void check_refresh(const struct soa *soa, struct findings *findings)
{
	char span[TIMES_TEXT];
	bool is_extreme = soa->refresh < 5 * MINUTE || soa->refresh > DAY;
	if (soa->refresh >= 20 * MINUTE && soa->refresh <= 12 * HOUR)
		return;
	struct finding *finding = finding_add(findings, FINDING_SOA_REFRESH, NULL, NULL, 0, "Refresh is %u (%s).",
	                                      soa->refresh, times_span(soa->refresh, span));
	if (is_extreme)
		finding_set_severity(findings, finding, AUDIT_WARNING);
}

static void check_retry(const struct soa *soa, struct findings *findings)
{
	char retry[TIMES_TEXT], refresh[TIMES_TEXT];
	if (soa->retry >= soa->refresh)
		finding_add(findings, FINDING_SOA_RETRY, NULL, NULL, 0, "Retry is %u (%s), no less than refresh, %u (%s).",
		            soa->retry, times_span(soa->retry, retry), soa->refresh, times_span(soa->refresh, refresh));
	else if (soa->retry < MINUTE)
		finding_add(findings, FINDING_SOA_RETRY, NULL, NULL, 0, "Retry is %u (%s).", soa->retry,
		            times_span(soa->retry, retry));
}

static void check_expire(const struct soa *soa, struct findings *findings)
{
	char span[TIMES_TEXT];
	times_span(soa->expire, span);
	if (soa->expire <= (uint64_t)soa->refresh + soa->retry) {
		finding_add(findings, FINDING_SOA_EXPIRE_SHORT, NULL, NULL, 0,
		            "Expire is %u (%s), no more than refresh and retry together (%llu).", soa->expire, span,
		            (unsigned long long)soa->refresh + soa->retry);
	} else if (soa->expire < 14 * DAY || soa->expire > 42 * DAY) {
		struct finding *finding = finding_add(findings, FINDING_SOA_EXPIRE, NULL, NULL, 0, "Expire is %u (%s).",
		                                      soa->expire, span);
		if (soa->expire >= 7 * DAY)
			finding_set_severity(findings, finding, AUDIT_INFO);
	}
}

// What resolvers take is the lesser of the SOA's TTL and its last number.
static void check_negative(const struct server *server, struct findings *findings)
{
	char span[TIMES_TEXT];
	uint32_t ttl = server->soa_record->ttl, minimum = server->soa.minimum;
	uint32_t negative = ttl < minimum ? ttl : minimum;
	if (negative >= MINUTE && negative <= DAY)
		return;
	finding_add(findings, FINDING_SOA_NEGATIVE, NULL, NULL, 0,
	            "It is %u (%s), the lesser of the SOA's TTL (%u) and its last number (%u).", negative,
	            times_span(negative, span), ttl, minimum);
}

static void check_names(const struct facts *facts, const struct server *server, struct findings *findings)
{
	char text[NAME_MAX_TEXT];
	const uint8_t *mname = server->soa_record->rdata, *rname = mname + name_length(mname);
	bool is_listed = false;
	for (uint32_t i = 0; i < facts->target_count; i++)
		is_listed |= name_equal(facts->targets[i].name, mname);
	if (!is_listed)
		finding_add(findings, FINDING_SOA_MNAME, NULL, NULL, 0, "The SOA names %s.", name_to_text(mname, text));
	if (rname[0] == 0 || memchr(rname, '@', name_length(rname)) != NULL)
		finding_add(findings, FINDING_SOA_RNAME, NULL, NULL, 0, "It is \"%s\".", name_to_text(rname, text));
}

void check_soa(const struct facts *facts, struct findings *findings)
{
	for (uint32_t i = 0; i < facts->server_count; i++) {
		const struct server *server = facts->servers[i];
		if (!server->is_authoritative || server->soa.serial != facts->newest)
			continue;
		check_refresh(&server->soa, findings);
		check_retry(&server->soa, findings);
		check_expire(&server->soa, findings);
		check_negative(server, findings);
		check_names(facts, server, findings);
		return; // others with that serial and another SOA are told of as such
	}
}
