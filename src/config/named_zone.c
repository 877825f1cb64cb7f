// SPDX-License-Identifier: GPL-3.0-or-later
// A zone statement, from its tree to the model.
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "config/named.h"

enum zone_type { ZONE_SERVED_PRIMARY, ZONE_SERVED_SECONDARY, ZONE_NOT_OURS, ZONE_WRONG };

static enum zone_type read_type(struct named *n, const struct named_scope *scope,
                                const struct named_statement *zone)
{
	static const char *const resolver[] = {
		"hint", "forward", "stub", "static-stub", "redirect", "delegation-only", "mirror",
	};
	static const char *const all[] = {
		"primary", "master", "secondary", "slave", "hint", "forward", "stub", "static-stub",
		"redirect", "delegation-only", "mirror", NULL,
	};
	if (!scope->type) {
		builder_error(n->builder, named_where(zone, zone->first), "zone \"%s\" has no type; add 'type secondary;' or 'type primary;'",
		              zone->first->next->text);
		return ZONE_WRONG;
	}
	const struct named_value *value = named_single(n, scope->type);
	if (!value)
		return ZONE_WRONG;
	if (named_is(value, "primary") || named_is(value, "master"))
		return ZONE_SERVED_PRIMARY;
	if (named_is(value, "secondary") || named_is(value, "slave"))
		return ZONE_SERVED_SECONDARY;
	for (size_t i = 0; i < sizeof resolver / sizeof *resolver; i++)
		if (named_is(value, resolver[i])) {
			builder_warn(n->builder, named_where(zone, zone->first),
			             "zone \"%s\" of type %s is not served: this server does not resolve",
			             zone->first->next->text, resolver[i]);
			return ZONE_NOT_OURS;
		}
	const char *near = builder_nearest(value->text, all);
	builder_error(n->builder, named_where(scope->type, value), "'%s' is not a type of zone%s%s%s",
	              value->text, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	return ZONE_WRONG;
}

static void read_format(struct named *n, struct named_scope *scope)
{
	const struct named_value *value = scope->format ? named_single(n, scope->format) : NULL;
	if (!value)
		return;
	if (named_is(value, "text"))
		scope->policy.format = CONFIG_FORMAT_TEXT;
	else if (named_is(value, "raw"))
		scope->policy.format = CONFIG_FORMAT_RAW;
	else
		builder_error(n->builder, named_where(scope->format, value), "'masterfile-format' wants text or raw, not '%s'%s",
		              value->text, named_is(value, "map") ? " (BIND 9.18 has dropped map as well)" : "");
}

// named.conf lets the primaries notify without a word; a key of theirs is
// good from any address, so that a NAT in between does not matter.
static const struct acl *implied_notify(struct named *n, const struct config_remotes *primaries,
                                        const struct acl *said)
{
	uint32_t count = 0;
	struct acl_entry *entries = pool_new(&n->work, (2 * (size_t)primaries->count + 1) * sizeof *entries);
	for (uint32_t i = 0; i < primaries->count; i++) {
		const struct config_remote *remote = &primaries->remote[i];
		struct acl_entry *entry = &entries[count++];
		entry->what = ACL_MASKED;
		entry->family = remote->address.ss_family;
		memset(entry->high, 0xff, sizeof entry->high);
		if (entry->family == AF_INET)
			memcpy(entry->low, (const uint8_t *)&remote->address + offsetof(struct sockaddr_in, sin_addr), 4);
		else
			memcpy(entry->low, (const uint8_t *)&remote->address + offsetof(struct sockaddr_in6, sin6_addr), 16);
		if (entry->family == AF_INET)
			memset(entry->high + 4, 0, 12);
		if (!remote->key)
			continue;
		entries[count++] = (struct acl_entry){
			.what = ACL_EVERYWHERE, .signed_how = ACL_SIGNED_BY, .key_name = remote->key->tsig.name,
		};
	}
	if (said && said != &acl_none) {
		entries[count].what = ACL_LIST;
		entries[count++].list = said;
	}
	return count ? builder_acl(n->builder, ACL_FIRST, NULL, entries, count) : &acl_none;
}

// "key K" behind an address says who, an acl alone decides: acl entries.
static void read_lists(struct named *n, struct named_scope *scope, bool is_secondary)
{
	struct config_policy *policy = &scope->policy;
	const struct acl *acl, *said = NULL;
	if (scope->allow_query && (acl = named_acl(n, scope->allow_query)))
		policy->allow_query = acl;
	if (scope->allow_transfer && (acl = named_acl(n, scope->allow_transfer)))
		policy->allow_transfer = acl;
	if (scope->allow_notify)
		said = named_acl(n, scope->allow_notify);
	if (scope->primaries && is_secondary)
		policy->primaries = named_remotes(n, scope->primaries, scope->transfer_source);
	if (scope->also_notify)
		policy->also_notify = named_remotes(n, scope->also_notify, scope->notify_source);
	if (scope->monitor_servers)
		policy->monitor_servers = named_remotes(n, scope->monitor_servers, scope->notify_source);
	policy->notify_source4 = scope->notify_source[0];
	policy->notify_source6 = scope->notify_source[1];
	policy->allow_notify = is_secondary ? implied_notify(n, policy->primaries, said) : &acl_none;
}

static void apply_template(struct named *n, struct named_scope *scope, const struct named_value *block)
{
	for (const struct named_statement *e = block->block; e; e = e->next) {
		if (!named_is(e->first, "template") || !e->first->next || e->first->next->kind == NAMED_BLOCK)
			continue;
		const struct named_list *list = named_list_find(n->templates, e->first->next->text);
		if (list) {
			scope->generation = ++n->generation;
			named_apply(n, scope, named_block_of(n, list->statement)->block);
		}
		break;
	}
}

// "$name" in the file name of a template (BIND 9.21).
static const char *expand_file(struct named *n, const struct config_zone *zone, const char *file)
{
	const char *dollar = strchr(file, '$');
	if (!dollar || strncasecmp(dollar, "$name", 5) != 0)
		return file;
	char name[NAME_MAX_TEXT];
	name_to_text(zone->name, name);
	size_t room = strlen(file) + strlen(name) + 1;
	char *text = pool_alloc(&n->work, room, 1);
	snprintf(text, room, "%.*s%s%s", (int)(dollar - file), file, name, dollar + 5);
	return text;
}

static bool read_class(struct named *n, const struct named_statement *s, const struct named_value *block)
{
	const struct named_value *name = s->first->next, *class = name ? name->next : NULL;
	if (!name || name->kind == NAMED_BLOCK || name->kind == NAMED_NOT) {
		builder_error(n->builder, named_where(s, s->first), "'zone' wants a name");
		return false;
	}
	if (class == block || named_is(class, "in"))
		return class == block || class->next == block;
	if (named_is(class, "ch") || named_is(class, "chaos") || named_is(class, "hs") || named_is(class, "hesiod"))
		builder_warn(n->builder, named_where(s, s->first), "zone \"%s\" is not served: its class is %s, not IN",
		             name->text, class->text);
	else
		builder_error(n->builder, named_where(s, class), "unexpected '%s' after zone \"%s\"",
		              class->kind == NAMED_NOT ? "!" : class->text, name->text);
	return false;
}

static void finish(struct named *n, struct named_scope *scope, const struct named_statement *s,
                   enum zone_type type, uint32_t errors_before)
{
	struct config_where where = named_where(s, s->first);
	bool is_secondary = type == ZONE_SERVED_SECONDARY;
	if (!scope->allow_transfer && n->without_transfer++ == 0)
		n->first_without_transfer = where;
	read_lists(n, scope, is_secondary);
	read_format(n, scope);
	struct config_zone *zone = builder_zone(n->builder, s->first->next->text, where);
	if (!zone)
		return;
	zone->role = is_secondary ? CONFIG_SECONDARY : CONFIG_PRIMARY;
	zone->policy = builder_policy(n->builder, &scope->policy);
	const struct named_value *file = scope->file ? named_single(n, scope->file) : NULL;
	if (file)
		zone->file = builder_zone_path(n->builder, n->directory, expand_file(n, zone, file->text));
	zone->has_fault = n->builder->report->errors > errors_before;
}

void named_read_zone(struct named *n, const struct named_scope *around, const struct named_statement *s)
{
	const struct named_value *block = named_block_of(n, s);
	struct named_scope scope;
	if (!block || !read_class(n, s, block))
		return;
	memcpy(&scope, around, sizeof scope); // with its padding: policies are compared as bytes
	scope.context = NAMED_ZONE;
	uint32_t errors = n->builder->report->errors;
	apply_template(n, &scope, block);
	scope.generation = ++n->generation;
	named_apply(n, &scope, block->block);
	if (scope.in_view) {
		builder_error(n->builder, named_where(s, scope.in_view->first), "'in-view' is not implemented");
		return;
	}
	// A zone whose statements are at fault is not judged by what they lack.
	if (!scope.type && n->builder->report->errors > errors)
		return;
	enum zone_type type = read_type(n, &scope, s);
	if (type == ZONE_SERVED_PRIMARY || type == ZONE_SERVED_SECONDARY)
		finish(n, &scope, s, type, errors);
}
