// SPDX-License-Identifier: GPL-3.0-or-later
// Reads bytes as a configuration, and asks what the server would ask of it.
// Nothing is opened: includes are refused.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void fuzz_ask(const struct config *config, const struct sockaddr *source)
{
	const uint8_t *key = config->key_count ? config->keys[0]->tsig.name : NULL;
	char text[600];
	config_peer_find(config, source);
	for (uint32_t i = 0; i < config->zone_count; i++) {
		const struct config_zone *zone = &config->zones[i];
		if (config_zone_find(config, zone->name) != zone)
			abort();
		config_summary(config, zone, text, sizeof text);
		config_statistics_group(zone, text, sizeof text);
		acl_allows(zone->policy->allow_query, source, key);
		for (int access = CONFIG_ACCESS_QUERY; access <= CONFIG_ACCESS_NOTIFY; access++)
			config_explain_refusal(config, zone, (enum config_access)access, source, key, text, sizeof text);
	}
}

static inline int fuzz_config(enum config_dialect dialect, const char *name, const uint8_t *data, size_t size)
{
	struct config_report report = {0};
	struct config *config;
	int result = config_read_memory_as(dialect, name, (const char *)data, size, &report, &config);
	// An error is told, and nothing comes of it; without one there is a model.
	if ((result == 0) != (report.errors == 0) || (config != NULL) != (result == 0))
		abort();
	for (uint32_t i = 0; i < report.count; i++)
		if (strncmp(report.messages[i].text, name, strlen(name)) != 0)
			abort();
	if (config) {
		struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc0000201)};
		struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
		fuzz_ask(config, (const struct sockaddr *)&in);
		fuzz_ask(config, (const struct sockaddr *)&in6);
	}
	config_release(config);
	config_report_free(&report);
	return 0;
}
