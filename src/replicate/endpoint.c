// SPDX-License-Identifier: GPL-3.0-or-later
#include "replicate/endpoint.h"

#include <netinet/in.h>
#include <string.h>

void endpoint_from(struct endpoint *endpoint, const struct sockaddr *from)
{
	memset(endpoint, 0, sizeof *endpoint);
	if (from == NULL)
		return;
	if (from->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, from, sizeof in);
		endpoint->family = AF_INET;
		endpoint->port = ntohs(in.sin_port);
		memcpy(endpoint->bytes, &in.sin_addr, 4);
	} else if (from->sa_family == AF_INET6) {
		struct sockaddr_in6 in;
		memcpy(&in, from, sizeof in);
		endpoint->port = ntohs(in.sin6_port);
		if (IN6_IS_ADDR_V4MAPPED(&in.sin6_addr)) {
			endpoint->family = AF_INET;
			memcpy(endpoint->bytes, in.sin6_addr.s6_addr + 12, 4);
			return;
		}
		endpoint->family = AF_INET6;
		endpoint->scope = in.sin6_scope_id;
		memcpy(endpoint->bytes, &in.sin6_addr, 16);
	}
}

socklen_t endpoint_to(const struct endpoint *endpoint, struct sockaddr_storage *to)
{
	memset(to, 0, sizeof *to);
	if (endpoint->family == AF_INET) {
		struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(endpoint->port) };
		memcpy(&in.sin_addr, endpoint->bytes, 4);
		memcpy(to, &in, sizeof in);
		return sizeof in;
	}
	if (endpoint->family == AF_INET6) {
		struct sockaddr_in6 in = { .sin6_family = AF_INET6, .sin6_port = htons(endpoint->port),
		                           .sin6_scope_id = endpoint->scope };
		memcpy(&in.sin6_addr, endpoint->bytes, 16);
		memcpy(to, &in, sizeof in);
		return sizeof in;
	}
	return 0;
}

bool endpoint_same_host(const struct endpoint *a, const struct endpoint *b)
{
	return a->family == b->family && a->scope == b->scope
	       && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && endpoint_same_host(a, b);
}

bool endpoint_is_of_one_host(const struct endpoint *endpoint)
{
	static const uint8_t zero[16];

	if (endpoint->family == AF_INET)
		return endpoint->bytes[0] != 0 && endpoint->bytes[0] < 224;
	return endpoint->bytes[0] != 0xff && memcmp(endpoint->bytes, zero, sizeof zero) != 0;
}

const char *endpoint_text(const struct endpoint *endpoint, char text[static ADDRESS_TEXT])
{
	struct sockaddr_storage storage;
	struct endpoint shown = *endpoint;

	if (shown.family == AF_UNSPEC)
		return strcpy(text, "nobody");
	if (shown.port == 53)
		shown.port = 0;
	endpoint_to(&shown, &storage);
	return address_to_text((const struct sockaddr *)&storage, text);
}
