// SPDX-License-Identifier: GPL-3.0-or-later
// The report for people: a summary, the servers, then what was found, worst first.
#include <inttypes.h>
#include <string.h>

#include "audit/internal.h"

#define COLUMNS 100
#define OTHER_COLUMNS 41 // of the table: all but name and address
#define NAME_COLUMNS_LEAST 12
#define ADDRESS_COLUMNS_LEAST 15

struct page {
	const struct audit *audit;
	FILE *to;
	bool colour;
	int name_columns, address_columns;
};

#define PLAIN "\033[0m"
#define BOLD "\033[1m"
#define DIM "\033[2m"

static const char *paint(const struct page *page, const char *code)
{
	return page->colour ? code : "";
}

static const char *severity_paint(const struct page *page, enum audit_severity severity)
{
	static const char *const codes[] = { "\033[36m", "\033[33m", "\033[31m" };
	return paint(page, codes[severity]);
}

// Writes the text from column `at` on, breaking lines at blanks; further lines
// begin at `indent`.
static void wrap(const struct page *page, size_t at, size_t indent, const char *text)
{
	bool is_first = true;
	while (*text != '\0') {
		size_t length = strcspn(text, " ");
		if (!is_first && at + 1 + length > COLUMNS) {
			fprintf(page->to, "\n%*s", (int)indent, "");
			at = indent;
		} else if (!is_first) {
			fputc(' ', page->to);
			at++;
		}
		fwrite(text, 1, length, page->to);
		at += length;
		text += length + (text[length] == ' ');
		is_first = false;
	}
	fputc('\n', page->to);
}

static void print_count(const struct page *page, enum audit_severity severity, const char *one, const char *many,
                        const char *separator)
{
	uint32_t count = page->audit->findings.counts[severity];
	fprintf(page->to, "%s%s%u %s%s", separator, count ? severity_paint(page, severity) : "", count,
	        count == 1 ? one : many, count ? paint(page, PLAIN) : "");
}

static void print_summary(const struct page *page)
{
	const struct facts *facts = &page->audit->facts;
	fprintf(page->to, "%s%s%s: ", paint(page, BOLD), facts->domain_text, paint(page, PLAIN));
	if (page->audit->findings.total == 0) {
		fprintf(page->to, "%sall good%s", paint(page, "\033[32m"), paint(page, PLAIN));
	} else {
		print_count(page, AUDIT_ERROR, "error", "errors", "");
		print_count(page, AUDIT_WARNING, "warning", "warnings", ", ");
		print_count(page, AUDIT_INFO, "note", "notes", ", ");
	}
	if (facts->has_serial)
		fprintf(page->to, "; newest serial %u", facts->wanted);
	fprintf(page->to, "; %u %s in %u.%u s\n", facts->server_count, facts->server_count == 1 ? "address" : "addresses",
	        facts->elapsed_ms / 1000, facts->elapsed_ms % 1000 / 100);
}

// An address is told whole, so that it can be copied; a name is cut where it must be.
static void measure(struct page *page)
{
	char text[NAME_MAX_TEXT];
	const struct facts *facts = &page->audit->facts;
	page->name_columns = NAME_COLUMNS_LEAST;
	page->address_columns = ADDRESS_COLUMNS_LEAST;
	for (uint32_t i = 0; i < facts->server_count; i++) {
		const struct server *server = facts->servers[i];
		int length = (int)strlen(facts_address(facts, &server->address, text));
		if (length > page->address_columns)
			page->address_columns = length;
		length = server->name == NULL ? 0 : (int)strlen(name_to_text(server->name, text));
		if (length > page->name_columns)
			page->name_columns = length;
	}
	int room = COLUMNS - OTHER_COLUMNS - page->address_columns;
	if (page->name_columns > room)
		page->name_columns = room > NAME_COLUMNS_LEAST ? room : NAME_COLUMNS_LEAST;
}

static void print_cell(const struct page *page, const char *text, int columns)
{
	int length = (int)strlen(text);
	if (length <= columns)
		fprintf(page->to, "%-*s  ", columns, text);
	else
		fprintf(page->to, "%.*s~  ", columns - 1, text);
}

static const char *listed_words(const struct facts *facts, const struct server *server)
{
	if (server->is_new)
		return "to be added";
	for (uint32_t i = 0; server->name != NULL && i < facts->target_count; i++) {
		const struct target *target = &facts->targets[i];
		if (!name_equal(target->name, server->name))
			continue;
		// Of an address that one side has and the other has not.
		bool by_parent = target->at_parent &&
			(target->glue.count == 0 || address_list_has(&target->glue, &server->address));
		bool by_zone = target->at_apex &&
			(target->own.count == 0 || address_list_has(&target->own, &server->address));
		return by_parent && by_zone ? "parent, zone" : by_parent ? "parent" : "zone";
	}
	return "given";
}

static void print_server(const struct page *page, const struct server *server)
{
	char name[NAME_MAX_TEXT] = "-", address[ADDRESS_TEXT], serial[16] = "-";
	const struct facts *facts = &page->audit->facts;
	const char *state = audit_server_state(facts, server);
	if (server->name != NULL)
		name_to_text(server->name, name);
	if (server->is_authoritative)
		snprintf(serial, sizeof serial, "%u", server->soa.serial);
	fprintf(page->to, "  ");
	print_cell(page, name, page->name_columns);
	print_cell(page, facts_address(facts, &server->address, address), page->address_columns);
	fprintf(page->to, "%-10s  ", serial);
	bool is_good = strcmp(state, "in step") == 0;
	fprintf(page->to, "%s%-9s%s  %s\n", is_good ? "" : severity_paint(page, AUDIT_WARNING), state,
	        is_good ? "" : paint(page, PLAIN), listed_words(facts, server));
}

static void print_servers(const struct page *page)
{
	const struct facts *facts = &page->audit->facts;
	if (facts->server_count == 0)
		return;
	fprintf(page->to, "\n%s  %-*s  %-*s  %-10s  %-9s  %s%s\n", paint(page, DIM), page->name_columns, "name server",
	        page->address_columns, "address", "serial", "state", "named by", paint(page, PLAIN));
	for (uint32_t i = 0; i < facts->server_count; i++)
		print_server(page, facts->servers[i]);
}

static void print_what(const struct page *page, const struct finding *finding)
{
	char text[4096];
	const char *server = finding->server, *address = finding->address;
	snprintf(text, sizeof text, "%s%s%s%s%s%s", server ? server : "", server && address ? " (" : "",
	         address ? address : "", server && address ? ")" : "", server || address ? " " : "", finding->what);
	fprintf(page->to, "  - ");
	wrap(page, 4, 4, text);
}

static void print_labelled(const struct page *page, const char *label, const char *text)
{
	fprintf(page->to, "    %s%-5s%s ", paint(page, DIM), label, paint(page, PLAIN));
	wrap(page, 10, 10, text);
}

static bool is_same_kind(const struct finding *a, const struct finding *b)
{
	return a != NULL && b != NULL && a->id == b->id && a->severity == b->severity;
}

// Whether all of the kind are mended alike.
static bool has_one_remedy(const struct finding *first)
{
	for (const struct finding *f = first->next; is_same_kind(first, f); f = f->next)
		if (strcmp(first->mend, f->mend) != 0)
			return false;
	return true;
}

// All of one kind together: what each says, then once why it matters, and how to
// mend it, unless each is mended in its own way. Returns the first of the next kind.
static const struct finding *print_kind(const struct page *page, const struct finding *first)
{
	static const char *const words[] = { "NOTE", "WARNING", "ERROR" };
	const struct finding_kind *kind = &finding_kinds[first->id];
	const struct finding *f = first;
	bool is_one = has_one_remedy(first);
	fprintf(page->to, "\n%s%s%s: %s %s[%s]%s\n", severity_paint(page, first->severity), words[first->severity],
	        paint(page, PLAIN), kind->title, paint(page, DIM), kind->id, paint(page, PLAIN));
	for (; is_same_kind(first, f); f = f->next) {
		print_what(page, f);
		if (!is_one)
			print_labelled(page, "mend", f->mend);
	}
	print_labelled(page, "why", kind->why);
	if (is_one)
		print_labelled(page, "mend", first->mend);
	return f;
}

static void print_lines(const struct page *page)
{
	const struct lines *lines = &page->audit->lines;
	if (lines->name == NULL || (lines->in_zone && lines->at_parent))
		return;
	fprintf(page->to, "\n%sTo make %s a name server%s%s\n", paint(page, BOLD), lines->name, paint(page, PLAIN),
	        lines->name_is_ours ? " (any other name will do)" : "");
	if (lines->zone_count > 0 && !lines->in_zone) {
		fprintf(page->to, "  in the zone, with a higher serial:\n");
		for (uint32_t i = 0; i < lines->zone_count; i++)
			fprintf(page->to, "    %s\n", lines->zone[i]);
	}
	if (!lines->at_parent) {
		fprintf(page->to, "  at the registrar:\n");
		for (uint32_t i = 0; i < lines->registrar_count; i++)
			fprintf(page->to, "    %s\n", lines->registrar[i]);
	}
}

void audit_print_text(const struct audit *audit, bool colour, FILE *to)
{
	struct page page = { .audit = audit, .to = to, .colour = colour };
	measure(&page);
	print_summary(&page);
	print_servers(&page);
	for (const struct finding *f = audit->findings.first; f != NULL;)
		f = print_kind(&page, f);
	if (audit->findings.total > FINDINGS_MOST)
		fprintf(to, "\n%u more findings were counted and are not shown.\n", audit->findings.total - FINDINGS_MOST);
	print_lines(&page);
}
