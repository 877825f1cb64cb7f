// SPDX-License-Identifier: GPL-3.0-or-later
// Sockets: for each address one TCP socket, which the stream threads share,
// and a UDP socket for each worker.
#pragma once

#include <net/if.h>

#include "config/model.h"

struct listener {
	struct sockaddr_storage address;
	char device[IFNAMSIZ]; // "" where it is bound to none
	bool wildcard;         // datagrams tell which of our addresses they were sent to
	bool kept;             // while a reload compares
	int tcp;
	unsigned udp_count;
	int udp[];
};

// Whether someone else has the address already. Several of our own sockets
// share an address by SO_REUSEPORT, which would share it with another server
// of the same user as silently. Returns 0 or ERR_IO with `why`.
int listener_probe(const struct config_listen *want, char why[static 256]);

// Opens and binds. Returns 0, ERR_IO, ERR_MEMORY with `why`.
int listener_open(const struct config_listen *want, unsigned workers, uint32_t tcp_mss,
                  struct listener **listener, char why[static 256]);

void listener_close(struct listener *listener);

// Same address, port and device.
bool listener_matches(const struct listener *listener, const struct config_listen *want);
