// SPDX-License-Identifier: GPL-3.0-or-later
// A configuration in a test: its text, what the reader says of it, the model.
#pragma once

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"
#include "dns/name.h"

// All messages, one a line, as config_report_print() writes them; to free().
static inline char *messages_of(const struct config_report *report)
{
	char *text = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&text, &size);
	assert_non_null(to);
	config_report_print(report, to);
	fclose(to);
	return text;
}

// Reads `text` as the file `name`, wants exactly these messages; the model is
// NULL where one of them is an error.
static inline struct config *read_case(const char *name, const char *text, const char *messages)
{
	struct config_report report = {0};
	struct config *config;
	int result = config_read_memory(name, text, strlen(text), NULL, &report, &config);
	char *said = messages_of(&report);
	if (messages)
		assert_string_equal(said, messages);
	assert_int_equal(result == 0, report.errors == 0);
	assert_int_equal(config != NULL, report.errors == 0);
	free(said);
	config_report_free(&report);
	return config;
}

static inline const struct config_zone *zone_of(const struct config *config, const char *name)
{
	uint8_t wire[NAME_MAX_WIRE];
	assert_true(name_from_text(name, wire) > 0);
	const struct config_zone *zone = config_zone_find(config, wire);
	assert_non_null(zone);
	return zone;
}

static inline void assert_file(const struct config_zone *zone, const char *path)
{
	char text[CONFIG_PATH_MOST];
	assert_string_equal(config_zone_file(zone, text), path);
}

static inline struct sockaddr_storage address_of(const char *text)
{
	struct sockaddr_storage address = {0};
	struct sockaddr_in *in = (struct sockaddr_in *)&address;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address;
	if (inet_pton(AF_INET, text, &in->sin_addr) == 1)
		address.ss_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1)
		address.ss_family = AF_INET6;
	else
		fail_msg("%s is no address", text);
	return address;
}

// Whether the list lets that address in, signed with that key (NULL: not).
static inline bool allows(const struct acl *acl, const char *address, const char *key)
{
	struct sockaddr_storage source = address_of(address);
	uint8_t wire[NAME_MAX_WIRE];
	if (key)
		assert_true(name_from_text(key, wire) > 0);
	return acl_allows(acl, (const struct sockaddr *)&source, key ? wire : NULL);
}

static inline void assert_endpoint(const struct sockaddr_storage *address, const char *host, uint16_t port)
{
	char text[INET6_ADDRSTRLEN] = "";
	const struct sockaddr_in *in = (const struct sockaddr_in *)address;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
	if (address->ss_family == AF_INET)
		inet_ntop(AF_INET, &in->sin_addr, text, sizeof text);
	else if (address->ss_family == AF_INET6)
		inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof text);
	assert_string_equal(text, host);
	assert_int_equal(ntohs(in->sin_port), port);
}
