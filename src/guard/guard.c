// SPDX-License-Identifier: GPL-3.0-or-later
#include "guard/guard.h"

#include <stdio.h>

#include "base/error.h"

static const char *fault_text(enum zone_fault fault)
{
	switch (fault) {
	case ZONE_SOUND: break;
	case ZONE_NO_SOA: return "it has no SOA at the apex";
	case ZONE_SEVERAL_SOA: return "it has more than one SOA at the apex";
	case ZONE_SOA_ELSEWHERE: return "there is a SOA below the apex, at";
	case ZONE_NO_NS: return "it has no NS at the apex";
	case ZONE_CNAME_OTHER: return "a CNAME does not stand alone (RFC 1034, 3.6.2) at";
	case ZONE_DNAME_SEVERAL: return "more than one DNAME (RFC 6672, 2.4) at";
	}
	return "it is unsound";
}

static bool fault_has_place(enum zone_fault fault)
{
	return fault == ZONE_SOA_ELSEWHERE || fault == ZONE_CNAME_OTHER || fault == ZONE_DNAME_SEVERAL;
}

static int check_structure(const struct zone_draft *draft, struct guard_verdict *verdict)
{
	uint8_t owner[NAME_MAX_WIRE] = { 0 };
	char name[NAME_MAX_TEXT];
	enum zone_fault fault = zone_draft_check(draft, owner);

	if (fault == ZONE_SOUND)
		return 0;
	verdict->check = "structure";
	if (fault_has_place(fault))
		snprintf(verdict->text, sizeof verdict->text, "%s %.180s", fault_text(fault),
		         name_to_text(owner, name));
	else
		snprintf(verdict->text, sizeof verdict->text, "%s", fault_text(fault));
	return ERR_DENIED;
}

static int check_size(const struct zone_draft *draft, const struct zone_version *previous,
                      const struct config_policy *policy, struct guard_verdict *verdict)
{
	struct zone_draft_cost cost;
	struct zone_figures figures = { 0 };
	size_t records;

	if (policy->max_records == 0)
		return 0;
	if (previous != NULL)
		zone_figures(previous, &figures);
	zone_draft_cost(draft, &cost);
	records = figures.records + cost.records_added - cost.records_removed;
	if (records <= policy->max_records)
		return 0;
	verdict->check = "size";
	snprintf(verdict->text, sizeof verdict->text, "it would have %zu records, max-records is %u",
	         records, policy->max_records);
	return ERR_DENIED;
}

int guard_check(const struct zone_draft *draft, const struct zone_version *previous,
                const struct config_policy *policy, struct guard_verdict *verdict)
{
	int error;

	*verdict = (struct guard_verdict){ 0 };
	// A draft without these cannot be sealed at all, so this check has no switch.
	error = check_structure(draft, verdict);
	if (error == 0)
		error = check_size(draft, previous, policy, verdict);
	return error;
}
