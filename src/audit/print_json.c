// SPDX-License-Identifier: GPL-3.0-or-later
#include <jansson.h>

#include "audit/internal.h"
#include "base/error.h"

static json_t *address_words(const struct facts *facts, const struct sockaddr_storage *address)
{
	char text[ADDRESS_TEXT];
	return json_string(facts_address(facts, address, text));
}

static json_t *name_words(const uint8_t *name)
{
	char text[NAME_MAX_TEXT];
	return name == NULL ? json_null() : json_string(name_to_text(name, text));
}

static json_t *address_array(const struct facts *facts, const struct address_list *list)
{
	json_t *array = json_array();
	for (uint32_t i = 0; i < list->count; i++)
		json_array_append_new(array, address_words(facts, &list->at[i]));
	return array;
}

static json_t *server_object(const struct facts *facts, const struct server *server)
{
	const struct ask *soa = &server->probes[PROBE_SOA];
	json_t *object = json_pack("{s:o, s:o, s:s, s:b, s:b, s:b, s:b}",
		"name", name_words(server->name), "address", address_words(facts, &server->address),
		"state", audit_server_state(facts, server), "authoritative", server->is_authoritative,
		"udp", soa->reply != NULL || server->probes[PROBE_SOA_PLAIN].reply != NULL,
		"tcp", server->probes[PROBE_SOA_TCP].reply != NULL, "edns", server->speaks_edns);
	if (object == NULL)
		return NULL;
	if (server->is_authoritative)
		json_object_set_new(object, "serial", json_integer(server->soa.serial));
	if (soa->reply != NULL)
		json_object_set_new(object, "milliseconds", json_integer(soa->took_ms));
	if (server->origin != 0)
		json_object_set_new(object, "as", json_integer(server->origin));
	return object;
}

static json_t *target_object(const struct facts *facts, const struct target *target)
{
	return json_pack("{s:o, s:b, s:b, s:o, s:o}", "name", name_words(target->name), "at_parent", target->at_parent,
	                 "in_zone", target->at_apex, "glue", address_array(facts, &target->glue), "addresses",
	                 address_array(facts, &target->own));
}

static json_t *finding_object(const struct finding *finding)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:{s:s?, s:s?}, s:s, s:s}", "id", finding_kinds[finding->id].id,
	                 "severity", audit_severity_word(finding->severity), "title", finding_kinds[finding->id].title,
	                 "what", finding->what, "where", "server", finding->server, "address", finding->address, "why",
	                 finding_kinds[finding->id].why, "mend", finding->mend);
}

static json_t *text_array(const char *const *texts, uint32_t count)
{
	json_t *array = json_array();
	for (uint32_t i = 0; i < count; i++)
		json_array_append_new(array, json_string(texts[i]));
	return array;
}

static json_t *soa_object(const struct facts *facts)
{
	for (uint32_t i = 0; i < facts->server_count; i++) {
		const struct server *server = facts->servers[i];
		const struct soa *soa = &server->soa;
		if (server->is_authoritative && soa->serial == facts->newest)
			return json_pack("{s:I, s:I, s:I, s:I, s:I}", "serial", (json_int_t)soa->serial, "refresh",
			                 (json_int_t)soa->refresh, "retry", (json_int_t)soa->retry, "expire",
			                 (json_int_t)soa->expire, "negative_ttl", (json_int_t)soa->minimum);
	}
	return json_null();
}

static json_t *report(const struct audit *audit)
{
	const struct facts *facts = &audit->facts;
	json_t *servers = json_array(), *targets = json_array(), *findings = json_array();
	for (uint32_t i = 0; i < facts->server_count; i++)
		json_array_append_new(servers, server_object(facts, facts->servers[i]));
	for (uint32_t i = 0; i < facts->target_count; i++)
		json_array_append_new(targets, target_object(facts, &facts->targets[i]));
	for (const struct finding *f = audit->findings.first; f != NULL; f = f->next)
		json_array_append_new(findings, finding_object(f));
	json_t *object = json_pack("{s:s, s:I, s:i, s:{s:o, s:b}, s:o, s:o, s:o, s:{s:i, s:i, s:i}, s:o}",
		"domain", facts->domain_text, "time", (json_int_t)facts->now, "milliseconds", (int)facts->elapsed_ms,
		"parent", "zone", name_words(facts->parent ? facts->parent->zone : NULL), "answered", facts->parent_answered,
		"soa", soa_object(facts), "name_servers", targets, "servers", servers,
		"counts", "error", (int)audit->findings.counts[AUDIT_ERROR], "warning",
		(int)audit->findings.counts[AUDIT_WARNING], "info", (int)audit->findings.counts[AUDIT_INFO],
		"findings", findings);
	if (object != NULL && audit->lines.name != NULL)
		json_object_set_new(object, "enter", json_pack("{s:s, s:o, s:o}", "name", audit->lines.name,
			"zone", text_array(audit->lines.zone, audit->lines.zone_count),
			"registrar", text_array(audit->lines.registrar, audit->lines.registrar_count)));
	return object;
}

int audit_print_json(const struct audit *audit, FILE *to)
{
	json_t *object = report(audit);
	if (object == NULL)
		return ERR_MEMORY;
	int failed = json_dumpf(object, to, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	json_decref(object);
	fputc('\n', to);
	return failed ? ERR_IO : 0;
}
