// SPDX-License-Identifier: GPL-3.0-or-later
// A socket address in 24 bytes: what is kept for each of 100,000 zones, and
// what the tables of primaries and NOTIFY targets are keyed by.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/address.h"

struct endpoint {
	uint16_t family; // AF_INET, AF_INET6, or AF_UNSPEC: none
	uint16_t port;   // host order
	uint32_t scope;  // of a link-local IPv6 address
	uint8_t bytes[16];
};

// An IPv4-mapped IPv6 address becomes the IPv4 one. Other families: none.
void endpoint_from(struct endpoint *endpoint, const struct sockaddr *from);

// Returns the length of what was written; 0 for none.
socklen_t endpoint_to(const struct endpoint *endpoint, struct sockaddr_storage *to);

// The same host, whatever the port.
bool endpoint_same_host(const struct endpoint *a, const struct endpoint *b);

// The same host and port.
bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);

// False for what no single host has (multicast, "this network"): a zone may claim
// anything as the address of its servers, and nobody else is to be bothered.
bool endpoint_is_of_one_host(const struct endpoint *endpoint);

// "192.0.2.1", and "192.0.2.1@5300" where the port is not 53. Returns `text`.
const char *endpoint_text(const struct endpoint *endpoint, char text[static ADDRESS_TEXT]);
