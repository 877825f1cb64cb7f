// SPDX-License-Identifier: GPL-3.0-or-later
#include "audit/hints.h"

#include <arpa/inet.h>
#include <string.h>

// a to m.root-servers.net
static const char *const v4[] = {
	"198.41.0.4", "170.247.170.2", "192.33.4.12", "199.7.91.13", "192.203.230.10", "192.5.5.241",
	"192.112.36.4", "198.97.190.53", "192.36.148.17", "192.58.128.30", "193.0.14.129",
	"199.7.83.42", "202.12.27.33",
};
static const char *const v6[] = {
	"2001:503:ba3e::2:30", "2801:1b8:10::b", "2001:500:2::c", "2001:500:2d::d", "2001:500:a8::e",
	"2001:500:2f::f", "2001:500:12::d0d", "2001:500:1::53", "2001:7fe::53", "2001:503:c27::2:30",
	"2001:7fd::1", "2001:500:9f::42", "2001:dc3::35",
};

// The families take turns, so that a host that lacks one asks the other at once.
void hints_get(struct address_list *roots, uint16_t port)
{
	for (unsigned i = 0; i < sizeof v4 / sizeof *v4; i++) {
		struct sockaddr_storage address = { 0 };
		struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };
		struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
		inet_pton(AF_INET, v4[i], &in.sin_addr);
		memcpy(&address, &in, sizeof in);
		address_list_add(roots, &address);
		inet_pton(AF_INET6, v6[i], &in6.sin6_addr);
		memset(&address, 0, sizeof address);
		memcpy(&address, &in6, sizeof in6);
		address_list_add(roots, &address);
	}
}
