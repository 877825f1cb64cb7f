// SPDX-License-Identifier: GPL-3.0-or-later
// What a server's answer means to an operator: what, and where to look.
#include <stdio.h>

#include "dns/types.h"
#include "replicate/monitor.h"

static const char *rcode_advice(unsigned rcode)
{
	switch (rcode) {
	case RCODE_REFUSED: return "it does not serve the zone, or does not let us ask";
	case RCODE_SERVFAIL: return "it is set up for the zone but has no usable copy: expired, or never fetched";
	case RCODE_NXDOMAIN: return "lame: it does not know the zone";
	case RCODE_NOTAUTH: return "lame: it does not serve the zone, or does not know our key";
	case RCODE_FORMERR: case RCODE_NOTIMP: return "it does not understand a plain SOA question";
	default: return "it does not tell the serial";
	}
}

void monitor_text(enum monitor_outcome outcome, unsigned rcode, char text[static 128])
{
	static const char *const sentences[MONITOR_OUTCOMES] = {
		[MONITOR_ANSWERED] = "",
		[MONITOR_SILENT] = "no answer by UDP: it is down, or a firewall drops the packets",
		[MONITOR_UNREACHABLE] = "unreachable: nothing listens there, or there is no route",
		[MONITOR_LAME] = "lame: it answers, but not with authority; it does not serve the zone",
		[MONITOR_NO_SOA] = "an answer without the zone's SOA",
		[MONITOR_UNPROVEN] = "TSIG does not verify: another key, another secret or another clock",
		[MONITOR_MALFORMED] = "a malformed answer",
		[MONITOR_CUT] = "a truncated answer, and none by TCP",
	};
	char name[DNS_TYPE_TEXT];

	if (outcome == MONITOR_REFUSED)
		snprintf(text, 128, "%s: %s", dns_rcode_to_text((uint16_t)rcode, name), rcode_advice(rcode));
	else
		snprintf(text, 128, "%s", (unsigned)outcome < MONITOR_OUTCOMES ? sentences[outcome] : "");
}
