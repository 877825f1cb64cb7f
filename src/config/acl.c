// SPDX-License-Identifier: GPL-3.0-or-later
#include "config/acl.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "dns/name.h"

static const struct acl_entry everyone = {.what = ACL_EVERYWHERE};

const struct acl acl_any = {.count = 1, .rule = ACL_FIRST, .name = "any", .entry = &everyone};
const struct acl acl_none = {.count = 0, .rule = ACL_FIRST, .name = "none"};

struct client {
	uint16_t family;
	uint16_t port;
	uint8_t address[16];
	const uint8_t *key_name;
};

static bool client_read(struct client *client, const struct sockaddr *source,
                        const uint8_t *key_name)
{
	client->key_name = key_name;
	if (source->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, source, sizeof in);
		client->family = AF_INET;
		client->port = ntohs(in.sin_port);
		memcpy(client->address, &in.sin_addr, 4);
		return true;
	}
	if (source->sa_family != AF_INET6)
		return false;
	struct sockaddr_in6 in6;
	memcpy(&in6, source, sizeof in6);
	client->port = ntohs(in6.sin6_port);
	if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)) {
		client->family = AF_INET;
		memcpy(client->address, in6.sin6_addr.s6_addr + 12, 4);
	} else {
		client->family = AF_INET6;
		memcpy(client->address, &in6.sin6_addr, 16);
	}
	return true;
}

static bool address_matches(const struct acl_entry *entry, const struct client *client)
{
	if (entry->what == ACL_EVERYWHERE)
		return true;
	if (entry->family != client->family)
		return false;
	size_t length = client->family == AF_INET ? 4 : 16;
	if (entry->what == ACL_RANGE)
		return memcmp(client->address, entry->low, length) >= 0 &&
		       memcmp(client->address, entry->high, length) <= 0;
	for (size_t i = 0; i < length; i++)
		if ((client->address[i] & entry->high[i]) != entry->low[i])
			return false;
	return true;
}

static bool key_matches(const struct acl_entry *entry, const struct client *client)
{
	switch (entry->signed_how) {
	case ACL_SIGNED_ANYHOW:
		return true;
	case ACL_SIGNED_NOT:
		return !client->key_name;
	default:
		return client->key_name && entry->key_name &&
		       name_equal(client->key_name, entry->key_name);
	}
}

static enum acl_answer decide(const struct acl *acl, const struct client *client,
                              const struct acl_entry **decisive);

static enum acl_answer entry_decides(const struct acl_entry *entry, const struct client *client)
{
	if (entry->needs_tls || (entry->port && entry->port != client->port))
		return ACL_NO_MATCH;
	if (entry->what == ACL_LIST) {
		const struct acl_entry *inner;
		enum acl_answer answer = decide(entry->list, client, &inner);
		if (!entry->refuses)
			return answer;
		return answer == ACL_ALLOWED ? ACL_REFUSED : ACL_NO_MATCH;
	}
	if (!address_matches(entry, client) || !key_matches(entry, client))
		return ACL_NO_MATCH;
	return entry->refuses ? ACL_REFUSED : ACL_ALLOWED;
}

// Lists inside lists are few and without cycles: the reader sees to both.
static enum acl_answer decide(const struct acl *acl, const struct client *client,
                              const struct acl_entry **decisive)
{
	enum acl_answer first = ACL_NO_MATCH;
	*decisive = NULL;
	for (uint32_t i = 0; i < acl->count; i++) {
		enum acl_answer answer = entry_decides(&acl->entry[i], client);
		if (answer == ACL_NO_MATCH || (first == ACL_ALLOWED && answer == ACL_ALLOWED))
			continue;
		first = answer;
		*decisive = &acl->entry[i];
		if (acl->rule == ACL_FIRST || answer == ACL_REFUSED)
			break;
	}
	return first;
}

enum acl_answer acl_decide(const struct acl *acl, const struct sockaddr *source,
                           const uint8_t *key_name, const struct acl_entry **entry)
{
	struct client client;
	*entry = NULL;
	if (!acl || !source || !client_read(&client, source, key_name))
		return ACL_NO_MATCH;
	return decide(acl, &client, entry);
}

bool acl_allows(const struct acl *acl, const struct sockaddr *source, const uint8_t *key_name)
{
	const struct acl_entry *entry;
	if (acl == &acl_any)
		return source && (source->sa_family == AF_INET || source->sa_family == AF_INET6);
	return acl_decide(acl, source, key_name, &entry) == ACL_ALLOWED;
}

static const struct acl_entry *wanting_key(const struct acl *acl, const struct client *client)
{
	const struct acl_entry *found = NULL;
	for (uint32_t i = 0; i < acl->count && !found; i++) {
		const struct acl_entry *entry = &acl->entry[i];
		if (entry->refuses || entry->needs_tls || (entry->port && entry->port != client->port))
			continue;
		if (entry->what == ACL_LIST)
			found = wanting_key(entry->list, client);
		else if (entry->signed_how == ACL_SIGNED_BY && address_matches(entry, client))
			found = entry;
	}
	return found;
}

const struct acl_entry *acl_wanting_key(const struct acl *acl, const struct sockaddr *source)
{
	struct client client;
	if (!acl || !source || !client_read(&client, source, NULL))
		return NULL;
	return wanting_key(acl, &client);
}

static unsigned mask_bits(const uint8_t *mask, size_t length)
{
	unsigned bits = 0;
	while (bits < length * 8 && mask[bits / 8] & (0x80 >> bits % 8))
		bits++;
	return bits;
}

static void address_text(const struct acl_entry *entry, char *text, size_t size)
{
	char low[INET6_ADDRSTRLEN] = "", high[INET6_ADDRSTRLEN] = "";
	size_t length = entry->family == AF_INET ? 4 : 16;
	inet_ntop(entry->family, entry->low, low, sizeof low);
	inet_ntop(entry->family, entry->high, high, sizeof high);
	unsigned bits = mask_bits(entry->high, length), ones = 0;
	for (size_t i = 0; i < length; i++)
		ones += (unsigned)__builtin_popcount(entry->high[i]);
	if (entry->what == ACL_RANGE)
		snprintf(text, size, "%s-%s", low, high);
	else if (bits != ones) // nsd.conf lets a mask have holes
		snprintf(text, size, "%s&%s", low, high);
	else if (bits == length * 8)
		snprintf(text, size, "%s", low);
	else
		snprintf(text, size, "%s/%u", low, bits);
}

const char *acl_entry_to_text(const struct acl_entry *entry, char *text, size_t size)
{
	char what[2 * INET6_ADDRSTRLEN + 2] = "", key[NAME_MAX_TEXT] = "";
	const char *not = entry->refuses ? "!" : "";
	if (entry->signed_how == ACL_SIGNED_BY && entry->key_name)
		name_to_text(entry->key_name, key);
	if (entry->what == ACL_LIST)
		snprintf(text, size, "%s%s", not, entry->list->name ? entry->list->name : "{ … }");
	else if (entry->what == ACL_EVERYWHERE && entry->signed_how == ACL_SIGNED_BY)
		snprintf(text, size, "%skey %s", not, key);
	else {
		if (entry->what == ACL_EVERYWHERE)
			snprintf(what, sizeof what, "any");
		else
			address_text(entry, what, sizeof what);
		snprintf(text, size, "%s%s%s%s", not, what, *key ? " key " : "", key);
	}
	return text;
}
