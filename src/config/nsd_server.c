// SPDX-License-Identifier: GPL-3.0-or-later
// server: of nsd.conf, and the small sections.
#include <ctype.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "config/http.h"
#include "config/nsd.h"
#include "config/scalar.h"
#include "config/telling.h"

// Kept until the port is known.
void nsd_add_interface(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s)
{
	(void)word;
	for (unsigned i = 1; i < s->count; i++)
		if (strncmp(s->value[i].text, "servers=", 8) == 0 || strncmp(s->value[i].text, "setfib=", 7) == 0)
			builder_warn(n->builder, s->value[i].where, "'%s' has no effect: all workers serve all addresses",
			             s->value[i].text);
		else if (strncmp(s->value[i].text, "bindtodevice=", 13) != 0) {
			builder_error(n->builder, s->value[i].where, "unexpected '%s' after '%s:'", s->value[i].text, s->word);
			return;
		}
	*(struct nsd_statement *)nsd_append(n, &n->interfaces, sizeof *s) = *s;
}

static const char *device_of(const struct nsd_statement *s, const char *name)
{
	for (unsigned i = 1; i < s->count; i++)
		if (strcmp(s->value[i].text, "bindtodevice=yes") == 0)
			return name;
	return NULL;
}

// eth0[@port]: all its addresses.
static void listen_on_device(struct nsd *n, const struct nsd_statement *s)
{
	const char *text = s->value[0].text, *at = strchr(text, '@');
	size_t length = at ? (size_t)(at - text) : strlen(text);
	uint64_t port = n->port;
	uint32_t count, found = 0;
	if (at && (!scalar_number(at + 1, 65535, &port) || !port)) {
		builder_error(n->builder, s->value[0].where, "'%s' is not a port", at + 1);
		return;
	}
	const struct host_address *host = builder_host(n->builder, &count);
	const char *name = pool_text(&n->builder->pool, text, length);
	for (uint32_t i = 0; i < count; i++) {
		struct sockaddr_storage address = host[i].address;
		if (strcmp(host[i].device, name) != 0)
			continue;
		found++;
		if (address.ss_family == AF_INET ? !n->do_ip4 : !n->do_ip6)
			continue;
		scalar_set_port(&address, (uint16_t)port);
		builder_listen(n->builder, &address, s->value[0].where)->device = device_of(s, name);
	}
	if (!found)
		builder_error(n->builder, s->value[0].where, "'%s' is neither an address nor an interface that has one", name);
}

static void add_listeners(struct nsd *n)
{
	const struct nsd_statement *all = (const void *)n->interfaces.data;
	struct sockaddr_storage address;
	for (uint32_t i = 0; i < n->interfaces.count; i++) {
		if (!scalar_endpoint(all[i].value[0].text, n->port, &address))
			listen_on_device(n, &all[i]);
		else if (address.ss_family == AF_INET ? n->do_ip4 : n->do_ip6)
			builder_listen(n->builder, &address, all[i].value[0].where);
		else
			builder_warn(n->builder, all[i].value[0].where, "%s is not listened on: do-ip%c is no",
			             all[i].value[0].text, address.ss_family == AF_INET ? '4' : '6');
	}
	if (n->interfaces.count)
		return;
	const char *const any[] = {"0.0.0.0", "::"};
	for (unsigned i = 0; i < 2; i++)
		if ((i == 0 ? n->do_ip4 : n->do_ip6) && scalar_address(any[i], n->port, &address))
			builder_listen(n->builder, &address, (struct config_where){.file = UINT32_MAX})->is_default = true;
}

void nsd_set_port(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s)
{
	uint64_t number;
	(void)word;
	if (scalar_number(s->value[0].text, 65535, &number) && number)
		n->port = (uint16_t)number;
	else
		builder_error(n->builder, s->value[0].where, "'port:' wants a number of 1 to 65535, not '%s'", s->value[0].text);
}

void nsd_set_flag(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s)
{
	bool flag;
	if (!scalar_bool(s->value[0].text, &flag)) {
		builder_error(n->builder, s->value[0].where, "'%s:' wants yes or no, not '%s'", s->word, s->value[0].text);
		return;
	}
	if (strcmp(word->name, "do-ip4") == 0)
		n->do_ip4 = flag;
	else if (strcmp(word->name, "do-ip6") == 0)
		n->do_ip6 = flag;
	else if (strcmp(word->name, "ip4-only") == 0)
		n->do_ip6 = !flag;
	else if (strcmp(word->name, "ip6-only") == 0)
		n->do_ip4 = !flag;
	else if (strcmp(word->name, "hide-version") == 0)
		n->hide_version = flag;
	else
		n->hide_identity = flag;
}

// user, or user.group and uid.gid.
void nsd_set_username(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s)
{
	const char *text = s->value[0].text, *dot = strchr(text, '.');
	struct config_server *server = &n->builder->config->server;
	(void)word;
	size_t length = dot ? (size_t)(dot - text) : strlen(text);
	server->user = length ? pool_text(&n->builder->pool, text, length) : NULL;
	server->group = dot && dot[1] ? pool_text(&n->builder->pool, dot + 1, strlen(dot + 1)) : NULL;
}

void nsd_set_zonesdir(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s)
{
	struct config *config = n->builder->config;
	const char *here = builder_working_directory(n->builder);
	size_t length = strlen(n->zonesdir);
	(void)word;
	const char *directory = *s->value[0].text ? builder_path(n->builder, here, s->value[0].text) : here;
	size_t end = strlen(directory);
	if (end > 1 && directory[end - 1] == '/')
		directory = pool_text(&n->builder->scratch, directory, end - 1);
	for (uint32_t i = 0; i < config->zone_count; i++) {
		struct config_zone *zone = &config->zones[i];
		if (zone->file && zone->file_is_relative)
			zone->file = builder_zone_path(n->builder, directory, zone->file + length + (n->zonesdir[length - 1] != '/'));
	}
	n->zonesdir = directory;
}

void nsd_set_chroot(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s)
{
	(void)word;
	if (*s->value[0].text)
		builder_warn(n->builder, s->where, "'chroot:' has no effect: the service unit confines the server");
}

void nsd_set_identity(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s)
{
	const char *text = pool_text(&n->builder->pool, s->value[0].text, strlen(s->value[0].text));
	if (strlen(text) > 255)
		builder_error(n->builder, s->value[0].where, "'%s:' is longer than 255 bytes", s->word);
	else if (strcmp(word->name, "version") == 0)
		n->builder->config->server.version = text;
	else
		n->identity = text;
}

// nsid: hex digits, or ascii_ and text.
void nsd_set_nsid(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s)
{
	const char *text = s->value[0].text;
	struct config_server *server = &n->builder->config->server;
	size_t length = strlen(text);
	(void)word;
	if (strncmp(text, "ascii_", 6) == 0) {
		server->nsid = (const uint8_t *)pool_text(&n->builder->pool, text + 6, length - 6);
		server->nsid_length = (uint32_t)length - 6;
		if (length - 6 > 255)
			builder_error(n->builder, s->value[0].where, "'nsid:' is longer than 255 bytes");
		return;
	}
	if (length % 2 || length > 510 || strspn(text, "0123456789abcdefABCDEF") != length) {
		builder_error(n->builder, s->value[0].where, "'nsid:' wants hex digits, two a byte, or ascii_TEXT, not '%s'", text);
		return;
	}
	uint8_t *bytes = pool_alloc(&n->builder->pool, length / 2 + 1, 1);
	for (size_t i = 0; i < length; i++) {
		int c = tolower((unsigned char)text[i]);
		unsigned digit = (unsigned)(isdigit(c) ? c - '0' : c - 'a' + 10);
		bytes[i / 2] = (uint8_t)(i % 2 ? (unsigned)bytes[i / 2] << 4 | digit : digit);
	}
	server->nsid = length ? bytes : NULL;
	server->nsid_length = (uint32_t)(length / 2);
}

void nsd_set_edns(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s)
{
	struct config_server *server = &n->builder->config->server;
	uint64_t number;
	if (!scalar_number(s->value[0].text, 65535, &number) || number < 512)
		builder_error(n->builder, s->value[0].where, "'%s:' wants a size of 512 to 65535 bytes, not '%s'", s->word,
		              s->value[0].text);
	else if (word->name[3] == '4')
		server->edns_size4 = (uint16_t)number;
	else
		server->edns_size6 = (uint16_t)number;
}

void nsd_set_name(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s)
{
	(void)word;
	if (n->name.text)
		builder_error(n->builder, s->value[0].where, "this %s has a name already: \"%s\"",
		              n->section == NSD_ZONE ? "zone" : n->section == NSD_PATTERN ? "pattern" : "section", n->name.text);
	else
		n->name = s->value[0];
}

void nsd_set_key_part(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s)
{
	if (strcmp(word->name, "secret") == 0)
		n->secret = s->value[0];
	else
		n->algorithm = s->value[0];
}

void nsd_set_tls_part(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s)
{
	const char *text = pool_text(&n->builder->pool, s->value[0].text, strlen(s->value[0].text));
	if (strcmp(word->name, "auth-domain-name") == 0)
		n->tls.remote_hostname = text;
	else if (strcmp(word->name, "client-cert") == 0)
		n->tls.cert_file = text;
	else
		n->tls.key_file = text;
}

void nsd_set_verify_enable(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s)
{
	bool flag;
	(void)word;
	if (!scalar_bool(s->value[0].text, &flag))
		builder_error(n->builder, s->value[0].where, "'enable:' wants yes or no, not '%s'", s->value[0].text);
	else
		n->verify_off = !flag;
}

void nsd_set_telling(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s)
{
	if (!telling_set(n->builder, word->name, s->value[0].text))
		builder_error(n->builder, s->value[0].where, "'%s:' wants %s, not '%s'", s->word, telling_wanted(word->name),
		              s->value[0].text);
}

void nsd_set_http(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s)
{
	for (unsigned i = 0; i < s->count; i++) {
		const char *text = s->value[i].text, *wanted;
		bool good;
		if (strcmp(word->name, "http-listen") == 0) {
			good = http_add_listen(n->builder, text, s->value[i].where);
			wanted = "ADDR or ADDR@PORT";
		} else if (strcmp(word->name, "http-host") == 0) {
			good = http_add_host(n->builder, text, s->value[i].where);
			wanted = HTTP_HOST_WANTED;
		} else {
			good = http_set_metrics_zones(n->builder, text);
			wanted = "yes, no or troubled";
		}
		if (!good)
			builder_error(n->builder, s->value[i].where, "'%s:' wants %s, not '%s'", s->word, wanted, text);
	}
}

void nsd_finish_server(struct nsd *n)
{
	struct config_server *server = &n->builder->config->server;
	const char *here = builder_working_directory(n->builder);
	if (server->state_dir)
		server->state_dir = builder_path(n->builder, builder_own_folder(n->builder), server->state_dir);
	if (server->log_file)
		server->log_file = builder_path(n->builder, here, server->log_file);
	if (server->pid_file)
		server->pid_file = builder_path(n->builder, here, server->pid_file);
	if (n->hide_version)
		server->version = NULL;
	server->hostname = server->server_id = n->hide_identity ? NULL : n->identity;
	server->directory = builder_path(n->builder, here, n->zonesdir);
	add_listeners(n);
}
