// SPDX-License-Identifier: GPL-3.0-or-later
#include "guard/guard.h"

#include <stdio.h>

#include "base/error.h"
#include "guard/crowd.h"
#include "guard/shrink.h"
#include "guard/zonemd.h"

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

// A draft with such a fault cannot be sealed, so this check has no switch.
int guard_check_draft(const struct zone_draft *draft, struct guard_verdict *verdict)
{
	uint8_t owner[NAME_MAX_WIRE] = { 0 };
	char name[NAME_MAX_TEXT];
	enum zone_fault fault = zone_draft_check(draft, owner);

	*verdict = (struct guard_verdict){ 0 };
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

static int check_records(const struct zone_figures *figures, const struct config_policy *policy, char why[static 256])
{
	if (policy->max_records == 0 || figures->records <= policy->max_records)
		return 0;
	snprintf(why, 256, "it has %zu records, max-records is %u", figures->records, policy->max_records);
	return ERR_HELD;
}

// Two limits, each with a name of its own.
static int check_crowds(const struct zone_version *version, const struct delta *delta,
                        const struct config_policy *policy, struct guard_verdict *verdict)
{
	int error;

	verdict->check = "max-records-per-type";
	error = crowd_check(version, delta, policy->max_records_per_type, 0, verdict->text);
	if (error != 0)
		return error;
	verdict->check = "max-types-per-name";
	return crowd_check(version, delta, 0, policy->max_types_per_name, verdict->text);
}

int guard_examine(const struct zone_version *version, const struct zone_version *previous,
                  const struct delta *delta, const struct config_policy *policy, struct guard_verdict *verdict)
{
	struct zone_figures figures, before = { 0 };
	int error;

	*verdict = (struct guard_verdict){ 0 };
	zone_figures(version, &figures);
	if (previous != NULL)
		zone_figures(previous, &before);
	verdict->check = "max-records";
	error = check_records(&figures, policy, verdict->text);
	if (error == 0)
		error = check_crowds(version, delta, policy, verdict);
	if (error == 0) {
		verdict->check = "max-shrink";
		error = shrink_check(before.names, figures.names, policy->max_shrink, verdict->text);
	}
	if (error == 0 && policy->check_zonemd) {
		verdict->check = "zonemd";
		error = zonemd_check(version, verdict->text);
	}
	if (error == 0)
		verdict->check = NULL;
	return error;
}

bool guard_walks(const struct zone_version *version, const struct delta *delta, const struct config_policy *policy)
{
	if (delta == NULL && (policy->max_records_per_type != 0 || policy->max_types_per_name != 0))
		return true;
	return policy->check_zonemd && zonemd_walks(version);
}
