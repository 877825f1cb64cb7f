// SPDX-License-Identifier: GPL-3.0-or-later
#include "render.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/message.h"
#include "dns/types.h"
#include "scenario.h"

static const char *const section_name[] = { "QUESTION", "ANSWER", "AUTHORITY", "ADDITIONAL" };

static void say(struct rendering *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct rendering *out, const char *format, ...)
{
	char text[8192];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	scenario_tidy(text);
	if (out->count < RENDER_LINES)
		out->line[out->count++] = strdup(text);
}

static void render_head(const struct answer_request *request, const struct answer *answer,
                        struct rendering *out)
{
	char rcode[DNS_TYPE_TEXT];
	uint16_t flags = message_flags(request->reply);
	say(out, ";; %s%s%s%s%s%s%s", dns_rcode_to_text(answer->rcode, rcode),
	    flags & FLAG_AA ? " aa" : "", flags & FLAG_TC ? " tc" : "", flags & FLAG_RD ? " rd" : "",
	    flags & FLAG_RA ? " ra" : "", flags & FLAG_AD ? " ad" : "", flags & FLAG_CD ? " cd" : "");
	if (memcmp(request->reply, request->bytes, 2) != 0)
		say(out, ";; the ID differs");
	if ((flags & FLAG_QR) == 0 || (flags & FLAG_Z) != 0)
		say(out, ";; flags %04x", flags);
	if (((flags >> 11) & 15) != message_opcode(request->bytes))
		say(out, ";; the opcode differs");
	if ((flags & 15u) != (answer->rcode & 15u) || ((flags & FLAG_TC) != 0) != answer->truncated)
		say(out, ";; what the answer tells is not what the header tells");
}

static void render_question(const struct answer_request *request, struct wire_reader *r,
                            struct rendering *out)
{
	struct message_question question;
	const uint8_t *start = r->at;
	unsigned count = message_count(request->reply, SECTION_QUESTION);
	if (count == 0) {
		say(out, ";; no question");
		return;
	}
	if (count != 1 || !message_read_question(r, &question)) {
		say(out, ";; malformed question");
		return;
	}
	size_t length = (size_t)(r->at - start);
	if (request->length < MESSAGE_HEADER + length ||
	    memcmp(start, request->bytes + MESSAGE_HEADER, length) != 0)
		say(out, ";; not the question that was asked");
}

static void render_option(struct rendering *out, uint16_t code, const uint8_t *data, uint16_t length)
{
	if (code == EDNS_NSID)
		say(out, ";; NSID \"%.*s\"", (int)length, (const char *)data);
	else if (code == EDNS_EDE && length > 2)
		say(out, ";; EDE %u \"%.*s\"", wire_get16(data), length - 2, (const char *)data + 2);
	else if (code == EDNS_EDE && length == 2)
		say(out, ";; EDE %u", wire_get16(data));
	else if (code == EDNS_KEEPALIVE && length == 2)
		say(out, ";; KEEPALIVE %u", wire_get16(data));
	else
		say(out, ";; option %u of %u octets", code, length);
}

static void render_opt(const struct answer *answer, const struct message_record *record,
                       struct rendering *out)
{
	struct wire_reader r;
	uint32_t ttl = record->ttl;
	say(out, ";; EDNS %u%s%s", record->class, ttl & 0x8000 ? " do" : "",
	    (ttl & 0x00ff7fff) != 0 ? " (version or unknown flags set)" : "");
	if (ttl >> 24 != (uint32_t)answer->rcode >> 4)
		say(out, ";; the extended rcode is not what the answer tells");
	wire_reader_init(&r, record->rdata, record->rdata_length);
	while (wire_reader_left(&r) > 0) {
		uint16_t code = wire_read16(&r), length = wire_read16(&r);
		const uint8_t *data = wire_read_bytes(&r, length);
		if (data == NULL) {
			say(out, ";; malformed option");
			return;
		}
		render_option(out, code, data, length);
	}
}

static void render_record(const struct answer_request *request, const struct answer *answer,
                          const struct message_record *record, struct rendering *out)
{
	static uint8_t rdata[RDATA_MAX];
	static char text[4 * RDATA_MAX];
	int length = rdata_unpack(request->reply, answer->length, record, rdata);
	if (length < 0 || record_to_text(record->owner, record->type, record->class, record->ttl,
	                                 rdata, (uint16_t)length, text, sizeof(text)) < 0)
		say(out, ";; malformed record of type %u", record->type);
	else
		say(out, "%s", text);
}

// Records by section into `records`, OPT into the lines at once, so that it
// comes before them as dig prints it.
static void render_sections(const struct answer_request *request, const struct answer *answer,
                            struct wire_reader *r, struct rendering *out, struct rendering *records)
{
	for (unsigned section = SECTION_ANSWER; section <= SECTION_ADDITIONAL; section++) {
		bool named = false;
		for (unsigned n = message_count(request->reply, section); n > 0; n--) {
			struct message_record record;
			if (!message_read_record(r, &record)) {
				say(out, ";; malformed record");
				return;
			}
			if (record.type == TYPE_OPT) {
				render_opt(answer, &record, out);
				continue;
			}
			if (!named)
				say(records, ";; %s", section_name[section]);
			named = true;
			render_record(request, answer, &record, records);
		}
	}
	if (wire_reader_left(r) > 0)
		say(out, ";; %zu octets follow the message", wire_reader_left(r));
}

static void render_action(const struct answer *answer, struct rendering *out)
{
	char name[NAME_MAX_TEXT];
	if (answer->action == ANSWER_SILENCE)
		say(out, ";; silence");
	else
		say(out, ";; %s of %s", answer->action == ANSWER_NOTIFY ? "notify" : "transfer",
		    name_to_text(answer->zone->origin, name));
}

void render(const struct answer_request *request, const struct answer *answer,
            struct rendering *rendering)
{
	struct rendering records = { .count = 0 };
	struct wire_reader r;
	rendering->count = 0;
	if (answer->action != ANSWER_REPLY) {
		render_action(answer, rendering);
		return;
	}
	wire_reader_init(&r, request->reply, answer->length);
	if (wire_read_bytes(&r, MESSAGE_HEADER) == NULL) {
		say(rendering, ";; shorter than a header");
		return;
	}
	render_head(request, answer, rendering);
	render_question(request, &r, rendering);
	render_sections(request, answer, &r, rendering, &records);
	for (unsigned i = 0; i < records.count && rendering->count < RENDER_LINES; i++)
		rendering->line[rendering->count++] = records.line[i];
}

void render_free(struct rendering *rendering)
{
	for (unsigned i = 0; i < rendering->count; i++)
		free(rendering->line[i]);
	rendering->count = 0;
}

// "owner ttl class type": what records of one set have in common.
static size_t set_of(const char *line)
{
	size_t at = 0;
	for (unsigned words = 0; line[at] != '\0' && words < 4; at++)
		words += line[at] == ' ';
	return at;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void render_sort_sets(char **lines, unsigned count)
{
	for (unsigned start = 0, end; start < count; start = end) {
		size_t length = set_of(lines[start]);
		if (start > 0 && strcmp(lines[start - 1], ";; ADDITIONAL") == 0)
			length = 0; // the whole section
		for (end = start + 1; end < count && lines[start][0] != ';' && lines[end][0] != ';' &&
		     strncmp(lines[start], lines[end], length) == 0; end++)
			;
		qsort(lines + start, end - start, sizeof(*lines), compare);
	}
}
