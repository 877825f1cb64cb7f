// SPDX-License-Identifier: GPL-3.0-or-later
#include "observe/http_host.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#define HOST_MOST 255

// Whether what stands behind the host is nothing, or ":" and a port.
static bool is_port(const char *text)
{
	size_t digits = text[0] == ':' ? strspn(text + 1, "0123456789") : 0;
	return text[0] == '\0' || (text[0] == ':' && digits <= 5 && text[1 + digits] == '\0');
}

static bool is_address6(char *text)
{
	struct in6_addr address;
	char *end = strchr(text, ']');
	if (end == NULL || !is_port(end + 1))
		return false;
	*end = '\0';
	return inet_pton(AF_INET6, text + 1, &address) == 1;
}

// Our name in full, or the first label of it.
static bool is_own(const char *own, const char *text)
{
	size_t first = strcspn(own, ".");
	return own[0] != '\0' &&
	       (strcasecmp(own, text) == 0 || (strlen(text) == first && strncasecmp(own, text, first) == 0));
}

static bool is_name(const struct http_names *names, const char *text)
{
	if (strcasecmp(text, "localhost") == 0 || is_own(names->own, text))
		return true;
	for (uint32_t i = 0; i < names->other_count; i++)
		if (strcasecmp(names->other[i], text) == 0)
			return true;
	return false;
}

bool http_host_is_ours(const struct http_names *names, const char *host, size_t length)
{
	char text[HOST_MOST + 1];
	struct in_addr address;
	if (length == 0 || length > HOST_MOST || memchr(host, '\0', length) != NULL)
		return false;
	memcpy(text, host, length);
	text[length] = '\0';
	if (text[0] == '[')
		return is_address6(text);
	size_t name = strcspn(text, ":");
	if (name == 0 || !is_port(text + name))
		return false;
	text[name] = '\0';
	if (inet_pton(AF_INET, text, &address) == 1)
		return true;
	if (text[name - 1] == '.')
		text[name - 1] = '\0';
	return text[0] != '\0' && is_name(names, text);
}
