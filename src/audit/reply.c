// SPDX-License-Identifier: GPL-3.0-or-later
#include "audit/reply.h"

#include <stdalign.h>

#include "base/error.h"

// Smallest record: root owner, type, class, TTL, length.
#define RECORD_LEAST 11

struct parsing {
	struct pool *pool;
	const uint8_t *message;
	size_t length;
	struct wire_reader reader;
	struct reply *reply;
	struct reply_record *records;
	uint8_t rdata[RDATA_MAX];
};

static int take_edns(struct parsing *p, const struct message_record *record)
{
	struct edns *edns = &p->reply->edns;
	if (edns->present || record->owner[0] != 0)
		return ERR_FORMAT;
	int error = edns_read(record->class, record->ttl, record->rdata, record->rdata_length, edns);
	edns->cookie = NULL;
	p->reply->rcode = (uint16_t)(p->reply->rcode | edns->extended_rcode << 4);
	return error;
}

static int take_record(struct parsing *p, enum message_section section)
{
	struct message_record record;
	if (!message_read_record(&p->reader, &record))
		return ERR_FORMAT;
	if (record.type == TYPE_OPT)
		return take_edns(p, &record);
	if (record.type == TYPE_TSIG || record.class != CLASS_IN)
		return 0;
	int length = rdata_unpack(p->message, p->length, &record, p->rdata);
	if (length < 0)
		return ERR_FORMAT;
	rdata_to_canonical(record.type, p->rdata, (size_t)length);
	uint8_t lower[NAME_MAX_WIRE];
	name_lower(lower, record.owner);
	p->records[p->reply->count++] = (struct reply_record){
		.owner = pool_copy(p->pool, lower, name_length(lower)),
		.rdata = pool_copy(p->pool, p->rdata, (size_t)length),
		.ttl = record.ttl,
		.type = record.type,
		.length = (uint16_t)length,
		.section = (uint8_t)section,
	};
	return 0;
}

static int take_sections(struct parsing *p)
{
	struct message_question question;
	for (unsigned n = message_count(p->message, SECTION_QUESTION); n > 0; n--)
		if (!message_read_question(&p->reader, &question))
			return ERR_FORMAT;
	unsigned records = 0;
	for (unsigned section = SECTION_ANSWER; section <= SECTION_ADDITIONAL; section++)
		records += message_count(p->message, section);
	if (records > p->length / RECORD_LEAST)
		return ERR_FORMAT;
	p->records = pool_alloc(p->pool, (records + 1) * sizeof *p->records, alignof(struct reply_record));
	p->reply->records = p->records;
	for (unsigned section = SECTION_ANSWER; section <= SECTION_ADDITIONAL; section++)
		for (unsigned n = message_count(p->message, section); n > 0; n--) {
			int error = take_record(p, (enum message_section)section);
			if (error != 0)
				return error;
		}
	return wire_reader_left(&p->reader) > 0 ? ERR_FORMAT : 0;
}

int reply_parse(struct pool *pool, const uint8_t *message, size_t length, struct reply **reply)
{
	*reply = NULL;
	if (length < MESSAGE_HEADER || (message_flags(message) & FLAG_QR) == 0)
		return ERR_FORMAT;
	struct parsing p;
	p.pool = pool;
	p.message = message;
	p.length = length;
	p.reply = pool_new(pool, sizeof *p.reply);
	p.reply->flags = message_flags(message);
	p.reply->rcode = (uint16_t)message_rcode(message);
	p.reply->length = (uint32_t)length;
	wire_reader_init(&p.reader, message, length);
	wire_read_bytes(&p.reader, MESSAGE_HEADER);
	int error = take_sections(&p);
	if (error == 0)
		*reply = p.reply;
	return error;
}

bool reply_is_to(const uint8_t *message, size_t length, uint16_t id, const uint8_t *name, uint16_t type)
{
	struct wire_reader reader;
	struct message_question question;
	if (length < MESSAGE_HEADER || message_id(message) != id ||
	    (message_flags(message) & FLAG_QR) == 0 || message_opcode(message) != OPCODE_QUERY)
		return false;
	unsigned questions = message_count(message, SECTION_QUESTION);
	if (questions == 0) // servers that cannot read a question send none back
		return message_rcode(message) != RCODE_NOERROR;
	wire_reader_init(&reader, message, length);
	wire_read_bytes(&reader, MESSAGE_HEADER);
	return questions == 1 && message_read_question(&reader, &question) &&
	       question.type == type && question.class == CLASS_IN && name_equal(question.name, name);
}

const struct reply_record *reply_find(const struct reply *reply, enum message_section section,
                                      const uint8_t *owner, uint16_t type,
                                      const struct reply_record *after)
{
	if (reply == NULL)
		return NULL;
	const struct reply_record *end = reply->records + reply->count;
	for (const struct reply_record *r = after ? after + 1 : reply->records; r < end; r++)
		if (r->section == section && r->type == type && (owner == NULL || name_equal(r->owner, owner)))
			return r;
	return NULL;
}
