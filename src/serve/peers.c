// SPDX-License-Identifier: GPL-3.0-or-later
#include "serve/peers.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hash.h"

#define CHAINS 1024 // power of two; connections at once are hundreds, rarely thousands

struct peer {
	struct peer *next;
	uint64_t key; // the network, see peer_key()
	uint16_t family;
	uint32_t count;
};

struct peers {
	pthread_mutex_t lock;
	uint32_t total;
	struct peer *chain[CHAINS];
};

int peers_new(struct peers **peers)
{
	struct peers *p = calloc(1, sizeof(*p));
	if (p == NULL)
		return ERR_MEMORY;
	pthread_mutex_init(&p->lock, NULL);
	*peers = p;
	return 0;
}

void peers_free(struct peers *peers)
{
	if (peers == NULL)
		return;
	for (unsigned i = 0; i < CHAINS; i++) {
		for (struct peer *p = peers->chain[i], *next; p != NULL; p = next) {
			next = p->next;
			free(p);
		}
	}
	pthread_mutex_destroy(&peers->lock);
	free(peers);
}

static uint64_t peer_key(const struct sockaddr *peer)
{
	uint64_t key = 0;
	if (peer->sa_family == AF_INET)
		memcpy(&key, (const uint8_t *)peer + offsetof(struct sockaddr_in, sin_addr), 4);
	else
		memcpy(&key, (const uint8_t *)peer + offsetof(struct sockaddr_in6, sin6_addr), 8);
	return key;
}

// Where the peer is linked, or where it would be.
static struct peer **find(struct peers *peers, const struct sockaddr *address, uint64_t key)
{
	struct peer **at = &peers->chain[hash_bytes(&key, sizeof(key)) % CHAINS];
	while (*at != NULL && ((*at)->key != key || (*at)->family != address->sa_family))
		at = &(*at)->next;
	return at;
}

static enum peers_verdict enter(struct peers *peers, const struct sockaddr *address,
                                uint32_t most, uint32_t most_per_peer)
{
	uint64_t key = peer_key(address);
	struct peer **at = find(peers, address, key);
	if (*at != NULL && (*at)->count >= most_per_peer)
		return PEERS_ONE_HAS_TOO_MANY;
	if (peers->total >= most)
		return PEERS_FULL;
	if (*at == NULL) {
		*at = calloc(1, sizeof(**at));
		if (*at == NULL)
			return PEERS_FULL;
		(*at)->key = key;
		(*at)->family = address->sa_family;
	}
	(*at)->count++;
	peers->total++;
	return PEERS_ADMITTED;
}

enum peers_verdict peers_enter(struct peers *peers, const struct sockaddr *peer,
                               uint32_t most, uint32_t most_per_peer)
{
	pthread_mutex_lock(&peers->lock);
	enum peers_verdict verdict = enter(peers, peer, most, most_per_peer);
	pthread_mutex_unlock(&peers->lock);
	return verdict;
}

void peers_leave(struct peers *peers, const struct sockaddr *address)
{
	pthread_mutex_lock(&peers->lock);
	struct peer **at = find(peers, address, peer_key(address));
	struct peer *peer = *at;
	if (peer != NULL) {
		peers->total--;
		if (--peer->count == 0) {
			*at = peer->next;
			free(peer);
		}
	}
	pthread_mutex_unlock(&peers->lock);
}

uint32_t peers_count(struct peers *peers)
{
	pthread_mutex_lock(&peers->lock);
	uint32_t total = peers->total;
	pthread_mutex_unlock(&peers->lock);
	return total;
}
