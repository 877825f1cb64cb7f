// SPDX-License-Identifier: GPL-3.0-or-later
// How many connections there are, in all and from each peer. Asked only when
// a connection comes or goes, so a lock does.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct peers;

int peers_new(struct peers **peers); // ERR_MEMORY
void peers_free(struct peers *peers);

enum peers_verdict { PEERS_ADMITTED, PEERS_FULL, PEERS_ONE_HAS_TOO_MANY };

// Counts a connection in where both bounds allow it. A peer is an IPv4 address
// or an IPv6 /64.
enum peers_verdict peers_enter(struct peers *peers, const struct sockaddr *peer,
                               uint32_t most, uint32_t most_per_peer);

// Counts one out that was admitted.
void peers_leave(struct peers *peers, const struct sockaddr *peer);

uint32_t peers_count(struct peers *peers);
