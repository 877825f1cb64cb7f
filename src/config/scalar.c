// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/scalar.h"

#include <arpa/inet.h>
#include <assert.h>
#include <ctype.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool scalar_number(const char *text, uint64_t most, uint64_t *value)
{
	uint64_t sum = 0;
	if (!*text)
		return false;
	for (; *text; text++) {
		if (!isdigit((unsigned char)*text))
			return false;
		uint64_t digit = (uint64_t)(*text - '0');
		if (sum > (most - digit) / 10 && sum * 10 + digit > most)
			return false;
		sum = sum * 10 + digit;
		if (sum > most)
			return false;
	}
	*value = sum;
	return true;
}

bool scalar_bool(const char *text, bool *value)
{
	static const char *const yes[] = {"yes", "true", "1"}, *const no[] = {"no", "false", "0"};
	for (size_t i = 0; i < 3; i++) {
		if (strcasecmp(text, yes[i]) == 0)
			return *value = true;
		if (strcasecmp(text, no[i]) == 0) {
			*value = false;
			return true;
		}
	}
	return false;
}

static uint64_t unit_seconds(char unit, bool is_clock)
{
	switch (tolower((unsigned char)unit)) {
	case 's': return 1;
	case 'm': return is_clock ? 60 : 0;
	case 'h': return 3600;
	case 'd': return 86400;
	case 'w': return 604800;
	default: return 0;
	}
}

bool scalar_seconds(const char *text, uint32_t *value)
{
	uint64_t sum = 0;
	bool is_iso = toupper((unsigned char)*text) == 'P', is_clock = !is_iso, has_part = false;
	if (scalar_number(text, UINT32_MAX, &sum)) {
		*value = (uint32_t)sum;
		return true;
	}
	for (text += is_iso; *text; text++) {
		uint64_t part = 0, unit;
		if (is_iso && !is_clock && toupper((unsigned char)*text) == 'T') {
			is_clock = true;
			continue;
		}
		if (!isdigit((unsigned char)*text))
			return false;
		for (; isdigit((unsigned char)*text) && part <= UINT32_MAX; text++)
			part = part * 10 + (uint64_t)(*text - '0');
		unit = unit_seconds(*text, is_clock);
		sum += part * unit;
		if (!unit || sum > UINT32_MAX)
			return false;
		has_part = true;
	}
	*value = (uint32_t)sum;
	return has_part;
}

bool scalar_size(const char *text, uint64_t *value)
{
	static const char units[] = "kmgt";
	char digits[24];
	uint64_t number;
	if (strcasecmp(text, "unlimited") == 0 || strcasecmp(text, "default") == 0) {
		*value = 0;
		return true;
	}
	size_t length = strlen(text);
	if (length == 0 || length >= sizeof digits)
		return false;
	memcpy(digits, text, length + 1);
	const char *unit = strchr(units, tolower((unsigned char)digits[length - 1]));
	if (unit)
		digits[length - 1] = '\0';
	unsigned shift = unit ? 10u * (unsigned)(unit - units + 1) : 0;
	if (!scalar_number(digits, UINT64_MAX >> shift, &number))
		return false;
	*value = number << shift;
	return true;
}

bool scalar_address(const char *text, uint16_t port, struct sockaddr_storage *address)
{
	struct sockaddr_storage made;
	memset(&made, 0, sizeof made);
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
	if (inet_pton(AF_INET, text, &in.sin_addr) == 1) {
		memcpy(&made, &in, sizeof in);
		*address = made;
		return true;
	}
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	char plain[INET6_ADDRSTRLEN];
	const char *scope = strchr(text, '%');
	size_t length = scope ? (size_t)(scope - text) : strlen(text);
	if (length >= sizeof plain)
		return false;
	memcpy(plain, text, length);
	plain[length] = '\0';
	if (inet_pton(AF_INET6, plain, &in6.sin6_addr) != 1)
		return false;
	if (scope) {
		uint64_t number = if_nametoindex(scope + 1);
		if (!number && !scalar_number(scope + 1, UINT32_MAX, &number))
			return false;
		in6.sin6_scope_id = (uint32_t)number;
	}
	memcpy(&made, &in6, sizeof in6);
	*address = made;
	return true;
}

bool scalar_endpoint(const char *text, uint16_t port, struct sockaddr_storage *address)
{
	char host[INET6_ADDRSTRLEN + IF_NAMESIZE + 2];
	uint64_t number = port;
	bool in_brackets = *text == '[';
	const char *end = in_brackets ? strchr(text, ']') : strpbrk(text, "@");
	const char *colon = strchr(text, ':');
	if (!in_brackets && !end && colon && !strchr(colon + 1, ':'))
		end = colon; // one colon: IPv4 and a port
	size_t length = end ? (size_t)(end - text) - in_brackets : strlen(text);
	if ((in_brackets && !end) || length >= sizeof host)
		return false;
	memcpy(host, text + in_brackets, length);
	host[length] = '\0';
	const char *rest = end ? end + in_brackets : "";
	if (*rest && ((*rest != '@' && *rest != ':') || !scalar_number(rest + 1, 65535, &number)))
		return false;
	return scalar_address(host, (uint16_t)number, address);
}

// named.conf lets the last bytes of an IPv4 prefix be left out: "10/8".
static bool short_ipv4(const char *text, uint8_t bytes[static 16])
{
	char full[64];
	size_t dots = 0;
	for (const char *c = text; *c; c++) {
		if (*c != '.' && !isdigit((unsigned char)*c))
			return false;
		dots += *c == '.';
	}
	if (dots > 3 || strlen(text) >= INET_ADDRSTRLEN)
		return false;
	static const char *const zeros[] = {".0.0.0", ".0.0", ".0", ""};
	snprintf(full, sizeof full, "%s%s", text, zeros[dots]);
	return inet_pton(AF_INET, full, bytes) == 1;
}

bool scalar_prefix(const char *text, uint16_t *family, uint8_t bytes[static 16], uint8_t *bits)
{
	char host[INET6_ADDRSTRLEN];
	uint8_t made[16] = {0};
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : strlen(text);
	if (length >= sizeof host)
		return false;
	memcpy(host, text, length);
	host[length] = '\0';
	uint16_t found = AF_INET;
	if (inet_pton(AF_INET6, host, made) == 1)
		found = AF_INET6;
	else if (slash ? !short_ipv4(host, made) : inet_pton(AF_INET, host, made) != 1)
		return false;
	uint64_t most = found == AF_INET ? 32 : 128, number = most;
	if (slash && !scalar_number(slash + 1, most, &number))
		return false;
	*family = found;
	memcpy(bytes, made, 16);
	*bits = (uint8_t)number;
	return true;
}

void scalar_mask(uint8_t bits, uint8_t mask[static 16])
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned left = bits > i * 8 ? bits - i * 8 : 0;
		mask[i] = (uint8_t)(left >= 8 ? 0xff : 0xff << (8 - left));
	}
}

bool scalar_clear_host(uint8_t bytes[static 16], const uint8_t mask[static 16])
{
	uint8_t cleared = 0;
	for (unsigned i = 0; i < 16; i++) {
		cleared |= (uint8_t)(bytes[i] & ~mask[i]);
		bytes[i] &= mask[i];
	}
	return cleared != 0;
}

uint8_t scalar_address_bytes(const struct sockaddr_storage *address, uint8_t bytes[static 16])
{
	memset(bytes, 0, 16);
	if (address->ss_family == AF_INET) {
		memcpy(bytes, (const uint8_t *)address + offsetof(struct sockaddr_in, sin_addr), 4);
		return 4;
	}
	if (address->ss_family != AF_INET6)
		return 0;
	memcpy(bytes, (const uint8_t *)address + offsetof(struct sockaddr_in6, sin6_addr), 16);
	return 16;
}

// The port stands at the same place in both families.
static_assert(offsetof(struct sockaddr_in, sin_port) == offsetof(struct sockaddr_in6, sin6_port),
               "port offset");

void scalar_set_port(struct sockaddr_storage *address, uint16_t port)
{
	uint16_t wire = htons(port);
	memcpy((uint8_t *)address + offsetof(struct sockaddr_in, sin_port), &wire, 2);
}
