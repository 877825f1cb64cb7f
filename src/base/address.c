// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

// By copy: a sockaddr from a message buffer need not be aligned for its family.
static struct sockaddr_in as_v4(const struct sockaddr *address)
{
	struct sockaddr_in v4;
	memcpy(&v4, address, sizeof(v4));
	return v4;
}

static struct sockaddr_in6 as_v6(const struct sockaddr *address)
{
	struct sockaddr_in6 v6;
	memcpy(&v6, address, sizeof(v6));
	return v6;
}

static void scope_to_text(const struct sockaddr_in6 *v6, char *text, size_t room)
{
	char name[IF_NAMESIZE];
	if (v6->sin6_scope_id == 0)
		return;
	if (if_indextoname(v6->sin6_scope_id, name) != NULL)
		snprintf(text, room, "%%%s", name);
	else
		snprintf(text, room, "%%%u", v6->sin6_scope_id);
}

const char *address_host_to_text(const struct sockaddr *address, char text[static ADDRESS_TEXT])
{
	strcpy(text, "?");
	if (address->sa_family == AF_INET) {
		struct sockaddr_in v4 = as_v4(address);
		inet_ntop(AF_INET, &v4.sin_addr, text, ADDRESS_TEXT);
	} else if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 v6 = as_v6(address);
		if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
			inet_ntop(AF_INET, &v6.sin6_addr.s6_addr[12], text, ADDRESS_TEXT);
		} else {
			inet_ntop(AF_INET6, &v6.sin6_addr, text, ADDRESS_TEXT);
			size_t length = strlen(text);
			scope_to_text(&v6, text + length, ADDRESS_TEXT - length);
		}
	}
	return text;
}

const char *address_to_text(const struct sockaddr *address, char text[static ADDRESS_TEXT])
{
	address_host_to_text(address, text);
	uint16_t port = address_port(address);
	if (port != 0) {
		size_t length = strlen(text);
		snprintf(text + length, ADDRESS_TEXT - length, "@%u", port);
	}
	return text;
}

uint16_t address_port(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET)
		return ntohs(as_v4(address).sin_port);
	if (address->sa_family == AF_INET6)
		return ntohs(as_v6(address).sin6_port);
	return 0;
}

socklen_t address_length(const struct sockaddr *address)
{
	return address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
	                                      : sizeof(struct sockaddr_in);
}

bool address_equal(const struct sockaddr *a, const struct sockaddr *b)
{
	if (a->sa_family != b->sa_family)
		return false;
	if (a->sa_family == AF_INET) {
		struct sockaddr_in x = as_v4(a), y = as_v4(b);
		return x.sin_port == y.sin_port && x.sin_addr.s_addr == y.sin_addr.s_addr;
	}
	if (a->sa_family != AF_INET6)
		return false;
	struct sockaddr_in6 x = as_v6(a), y = as_v6(b);
	return x.sin6_port == y.sin6_port && x.sin6_scope_id == y.sin6_scope_id &&
	       IN6_ARE_ADDR_EQUAL(&x.sin6_addr, &y.sin6_addr);
}

bool address_is_wildcard(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET)
		return as_v4(address).sin_addr.s_addr == htonl(INADDR_ANY);
	struct sockaddr_in6 v6 = as_v6(address);
	return address->sa_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&v6.sin6_addr);
}
