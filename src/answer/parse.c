// SPDX-License-Identifier: GPL-3.0-or-later
// Reading a request. The usual one, a question and at most an OPT, is read in
// place; whatever else it carries is walked with care.
#include "answer/answer.h"

#include <string.h>

#include "answer/settle.h"
#include "base/error.h"
#include "dns/message.h"
#include "dns/types.h"

#define COUNTS_QUESTION UINT64_C(0x0001000000000000)
#define COUNTS_QUESTION_AND_ONE UINT64_C(0x0001000000000001)

static uint64_t counts_of(const uint8_t *m)
{
	return (uint64_t)wire_get32(m + 4) << 32 | wire_get32(m + 8);
}

static bool is_opt(const struct message_record *record)
{
	return record->type == TYPE_OPT;
}

// An OPT belongs in the additional section, once, owned by the root (RFC 6891,
// 6.1.1).
static int read_opt(struct answer *answer, const struct message_record *record, unsigned section)
{
	if (section != SECTION_ADDITIONAL || record->owner[0] != 0 || answer->edns.present)
		return ERR_FORMAT;
	return edns_read(record->class, record->ttl, record->rdata, record->rdata_length, &answer->edns);
}

// Records that a question does not need must at least be records. A TSIG in
// its place has been taken off before.
static int read_record(const struct answer_request *request, struct answer *answer,
                       const struct message_record *record, unsigned section)
{
	uint8_t rdata[RDATA_MAX];
	if (is_opt(record))
		return read_opt(answer, record, section);
	if (record->type == TYPE_TSIG)
		return ERR_FORMAT;
	if (record->class != CLASS_IN)
		return 0;
	if (section == SECTION_AUTHORITY && record->type == TYPE_SOA)
		answer->has_soa = true;
	return rdata_unpack(request->bytes, request->length, record, rdata) < 0 ? ERR_FORMAT : 0;
}

static int read_records(const struct answer_request *request, struct answer *answer, size_t at)
{
	struct wire_reader r;
	wire_reader_init(&r, request->bytes, request->length);
	r.at += at;
	for (unsigned section = SECTION_ANSWER; section <= SECTION_ADDITIONAL; section++) {
		for (unsigned n = message_count(request->bytes, section); n > 0; n--) {
			struct message_record record;
			if (!message_read_record(&r, &record) ||
			    read_record(request, answer, &record, section) < 0)
				return ERR_FORMAT;
		}
	}
	return 0; // what stands behind the last record is passed over, as BIND and NSD do
}

// The OPT right behind the question, as all but few send it. False: not that
// plain.
static bool read_plain_opt(const struct answer_request *request, struct answer *answer, size_t at)
{
	const uint8_t *p = request->bytes + at;
	if (request->length - at < 11 || p[0] != 0 || wire_get16(p + 1) != TYPE_OPT)
		return false;
	uint16_t length = wire_get16(p + 9);
	return request->length - at - 11 >= length &&
	       edns_read(wire_get16(p + 3), wire_get32(p + 5), p + 11, length, &answer->edns) == 0;
}

static int read_question(const struct answer_request *request, struct answer *answer)
{
	const uint8_t *question = request->bytes + MESSAGE_HEADER;
	size_t left = request->length - MESSAGE_HEADER;
	int length = qname_parse(&answer->qname, question, left);
	if (length < 0 || left - (size_t)length < 4)
		return ERR_FORMAT;
	answer->type = wire_get16(question + length);
	answer->class = wire_get16(question + length + 2);
	answer->question = (uint16_t)(length + 4);
	return 0;
}

// All but the plain cases. Without a question there may still be an OPT, which
// the refusal must answer.
static int read_message(const struct answer_request *request, struct answer *answer)
{
	unsigned questions = message_count(request->bytes, SECTION_QUESTION);
	answer->edns = (struct edns){ .present = false };
	if (questions > 1 || (questions == 1 && answer->question == 0))
		return ERR_FORMAT;
	if (read_records(request, answer, MESSAGE_HEADER + (size_t)answer->question) < 0) {
		answer->edns = (struct edns){ .present = false };
		return ERR_FORMAT;
	}
	return 0;
}

static void judge(const struct answer_request *request, struct answer *answer, int error)
{
	bool known = answer->opcode == OPCODE_QUERY || answer->opcode == OPCODE_NOTIFY;
	if (answer->edns.present && answer->edns.version > 0)
		answer_settle(answer, RCODE_BADVERS, EDE_NONE); // RFC 6891, 6.1.3
	else if (!known)
		answer_settle(answer, RCODE_NOTIMP, EDE_NONE);
	else if (error < 0 || message_count(request->bytes, SECTION_QUESTION) == 0)
		answer_settle(answer, RCODE_FORMERR, EDE_NONE);
}

void answer_parse(const struct zone_table *zones, const struct answer_request *request, struct answer *answer)
{
	const uint8_t *m = request->bytes;
	// All but what is filled as far as it is used.
	memset(answer, 0, offsetof(struct answer, way));
	answer->ede = EDE_NONE;
	answer->over_udp = request->transport == TRANSPORT_UDP;
	answer->qname.length = answer->qname.label_count = 0;
	if (request->length < MESSAGE_HEADER || (message_flags(m) & FLAG_QR) != 0) {
		answer->action = ANSWER_SILENCE;
		return;
	}
	answer->opcode = (uint8_t)message_opcode(m);

	uint64_t counts = counts_of(m);
	int error = 0;
	if ((counts >> 48) == 1)
		error = read_question(request, answer);
	size_t at = MESSAGE_HEADER + (size_t)answer->question;
	bool plain = error == 0 && (counts == COUNTS_QUESTION ||
	             (counts == COUNTS_QUESTION_AND_ONE && read_plain_opt(request, answer, at)));
	if (!plain)
		error = read_message(request, answer);
	if (error < 0 || answer->opcode != OPCODE_QUERY || answer->edns.version > 0 || (counts >> 48) == 0)
		judge(request, answer, error);
	if (!answer->settled)
		zone_table_prefetch(zones, &answer->qname);
}
