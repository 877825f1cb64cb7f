// SPDX-License-Identifier: GPL-3.0-or-later
// Asking the finished model, and its end.
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "config/builder.h"
#include "config/scalar.h"
#include "dns/name.h"

const struct config_zone *config_zone_find(const struct config *config, const uint8_t *name)
{
	const struct config_private *hidden = config->hidden;
	uint8_t lower[NAME_MAX_WIRE];
	if (!hidden->zone_index)
		return NULL;
	name_lower(lower, name);
	size_t length = name_length(lower);
	uint32_t at = (uint32_t)hash_bytes(lower, length) & hidden->zone_index_mask;
	for (; hidden->zone_index[at]; at = (at + 1) & hidden->zone_index_mask) {
		const struct config_zone *zone = &config->zones[hidden->zone_index[at] - 1];
		if (name_equal(zone->name, lower))
			return zone;
	}
	return NULL;
}

const char *config_zone_file(const struct config_zone *zone, char text[static CONFIG_PATH_MOST])
{
	char name[NAME_MAX_TEXT];

	if (!zone->file || !zone->file_has_name)
		return zone->file;
	snprintf(text, CONFIG_PATH_MOST, "%s%s%s", zone->file, name_to_text(zone->name, name),
	         zone->file + strlen(zone->file) + 1);
	return text;
}

const struct config_key *config_key_find(const struct config *config, const uint8_t *name)
{
	for (uint32_t i = 0; i < config->key_count; i++)
		if (name_equal(config->keys[i]->tsig.name, name))
			return config->keys[i];
	return NULL;
}

const struct tsig_key *config_tsig_find(const void *config, const uint8_t *name)
{
	const struct config_key *key = config_key_find(config, name);
	return key ? &key->tsig : NULL;
}

const struct config_peer *config_peer_find(const struct config *config,
                                           const struct sockaddr *address)
{
	const struct config_peer *best = NULL;
	struct sockaddr_storage copy = {0};
	uint8_t bytes[16], mask[16];
	if (address->sa_family == AF_INET)
		memcpy(&copy, address, sizeof(struct sockaddr_in));
	else if (address->sa_family == AF_INET6)
		memcpy(&copy, address, sizeof(struct sockaddr_in6));
	scalar_address_bytes(&copy, bytes);
	for (uint32_t i = 0; i < config->peer_count; i++) {
		const struct config_peer *peer = &config->peers[i];
		uint8_t masked[16];
		memcpy(masked, bytes, 16);
		scalar_mask(peer->prefix_length, mask);
		scalar_clear_host(masked, mask);
		if (peer->family == address->sa_family && memcmp(masked, peer->prefix, 16) == 0 &&
		    (!best || peer->prefix_length > best->prefix_length))
			best = peer;
	}
	return best;
}

const struct config *config_hold(const struct config *config)
{
	atomic_fetch_add_explicit(&config->hidden->holders, 1, memory_order_relaxed);
	return config;
}

void config_release(const struct config *config)
{
	if (!config ||
	    atomic_fetch_sub_explicit(&config->hidden->holders, 1, memory_order_acq_rel) != 1)
		return;
	struct config_private *hidden = config->hidden;
	struct pool pool = hidden->pool;
	free(hidden->zone_index);
	free(config->zones);
	free(config->peers);
	free(config->server.listen);
	pool_free(&pool); // the model itself lies in it
}
