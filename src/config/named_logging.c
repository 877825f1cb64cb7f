// SPDX-License-Identifier: GPL-3.0-or-later
// logging { … }: there is one log here, so the channels of category default say
// where it goes. What log-target, log-file and log-level say goes before it.
#include <string.h>
#include <strings.h>

#include "config/named.h"
#include "config/telling.h"

void named_keep_logging(struct named *n, const struct named_statement *s)
{
	if (n->logging)
		builder_error(n->builder, named_where(s, s->first), "'logging' stands twice, first at %s",
		              builder_place(n->builder, named_where(n->logging, n->logging->first)));
	else if (named_block_of(n, s))
		n->logging = s;
}

static const struct named_statement *find_channel(const struct named_statement *all, const char *name)
{
	for (const struct named_statement *s = all; s; s = s->next)
		if (named_is(s->first, "channel") && s->first->next && strcasecmp(s->first->next->text, name) == 0)
			return s;
	return NULL;
}

static void set_level(struct named *n, const struct named_statement *s)
{
	struct config_server *server = &n->builder->config->server;
	const struct named_value *value = s->first->next;
	const char *level = named_is(value, "critical") ? "error" : value ? value->text : "";
	if (named_is(value, "dynamic") || server->log_level >= 0)
		return;
	if (!telling_set(n->builder, "log-level", level))
		builder_error(n->builder, named_where(s, s->first),
		              "'severity' wants critical, error, warning, notice, info, debug or dynamic");
}

static void set_file(struct named *n, const struct named_statement *s)
{
	struct config_server *server = &n->builder->config->server;
	const struct named_value *path = s->first->next;
	if (!path || path->kind == NAMED_BLOCK) {
		builder_error(n->builder, named_where(s, s->first), "'file' wants a path");
		return;
	}
	if (path->next)
		builder_warn(n->builder, named_where(s, path->next), "'%s' has no effect: logrotate and a reload turn a log over",
		             path->next->text);
	if (!server->log_file && server->log_target < 0)
		server->log_file = builder_path(n->builder, n->directory, path->text);
}

static void set_syslog(struct named *n, const struct named_statement *s)
{
	struct config_server *server = &n->builder->config->server;
	const struct named_value *facility = s->first->next;
	int number = facility ? telling_facility(facility->text) : LOG_FACILITY_DAEMON;
	if (number < 0) {
		builder_error(n->builder, named_where(s, facility), "'%s' is no facility of syslog", facility->text);
		return;
	}
	if (server->log_file || server->log_target >= 0)
		return;
	server->log_target = LOG_TO_SYSLOG;
	server->log_facility = (uint8_t)number;
}

// One statement of a channel. True where it says where to.
static bool read_channel_word(struct named *n, const struct named_statement *s, bool is_used)
{
	static const char *const forms[] = { "print-time", "print-severity", "print-category", "buffered" };
	struct config_server *server = &n->builder->config->server;
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
		if (named_is(s->first, forms[i]))
			return false; // log-format says how lines look, and none waits in a buffer
	bool is_file = named_is(s->first, "file"), is_syslog = named_is(s->first, "syslog");
	if (is_used && named_is(s->first, "severity"))
		set_level(n, s);
	else if (is_used && is_file)
		set_file(n, s);
	else if (is_used && is_syslog)
		set_syslog(n, s);
	else if (is_used && named_is(s->first, "stderr") && !server->log_file && server->log_target < 0)
		server->log_target = LOG_TO_STDERR;
	else if (!is_file && !is_syslog && !named_is(s->first, "stderr") && !named_is(s->first, "severity") &&
	         !named_is(s->first, "null"))
		builder_error(n->builder, named_where(s, s->first), "'%s' is not known in channel { … }; known are file, syslog, "
		              "stderr, null, severity, print-time, print-severity, print-category, buffered", s->first->text);
	return is_file || is_syslog || named_is(s->first, "stderr");
}

// True where it leads anywhere.
static bool read_channel(struct named *n, const struct named_statement *channel, bool is_used)
{
	const struct named_value *block = named_block_of(n, channel);
	bool leads = false;
	for (const struct named_statement *s = block ? block->block : NULL; s; s = s->next)
		leads |= read_channel_word(n, s, is_used);
	return leads;
}

// Those that BIND has by itself: where they lead is where our log goes anyway,
// or, as default_syslog, must be said.
static bool use_own_channel(struct named *n, const char *name, bool *leads)
{
	struct config_server *server = &n->builder->config->server;
	*leads = strcasecmp(name, "default_stderr") == 0 || strcasecmp(name, "default_syslog") == 0;
	if (*leads && !server->log_file && server->log_target < 0)
		server->log_target = strcasecmp(name, "default_syslog") == 0 ? LOG_TO_SYSLOG : LOG_TO_STDERR;
	return *leads || strcasecmp(name, "default_debug") == 0 || strcasecmp(name, "null") == 0 ||
	       strcasecmp(name, "default_logfile") == 0;
}

// The first of its channels that leads anywhere is the one.
static void use_category(struct named *n, const struct named_statement *all, const struct named_statement *category)
{
	const struct named_value *block = named_block_of(n, category);
	bool is_found = false;
	for (const struct named_statement *s = block ? block->block : NULL; s; s = s->next) {
		const struct named_statement *channel = find_channel(all, s->first->text);
		bool leads;
		if (is_found)
			builder_warn(n->builder, named_where(s, s->first), "there is one log here: channel '%s' gets nothing",
			             s->first->text);
		else if (channel)
			is_found = read_channel(n, channel, true);
		else if (use_own_channel(n, s->first->text, &leads))
			is_found = leads;
		else
			builder_error(n->builder, named_where(s, s->first), "there is no channel '%s'", s->first->text);
	}
}

void named_apply_logging(struct named *n)
{
	if (!n->logging)
		return;
	const struct named_statement *all = named_block_of(n, n->logging)->block, *category = NULL, *other = NULL;
	for (const struct named_statement *s = all; s; s = s->next) {
		if (named_is(s->first, "channel"))
			read_channel(n, s, false);
		else if (!named_is(s->first, "category"))
			builder_error(n->builder, named_where(s, s->first), "'%s' is not known in logging { … }; known are channel "
			              "and category", s->first->text);
		else if (named_is(s->first->next, "default"))
			category = s;
		else if (!other)
			other = s;
	}
	if (category)
		use_category(n, all, category);
	if (other)
		builder_warn(n->builder, named_where(other, other->first), "'category' has no effect but for default: "
		             "there is one log here, which has all");
	else if (!category)
		builder_warn(n->builder, named_where(n->logging, n->logging->first), "'logging' has no effect without a "
		             "category default: the log goes to the journal or to standard error");
}
