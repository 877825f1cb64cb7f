// SPDX-License-Identifier: GPL-3.0-or-later
#include "scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/message.h"
#include "dns/types.h"

// "define NAME text": an expected line "$NAME" stands for every text that was
// defined by that name, each a line; "$NAME OWNER" for the same with another
// owner.
struct definition {
	char name[32];
	char text[512];
};

struct reader {
	const char *path;
	FILE *file;
	unsigned line;
	char text[4096];
	bool failed;
	struct definition definition[256];
	unsigned definitions;
};

static void complain(struct reader *in, const char *what)
{
	fprintf(stderr, "%s:%u: %s\n", in->path, in->line, what);
	in->failed = true;
}

static bool next_line(struct reader *in)
{
	if (fgets(in->text, sizeof(in->text), in->file) == NULL)
		return false;
	in->line++;
	in->text[strcspn(in->text, "\r\n")] = '\0';
	return true;
}

void scenario_tidy(char *line)
{
	char *to = line;
	for (const char *from = line; *from != '\0'; from++) {
		bool blank = *from == ' ' || *from == '\t';
		if (!blank)
			*to++ = *from;
		else if (to > line && to[-1] != ' ')
			*to++ = ' ';
	}
	while (to > line && to[-1] == ' ')
		to--;
	*to = '\0';
}

// --- zones

static void read_zone(struct reader *in, const struct scenario_sink *sink)
{
	struct scenario_zone zone = { .line = in->line };
	size_t length = 0, room = 1 << 20;
	if (sscanf(in->text, "zone %1023s %15s", zone.origin, zone.state) < 1) {
		complain(in, "a zone needs a name");
		return;
	}
	zone.text = malloc(room);
	length += (size_t)snprintf(zone.text, room, "$ORIGIN %s.\n$TTL 3600\n",
	                           strcmp(zone.origin, ".") == 0 ? "" : zone.origin);
	while (next_line(in) && strcmp(in->text, "end") != 0)
		length += (size_t)snprintf(zone.text + length, room - length, "%s\n", in->text);
	sink->zone(sink->context, &zone);
	free(zone.text);
}

// --- questions as dig takes them

struct question {
	const char *name, *type, *class;
	uint16_t flags, bufsize, ttl_flags;
	uint8_t version;
	bool edns, nsid, keepalive;
};

static void read_option(struct reader *in, struct scenario *s, struct question *q, const char *word)
{
	const char *value = strchr(word, '=');
	size_t name = value != NULL ? (size_t)(value - word) : strlen(word);
	unsigned long number = value != NULL ? strtoul(value + 1, NULL, 10) : 0;
	char key[32];
	snprintf(key, sizeof(key), "%.*s", (int)name, word);
	if (strcmp(key, "+dnssec") == 0) { q->edns = true; q->ttl_flags = 0x8000; }
	else if (strcmp(key, "+edns") == 0) { q->edns = true; q->version = (uint8_t)number; }
	else if (strcmp(key, "+bufsize") == 0) { q->edns = true; q->bufsize = (uint16_t)number; }
	else if (strcmp(key, "+nsid") == 0) q->edns = q->nsid = true;
	else if (strcmp(key, "+keepalive") == 0) q->edns = q->keepalive = true;
	else if (strcmp(key, "+tcp") == 0) s->transport = TRANSPORT_TCP;
	else if (strcmp(key, "+rd") == 0) q->flags |= FLAG_RD;
	else if (strcmp(key, "+ad") == 0) q->flags |= FLAG_AD;
	else if (strcmp(key, "+cd") == 0) q->flags |= FLAG_CD;
	else if (strcmp(key, "+reserve") == 0) s->reserve = (uint16_t)number;
	else if (strcmp(key, "+key") == 0) s->has_key = name_from_text(value + 1, s->key) > 0;
	else complain(in, "unknown option");
}

static void write_opt(struct wire_writer *w, const struct question *q)
{
	wire_write8(w, 0);
	wire_write16(w, TYPE_OPT);
	wire_write16(w, q->bufsize);
	wire_write32(w, (uint32_t)q->version << 16 | q->ttl_flags);
	wire_write16(w, (uint16_t)((q->nsid ? 4 : 0) + (q->keepalive ? 4 : 0)));
	if (q->nsid)
		wire_write32(w, EDNS_NSID << 16);
	if (q->keepalive)
		wire_write32(w, EDNS_KEEPALIVE << 16);
}

static void write_question(struct reader *in, struct scenario *s, const struct question *q)
{
	struct wire_writer w;
	uint8_t name[NAME_MAX_WIRE];
	uint16_t type, class = CLASS_IN;
	int length = name_from_text(q->name, name);
	if (length < 0 || !dns_type_from_text(q->type, &type)) {
		complain(in, "cannot read the question");
		return;
	}
	if (strcmp(q->class, "CH") == 0) class = CLASS_CH;
	else if (strcmp(q->class, "HS") == 0) class = CLASS_HS;
	else if (strcmp(q->class, "ANY") == 0) class = CLASS_ANY;
	else if (strcmp(q->class, "NONE") == 0) class = CLASS_NONE;
	wire_writer_init(&w, s->request, sizeof(s->request));
	wire_write16(&w, 0x1234);
	wire_write16(&w, q->flags);
	wire_write16(&w, 1);
	wire_write32(&w, 0);
	wire_write16(&w, q->edns);
	wire_write_bytes(&w, name, (size_t)length);
	wire_write16(&w, type);
	wire_write16(&w, class);
	if (q->edns)
		write_opt(&w, q);
	s->length = wire_writer_length(&w);
}

static void read_dig(struct reader *in, struct scenario *s, char *words)
{
	struct question q = { .class = "IN", .bufsize = 1232 };
	char *rest = NULL;
	for (char *word = strtok_r(words, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
		if (word[0] == '+')
			read_option(in, s, &q, word);
		else if (q.name == NULL)
			q.name = word;
		else if (q.type == NULL)
			q.type = word;
		else
			q.class = word;
	}
	if (q.name == NULL || q.type == NULL)
		complain(in, "dig needs a name and a type");
	else
		write_question(in, s, &q);
}

// --- questions as bytes: hexadecimal words, names that end in a dot

static void read_bytes(struct reader *in, struct scenario *s, char *words)
{
	char *rest = NULL;
	for (char *word = strtok_r(words, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
		size_t length = strlen(word);
		if (word[0] == '+') {
			struct question unused = { .class = "IN" };
			read_option(in, s, &unused, word);
		} else if (word[length - 1] == '.') {
			int size = name_from_text(word, s->request + s->length);
			s->length += size > 0 ? (size_t)size : 0;
		} else {
			for (size_t i = 0; i + 1 < length; i += 2) {
				unsigned byte = 0;
				if (sscanf(word + i, "%2x", &byte) != 1)
					complain(in, "not hexadecimal");
				s->request[s->length++] = (uint8_t)byte;
			}
		}
	}
}

static void expect(struct reader *in, struct scenario *s, const char *text)
{
	if (s->expected_count == SCENARIO_LINES)
		complain(in, "too many lines");
	else
		s->expected[s->expected_count++] = strdup(text);
}

static void expect_line(struct reader *in, struct scenario *s)
{
	bool known = false;
	if (in->text[0] != '$') {
		expect(in, s, in->text);
		return;
	}
	char *owner = strchr(in->text, ' ');
	if (owner != NULL)
		*owner++ = '\0';
	for (unsigned i = 0; i < in->definitions; i++) {
		const char *text = in->definition[i].text;
		char renamed[1024];
		if (strcmp(in->definition[i].name, in->text + 1) != 0)
			continue;
		known = true;
		if (owner != NULL) {
			snprintf(renamed, sizeof(renamed), "%s%s", owner, strchr(text, ' '));
			text = renamed;
		}
		expect(in, s, text);
	}
	if (!known)
		complain(in, "nothing is defined by this name");
}

static void read_definition(struct reader *in)
{
	struct definition *d = &in->definition[in->definitions];
	scenario_tidy(in->text);
	if (in->definitions == sizeof(in->definition) / sizeof(in->definition[0]) ||
	    sscanf(in->text, "define %31s %511[^\n]", d->name, d->text) != 2)
		complain(in, "cannot take this definition");
	else
		in->definitions++;
}

static void read_scenario(struct reader *in, const struct scenario_sink *sink)
{
	struct scenario s = { .file = in->path, .line = in->line, .transport = TRANSPORT_UDP };
	snprintf(s.title, sizeof(s.title), "%.255s", in->text + 3);
	if (!next_line(in))
		return;
	scenario_tidy(in->text);
	snprintf(s.asked, sizeof(s.asked), "%.511s", in->text);
	if (strncmp(in->text, "dig ", 4) == 0)
		read_dig(in, &s, in->text + 4);
	else if (strncmp(in->text, "send ", 5) == 0)
		read_bytes(in, &s, in->text + 5);
	else if (strcmp(in->text, "send") != 0)
		complain(in, "expected 'dig' or 'send'");
	while (next_line(in)) {
		scenario_tidy(in->text);
		if (in->text[0] == '\0')
			break;
		if (in->text[0] == '#')
			continue;
		expect_line(in, &s);
	}
	if (!in->failed)
		sink->scenario(sink->context, &s);
	for (unsigned i = 0; i < s.expected_count; i++)
		free(s.expected[i]);
}

static void read_setting(struct reader *in, const struct scenario_sink *sink)
{
	char *words[4] = { NULL };
	char *rest = NULL;
	unsigned count = 0;
	scenario_tidy(in->text);
	for (char *word = strtok_r(in->text, " ", &rest); word != NULL && count < 4; word = strtok_r(NULL, " ", &rest))
		words[count++] = word;
	sink->setting(sink->context, in->path, in->line, words);
}

bool scenario_read(const char *path, const struct scenario_sink *sink)
{
	struct reader in = { .path = path, .file = fopen(path, "r") };
	if (in.file == NULL) {
		perror(path);
		return false;
	}
	while (!in.failed && next_line(&in)) {
		if (in.text[0] == '\0' || in.text[0] == '#')
			continue;
		if (strncmp(in.text, "zone ", 5) == 0)
			read_zone(&in, sink);
		else if (strncmp(in.text, "== ", 3) == 0)
			read_scenario(&in, sink);
		else if (strncmp(in.text, "define ", 7) == 0)
			read_definition(&in);
		else
			read_setting(&in, sink);
	}
	fclose(in.file);
	return !in.failed;
}
