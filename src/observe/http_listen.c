// SPDX-License-Identifier: GPL-3.0-or-later
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/address.h"
#include "base/error.h"
#include "base/log.h"
#include "observe/http_room.h"

#define BACKLOG 64

static int fail(const struct sockaddr *address, char why[static 256])
{
	char text[ADDRESS_TEXT];
	int error = errno;
	const char *hint = error == EADDRINUSE ? "; does another server use that port?"
	                 : error == EADDRNOTAVAIL ? "; no interface of this machine has that address"
	                 : error == EACCES || error == EPERM ? "; ports below 1024 need root or CAP_NET_BIND_SERVICE" : "";
	snprintf(why, 256, "http-listen: %s: cannot listen: %s%s", address_to_text(address, text), strerror(error), hint);
	return ERR_IO;
}

static int open_one(const struct sockaddr *address, int *fd, char why[static 256])
{
	int one = 1;
	*fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return fail(address, why);
	setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (address->sa_family == AF_INET6)
		setsockopt(*fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (bind(*fd, address, address_length(address)) == 0 && listen(*fd, BACKLOG) == 0)
		return 0;
	int error = fail(address, why);
	close(*fd);
	return error;
}

static bool is_loopback(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
}

static void tell(const struct sockaddr *address)
{
	char text[ADDRESS_TEXT];
	address_to_text(address, text);
	if (is_loopback(address))
		log_line(LEVEL_INFO, NULL, "the page and the metrics are at %s by HTTP", text);
	else
		log_line(LEVEL_WARNING, NULL, "the page and the metrics are at %s by HTTP: whoever reaches that address can "
		         "read the names of all zones and how they are; a firewall, or a proxy that asks for a password, "
		         "keeps others out", text);
}

static bool wants(const struct config_http *want, const struct sockaddr *address)
{
	for (uint32_t i = 0; i < want->listen_count; i++)
		if (address_equal((const struct sockaddr *)&want->listen[i].address, address))
			return true;
	return false;
}

static bool has(const struct http *http, const struct sockaddr *address)
{
	for (unsigned i = 0; i < http->listener_count; i++)
		if (address_equal((const struct sockaddr *)&http->address[i], address))
			return true;
	return false;
}

static void close_unwanted(struct http *http, const struct config_http *want, bool *changed)
{
	unsigned kept = 0;
	for (unsigned i = 0; i < http->listener_count; i++) {
		if (wants(want, (const struct sockaddr *)&http->address[i])) {
			http->listener[kept] = http->listener[i];
			http->address[kept++] = http->address[i];
			continue;
		}
		char text[ADDRESS_TEXT];
		log_line(LEVEL_INFO, NULL, "no longer at %s by HTTP",
		         address_to_text((const struct sockaddr *)&http->address[i], text));
		close(http->listener[i]);
		*changed = true;
	}
	http->listener_count = kept;
}

int http_listen(struct http *http, const struct config_http *want, bool *changed, char why[static 256])
{
	int worst = 0;
	close_unwanted(http, want, changed);
	for (uint32_t i = 0; i < want->listen_count; i++) {
		const struct sockaddr *address = (const struct sockaddr *)&want->listen[i].address;
		int fd;
		if (has(http, address))
			continue;
		int error = open_one(address, &fd, why);
		if (error != 0) {
			worst = error;
			continue;
		}
		http->address[http->listener_count] = want->listen[i].address;
		http->listener[http->listener_count++] = fd;
		*changed = true;
		tell(address);
	}
	return worst;
}

void http_listen_close(struct http *http)
{
	for (unsigned i = 0; i < http->listener_count; i++)
		close(http->listener[i]);
	http->listener_count = 0;
}
