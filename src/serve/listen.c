// SPDX-License-Identifier: GPL-3.0-or-later
#include "serve/listen.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/address.h"
#include "base/error.h"

// Room for the bursts that come while a worker answers a batch: about 10 ms of
// queries at 300,000 a second, each counted by the kernel with its overhead.
#define UDP_RECEIVE_BYTES (4 << 20)
#define UDP_SEND_BYTES (1 << 20)
// A SYN flood is the kernel's business; this is for bursts of real clients.
#define TCP_BACKLOG 1024

static int fail(const struct config_listen *want, const char *what, char why[static 256])
{
	char text[ADDRESS_TEXT];
	int error = errno;
	const char *hint = "";
	if (error == EADDRINUSE)
		hint = "; is another name server running?";
	else if (error == EADDRNOTAVAIL)
		hint = "; no interface of this machine has that address";
	else if (error == EACCES || error == EPERM)
		hint = "; ports below 1024 need root or CAP_NET_BIND_SERVICE";
	snprintf(why, 256, "%s: cannot %s: %s%s",
	         address_to_text((const struct sockaddr *)&want->address, text), what,
	         strerror(error), hint);
	return ERR_IO;
}

static int set_int(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value));
}

static int open_bound(const struct config_listen *want, int type, int reuse, char why[static 256])
{
	const struct sockaddr *address = (const struct sockaddr *)&want->address;
	int fd = socket(address->sa_family, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return fail(want, "open a socket", why);
	if (address->sa_family == AF_INET6)
		set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (reuse != 0)
		set_int(fd, SOL_SOCKET, reuse, 1);
	int error = 0;
	if (want->device != NULL &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, want->device, (socklen_t)strlen(want->device)) != 0)
		error = fail(want, "bind to the device", why);
	else if (bind(fd, address, address_length(address)) != 0)
		error = fail(want, "listen", why);
	if (error != 0) {
		close(fd);
		return error;
	}
	return fd;
}

int listener_probe(const struct config_listen *want, char why[static 256])
{
	int fd = open_bound(want, SOCK_DGRAM, 0, why);
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static void raise_buffer(int fd, int force, int plain, int bytes)
{
	if (set_int(fd, SOL_SOCKET, force, bytes) != 0)
		set_int(fd, SOL_SOCKET, plain, bytes);
}

// Fragments are better than a path MTU that a forger made up (RFC 9715, 3):
// replies are small enough, and the kernel must not keep a state for it.
static void set_udp_options(int fd, uint16_t family, bool wildcard)
{
	if (family == AF_INET6) {
		set_int(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT);
		if (wildcard)
			set_int(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	} else {
		set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
		if (wildcard)
			set_int(fd, IPPROTO_IP, IP_PKTINFO, 1);
	}
	raise_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, UDP_RECEIVE_BYTES);
	raise_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, UDP_SEND_BYTES);
}

static int open_udp(struct listener *l, const struct config_listen *want, unsigned workers,
                    char why[static 256])
{
	for (; l->udp_count < workers; l->udp_count++) {
		int fd = open_bound(want, SOCK_DGRAM, SO_REUSEPORT, why);
		if (fd < 0)
			return fd;
		set_udp_options(fd, want->address.ss_family, l->wildcard);
		l->udp[l->udp_count] = fd;
	}
	return 0;
}

// SO_REUSEADDR only passes over connections of an earlier run that linger.
static int open_tcp(struct listener *l, const struct config_listen *want, uint32_t mss,
                    char why[static 256])
{
	l->tcp = open_bound(want, SOCK_STREAM | SOCK_NONBLOCK, SO_REUSEADDR, why);
	if (l->tcp < 0)
		return l->tcp;
	if (mss != 0)
		set_int(l->tcp, IPPROTO_TCP, TCP_MAXSEG, (int)mss);
	set_int(l->tcp, IPPROTO_TCP, TCP_NODELAY, 1);
	if (listen(l->tcp, TCP_BACKLOG) != 0)
		return fail(want, "listen", why);
	return 0;
}

int listener_open(const struct config_listen *want, unsigned workers, uint32_t tcp_mss,
                  struct listener **listener, char why[static 256])
{
	struct listener *l = calloc(1, sizeof(*l) + workers * sizeof(int));
	if (l == NULL) {
		snprintf(why, 256, "out of memory");
		return ERR_MEMORY;
	}
	l->address = want->address;
	l->tcp = -1;
	l->wildcard = address_is_wildcard((const struct sockaddr *)&want->address);
	if (want->device != NULL)
		snprintf(l->device, sizeof(l->device), "%s", want->device);
	int error = open_udp(l, want, workers, why);
	if (error == 0)
		error = open_tcp(l, want, tcp_mss, why);
	if (error < 0) {
		listener_close(l);
		return error;
	}
	*listener = l;
	return 0;
}

void listener_close(struct listener *listener)
{
	if (listener->tcp >= 0)
		close(listener->tcp);
	for (unsigned i = 0; i < listener->udp_count; i++)
		close(listener->udp[i]);
	free(listener);
}

bool listener_matches(const struct listener *listener, const struct config_listen *want)
{
	return address_equal((const struct sockaddr *)&listener->address,
	                     (const struct sockaddr *)&want->address) &&
	       strcmp(listener->device, want->device == NULL ? "" : want->device) == 0;
}
