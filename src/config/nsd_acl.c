// SPDX-License-Identifier: GPL-3.0-or-later
// IPSPEC KEY|NOKEY|BLOCKED, and the servers of request-xfr and notify.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "base/address.h"
#include "config/nsd.h"
#include "config/scalar.h"

#define MAX_ENTRIES 100000u

// The address before '/', '&', '-' or '@'.
static bool read_bytes(const char *text, size_t length, uint16_t *family, uint8_t bytes[static 16])
{
	char copy[INET6_ADDRSTRLEN];
	if (length == 0 || length >= sizeof copy)
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	memset(bytes, 0, 16);
	*family = strchr(copy, ':') ? AF_INET6 : AF_INET;
	return inet_pton(*family, copy, bytes) == 1;
}

// ip[@port] | ip/len | ip&mask | ip-ip
static bool read_ipspec(const char *text, struct acl_entry *entry)
{
	size_t head = strcspn(text, "/&-@");
	const char *rest = text + head;
	uint16_t family;
	uint64_t number;
	if (!read_bytes(text, head, &entry->family, entry->low))
		return false;
	uint8_t most = entry->family == AF_INET ? 32 : 128;
	entry->what = ACL_MASKED;
	scalar_mask(most, entry->high);
	switch (*rest) {
	case '\0':
		return true;
	case '@':
		if (!scalar_number(rest + 1, 65535, &number) || !number)
			return false;
		entry->port = (uint16_t)number;
		return true;
	case '/':
		if (!scalar_number(rest + 1, most, &number))
			return false;
		scalar_mask((uint8_t)number, entry->high);
		break;
	case '&':
		if (!read_bytes(rest + 1, strlen(rest + 1), &family, entry->high) || family != entry->family)
			return false;
		break;
	default:
		entry->what = ACL_RANGE;
		return read_bytes(rest + 1, strlen(rest + 1), &family, entry->high) && family == entry->family &&
		       memcmp(entry->low, entry->high, 16) <= 0;
	}
	scalar_clear_host(entry->low, entry->high);
	return true;
}

static struct nsd_vector *list_of(struct nsd *n, const char *word)
{
	if (strcasecmp(word, "allow-notify") == 0)
		return &n->settings.allow_notify;
	if (strcasecmp(word, "provide-xfr") == 0)
		return &n->settings.provide_xfr;
	return &n->settings.allow_query;
}

// The key of that name; what is wrong with it is told at the end, since keys
// may be defined behind their use.
static bool read_key(struct nsd *n, const struct nsd_value *value, const struct config_key **key)
{
	*key = NULL;
	if (strcmp(value->text, "NOKEY") == 0)
		return true;
	if (strcasecmp(value->text, "NOKEY") == 0 || strcasecmp(value->text, "BLOCKED") == 0) {
		builder_error(n->builder, value->where, "'%s' is no key here%s", value->text,
		              strcasecmp(value->text, "NOKEY") == 0 ? "; write NOKEY" : "");
		return false;
	}
	return (*key = builder_key(n->builder, value->text, value->where)) != NULL;
}

void nsd_add_acl(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s)
{
	struct nsd_vector *list = list_of(n, s->word);
	struct acl_entry entry;
	const struct config_key *key;
	(void)word;
	memset(&entry, 0, sizeof entry);
	if (s->count < 2) {
		builder_error(n->builder, s->where, "'%s:' wants an address and a key, NOKEY or BLOCKED", s->word);
		return;
	}
	if (!read_ipspec(s->value[0].text, &entry)) {
		builder_error(n->builder, s->value[0].where, "'%s' is no address, prefix, address&mask or range",
		              s->value[0].text);
		return;
	}
	if (strcmp(s->value[1].text, "BLOCKED") == 0) {
		entry.refuses = true;
	} else if (!read_key(n, &s->value[1], &key)) {
		return;
	} else {
		entry.signed_how = key ? ACL_SIGNED_BY : ACL_SIGNED_NOT;
		entry.key_name = key ? key->tsig.name : NULL;
	}
	if (s->count > 2) {
		builder_tls(n->builder, s->value[2].text, s->value[2].where);
		entry.needs_tls = true;
		builder_warn(n->builder, s->value[2].where, "transfers over TLS are not implemented yet: this line lets nobody in");
	}
	if (list->count >= MAX_ENTRIES)
		builder_error(n->builder, s->where, "more than %u lines of '%s:'", MAX_ENTRIES, s->word);
	else
		*(struct acl_entry *)nsd_append(n, list, sizeof entry) = entry;
}

// request-xfr: [AXFR|UDP] ip[@port] KEY|NOKEY [tls-auth]; notify, monitor-server: ip[@port] KEY|NOKEY
void nsd_add_remote(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s)
{
	bool is_request = strcasecmp(s->word, "request-xfr") == 0;
	const struct nsd_value *value = s->value;
	unsigned count = s->count;
	struct config_remote remote;
	(void)word;
	memset(&remote, 0, sizeof remote);
	if (is_request && (strcasecmp(value->text, "AXFR") == 0 || strcasecmp(value->text, "UDP") == 0)) {
		remote.axfr_only = strcasecmp(value->text, "AXFR") == 0;
		remote.ixfr_udp = !remote.axfr_only;
		value++;
		count--;
	}
	if (count < 2) {
		builder_error(n->builder, s->where, "'%s:' wants an address and a key or NOKEY", s->word);
		return;
	}
	if (count > 3) {
		builder_error(n->builder, value[3].where, "unexpected '%s' after '%s:'", value[3].text, s->word);
		return;
	}
	if (!scalar_endpoint(value[0].text, count > 2 ? 853 : 53, &remote.address)) {
		builder_error(n->builder, value[0].where, "'%s' is no address; 192.0.2.1 and 192.0.2.1@53 are",
		              value[0].text);
		return;
	}
	if (!read_key(n, &value[1], &remote.key))
		return;
	if (count > 2)
		remote.tls = builder_tls(n->builder, value[2].text, value[2].where);
	struct nsd_vector *list = is_request ? &n->settings.request_xfr
		: strcasecmp(s->word, "notify") == 0 ? &n->settings.notify : &n->settings.monitor_server;
	if (!builder_can_reach(n->builder, &remote, value[0].where))
		return;
	if (list->count >= 1000)
		builder_error(n->builder, s->where, "more than 1000 lines of '%s:'", s->word);
	else
		*(struct config_remote *)nsd_append(n, list, sizeof remote) = remote;
}

void nsd_set_outgoing(struct nsd *n, const struct nsd_word *word, const struct nsd_statement *s)
{
	struct sockaddr_storage address;
	(void)word;
	if (!scalar_endpoint(s->value[0].text, 0, &address)) {
		builder_error(n->builder, s->value[0].where, "'%s' is no address", s->value[0].text);
		return;
	}
	if (address_port((const struct sockaddr *)&address))
		builder_warn(n->builder, s->value[0].where, "a fixed source port has no effect: the system chooses the port");
	scalar_set_port(&address, 0);
	struct sockaddr_storage *slot = &n->settings.outgoing[address.ss_family == AF_INET6];
	if (slot->ss_family == AF_UNSPEC)
		*slot = address; // the first of each family, as the others are spares
}
