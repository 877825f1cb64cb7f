// SPDX-License-Identifier: GPL-3.0-or-later
// Statements of options, view and zone that are more than one plain value.
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "config/http.h"
#include "config/monitor.h"
#include "config/named.h"
#include "config/scalar.h"
#include "config/telling.h"

static void wants(struct named *n, const struct named_statement *s,
                  const struct named_value *value, const char *what)
{
	builder_error(n->builder, named_where(s, value), "'%s' wants %s, not '%s'",
	              s->first->text, what, value->text);
}

static void ignore(struct named *n, const struct named_scope *scope, const struct named_statement *s)
{
	named_ignore(n, named_word_find_in(n, s->first->text, scope->context), s,
	             named_context_name(scope->context));
}

// transfer-source A|* [port N]
void named_set_source(struct named *n, struct named_scope *scope, const struct named_statement *s)
{
	bool is_v6 = strstr(s->first->text, "-v6") != NULL;
	struct sockaddr_storage *to = strncasecmp(s->first->text, "notify", 6) == 0
		? scope->notify_source : scope->transfer_source;
	const struct named_value *value = s->first->next;
	struct sockaddr_storage address;
	uint64_t port = 0;
	if (!value || value->kind == NAMED_BLOCK) {
		builder_error(n->builder, named_where(s, s->first), "'%s' wants an address or *", s->first->text);
		return;
	}
	memset(&address, 0, sizeof address);
	if (!named_is(value, "*") && (!scalar_address(value->text, 0, &address) ||
	                              address.ss_family != (is_v6 ? AF_INET6 : AF_INET))) {
		wants(n, s, value, is_v6 ? "an IPv6 address or *" : "an IPv4 address or *");
		return;
	}
	if (named_is(value->next, "port") && value->next->next) {
		value = value->next->next;
		if (!named_is(value, "*") && !scalar_number(value->text, 65535, &port)) {
			wants(n, s, value, "a port");
			return;
		}
		if (port)
			builder_warn(n->builder, named_where(s, value),
			             "a fixed source port has no effect: the system chooses the port");
	}
	if (value->next) {
		named_too_much(n, s, value->next);
		return;
	}
	to[is_v6] = address;
}

void named_set_notify(struct named *n, struct named_scope *scope, const struct named_statement *s)
{
	const struct named_value *value = named_single(n, s);
	bool flag;
	if (!value)
		return;
	if (scalar_bool(value->text, &flag))
		scope->policy.notify = flag ? CONFIG_NOTIFY_YES : CONFIG_NOTIFY_NO;
	else if (named_is(value, "explicit"))
		scope->policy.notify = CONFIG_NOTIFY_EXPLICIT;
	else if (named_is(value, "primary-only") || named_is(value, "master-only"))
		scope->policy.notify = CONFIG_NOTIFY_PRIMARY_ONLY;
	else
		wants(n, s, value, "yes, no, explicit or primary-only");
}

void named_set_identity(struct named *n, struct named_scope *scope, const struct named_statement *s)
{
	struct config_server *server = &n->builder->config->server;
	const struct named_value *value = named_single(n, s);
	char host[256] = "";
	(void)scope;
	if (!value)
		return;
	bool is_id = strcasecmp(s->first->text, "server-id") == 0;
	const char *text = pool_text(&n->builder->pool, value->text, strlen(value->text));
	if (value->kind == NAMED_WORD && named_is(value, "none"))
		text = NULL;
	if (is_id && value->kind == NAMED_WORD && named_is(value, "hostname")) {
		gethostname(host, sizeof host - 1);
		text = pool_text(&n->builder->pool, host, strlen(host));
	}
	if (text && strlen(text) > 255) {
		builder_error(n->builder, named_where(s, value), "'%s' is longer than 255 bytes", s->first->text);
		return;
	}
	if (strcasecmp(s->first->text, "version") == 0)
		server->version = text;
	else if (!is_id)
		server->hostname = text;
	else {
		server->server_id = text;
		server->nsid = (const uint8_t *)text; // as BIND: NSID is the server-id
		server->nsid_length = text ? (uint32_t)strlen(text) : 0;
	}
}

void named_set_minimal(struct named *n, struct named_scope *scope, const struct named_statement *s)
{
	const struct named_value *value = named_single(n, s);
	bool flag;
	(void)scope;
	if (!value)
		return;
	if (scalar_bool(value->text, &flag))
		n->builder->config->server.minimal_responses = flag;
	else if (named_is(value, "no-auth") || named_is(value, "no-auth-recursive"))
		n->builder->config->server.minimal_responses = true;
	else
		wants(n, s, value, "yes, no, no-auth or no-auth-recursive");
}

void named_set_edns(struct named *n, struct named_scope *scope, const struct named_statement *s)
{
	const struct named_value *value = named_single(n, s);
	uint64_t number;
	if (!value)
		return;
	if (!scalar_number(value->text, 4096, &number) || number < 512) {
		wants(n, s, value, "a size of 512 to 4096 bytes");
		return;
	}
	if (strcasecmp(s->first->text, "max-udp-size") != 0)
		ignore(n, scope, s);
	else
		n->builder->config->server.edns_size4 = n->builder->config->server.edns_size6 = (uint16_t)number;
}

void named_set_idle(struct named *n, struct named_scope *scope, const struct named_statement *s)
{
	const struct named_value *value = named_single(n, s);
	uint64_t number;
	(void)scope;
	if (!value)
		return;
	if (scalar_number(value->text, 1200, &number) && number >= 1)
		n->builder->config->server.tcp_timeout = (uint32_t)(number + 9) / 10;
	else
		wants(n, s, value, "tenths of a second, 1 to 1200");
}

void named_set_port(struct named *n, struct named_scope *scope, const struct named_statement *s)
{
	const struct named_value *value = named_single(n, s);
	uint64_t number;
	(void)scope;
	if (!value)
		return;
	if (scalar_number(value->text, 65535, &number) && number)
		n->port = (uint16_t)number;
	else
		wants(n, s, value, "a port");
}

void named_set_statistics(struct named *n, struct named_scope *scope, const struct named_statement *s)
{
	const struct named_value *value = named_single(n, s);
	bool flag = false;
	if (!value)
		return;
	if (named_is(value, "full"))
		flag = true;
	else if (!named_is(value, "terse") && !named_is(value, "none") && !scalar_bool(value->text, &flag))
		wants(n, s, value, "full, terse, none, yes or no");
	scope->policy.statistics = flag;
	if (flag)
		ignore(n, scope, s);
}

// min-transfer-rate-in BYTES MINUTES
void named_set_rate(struct named *n, struct named_scope *scope, const struct named_statement *s)
{
	const struct named_value *bytes = s->first->next, *minutes = bytes ? bytes->next : NULL;
	uint64_t a, b;
	if (!minutes || !scalar_number(bytes->text, UINT32_MAX, &a) ||
	    !scalar_number(minutes->text, UINT32_MAX / 60, &b))
		builder_error(n->builder, named_where(s, s->first), "'%s' wants bytes and minutes", s->first->text);
	else if (minutes->next)
		named_too_much(n, s, minutes->next);
	else {
		scope->policy.min_rate_bytes = a;
		scope->policy.min_rate_seconds = (uint32_t)b * 60;
	}
}

void named_set_percent(struct named *n, struct named_scope *scope, const struct named_statement *s)
{
	const struct named_value *value = named_single(n, s);
	uint64_t number;
	if (!value)
		return;
	if (scalar_number(value->text, 100, &number))
		scope->policy.max_shrink = (uint32_t)number;
	else
		wants(n, s, value, "a percentage of 0 to 100");
}

void named_set_monitor(struct named *n, struct named_scope *scope, const struct named_statement *s)
{
	const struct named_value *value = named_single(n, s);
	const char *wanted = value ? monitor_set(n->builder, &scope->policy, s->first->text, value->text) : NULL;
	if (wanted)
		wants(n, s, value, wanted);
}

void named_set_differences(struct named *n, struct named_scope *scope, const struct named_statement *s)
{
	const struct named_value *value = named_single(n, s);
	bool flag = true;
	if (!value)
		return;
	if (!scalar_bool(value->text, &flag) && !named_is(value, "primary") && !named_is(value, "master") &&
	    !named_is(value, "secondary") && !named_is(value, "slave"))
		wants(n, s, value, "yes, no, primary or secondary");
	scope->policy.ixfr_from_differences = flag;
}

void named_set_recursion(struct named *n, struct named_scope *scope, const struct named_statement *s)
{
	const struct named_value *value = named_single(n, s);
	bool flag;
	(void)scope;
	if (!value)
		return;
	if (!scalar_bool(value->text, &flag))
		wants(n, s, value, "yes or no");
	else if (flag)
		builder_warn(n->builder, named_where(s, s->first),
		             "'recursion yes' has no effect: this server answers for its own zones and does not resolve");
}

void named_set_pid_file(struct named *n, struct named_scope *scope, const struct named_statement *s)
{
	const struct named_value *value = named_single(n, s);
	(void)scope;
	if (!value)
		return;
	bool is_none = value->kind == NAMED_WORD && named_is(value, "none");
	n->builder->config->server.pid_file =
		is_none ? NULL : pool_text(&n->builder->pool, value->text, strlen(value->text));
}

// What a template says holds unless the zone says otherwise, so named_zone.c
// has applied it before; here only its name is checked.
void named_set_template(struct named *n, struct named_scope *scope, const struct named_statement *s)
{
	const struct named_value *value = named_single(n, s);
	(void)scope;
	if (value && !named_list_find(n->templates, value->text))
		builder_error(n->builder, named_where(s, value), "there is no template \"%s\"", value->text);
}

void named_add_listen(struct named *n, struct named_scope *scope, const struct named_statement *s)
{
	struct named_statement *copy = pool_copy(&n->builder->scratch, s, sizeof *s);
	(void)scope;
	copy->next = NULL;
	*n->listens.link = copy;
	n->listens.link = &copy->next;
}

// http-listen ADDR[@PORT] | ADDR port N …
static void add_http_listen(struct named *n, const struct named_statement *s)
{
	const struct named_value *next;
	for (const struct named_value *value = s->first->next; value; value = next) {
		const char *text = value->text;
		char both[128];
		uint64_t port = 0;
		next = value->next;
		if (value->kind != NAMED_BLOCK && named_is(next, "port")) {
			const struct named_value *number = next->next;
			if (!number || number->kind == NAMED_BLOCK || !scalar_number(number->text, 65535, &port) || !port) {
				wants(n, s, next, "a port number behind 'port'");
				return;
			}
			snprintf(both, sizeof both, "%s@%u", value->text, (unsigned)port);
			text = both;
			next = number->next;
		}
		if (value->kind == NAMED_BLOCK || !http_add_listen(n->builder, text, named_where(s, value)))
			wants(n, s, value, "addresses, each with @PORT or port N");
	}
}

void named_set_telling(struct named *n, struct named_scope *scope, const struct named_statement *s)
{
	const struct named_value *value = named_single(n, s);
	(void)scope;
	if (value && !telling_set(n->builder, s->first->text, value->text))
		wants(n, s, value, telling_wanted(s->first->text));
}

void named_set_http(struct named *n, struct named_scope *scope, const struct named_statement *s)
{
	const struct named_value *value;
	(void)scope;
	if (!s->first->next) {
		builder_error(n->builder, named_where(s, s->first), "'%s' wants a value", s->first->text);
	} else if (named_is(s->first, "http-listen")) {
		add_http_listen(n, s);
	} else if (named_is(s->first, "http-host")) {
		for (value = s->first->next; value; value = value->next)
			if (value->kind == NAMED_BLOCK || !http_add_host(n->builder, value->text, named_where(s, value)))
				wants(n, s, value, HTTP_HOST_WANTED);
	} else {
		value = named_single(n, s);
		if (value && !http_set_metrics_zones(n->builder, value->text))
			wants(n, s, value, "yes, no or troubled");
	}
}
