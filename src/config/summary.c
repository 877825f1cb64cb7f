// SPDX-License-Identifier: GPL-3.0-or-later
// The model in words.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/address.h"
#include "config/builder.h"
#include "config/scalar.h"
#include "dns/name.h"

// Appends, and remembers that it did not fit.
struct writer {
	char *text;
	size_t size, at;
};

__attribute__((format(printf, 2, 3)))
static void put(struct writer *w, const char *format, ...)
{
	va_list arguments;
	if (w->at + 1 >= w->size)
		return;
	va_start(arguments, format);
	int length = vsnprintf(w->text + w->at, w->size - w->at, format, arguments);
	va_end(arguments);
	if (length > 0)
		w->at += (size_t)length;
	if (w->at >= w->size)
		w->at = w->size - 1;
}

static struct writer writer(char *text, size_t size)
{
	if (size)
		*text = '\0';
	return (struct writer){text, size, 0};
}

const char *config_zone_where(const struct config *config, const struct config_zone *zone,
                              char *text, size_t size)
{
	if (zone->in_file < config->file_count)
		snprintf(text, size, "%s:%u", config->files[zone->in_file], zone->line);
	else
		snprintf(text, size, "command line");
	return text;
}

static void put_remotes(struct writer *w, const struct config_remotes *remotes)
{
	char text[80];
	for (uint32_t i = 0; i < remotes->count; i++) {
		const struct config_remote *remote = &remotes->remote[i];
		put(w, "%s%s", i ? ", " : " ", address_to_text((const struct sockaddr *)&remote->address, text));
		if (remote->key)
			put(w, " (key %s)", remote->key->text);
	}
}

static void put_acl(struct writer *w, const struct acl *acl)
{
	char text[400];
	if (acl == &acl_none || acl->count == 0) {
		put(w, "nobody");
		return;
	}
	for (uint32_t i = 0; i < acl->count; i++) {
		if (i == 4 && acl->count > 5) {
			put(w, " and %u entries more", acl->count - i);
			return;
		}
		put(w, "%s%s", i ? ", " : "", acl_entry_to_text(&acl->entry[i], text, sizeof text));
	}
}

const char *config_summary(const struct config *config, const struct config_zone *zone,
                           char *text, size_t size)
{
	struct writer w = writer(text, size);
	const struct config_policy *policy = zone->policy;
	char place[4200], name[NAME_MAX_TEXT], path[CONFIG_PATH_MOST];
	put(&w, "%s: ", name_to_text(zone->name, name));
	if (zone->role == CONFIG_SECONDARY) {
		put(&w, "secondary of");
		put_remotes(&w, policy->primaries);
	} else {
		put(&w, "primary");
	}
	if (zone->file)
		put(&w, ", file %s", config_zone_file(zone, path));
	put(&w, ", transfers to ");
	put_acl(&w, policy->allow_transfer);
	if (policy->allow_query != &acl_any) {
		put(&w, ", queries from ");
		put_acl(&w, policy->allow_query);
	}
	if (policy->also_notify->count) {
		put(&w, ", notifies");
		put_remotes(&w, policy->also_notify);
	}
	put(&w, " [%s]", config_zone_where(config, zone, place, sizeof place));
	return text;
}

static const char *source_text(const struct sockaddr *source, char text[static INET6_ADDRSTRLEN])
{
	struct sockaddr_in6 in6;
	struct sockaddr_in in;
	if (source->sa_family == AF_INET) {
		memcpy(&in, source, sizeof in);
		return inet_ntop(AF_INET, &in.sin_addr, text, INET6_ADDRSTRLEN);
	}
	memcpy(&in6, source, sizeof in6);
	if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr))
		return inet_ntop(AF_INET, in6.sin6_addr.s6_addr + 12, text, INET6_ADDRSTRLEN);
	return inet_ntop(AF_INET6, &in6.sin6_addr, text, INET6_ADDRSTRLEN);
}

static void put_remedy(struct writer *w, enum config_dialect dialect, enum config_access access,
                       const char *address, const char *key)
{
	static const char *const named[] = {"allow-query", "allow-transfer", "allow-notify"};
	static const char *const nsd[] = {"allow-query", "provide-xfr", "allow-notify"};
	if (dialect == CONFIG_NSD)
		put(w, "`%s: %s %s`", nsd[access], address, *key ? key : "NOKEY");
	else if (*key)
		put(w, "`%s { key %s; };`", named[access], key);
	else
		put(w, "`%s { %s; };`", named[access], address);
}

const char *config_explain_refusal(const struct config *config, const struct config_zone *zone,
                                   enum config_access access, const struct sockaddr *source,
                                   const uint8_t *key_name, char *text, size_t size)
{
	struct writer w = writer(text, size);
	const struct config_policy *policy = zone->policy;
	const struct acl *lists[] = {policy->allow_query, policy->allow_transfer, policy->allow_notify};
	const struct acl_entry *entry;
	char address[INET6_ADDRSTRLEN], key[NAME_MAX_TEXT] = "", place[4200], said[400], name[NAME_MAX_TEXT];
	source_text(source, address);
	if (key_name)
		name_to_text(key_name, key);
	config_zone_where(config, zone, place, sizeof place);
	name_to_text(zone->name, name);
	if (acl_decide(lists[access], source, key_name, &entry) == ACL_REFUSED) {
		bool is_nsd = config->dialect == CONFIG_NSD;
		acl_entry_to_text(entry, said, sizeof said);
		put(&w, "the entry %s%s refuses %s; it holds for zone %s (%s)", said + (is_nsd && *said == '!'),
		    is_nsd ? " BLOCKED" : "", address, name, place);
		return text;
	}
	put(&w, "no entry matches %s %s%s; ", address, key_name ? "with key " : "without key", key);
	// Whoever is let in by key is not to be advised to do without.
	entry = acl_wanting_key(lists[access], source);
	if (entry) {
		put(&w, "the entry %s wants its key, which the other side has to sign with; it holds for zone %s (%s)",
		    acl_entry_to_text(entry, said, sizeof said), name, place);
		return text;
	}
	if (config->dialect == CONFIG_ARGUMENTS) {
		put(&w, "zone %s takes it from its --primary addresses alone", name);
		return text;
	}
	put(&w, "add ");
	put_remedy(&w, config->dialect, access, address, key);
	put(&w, " to zone %s (%s)", name, place);
	return text;
}

const char *config_statistics_group(const struct config_zone *zone, char *text, size_t size)
{
	struct writer w = writer(text, size);
	char name[NAME_MAX_TEXT];
	for (const char *c = zone->policy->statistics_group; c && *c; c++) {
		if (c[0] == '%' && c[1] == 's') {
			put(&w, "%s", name_to_text(zone->name, name));
			c++;
		} else {
			put(&w, "%c", *c);
		}
	}
	return text;
}
