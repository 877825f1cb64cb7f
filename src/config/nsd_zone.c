// SPDX-License-Identifier: GPL-3.0-or-later
// zone: and pattern: of nsd.conf.
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/monitor.h"
#include "config/nsd.h"
#include "config/scalar.h"

#define MAX_PATTERN_DEPTH 16

void nsd_begin_settings(struct nsd *n)
{
	memset(&n->settings, 0, sizeof n->settings);
	memcpy(&n->settings.policy, &n->defaults, sizeof n->defaults);
	n->base = NULL;
	n->is_touched = false;
	n->statements = (struct nsd_vector){0};
	n->has_zone = true;
	n->errors_before = n->builder->report->errors;
}

static struct nsd_pattern *find_pattern(const struct nsd *n, const char *name)
{
	for (struct nsd_pattern *p = n->patterns; p; p = p->next)
		if (strcmp(p->name, name) == 0)
			return p;
	return NULL;
}

// A copy that appends to arrays of its own.
static void copy_settings(struct nsd_settings *to, const struct nsd_settings *from)
{
	memcpy(to, from, sizeof *to);
	to->request_xfr.room = to->request_xfr.count;
	to->notify.room = to->notify.count;
	to->monitor_server.room = to->monitor_server.count;
	to->allow_notify.room = to->allow_notify.count;
	to->provide_xfr.room = to->provide_xfr.count;
	to->allow_query.room = to->allow_query.count;
}

static const char *nearest_pattern(struct nsd *n, const char *name)
{
	uint32_t count = 0;
	if (builder_has_said_enough(n->builder))
		return NULL;
	for (const struct nsd_pattern *p = n->patterns; p; p = p->next)
		count++;
	const char **names = pool_alloc(&n->builder->scratch, (count + 1) * sizeof *names, 8);
	count = 0;
	for (const struct nsd_pattern *p = n->patterns; p; p = p->next)
		names[count++] = p->name;
	names[count] = NULL;
	return builder_nearest(name, names);
}

void nsd_include_pattern(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s)
{
	struct nsd_pattern *pattern = find_pattern(n, s->value[0].text);
	(void)word;
	if (!pattern) {
		const char *near = nearest_pattern(n, s->value[0].text);
		builder_error(n->builder, s->value[0].where, "there is no pattern \"%s\" before this line%s%s%s",
		              s->value[0].text, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
		return;
	}
	if (!n->is_touched && !n->base) {
		const char *own = n->settings.zonefile;
		copy_settings(&n->settings, &pattern->settings);
		if (own)
			n->settings.zonefile = own;
		n->base = pattern;
		return;
	}
	// On top of something: line by line, as if written here.
	n->is_touched = true;
	if (n->pattern_depth >= MAX_PATTERN_DEPTH) {
		builder_error(n->builder, s->value[0].where, "patterns are nested more than %d deep", MAX_PATTERN_DEPTH);
		return;
	}
	n->pattern_depth++;
	const struct nsd_statement *lines = (const void *)pattern->statements.data;
	for (uint32_t i = 0; i < pattern->statements.count; i++)
		if (strcasecmp(lines[i].word, "name") != 0)
			nsd_apply(n, &lines[i]);
	n->pattern_depth--;
}

static const struct acl *finish_acl(struct nsd *n, const struct nsd_vector *list, const struct acl *otherwise)
{
	return list->count ? builder_acl(n->builder, ACL_BLOCK, NULL, (const void *)list->data, list->count) : otherwise;
}

static const struct config_remotes *finish_remotes(struct nsd *n, const struct nsd_vector *list)
{
	struct config_remote *remotes = pool_alloc(&n->work, (list->count + 1) * sizeof *remotes, 16);
	if (list->count)
		memcpy(remotes, list->data, list->count * sizeof *remotes);
	for (uint32_t i = 0; i < list->count; i++)
		remotes[i].source = n->settings.outgoing[remotes[i].address.ss_family == AF_INET6];
	return builder_remotes(n->builder, remotes, list->count);
}

static const struct config_policy *finish_policy(struct nsd *n)
{
	struct nsd_settings *settings = &n->settings;
	struct config_policy *policy = &settings->policy;
	policy->primaries = finish_remotes(n, &settings->request_xfr);
	policy->also_notify = finish_remotes(n, &settings->notify);
	policy->monitor_servers = finish_remotes(n, &settings->monitor_server);
	policy->allow_notify = finish_acl(n, &settings->allow_notify, &acl_none);
	policy->allow_transfer = finish_acl(n, &settings->provide_xfr, &acl_none);
	policy->allow_query = finish_acl(n, &settings->allow_query, &acl_any);
	policy->notify_source4 = settings->outgoing[0];
	policy->notify_source6 = settings->outgoing[1];
	return builder_policy(n->builder, policy);
}

// The label `which` from the right without its dot, "." where there is none.
static void put_label(char **to, const char *name, unsigned which)
{
	const char *end = name + strlen(name), *start;
	for (;; which--) {
		start = end;
		while (start > name && (start[-1] != '.' || (start - 1 > name && start[-2] == '\\')))
			start--;
		if (which == 0 || start == name)
			break;
		end = start - 1;
	}
	if (which || start == end) {
		*(*to)++ = '.';
		return;
	}
	memcpy(*to, start, (size_t)(end - start));
	*to += end - start;
}

// %s the name, %1 %2 %3 its characters, %z %y %x its labels from the right.
// A "/" in the name is written \047, so it makes no folder.
static const char *expand_zonefile(struct nsd *n, const char *pattern, const char *name)
{
	size_t length = strlen(name), signs = 0, slashes = 0;
	for (const char *c = pattern; *c; c++)
		signs += *c == '%';
	if (!signs)
		return pattern;
	for (const char *c = name; *c; c++)
		slashes += *c == '/';
	char *safe = pool_alloc(&n->work, length + 3 * slashes + 1, 1), *w = safe;
	for (const char *c = name; *c; c++) {
		if (*c == '/') {
			memcpy(w, "\\047", 4);
			w += 4;
		} else {
			*w++ = *c;
		}
	}
	*w = '\0';
	length = strlen(safe);
	char *text = pool_alloc(&n->work, strlen(pattern) + signs * (length + 1) + 1, 1), *to = text;
	for (const char *c = pattern; *c; c++) {
		static const char labels[] = "zyx";
		const char *label = c[0] == '%' && c[1] ? strchr(labels, c[1]) : NULL;
		if (c[0] == '%' && c[1] == 's') {
			memcpy(to, safe, length);
			to += length;
		} else if (c[0] == '%' && c[1] >= '1' && c[1] <= '3') {
			size_t at = (size_t)(c[1] - '1');
			*to++ = at < length && safe[at] != '/' && safe[at] != '\\' ? safe[at] : '.';
		} else if (label) {
			put_label(&to, safe, (unsigned)(label - labels));
		} else {
			*to++ = *c;
			continue;
		}
		c++;
	}
	*to = '\0';
	return text;
}

void nsd_finish_zone(struct nsd *n)
{
	if (!n->name.text) {
		builder_error(n->builder, n->section_where, "this zone has no name");
		return;
	}
	struct config_zone *zone = builder_zone(n->builder, n->name.text, n->section_where);
	if (!zone)
		return;
	struct nsd_settings *settings = &n->settings;
	zone->role = settings->request_xfr.count ? CONFIG_SECONDARY : CONFIG_PRIMARY;
	if (zone->role == CONFIG_PRIMARY && settings->allow_notify.count)
		builder_warn(n->builder, n->section_where, "zone \"%s\" has allow-notify but no request-xfr: it is read "
		             "as a primary, which nobody notifies", builder_zone_text(n->builder, zone));
	zone->has_fault = n->builder->report->errors > n->errors_before;
	if (n->base && !n->is_touched) {
		struct nsd_pattern *base = NULL;
		memcpy(&base, &n->base, sizeof base);
		if (!base->policy)
			base->policy = finish_policy(n);
		zone->policy = base->policy;
	} else {
		zone->policy = finish_policy(n);
	}
	if (!settings->zonefile)
		return;
	char name[NAME_MAX_TEXT];
	const char *file = expand_zonefile(n, settings->zonefile, name_to_text(zone->name, name));
	zone->file_is_relative = *file != '/';
	zone->file = builder_zone_path(n->builder, n->zonesdir, file);
}

void nsd_finish_pattern(struct nsd *n)
{
	if (!n->name.text) {
		builder_error(n->builder, n->section_where, "this pattern has no name");
		return;
	}
	struct nsd_pattern *same = find_pattern(n, n->name.text);
	if (same) {
		builder_error(n->builder, n->name.where, "pattern \"%s\" is defined twice, first at %s", n->name.text,
		              builder_place(n->builder, same->where));
		return;
	}
	struct nsd_pattern *pattern = pool_new(&n->builder->scratch, sizeof *pattern);
	pattern->name = n->name.text;
	pattern->where = n->section_where;
	copy_settings(&pattern->settings, &n->settings);
	pattern->statements = n->statements;
	pattern->next = n->patterns;
	n->patterns = pattern;
}

void nsd_set_zonefile(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s)
{
	(void)word;
	n->settings.zonefile = *s->value[0].text ? s->value[0].text : NULL;
}

void nsd_set_min_expire(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s)
{
	struct config_policy *policy = n->section == NSD_SERVER ? &n->defaults : &n->settings.policy;
	(void)word;
	policy->min_expire_is_sum = strcasecmp(s->value[0].text, "refresh+retry+1") == 0;
	if (!policy->min_expire_is_sum && !scalar_seconds(s->value[0].text, &policy->min_expire))
		builder_error(n->builder, s->value[0].where, "'min-expire-time:' wants seconds or refresh+retry+1, not '%s'",
		              s->value[0].text);
}

void nsd_set_zonestats(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s)
{
	n->settings.policy.statistics = *s->value[0].text != '\0';
	n->settings.policy.statistics_group = *s->value[0].text
		? intern_add(&n->builder->intern, 100, s->value[0].text, strlen(s->value[0].text) + 1) : NULL;
	if (n->settings.policy.statistics)
		nsd_ignore(n, word, s);
}

void nsd_set_catalog(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s)
{
	(void)word;
	if (strcasecmp(s->value[0].text, "consumer") == 0)
		n->settings.policy.catalog = CONFIG_CATALOG_CONSUMER;
	else if (strcasecmp(s->value[0].text, "producer") == 0)
		n->settings.policy.catalog = CONFIG_CATALOG_PRODUCER;
	else {
		builder_error(n->builder, s->value[0].where, "'catalog:' wants consumer or producer, not '%s'", s->value[0].text);
		return;
	}
	builder_warn(n->builder, s->where, "'catalog:' has no effect: catalog zones are not implemented yet: "
	             "their members are not served");
}

void nsd_set_percent(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s)
{
	struct config_policy *policy = n->section == NSD_SERVER ? &n->defaults : &n->settings.policy;
	uint64_t number;
	(void)word;
	if (scalar_number(s->value[0].text, 100, &number))
		policy->max_shrink = (uint32_t)number;
	else
		builder_error(n->builder, s->value[0].where, "'%s:' wants a percentage of 0 to 100, not '%s'", s->word,
		              s->value[0].text);
}

void nsd_set_monitor(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s)
{
	struct config_policy *policy = n->section == NSD_SERVER ? &n->defaults : &n->settings.policy;
	const char *wanted = monitor_set(n->builder, policy, word->name, s->value[0].text);
	if (wanted)
		builder_error(n->builder, s->value[0].where, "'%s:' wants %s, not '%s'", s->word, wanted, s->value[0].text);
}

void nsd_set_verify_zone(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s)
{
	bool flag;
	(void)word;
	if (!scalar_bool(s->value[0].text, &flag))
		builder_error(n->builder, s->value[0].where, "'verify-zone:' wants yes or no, not '%s'", s->value[0].text);
	else if (!flag)
		n->settings.policy.verifier = NULL;
}

// verify: may stand behind the zones that it switches off.
void nsd_finish_verify(struct nsd *n)
{
	struct config *config = n->builder->config;
	for (uint32_t i = 0; n->verify_off && i < config->zone_count; i++) {
		struct config_policy policy;
		if (!config->zones[i].policy->verifier)
			continue;
		memcpy(&policy, config->zones[i].policy, sizeof policy);
		policy.verifier = NULL;
		config->zones[i].policy = builder_policy(n->builder, &policy);
	}
}

// The command and its arguments, as one line.
void nsd_set_verifier(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s)
{
	struct config_policy *policy = n->section == NSD_ZONE || n->section == NSD_PATTERN
		? &n->settings.policy : &n->defaults;
	char line[2048];
	size_t at = 0;
	(void)word;
	for (unsigned i = 0; i < s->count; i++) {
		int length = snprintf(line + at, sizeof line - at, "%s%s", i ? " " : "", s->value[i].text);
		if (length < 0 || at + (size_t)length >= sizeof line) {
			builder_error(n->builder, s->value[i].where, "'verifier:' is longer than 2,000 bytes");
			return;
		}
		at += (size_t)length;
	}
	policy->verifier = at ? intern_add(&n->builder->intern, 100, line, at + 1) : NULL;
}
