// SPDX-License-Identifier: GPL-3.0-or-later
#include "observe/explain.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "dns/types.h"
#include "observe/explain_parts.h"
#include "observe/http_text.h"
#include "observe/tone.h"
#include "observe/zones.h"

#define COLUMNS 80
#define PLACE_TEXT 512

// --- paragraphs

void explain_say(struct explainer *e, enum explain_about about, const char *format, ...)
{
	struct explanation *x = e->explanation;
	va_list arguments;
	if (x->count == EXPLAIN_PARAGRAPHS)
		return;
	va_start(arguments, format);
	char *text = NULL;
	if (vasprintf(&text, format, arguments) >= 0)
		x->paragraph[x->count++] = (struct explain_paragraph){ about, text, NULL };
	va_end(arguments);
}

void explain_command(struct explainer *e, const char *format, ...)
{
	struct explanation *x = e->explanation;
	va_list arguments;
	if (x->count == 0 || x->paragraph[x->count - 1].command != NULL)
		return;
	va_start(arguments, format);
	if (vasprintf(&x->paragraph[x->count - 1].command, format, arguments) < 0)
		x->paragraph[x->count - 1].command = NULL;
	va_end(arguments);
}

void explanation_free(struct explanation *explanation)
{
	for (unsigned i = 0; i < explanation->count; i++) {
		free(explanation->paragraph[i].text);
		free(explanation->paragraph[i].command);
	}
	explanation->count = 0;
}

// --- what it is

const char *explain_primary(const struct explainer *e, char text[static ADDRESS_TEXT])
{
	const struct sockaddr *address = (const struct sockaddr *)&e->facts->zone->primary;
	return address->sa_family == AF_UNSPEC ? strcpy(text, "its primary") : address_to_text(address, text);
}

const char *explain_when(const struct explainer *e, int64_t at, char text[static TIMES_TEXT])
{
	return at >= e->facts->now ? strcpy(text, "just now") : times_relative(at, e->facts->now, text);
}

const struct config_remote *explain_remote(const struct explainer *e)
{
	const struct config_zone *zone = e->facts->configured;
	const struct sockaddr *last = (const struct sockaddr *)&e->facts->zone->primary;
	if (zone == NULL || zone->policy->primaries->count == 0)
		return NULL;
	for (uint32_t i = 0; i < zone->policy->primaries->count; i++)
		if (address_equal((const struct sockaddr *)&zone->policy->primaries->remote[i].address, last))
			return &zone->policy->primaries->remote[i];
	return &zone->policy->primaries->remote[0];
}

static void tell_copy(struct explainer *e)
{
	const struct replica_status *z = e->facts->zone;
	char since[TIMES_TEXT], primary[ADDRESS_TEXT];
	switch (z->phase) {
	case REPLICA_EMPTY:
		explain_say(e, EXPLAIN_STATE, "%s is a secondary zone of which there is no copy yet: questions about it are "
		            "answered with SERVFAIL.", e->name);
		return;
	case REPLICA_CURRENT:
		explain_say(e, EXPLAIN_STATE, "%s is a secondary zone and current: serial %" PRIu32 " is served%s%s%s%s.", e->name,
		            z->serial, z->confirmed != 0 ? ", and " : "", z->confirmed != 0 ? explain_primary(e, primary) : "",
		            z->confirmed != 0 ? " confirmed it " : "",
		            z->confirmed != 0 ? explain_when(e, z->confirmed, since) : "");
		return;
	case REPLICA_STALE:
		explain_say(e, EXPLAIN_STATE, "%s is a secondary zone and stale: serial %" PRIu32 " is still served, but the time "
		            "to refresh it has passed and no primary has confirmed it since %s.", e->name, z->serial,
		            times_absolute(z->confirmed, since));
		return;
	case REPLICA_EXPIRED:
		explain_say(e, EXPLAIN_STATE, "%s is a secondary zone and has expired: no primary has confirmed serial %" PRIu32
		            " since %s, longer than its SOA allows, so questions about it are answered with SERVFAIL "
		            "(RFC 1034, 4.3.5). The copy is kept.", e->name, z->serial, times_absolute(z->confirmed, since));
		return;
	}
}

static void tell_state(struct explainer *e)
{
	const struct replica_status *z = e->facts->zone;
	if (z->role == CONFIG_SECONDARY) {
		tell_copy(e);
		return;
	}
	if (z->has_version && z->phase != REPLICA_EMPTY)
		explain_say(e, EXPLAIN_STATE, "%s is a primary zone: this server is where it comes from. Serial %" PRIu32
		            " is served, %zu %s.", e->name, z->serial, z->records, z->records == 1 ? "record" : "records");
	else
		explain_say(e, EXPLAIN_STATE, "%s is a primary zone, but its file was never read, so questions about it are "
		            "answered with SERVFAIL.", e->name);
}

// --- where it comes from

static const char *place_text(const struct explainer *e, char text[static PLACE_TEXT])
{
	if (e->facts->config == NULL || e->facts->configured == NULL)
		return strcpy(text, "the configuration");
	return config_zone_where(e->facts->config, e->facts->configured, text, PLACE_TEXT);
}

// "192.0.2.1@53 with key k, 192.0.2.2@53 unsigned"
static void list_primaries(const struct config_remotes *remotes, char *text, size_t room)
{
	size_t at = 0;
	text[0] = '\0';
	for (uint32_t i = 0; i < remotes->count && at < room; i++) {
		const struct config_remote *remote = &remotes->remote[i];
		char address[ADDRESS_TEXT];
		const char *and = i == 0 ? "" : i + 1 == remotes->count ? " and " : ", ";
		address_to_text((const struct sockaddr *)&remote->address, address);
		at += (size_t)snprintf(text + at, room - at, "%s%s%s%s", and, address, remote->key != NULL ? " with key " : " unsigned",
		                       remote->key != NULL ? remote->key->text : "");
	}
}

static void tell_source(struct explainer *e)
{
	const struct replica_status *z = e->facts->zone;
	char place[PLACE_TEXT], list[1024];
	place_text(e, place);
	if (z->role == CONFIG_PRIMARY) {
		explain_say(e, EXPLAIN_SOURCE, "It is read from %s, as %s says.", z->file[0] != '\0' ? z->file : "no file", place);
		return;
	}
	if (e->facts->configured == NULL)
		return;
	list_primaries(e->facts->configured->policy->primaries, list, sizeof(list));
	explain_say(e, EXPLAIN_SOURCE, "It is copied from %s, as %s says.", list[0] != '\0' ? list : "nowhere", place);
}

// --- what happened last

static void tell_doing(struct explainer *e)
{
	const struct replica_status *z = e->facts->zone;
	const struct replica_progress *p = e->facts->progress;
	char primary[ADDRESS_TEXT];
	explain_primary(e, primary);
	if (z->transferring && p != NULL && p->records > 0)
		explain_say(e, EXPLAIN_LAST, "A transfer from %s is running: %" PRIu64 " records, %" PRIu64 " bytes so far.", primary,
		            p->records, p->bytes);
	else if (z->transferring)
		explain_say(e, EXPLAIN_LAST, "A transfer from %s has begun.", primary);
	else if (z->polling)
		explain_say(e, EXPLAIN_LAST, "%s is being asked for its serial at this moment.", primary);
}

static void tell_last(struct explainer *e)
{
	const struct replica_status *z = e->facts->zone;
	char ago[TIMES_TEXT], at[TIMES_TEXT];
	const char *what = z->role == CONFIG_PRIMARY ? "Its file was last read" : "What is served was transferred";
	explain_when(e, z->transferred, ago);
	times_absolute(z->transferred, at);
	if (z->rolled_back)
		explain_say(e, EXPLAIN_LAST, "It was rolled back %s (%s).", explain_when(e, z->rolled_back_since, ago),
		            times_absolute(z->rolled_back_since, at));
	else if (z->transferred != 0)
		explain_say(e, EXPLAIN_LAST, "%s %s (%s): serial %" PRIu32 ", %zu %s.", what, ago, at, z->serial, z->records,
		            z->records == 1 ? "record" : "records");
	else if (z->role == CONFIG_SECONDARY && z->has_version)
		explain_say(e, EXPLAIN_LAST, "What is served was taken from its zone file; nothing has been transferred yet.");
	else if (z->role == CONFIG_SECONDARY)
		explain_say(e, EXPLAIN_LAST, "No transfer has ever ended well.");
	tell_doing(e);
}

// --- what comes

// A time that has passed already but for what is under way counts as now.
static const char *in_time(int64_t at, int64_t now, char text[static TIMES_TEXT])
{
	return at <= now ? strcpy(text, "at once") : times_relative(at, now, text);
}

static void tell_ahead(struct explainer *e)
{
	const struct replica_status *z = e->facts->zone;
	char refresh[TIMES_TEXT], expiry[TIMES_TEXT], at[TIMES_TEXT];
	int64_t now = e->facts->now;
	if (z->role != CONFIG_SECONDARY || z->refresh_at == 0)
		return;
	in_time(z->refresh_at, now, refresh);
	if (z->phase == REPLICA_EXPIRED || z->expires_at == 0) {
		explain_say(e, EXPLAIN_AHEAD, "The primaries are asked again %s, and what they have is served as soon as it is "
		            "here.", refresh);
		return;
	}
	times_relative(z->expires_at, now, expiry);
	times_absolute(z->expires_at, at);
	if (z->phase == REPLICA_STALE)
		explain_say(e, EXPLAIN_AHEAD, "The primaries are asked again %s. If none answers, the zone expires %s (%s); from then "
		            "on it is answered with SERVFAIL.", refresh, expiry, at);
	else
		explain_say(e, EXPLAIN_AHEAD, "The primaries are asked next %s. If none answers, the zone is stale from then on, and "
		            "expires %s (%s).", refresh, expiry, at);
}

void explain(const struct explain_facts *facts, struct explanation *explanation)
{
	struct explainer e = { .facts = facts, .explanation = explanation };
	explanation->count = 0;
	name_to_text(facts->zone->origin, e.name);
	tell_state(&e);
	tell_source(&e);
	tell_last(&e);
	unsigned before = explanation->count;
	explain_trouble(&e);
	explain_silent(&e);
	if (explanation->count == before)
		explain_say(&e, EXPLAIN_DO, "Nothing is wrong; there is nothing to do.");
	tell_ahead(&e);
}

// --- as text

static void write_folded(FILE *to, const char *text)
{
	size_t column = 0;
	while (*text != '\0') {
		size_t length = strcspn(text, " ");
		if (column > 0 && column + 1 + length > COLUMNS) {
			fputc('\n', to);
			column = 0;
		} else if (column > 0) {
			fputc(' ', to);
			column++;
		}
		fprintf(to, "%.*s", (int)length, text);
		column += length;
		text += length;
		text += strspn(text, " ");
	}
	fputc('\n', to);
}

static void write_command(FILE *to, const char *command, bool colour)
{
	while (*command != '\0') {
		char line[1024];
		size_t length = strcspn(command, "\n");
		snprintf(line, sizeof(line), "%.*s", (int)length, command);
		fputs("    ", to);
		tone_write(to, colour, TONE_STRONG, line, 0);
		fputc('\n', to);
		command += length;
		command += *command == '\n';
	}
}

// Colours a whole paragraph: the codes stand around its lines.
static void write_paragraph(FILE *to, const struct explain_paragraph *paragraph, bool colour)
{
	bool red = colour && paragraph->about == EXPLAIN_WRONG;
	if (red)
		fputs("\033[33m", to);
	write_folded(to, paragraph->text);
	if (red)
		fputs("\033[0m", to);
	if (paragraph->command != NULL)
		write_command(to, paragraph->command, colour);
}

void explain_write(FILE *to, const struct explain_facts *facts, bool colour)
{
	struct explanation x;
	explain(facts, &x);
	for (unsigned i = 0; i < x.count; i++) {
		if (i > 0)
			fputc('\n', to);
		write_paragraph(to, &x.paragraph[i], colour);
	}
	explanation_free(&x);
}

json_t *explain_json(const struct explain_facts *facts)
{
	static const char *const about[] = {
		[EXPLAIN_STATE] = "state", [EXPLAIN_SOURCE] = "source", [EXPLAIN_LAST] = "last",
		[EXPLAIN_WRONG] = "wrong", [EXPLAIN_DO] = "do", [EXPLAIN_AHEAD] = "ahead",
	};
	struct explanation x;
	char name[NAME_MAX_TEXT];
	json_t *list = json_array();
	explain(facts, &x);
	for (unsigned i = 0; i < x.count; i++) {
		const struct explain_paragraph *p = &x.paragraph[i];
		json_array_append_new(list, json_pack("{s:s, s:o, s:o}", "about", about[p->about], "text", text_json(p->text),
		                                      "command", text_json(p->command)));
	}
	explanation_free(&x);
	return json_pack("{s:s, s:s, s:s, s:o}", "zone", name_to_text(facts->zone->origin, name),
	                 "state", status_phase_text(facts->zone->phase), "word", zones_word(facts->zone), "paragraphs", list);
}
