// SPDX-License-Identifier: GPL-3.0-or-later
#include "audit/audit.h"

#include <stdlib.h>

#include "audit/checks.h"
#include "audit/hints.h"
#include "audit/internal.h"
#include "base/error.h"

#define SECONDS_MOST 60      // for everything
#define QUESTIONS_MOST 4000

static void set_out(struct audit *audit, const struct audit_options *options)
{
	struct facts *facts = &audit->facts;
	struct address_list roots = { 0 };
	for (uint32_t i = 0; i < options->roots.count; i++)
		address_list_add(&roots, &options->roots.at[i]);
	if (roots.count == 0)
		hints_get(&roots, AUDIT_PORT);
	facts->options = options;
	facts->pool = audit->findings.pool = &audit->pool;
	facts->domain = options->domain;
	name_to_text(options->domain, facts->domain_text);
	asker_init(&facts->asker, &audit->pool, options->timeout_ms ? options->timeout_ms : AUDIT_TIMEOUT_MS,
	           SECONDS_MOST, QUESTIONS_MOST);
	resolver_init(&facts->resolver, &facts->asker, &audit->pool, options->port, &roots);
}

static void check_lines(struct audit *audit)
{
	const struct lines *lines = &audit->lines;
	const struct facts *facts = &audit->facts;
	if (lines->name == NULL || (lines->in_zone && lines->at_parent))
		return;
	if (facts->options->new_name != NULL)
		finding_add(&audit->findings, FINDING_NOT_LISTED, facts->options->new_name, NULL, 0,
		            "is to become a name server of %s.", facts->domain_text);
	else
		finding_add(&audit->findings, FINDING_NOT_LISTED, NULL, NULL, 0,
		            "The server of this configuration is none of the name servers of %s.%s", facts->domain_text,
		            facts_zone(facts)->role == CONFIG_PRIMARY ? " If it is a hidden primary, leave it so." : "");
}

static void check_all(struct audit *audit)
{
	struct findings *findings = &audit->findings;
	check_delegation(&audit->facts, findings);
	check_protocol(&audit->facts, findings);
	check_transfer(&audit->facts, findings);
	check_serials(&audit->facts, findings);
	check_soa(&audit->facts, findings);
	check_networks(&audit->facts, findings);
	check_dnssec(&audit->facts, findings);
	check_sources(&audit->facts, findings);
	check_configuration(&audit->facts, findings);
	lines_make(&audit->facts, &audit->lines);
	check_lines(audit);
	findings_sort(findings);
}

int audit_run(const struct audit_options *options, struct audit **audit)
{
	struct audit *made = calloc(1, sizeof *made);
	*audit = NULL;
	if (made == NULL)
		return ERR_MEMORY;
	made->pool.escape = &made->escape;
	if (setjmp(made->escape) != 0) {
		asker_close(&made->facts.asker);
		audit_free(made);
		return ERR_MEMORY;
	}
	set_out(made, options);
	facts_gather(&made->facts);
	check_all(made);
	*audit = made;
	return 0;
}

void audit_free(struct audit *audit)
{
	if (audit == NULL)
		return;
	pool_free(&audit->pool);
	free(audit);
}

uint32_t audit_count(const struct audit *audit, enum audit_severity severity)
{
	return audit->findings.counts[severity];
}

bool audit_is_blind(const struct audit *audit)
{
	for (uint32_t i = 0; i < audit->facts.server_count; i++)
		if (audit->facts.servers[i]->reply != NULL)
			return false;
	return !audit->facts.parent_answered;
}

const char *audit_severity_word(enum audit_severity severity)
{
	static const char *const words[] = { "info", "warning", "error" };
	return words[severity];
}

const char *audit_server_state(const struct facts *facts, const struct server *server)
{
	if (server->has_no_route)
		return "not asked";
	if (server->reply == NULL)
		return "no answer";
	if (!server->is_authoritative)
		return "lame";
	return server->soa.serial == facts->wanted ? "in step" : "behind";
}
