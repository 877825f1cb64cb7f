// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/http.h"

#include <stdalign.h>
#include <string.h>
#include <strings.h>

#include "config/scalar.h"

#define HOST_MAX 253 // bytes of a name in text (RFC 1035, 2.3.4)

bool http_add_listen(struct builder *b, const char *text, struct config_where where)
{
	struct config_http *http = &b->config->server.http;
	struct sockaddr_storage address;
	if (!scalar_endpoint(text, CONFIG_HTTP_PORT, &address))
		return false;
	if (http->listen == NULL)
		http->listen = pool_alloc(&b->pool, CONFIG_HTTP_MOST * sizeof *http->listen, alignof(max_align_t));
	if (http->listen_count == CONFIG_HTTP_MOST) {
		builder_error(b, where, "more than %d addresses in http-listen", CONFIG_HTTP_MOST);
		return true;
	}
	struct config_listen *listen = &http->listen[http->listen_count++];
	memset(listen, 0, sizeof *listen);
	listen->address = address;
	listen->where = where;
	return true;
}

bool http_add_host(struct builder *b, const char *text, struct config_where where)
{
	struct config_http *http = &b->config->server.http;
	size_t length = strlen(text);
	if (length == 0 || length > HOST_MAX ||
	    strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") != length)
		return false;
	if (http->host == NULL)
		http->host = pool_alloc(&b->pool, CONFIG_HTTP_MOST * sizeof *http->host, alignof(max_align_t));
	if (http->host_count == CONFIG_HTTP_MOST)
		builder_error(b, where, "more than %d names in http-host", CONFIG_HTTP_MOST);
	else
		http->host[http->host_count++] = pool_text(&b->pool, text, length);
	return true;
}

bool http_set_metrics_zones(struct builder *b, const char *text)
{
	static const char *const words[] = {
		[CONFIG_METRICS_ZONES_YES] = "yes", [CONFIG_METRICS_ZONES_TROUBLED] = "troubled",
		[CONFIG_METRICS_ZONES_NO] = "no",
	};
	for (uint8_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (strcasecmp(words[i], text) == 0) {
			b->config->server.http.metrics_zones = i;
			return true;
		}
	}
	return false;
}
