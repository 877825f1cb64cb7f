// SPDX-License-Identifier: GPL-3.0-or-later
// Which zone answers, and whether it can.
#include "answer/answer.h"

#include "answer/settle.h"
#include "answer/stages.h"
#include "dns/types.h"

static bool is_apex(const struct answer *answer)
{
	// The zone was found by the name, so equal length means equal names.
	return answer->zone != NULL && answer->zone->origin_length == answer->qname.length;
}

// RFC 1996, 3: the question is the zone and its SOA.
static void judge_notify(struct answer *answer)
{
	if (answer->type != TYPE_SOA)
		answer_settle(answer, RCODE_FORMERR, EDE_NONE);
	else if (!is_apex(answer))
		answer_settle(answer, RCODE_NOTAUTH, EDE_NONE);
	else
		answer->action = ANSWER_NOTIFY;
}

// RFC 5936, 2.2 and 4.2; RFC 1995, 2 and 3.
static void judge_transfer(struct answer *answer)
{
	if (answer->type == TYPE_AXFR && answer->over_udp)
		answer_settle(answer, RCODE_NOTIMP, EDE_NONE);
	else if (!is_apex(answer))
		answer_settle(answer, RCODE_NOTAUTH, EDE_NONE);
	else if (answer->type == TYPE_IXFR && !answer->has_soa)
		answer_settle(answer, RCODE_FORMERR, EDE_NONE);
	else
		answer->action = ANSWER_TRANSFER;
}

static void judge_class(struct answer *answer)
{
	if (answer->opcode == OPCODE_NOTIFY)
		answer_settle(answer, RCODE_NOTIMP, EDE_NONE);
	else if (answer->class == CLASS_CH)
		answer->chaos = true;
	else
		answer_settle(answer, RCODE_REFUSED, EDE_NOT_AUTHORITATIVE);
}

// The parent answers for the DS of a zone, where both are here (RFC 4035, 3.1.4.1).
static struct zone_slot *find_zone(const struct zone_table *zones, const struct answer *answer)
{
	struct zone_slot *zone = NULL;
	if (answer->type == TYPE_DS)
		zone = zone_table_find(zones, &answer->qname, true);
	return zone != NULL ? zone : zone_table_find(zones, &answer->qname, false);
}

void answer_locate(const struct zone_table *zones, struct answer *answer)
{
	if (answer->action != ANSWER_REPLY || answer->settled)
		return;
	if (answer->class != CLASS_IN) {
		judge_class(answer);
		return;
	}
	struct zone_slot *zone = find_zone(zones, answer);
	answer->zone = zone;
	if (answer->opcode == OPCODE_NOTIFY) {
		judge_notify(answer);
		return;
	}
	if (answer->type == TYPE_AXFR || answer->type == TYPE_IXFR) {
		judge_transfer(answer);
		return;
	}
	if (zone == NULL) {
		answer_settle(answer, RCODE_REFUSED, EDE_NOT_AUTHORITATIVE);
		return;
	}
	uint8_t state = atomic_load_explicit(&zone->state, memory_order_acquire);
	answer->version = atomic_load_explicit(&zone->version, memory_order_acquire);
	// RFC 8914 names an expired copy as a case of code 24; 22 is about servers
	// that a resolver cannot reach.
	if (state == ZONE_STATE_EXPIRED)
		answer_settle(answer, RCODE_SERVFAIL, EDE_INVALID_DATA);
	else if (state != ZONE_STATE_SERVED || answer->version == NULL)
		answer_settle(answer, RCODE_SERVFAIL, EDE_NOT_READY);
	else
		zone_prefetch_index(answer->version, &answer->qname, &answer->way);
}
