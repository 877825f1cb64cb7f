// SPDX-License-Identifier: GPL-3.0-or-later
#include "serve/runtime.h"

#include <stdlib.h>

#include "base/epoch.h"
#include "base/error.h"

#define TCP_CLIENTS_DEFAULT 150
#define TCP_IDLE_DEFAULT_S 10
// One peer must not be able to take all connections (RFC 7766, 6.2.2), but a
// resolver farm behind one address needs more than a few.
#define PER_PEER_SHARE 2
#define PER_PEER_LEAST 10

static uint16_t udp_size(uint16_t configured)
{
	uint16_t size = configured == 0 ? EDNS_OWN_SIZE : configured;
	return size < RUNTIME_UDP_MAX ? size : RUNTIME_UDP_MAX;
}

static void fill_identities(struct runtime *runtime, const struct config_server *server)
{
	runtime->udp4 = (struct answer_identity){
		.version = server->version,
		.hostname = server->hostname,
		.server_id = server->server_id,
		.nsid = server->nsid,
		.nsid_length = (uint8_t)(server->nsid_length < 255 ? server->nsid_length : 255),
		.udp_size = udp_size(server->edns_size4),
		.minimal_any = server->minimal_any,
		.minimal_responses = server->minimal_responses,
	};
	runtime->udp6 = runtime->udp4;
	runtime->udp6.udp_size = udp_size(server->edns_size6);
	runtime->tcp = runtime->udp4;
	uint32_t tenths = runtime->tcp_idle_ms / 100;
	runtime->tcp.keepalive = (uint16_t)(tenths < UINT16_MAX ? tenths : UINT16_MAX);
}

int runtime_new(const struct config *config, struct runtime **runtime)
{
	const struct config_server *server = &config->server;
	struct runtime *r = calloc(1, sizeof(*r));
	if (r == NULL)
		return ERR_MEMORY;
	r->config = config_hold(config);
	r->log_queries = server->log_queries;
	r->tcp_clients = server->tcp_clients == 0 ? TCP_CLIENTS_DEFAULT : server->tcp_clients;
	r->tcp_per_peer = r->tcp_clients / PER_PEER_SHARE;
	if (r->tcp_per_peer < PER_PEER_LEAST)
		r->tcp_per_peer = PER_PEER_LEAST;
	r->tcp_queries = server->tcp_queries;
	uint32_t idle = server->tcp_timeout == 0 ? TCP_IDLE_DEFAULT_S : server->tcp_timeout;
	r->tcp_idle_ms = (idle < 86400 ? idle : 86400) * 1000;
	r->transfers_out = server->transfers_out;
	fill_identities(r, server);
	*runtime = r;
	return 0;
}

void runtime_free(struct runtime *runtime)
{
	if (runtime == NULL)
		return;
	config_release(runtime->config);
	free(runtime);
}

static void free_retired(void *runtime)
{
	runtime_free(runtime);
}

void runtime_swap(runtime_slot *slot, struct runtime *runtime)
{
	struct runtime *old = atomic_exchange_explicit(slot, runtime, memory_order_acq_rel);
	if (old != NULL)
		epoch_retire(free_retired, old);
}
