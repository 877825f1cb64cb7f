// SPDX-License-Identifier: GPL-3.0-or-later
// Where addresses are, as far as routing tells. Inside src/audit only.
#pragma once

#include "audit/resolve.h"

#define NETWORK_TEXT 64

// "192.0.2.0/24" or "2001:db8:1::/48": the smallest network that is routed by
// itself. Equal text, same network. Returns `text`.
const char *network_of(const struct sockaddr_storage *address, char text[static NETWORK_TEXT]);

// A word for an address that the Internet does not route ("private",
// "link-local"); NULL for others. Loopback is "loopback".
const char *network_reserved(const struct sockaddr_storage *address);

// The autonomous system that announces the address, asked of Team Cymru's zone
// origin.asn.cymru.com; 0 where it is not known.
uint32_t network_origin(struct resolver *resolver, const struct sockaddr_storage *address);
