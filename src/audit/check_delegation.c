// SPDX-License-Identifier: GPL-3.0-or-later
// The parent's word against the zone's: who serves it, and at which addresses.
#include <string.h>

#include "audit/checks.h"
#include "audit/networks.h"

static const char *parent_name(const struct facts *facts, char text[static NAME_MAX_TEXT])
{
	return name_to_text(facts->parent->zone, text);
}

static bool nobody_answers(const struct facts *facts)
{
	for (uint32_t i = 0; i < facts->server_count; i++)
		if (facts->servers[i]->reply != NULL)
			return false;
	return true;
}

// Where nobody else answers either, nothing is known, and that is no mere warning.
static void check_silence(const struct facts *facts, struct findings *findings)
{
	char parent[NAME_MAX_TEXT];
	struct finding *finding;
	if (facts->parent == NULL) {
		finding = finding_add(findings, FINDING_PARENT_SILENT, NULL, NULL, 0, "The way down from the root ended: %s.",
		                      facts->parent_why ? facts->parent_why : "no answer");
	} else {
		const char *why = "no server is known";
		// That this host lacks a family explains nothing while the other is there.
		for (uint32_t i = 0; i < facts->parent->addresses.count; i++)
			if (i == 0 || !ask_has_no_route(&facts->parent_ns[i]))
				why = facts->parent_ns[i].reply ? "they answer with errors" : ask_failure(&facts->parent_ns[i]);
		finding = finding_add(findings, FINDING_PARENT_SILENT, NULL, NULL, 0,
		                      "None of the servers of %s (%u) could tell about %s: %s.", parent_name(facts, parent),
		                      facts->parent->addresses.count, facts->domain_text, why);
	}
	if (nobody_answers(facts))
		finding_set_severity(findings, finding, AUDIT_ERROR);
}

static void check_parent(const struct facts *facts, struct findings *findings)
{
	char parent[NAME_MAX_TEXT];
	if (facts->options->no_parent || facts->domain[0] == 0)
		return;
	if (facts->parent == NULL || !facts->parent_answered) {
		check_silence(facts, findings);
		return;
	}
	parent_name(facts, parent);
	if (facts->is_unknown && !facts->is_delegated) {
		finding_add(findings, FINDING_NO_DELEGATION, NULL, NULL, 0, "The servers of %s say that %s does not exist.",
		            parent, facts->domain_text);
	} else if (!facts->is_delegated && !facts->parent_serves) {
		finding_add(findings, FINDING_NO_DELEGATION, NULL, NULL, 0, "The servers of %s have no NS records for %s.",
		            parent, facts->domain_text);
	}
}

// All that refer are compared with the first that does.
static void check_parents_agree(const struct facts *facts, struct findings *findings)
{
	const struct reply *first = NULL;
	for (uint32_t i = 0; facts->is_delegated && i < facts->parent->addresses.count; i++) {
		const struct ask *ask = &facts->parent_ns[i];
		if (ask->reply == NULL || reply_is_authoritative(ask->reply) || ask->reply->rcode != RCODE_NOERROR)
			continue;
		if (first == NULL)
			first = ask->reply;
		else if (!facts_sets_equal(first, SECTION_AUTHORITY, ask->reply, SECTION_AUTHORITY, facts->domain, TYPE_NS))
			finding_add(findings, FINDING_PARENT_DIFFERS, NULL, &ask->server, facts->options->port,
			            "delegates %s to other name servers than the first server of the parent does.",
			            facts->domain_text);
	}
}

static bool some_authoritative(const struct facts *facts)
{
	for (uint32_t i = 0; i < facts->server_count; i++)
		if (facts->servers[i]->is_authoritative)
			return true;
	return false;
}

static void check_sides(const struct facts *facts, struct findings *findings)
{
	char parent[NAME_MAX_TEXT];
	if (!facts->is_delegated || !some_authoritative(facts))
		return; // one side is not known
	parent_name(facts, parent);
	for (uint32_t i = 0; i < facts->target_count; i++) {
		const struct target *target = &facts->targets[i];
		if (target->at_parent && !target->at_apex)
			finding_add(findings, FINDING_NS_ONLY_PARENT, target->name, NULL, 0,
			            "is a name server of %s according to %s, and not according to the zone itself.",
			            facts->domain_text, parent);
		if (target->at_apex && !target->at_parent)
			finding_add(findings, FINDING_NS_ONLY_ZONE, target->name, NULL, 0,
			            "is a name server of %s according to the zone itself, and not according to %s.",
			            facts->domain_text, parent);
	}
}

// The reference is a server with the newest serial.
static const struct server *newest_server(const struct facts *facts)
{
	for (uint32_t i = 0; i < facts->server_count; i++) {
		const struct server *server = facts->servers[i];
		if (server->is_authoritative && server->soa.serial == facts->newest && server->probes[PROBE_NS].reply)
			return server;
	}
	return NULL;
}

static void check_servers_agree(const struct facts *facts, struct findings *findings)
{
	char place[PLACE_TEXT];
	const struct server *reference = newest_server(facts);
	for (uint32_t i = 0; reference != NULL && i < facts->server_count; i++) {
		const struct server *server = facts->servers[i];
		const struct reply *reply = server->probes[PROBE_NS].reply;
		if (!server->is_authoritative || reply == NULL)
			continue;
		if (!facts_sets_equal(reference->probes[PROBE_NS].reply, SECTION_ANSWER, reply, SECTION_ANSWER,
		                      facts->domain, TYPE_NS))
			finding_add(findings, FINDING_NS_DIFFERS, AT_SERVER(facts, server),
			            "has other NS records than %s.", facts_place(facts, reference, place));
	}
}

static void check_glue_present(const struct facts *facts, const struct target *target, struct findings *findings)
{
	char address[ADDRESS_TEXT];
	if (!target->at_parent || !target->is_inside || target->lookup.is_alias)
		return;
	if (target->glue.count == 0) {
		finding_add(findings, FINDING_GLUE_MISSING, target->name, NULL, 0,
		            "lies within %s, and the parent gives no address for it.", facts->domain_text);
		return;
	}
	for (uint32_t i = 0; target->own_is_known && i < target->own.count; i++) {
		if (address_list_has(&target->glue, &target->own.at[i]))
			continue;
		struct finding *finding = finding_add(findings, FINDING_GLUE_INCOMPLETE, target->name, &target->own.at[i],
			facts->options->port, "stands in the zone; the parent does not have this address.");
		finding_set_mend(findings, finding, "Add %s to the host object of this name server at the registrar; or, if "
		                 "the address is wrong, take it out of the zone.",
		                 facts_address(facts, &target->own.at[i], address));
	}
}

static void check_glue_true(const struct facts *facts, const struct target *target, struct findings *findings)
{
	char address[ADDRESS_TEXT], own[ADDRESS_TEXT];
	bool is_unneeded = !name_is_within(target->name, facts->parent->zone);
	for (uint32_t i = 0; i < target->glue.count; i++) {
		const struct sockaddr_storage *glue = &target->glue.at[i];
		if (is_unneeded)
			finding_add(findings, FINDING_GLUE_UNNEEDED, target->name, glue, facts->options->port,
			            "is given by the parent, which has no say over that name.");
		if (!target->own_is_known || target->own.count == 0 || address_list_has(&target->own, glue))
			continue;
		struct finding *finding = finding_add(findings, FINDING_GLUE_STALE, target->name, glue, facts->options->port,
			"is what the parent gives; the name itself has %s%s.",
			facts_address(facts, &target->own.at[0], own), target->own.count > 1 ? " and others" : "");
		finding_set_mend(findings, finding, "At the registrar, replace %s by %s in the host object of this name "
		                 "server; or, if the old address is right, add it to the zone.",
		                 facts_address(facts, glue, address), own);
	}
}

static void check_address(const struct target *target, struct findings *findings)
{
	char alias[NAME_MAX_TEXT];
	if (target->lookup.is_alias) {
		finding_add(findings, FINDING_NS_ALIAS, target->name, NULL, 0, "is an alias (CNAME) of %s.",
		            name_to_text(target->lookup.name, alias));
		return;
	}
	if (!target->own_is_known) {
		if (!target->is_inside)
			finding_add(findings, FINDING_NS_UNRESOLVABLE, target->name, NULL, 0, "cannot be looked up: %s.",
			            target->lookup.why ? target->lookup.why : "no answer");
		return;
	}
	if (target->own.count == 0)
		finding_add(findings, FINDING_NS_NO_ADDRESS, target->name, NULL, 0, "%s.",
		            target->lookup.state == LOOKUP_NO_NAME ? "does not exist (NXDOMAIN)" : "has neither A nor AAAA");
}

// In a laboratory on loopback its own addresses are as good as others.
static bool asks_loopback(const struct facts *facts)
{
	const struct audit_addresses *a = &facts->options->roots, *b = &facts->options->parents;
	const struct sockaddr_storage *first = a->count ? &a->at[0] : b->count ? &b->at[0] : NULL;
	const char *word = first == NULL ? NULL : network_reserved(first);
	return word != NULL && strcmp(word, "loopback") == 0;
}

static void check_reach(const struct facts *facts, const struct target *target, struct findings *findings)
{
	const struct address_list *lists[] = { &target->own, &target->glue };
	for (unsigned l = 0; l < 2; l++)
		for (uint32_t i = 0; i < lists[l]->count; i++) {
			const struct sockaddr_storage *address = &lists[l]->at[i];
			const char *word = network_reserved(address);
			if (word == NULL || (l == 1 && address_list_has(lists[0], address)) ||
			    (strcmp(word, "loopback") == 0 && asks_loopback(facts)))
				continue;
			finding_add(findings, FINDING_NS_PRIVATE, target->name, address, facts->options->port,
			            "is a %s address.", word);
		}
}

void check_delegation(const struct facts *facts, struct findings *findings)
{
	check_parent(facts, findings);
	check_parents_agree(facts, findings);
	check_sides(facts, findings);
	check_servers_agree(facts, findings);
	for (uint32_t i = 0; i < facts->target_count; i++) {
		const struct target *target = &facts->targets[i];
		check_address(target, findings);
		check_reach(facts, target, findings);
		if (!facts->is_delegated)
			continue;
		check_glue_present(facts, target, findings);
		check_glue_true(facts, target, findings);
	}
}
