// SPDX-License-Identifier: GPL-3.0-or-later
#include "audit/finding.h"

#include <stdarg.h>
#include <string.h>

#include "base/address.h"
#include "dns/name.h"

#define TEXT_MOST 1400 // bytes of a sentence

__attribute__((format(printf, 2, 0)))
static const char *format_text(struct pool *pool, const char *format, va_list arguments)
{
	char text[TEXT_MOST];
	vsnprintf(text, sizeof text, format, arguments);
	return pool_text(pool, text, strlen(text));
}

static const char *name_words(struct pool *pool, const uint8_t *name)
{
	char text[NAME_MAX_TEXT];
	name_to_text(name, text);
	return pool_text(pool, text, strlen(text));
}

static const char *address_words(struct pool *pool, const struct sockaddr_storage *address, uint16_t port)
{
	char text[ADDRESS_TEXT];
	const struct sockaddr *a = (const struct sockaddr *)address;
	if (address_port(a) == port)
		address_host_to_text(a, text);
	else
		address_to_text(a, text);
	return pool_text(pool, text, strlen(text));
}

struct finding *finding_add(struct findings *findings, enum finding_id id, const uint8_t *server,
                            const struct sockaddr_storage *address, uint16_t port, const char *format, ...)
{
	va_list arguments;
	struct finding *finding = pool_new(findings->pool, sizeof *finding);
	finding->id = id;
	finding->severity = finding_kinds[id].severity;
	finding->mend = finding_kinds[id].mend;
	if (server != NULL)
		finding->server = name_words(findings->pool, server);
	if (address != NULL)
		finding->address = address_words(findings->pool, address, port);
	va_start(arguments, format);
	finding->what = format_text(findings->pool, format, arguments);
	va_end(arguments);
	findings->counts[finding->severity]++;
	if (findings->total++ >= FINDINGS_MOST)
		return finding;
	if (findings->last == NULL)
		findings->first = finding;
	else
		findings->last->next = finding;
	findings->last = finding;
	return finding;
}

void finding_set_severity(struct findings *findings, struct finding *finding, enum audit_severity severity)
{
	findings->counts[finding->severity]--;
	findings->counts[severity]++;
	finding->severity = severity;
}

void finding_set_mend(struct findings *findings, struct finding *finding, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	finding->mend = format_text(findings->pool, format, arguments);
	va_end(arguments);
}

static bool comes_before(const struct finding *a, const struct finding *b)
{
	return a->severity != b->severity ? a->severity > b->severity : a->id < b->id;
}

// Insertion keeps those of a kind in the order found, and they are few.
void findings_sort(struct findings *findings)
{
	struct finding *sorted = NULL;
	while (findings->first != NULL) {
		struct finding *taken = findings->first, **at = &sorted;
		findings->first = taken->next;
		while (*at != NULL && !comes_before(taken, *at))
			at = &(*at)->next;
		taken->next = *at;
		*at = taken;
	}
	findings->first = sorted;
	for (findings->last = sorted; findings->last != NULL && findings->last->next != NULL;)
		findings->last = findings->last->next;
}
