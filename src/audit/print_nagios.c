// SPDX-License-Identifier: GPL-3.0-or-later
#include "audit/internal.h"

// Exit codes and words of the plugin interface.
enum { NAGIOS_OK, NAGIOS_WARNING, NAGIOS_CRITICAL, NAGIOS_UNKNOWN };

static void print_cause(const struct audit *audit, FILE *to)
{
	const struct finding *worst = audit->findings.first;
	uint32_t more = audit->findings.counts[AUDIT_ERROR] + audit->findings.counts[AUDIT_WARNING] - 1;
	fprintf(to, "%s", finding_kinds[worst->id].title);
	if (worst->server != NULL || worst->address != NULL)
		fprintf(to, " (%s%s%s)", worst->server ? worst->server : "", worst->server && worst->address ? ", " : "",
		        worst->address ? worst->address : "");
	if (more > 0)
		fprintf(to, " and %u more", more);
}

int audit_print_nagios(const struct audit *audit, FILE *to)
{
	static const char *const words[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };
	const struct facts *facts = &audit->facts;
	const uint32_t *counts = audit->findings.counts;
	uint32_t behind = 0;
	int code = counts[AUDIT_ERROR] > 0 ? NAGIOS_CRITICAL : counts[AUDIT_WARNING] > 0 ? NAGIOS_WARNING : NAGIOS_OK;
	if (audit_is_blind(audit))
		code = NAGIOS_UNKNOWN;
	for (uint32_t i = 0; i < facts->server_count; i++)
		behind += facts->servers[i]->is_authoritative && facts->servers[i]->soa.serial != facts->wanted;
	fprintf(to, "DNS %s - %s: ", words[code], facts->domain_text);
	if (code == NAGIOS_UNKNOWN)
		fprintf(to, "nobody could be asked");
	else if (code == NAGIOS_OK)
		fprintf(to, "%u servers have serial %u", facts->server_count, facts->newest);
	else
		print_cause(audit, to);
	fprintf(to, " | errors=%u;;0 warnings=%u;0; infos=%u servers=%u behind=%u;0; time=%u.%03us\n", counts[AUDIT_ERROR],
	        counts[AUDIT_WARNING], counts[AUDIT_INFO], facts->server_count, behind, facts->elapsed_ms / 1000,
	        facts->elapsed_ms % 1000);
	return code;
}
